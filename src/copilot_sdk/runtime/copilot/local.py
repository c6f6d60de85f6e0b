"""Methods about what only a session elsewhere has: completions by its host, and readers of its copy on GitHub."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    CompletionsGetTriggerCharactersResult,
    CompletionsRequestRequest,
    CompletionsRequestResult,
    VisibilityGetResult,
    VisibilitySetRequest,
    VisibilitySetResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router

router = Router()


@router.plain("session.completions.getTriggerCharacters")
async def _trigger_characters(call: Call) -> CompletionsGetTriggerCharactersResult:
    call.runtime.live(call.target)
    return CompletionsGetTriggerCharactersResult(trigger_characters=[])


@router.on("session.completions.request", CompletionsRequestRequest)
async def _complete(call: Call, _: CompletionsRequestRequest) -> CompletionsRequestResult:
    call.runtime.live(call.target)
    return CompletionsRequestResult(items=[])


@router.plain("session.visibility.get")
async def _get_visibility(call: Call) -> VisibilityGetResult:
    call.runtime.live(call.target)
    return VisibilityGetResult(synced=False)


@router.on("session.visibility.set", VisibilitySetRequest)
async def _set_visibility(call: Call, _: VisibilitySetRequest) -> VisibilitySetResult:
    call.runtime.live(call.target)
    return VisibilitySetResult(synced=False)
