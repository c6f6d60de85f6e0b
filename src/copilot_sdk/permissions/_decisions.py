"""The decisions on a permission request, one function for each that a client can take, and what can be said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

    from copilot_sdk._generated.copilot.types import (
        PermissionDecision,
        PermissionDecisionApproveForLocation,
        PermissionDecisionApproveForLocationApproval,
        PermissionDecisionApproveForSession,
        PermissionDecisionApproveForSessionApproval,
        PermissionDecisionApproveOnce,
        PermissionDecisionApprovePermanently,
        PermissionDecisionApproveReadOnlyForSession,
        PermissionDecisionContext,
        PermissionDecisionOutcome,
        PermissionDecisionReject,
        PermissionDecisionSource,
        PermissionDecisionSurface,
        PermissionDecisionUserNotAvailable,
        PermissionResponseCapability,
    )


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """No decision by this client; see `leave_open`."""


@dataclass(frozen=True, slots=True)
class DecisionInContext:
    """A decision, and how it came about; see `with_context`."""

    decision: PermissionDecision
    context: PermissionDecisionContext


def approve_once(*, interactively: bool = False) -> PermissionDecisionApproveOnce:
    """Allow this request and ask again next time.

    Args:
        interactively: True if a person saw the request and allowed it.
    """
    from copilot_sdk._generated.copilot.types import PermissionDecisionApproveOnce

    if interactively:
        return PermissionDecisionApproveOnce(approved_interactively=True)
    return PermissionDecisionApproveOnce()


def approve_for_session(
    approval: PermissionDecisionApproveForSessionApproval | None = None, *, domain: str | None = None
) -> PermissionDecisionApproveForSession:
    """Allow this request and all like it until the session ends.

    Args:
        approval: What counts as alike; `remember_for_session` finds it out by itself. Without it, and without a
            domain, the CLI asks again as if the request had been allowed once.
        domain: For a URL request, the domain that is allowed.
    """
    from copilot_sdk._generated.copilot.types import PermissionDecisionApproveForSession

    given = {"approval": approval, "domain": domain}
    return PermissionDecisionApproveForSession.model_validate(
        {k: v for k, v in given.items() if v is not None}
    )


def approve_for_location(
    approval: PermissionDecisionApproveForLocationApproval | Mapping[str, Any],
    location: str | os.PathLike[str],
) -> PermissionDecisionApproveForLocation:
    """Allow this request and all like it in a project, in later sessions too.

    Args:
        approval: What counts as alike; `remember_for_location` finds it out by itself.
        location: The root of the project's git repository, or the working directory if there is none.
    """
    import os

    from copilot_sdk._generated.copilot.types import PermissionDecisionApproveForLocation

    return PermissionDecisionApproveForLocation.model_validate(
        {"approval": approval, "location_key": os.fspath(location)}
    )


def approve_permanently(domain: str) -> PermissionDecisionApprovePermanently:
    """Allow a URL request, and its domain for good, in all sessions.

    Args:
        domain: The domain of the URL.
    """
    from copilot_sdk._generated.copilot.types import PermissionDecisionApprovePermanently

    return PermissionDecisionApprovePermanently(domain=domain)


def approve_reads_for_session(
    *folders: str | os.PathLike[str],
) -> PermissionDecisionApproveReadOnlyForSession:
    """Let the file tools read in some folders until the session ends. Since runtime 1.0.102.

    The CLI 1.0.102 was seen to leave a request for a single file open when it got this answer, so that the turn did
    not go on; `allow_reads` does the same on this side.

    Args:
        folders: Canonical paths of the folders, as the runtime sees them.
    """
    import os

    from copilot_sdk._generated.copilot.types import PermissionDecisionApproveReadOnlyForSession

    return PermissionDecisionApproveReadOnlyForSession(directories=[os.fspath(folder) for folder in folders])


def reject(feedback: str | None = None) -> PermissionDecisionReject:
    """Refuse this request.

    Args:
        feedback: What the model is told to do instead; it then goes on. Without feedback the runtime ends the
            turn.
    """
    from copilot_sdk._generated.copilot.types import PermissionDecisionReject

    return PermissionDecisionReject() if feedback is None else PermissionDecisionReject(feedback=feedback)


def user_not_available() -> PermissionDecisionUserNotAvailable:
    """Refuse because nobody is there to ask. The model is told so and goes on."""
    from copilot_sdk._generated.copilot.types import PermissionDecisionUserNotAvailable

    return PermissionDecisionUserNotAvailable()


def leave_open() -> LeftOpen:
    """Leave this request to the other clients of the session: nothing is sent.

    The turn waits until one of them decides, or it is aborted or runs out of time. Unlike a policy that returns None,
    this ends the search for a decision on this side.
    """
    return LeftOpen()


def with_context(
    decision: PermissionDecision | DecisionInContext,
    *,
    outcome: PermissionDecisionOutcome,
    source: PermissionDecisionSource,
    surface: PermissionDecisionSurface = "sdk",
    response_capability: PermissionResponseCapability | None = None,
    user_feedback: str | None = None,
) -> DecisionInContext:
    """Say how a decision came about, for the runtime's telemetry; it decides nothing. Since runtime 1.0.81.

    Args:
        decision: The decision. A context that it has already is replaced.
        outcome: `prompted_user`, `auto_approved` or `autopilot_denied`.
        source: Who decided: `human_response`, `host_policy`, `assisted_approval` or `unattended_fallback`.
        surface: What kind of client this is.
        response_capability: Whether a user could be asked: `interactive`, `headless` or `none`.
        user_feedback: What the user gave as the reason. The agent never sees it. Since runtime 1.0.102.
    """
    from copilot_sdk._generated.copilot.types import PermissionDecisionContext

    bare = decision.decision if isinstance(decision, DecisionInContext) else decision
    said = {"response_capability": response_capability, "user_feedback": user_feedback}
    context = PermissionDecisionContext.model_validate(
        {
            "outcome": outcome,
            "source": source,
            "surface": surface,
            **{name: value for name, value in said.items() if value is not None},
        }
    )
    return DecisionInContext(bare, context)
