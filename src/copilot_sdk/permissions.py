"""Decisions on permission requests, and the simplest policies.

A policy is a function, plain or async, of a `PermissionRequest` that returns a decision; pass it as
`on_permission`. A plain one may block: it is run in a worker thread.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import (
        PermissionDecision,
        PermissionDecisionApproveForSession,
        PermissionDecisionApproveForSessionApproval,
        PermissionDecisionApproveOnce,
        PermissionDecisionReject,
        PermissionDecisionUserNotAvailable,
        PermissionRequest,
    )

PermissionHandler: TypeAlias = (
    "Callable[[PermissionRequest], Awaitable[PermissionDecision] | PermissionDecision]"
)
"""Decides on a permission request; a plain function is run in a worker thread."""


def approve_once() -> PermissionDecisionApproveOnce:
    """Allow this request and ask again next time."""
    from copilot_sdk._generated.copilot.types import PermissionDecisionApproveOnce

    return PermissionDecisionApproveOnce()


def approve_for_session(
    approval: PermissionDecisionApproveForSessionApproval | None = None, *, domain: str | None = None
) -> PermissionDecisionApproveForSession:
    """Allow this request and all like it until the session ends.

    Args:
        approval: What counts as alike, such as a tool's name; the runtime decides when it is left out.
        domain: For a URL request, the domain that is allowed.
    """
    from copilot_sdk._generated.copilot.types import PermissionDecisionApproveForSession

    given = {"approval": approval, "domain": domain}
    return PermissionDecisionApproveForSession.model_validate(
        {k: v for k, v in given.items() if v is not None}
    )


def reject(feedback: str | None = None) -> PermissionDecisionReject:
    """Refuse this request.

    Args:
        feedback: What the model is told to do instead; it then goes on. Without feedback the runtime ends the
            turn.
    """
    from copilot_sdk._generated.copilot.types import PermissionDecisionReject

    return PermissionDecisionReject() if feedback is None else PermissionDecisionReject(feedback=feedback)


def user_not_available() -> PermissionDecisionUserNotAvailable:
    """Refuse because nobody is there to ask."""
    from copilot_sdk._generated.copilot.types import PermissionDecisionUserNotAvailable

    return PermissionDecisionUserNotAvailable()


def approve_all(request: PermissionRequest) -> PermissionDecision:  # noqa: ARG001 - it is a policy
    """The policy that allows everything. For sandboxes and tests."""
    return approve_once()


def deny_all(request: PermissionRequest) -> PermissionDecision:  # noqa: ARG001 - it is a policy
    """The policy that refuses everything and lets the model go on."""
    return reject("Permission was refused by policy.")
