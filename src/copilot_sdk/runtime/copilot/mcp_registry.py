"""Methods of `mcp.registry`, and whether `gh` can stand in for tools of the MCP server of GitHub."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from copilot_sdk._generated.copilot.types import (
    MCPRegistryCancelRequest,
    MCPRegistryCancelResult,
    MCPRegistryRequestIdResult,
    MCPRegistrySearchRequest,
    MCPShouldExcludeGitHubToolsRequest,
    MCPShouldExcludeGitHubToolsResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault

router = Router()

_SHELL = frozenset({"bash", "builtin:bash", "builtin:*"})
_LAST_ID = 2**53 - 1
_PRECEDENCES = (None, "available", "excluded")


@router.plain("mcp.registry.allocateRequestId")
async def _allocate(call: Call) -> MCPRegistryRequestIdResult:
    return MCPRegistryRequestIdResult(request_id=call.runtime.registry_searches.reserve())


@router.on("mcp.registry.cancel", MCPRegistryCancelRequest)
async def _cancel(call: Call, params: MCPRegistryCancelRequest) -> MCPRegistryCancelResult:
    if not 0 <= params.request_id <= _LAST_ID:
        raise RuntimeFault("requestId is out of range")
    return MCPRegistryCancelResult(canceled=call.runtime.registry_searches.cancel(params.request_id))


@router.on("mcp.registry.search", MCPRegistrySearchRequest)
async def _search(call: Call, params: MCPRegistrySearchRequest) -> None:
    if params.limit < 1:
        raise RuntimeFault("limit is out of range")
    call.runtime.registry_searches.use(params.request_id)
    raise RuntimeFault("The registry of MCP servers is out of reach.")


@router.on("mcp.shouldExcludeGitHubTools", MCPShouldExcludeGitHubToolsRequest, exact=RuntimeFault)
async def _should_exclude(
    _: Call, params: MCPShouldExcludeGitHubToolsRequest
) -> MCPShouldExcludeGitHubToolsResult:
    if params.tool_filter_precedence not in _PRECEDENCES:
        raise RuntimeFault("toolFilterPrecedence: expected available or excluded")
    shell = _leaves_shell(params.available_tools, params.excluded_tools, params.tool_filter_precedence)
    return MCPShouldExcludeGitHubToolsResult(
        exclude_gh_replaceable_tools=shell and shutil.which("gh") is not None
    )


def _leaves_shell(
    available: Sequence[str] | None, excluded: Sequence[str] | None, precedence: str | None
) -> bool:
    """Whether filters of tools leave a session the shell."""
    if available is not None and _SHELL.isdisjoint(available):
        return False
    # A list of what there is says all, unless what is excluded counts for more.
    if available is not None and precedence != "excluded":
        return True
    return _SHELL.isdisjoint(excluded or ())
