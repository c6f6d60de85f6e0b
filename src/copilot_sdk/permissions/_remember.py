"""Policies whose approvals the runtime remembers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from copilot_sdk.permissions._decisions import DecisionInContext, approve_for_location, approve_for_session
from copilot_sdk.permissions._names import host_of, name_on_server
from copilot_sdk.permissions._policy import Policy, PolicyFunction, ReadyPolicy, as_policy, needs_person

if TYPE_CHECKING:
    import os

    from copilot_sdk._generated.copilot.types import PermissionDecision, PermissionRequest
    from copilot_sdk.permissions._invocation import PermissionInvocation
    from copilot_sdk.permissions._policy import PermissionAnswer


def remember_for_session(policy: Policy | PolicyFunction) -> Policy:
    """Let the runtime remember what a policy allows once, so that it does not ask again in the session.

    What is remembered is the tool of a client, the tool of an MCP server, and the host of a URL. Files and commands are
    allowed once as before: the runtime could remember only more than was asked for, such as all writing. What needs a
    person by the rules of an organization is allowed once, too.

    Args:
        policy: The policy; its other decisions stay as they are.
    """

    def remembered(request: PermissionRequest) -> PermissionDecision | None:
        if (domain := _domain_of(request)) is not None:
            return approve_for_session(domain=domain)
        approval: Any = approval_of(request)
        return None if approval is None else approve_for_session(approval)

    inner = as_policy(policy)
    return _remembering(inner, remembered, f"remember_for_session({inner!r})")


def remember_for_location(policy: Policy | PolicyFunction, location: str | os.PathLike[str]) -> Policy:
    """Let the runtime remember what a policy allows once, for all sessions in a project.

    What is remembered is the tool of a client and the tool of an MCP server; everything else is allowed once.

    Args:
        policy: The policy; its other decisions stay as they are.
        location: The root of the project's git repository, or the working directory if there is none.
    """

    def remembered(request: PermissionRequest) -> PermissionDecision | None:
        approval = approval_of(request)
        return None if approval is None else approve_for_location(approval, location)

    inner = as_policy(policy)
    return _remembering(inner, remembered, f"remember_for_location({inner!r}, {str(location)!r})")


def _remembering(
    inner: Policy, remembered: Callable[[PermissionRequest], PermissionDecision | None], name: str
) -> Policy:
    async def decide(
        request: PermissionRequest, invocation: PermissionInvocation | None
    ) -> PermissionAnswer | None:
        answer = await inner.decide(request, invocation)
        once = answer.decision if isinstance(answer, DecisionInContext) else answer
        if not _is_once(once) or needs_person(request, invocation):
            return answer
        lasting = remembered(request)
        if lasting is None:
            return answer
        return replace(answer, decision=lasting) if isinstance(answer, DecisionInContext) else lasting

    return ReadyPolicy(decide, name)


def approval_of(request: PermissionRequest) -> dict[str, Any] | None:
    """What to remember of a request, if that can be said exactly."""
    from copilot_sdk._generated.copilot.types import PermissionRequestCustomTool, PermissionRequestMCP

    if isinstance(request, PermissionRequestCustomTool):
        return {"kind": "custom-tool", "toolName": request.tool_name}
    if isinstance(request, PermissionRequestMCP):
        return {"kind": "mcp", "serverName": request.server_name, "toolName": name_on_server(request)}
    return None


def _is_once(decision: PermissionAnswer | None) -> bool:
    from copilot_sdk._generated.copilot.types import PermissionDecisionApproveOnce

    return isinstance(decision, PermissionDecisionApproveOnce)


def _domain_of(request: PermissionRequest) -> str | None:
    from copilot_sdk._generated.copilot.types import PermissionRequestURL

    return host_of(request.url) if isinstance(request, PermissionRequestURL) else None
