"""Policies whose approvals the runtime remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from copilot_sdk.permissions._decisions import approve_for_location, approve_for_session
from copilot_sdk.permissions._names import host_of
from copilot_sdk.permissions._policy import Policy, PolicyFunction, as_policy

if TYPE_CHECKING:
    import os

    from copilot_sdk._generated.copilot.types import PermissionDecision, PermissionRequest


def remember_for_session(policy: Policy | PolicyFunction) -> Policy:
    """Let the runtime remember what a policy allows once, so that it does not ask again in the session.

    What is remembered is the tool of a client, the tool of an MCP server, and the host of a URL. Files and commands are
    allowed once as before: the runtime could remember only more than was asked for, such as all writing.

    Args:
        policy: The policy; its other decisions stay as they are.
    """
    inner = as_policy(policy)

    async def decide(request: PermissionRequest) -> PermissionDecision | None:
        decision = await inner.decide(request)
        if not _is_once(decision):
            return decision
        if (domain := _domain_of(request)) is not None:
            return approve_for_session(domain=domain)
        approval: Any = approval_of(request)
        return decision if approval is None else approve_for_session(approval)

    return Policy(decide, f"remember_for_session({inner!r})")


def remember_for_location(policy: Policy | PolicyFunction, location: str | os.PathLike[str]) -> Policy:
    """Let the runtime remember what a policy allows once, for all sessions in a project.

    What is remembered is the tool of a client and the tool of an MCP server; everything else is allowed once.

    Args:
        policy: The policy; its other decisions stay as they are.
        location: The root of the project's git repository, or the working directory if there is none.
    """
    inner = as_policy(policy)

    async def decide(request: PermissionRequest) -> PermissionDecision | None:
        decision = await inner.decide(request)
        approval = approval_of(request)
        if not _is_once(decision) or approval is None:
            return decision
        return approve_for_location(approval, location)

    return Policy(decide, f"remember_for_location({inner!r}, {str(location)!r})")


def approval_of(request: PermissionRequest) -> dict[str, Any] | None:
    """What to remember of a request, if that can be said exactly."""
    from copilot_sdk._generated.copilot.types import PermissionRequestCustomTool, PermissionRequestMCP

    if isinstance(request, PermissionRequestCustomTool):
        return {"kind": "custom-tool", "toolName": request.tool_name}
    if isinstance(request, PermissionRequestMCP):
        return {"kind": "mcp", "serverName": request.server_name, "toolName": request.tool_name}
    return None


def _is_once(decision: PermissionDecision | None) -> bool:
    from copilot_sdk._generated.copilot.types import PermissionDecisionApproveOnce

    return isinstance(decision, PermissionDecisionApproveOnce)


def _domain_of(request: PermissionRequest) -> str | None:
    from copilot_sdk._generated.copilot.types import PermissionRequestURL

    return host_of(request.url) if isinstance(request, PermissionRequestURL) else None
