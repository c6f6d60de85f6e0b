"""The decisions on a permission request, one function for each that a client can take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

    from copilot_sdk._generated.copilot.types import (
        PermissionDecisionApproveForLocation,
        PermissionDecisionApproveForLocationApproval,
        PermissionDecisionApproveForSession,
        PermissionDecisionApproveForSessionApproval,
        PermissionDecisionApproveOnce,
        PermissionDecisionApprovePermanently,
        PermissionDecisionApproveReadOnlyForSession,
        PermissionDecisionReject,
        PermissionDecisionUserNotAvailable,
    )


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
