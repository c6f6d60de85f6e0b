"""Methods of `session.sandbox`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    SandboxCredentialSuggestion,
    SandboxCredentialSuggestionsResult,
    SandboxEnforcementStatus,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.sandbox.secrets import suggested
from copilot_sdk.runtime.core.shells import environment

router = Router()


@router.plain("session.sandbox.getCredentialSuggestions")
async def _credential_suggestions(call: Call) -> SandboxCredentialSuggestionsResult:
    sandbox = call.session.config.sandbox
    found = suggested(environment(), sandbox.masked) if sandbox is not None and sandbox.enabled else []
    return SandboxCredentialSuggestionsResult(
        suggestions=[
            SandboxCredentialSuggestion(name=name, suggested_inject_hosts=hosts) for name, hosts in found
        ]
    )


@router.plain("session.sandbox.getEnforcementStatus")
async def _enforcement_status(call: Call) -> SandboxEnforcementStatus:
    call.runtime.live(call.target)
    # Only managed machines and accounts have administrators who can demand a sandbox: here there are none.
    return SandboxEnforcementStatus(required=False, blocked=False)
