"""Permission requests. Without a usable decision they are refused, as if nobody were there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from copilot_sdk._reactions.question import Question

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.api.session import SessionRPC
    from copilot_sdk._generated.copilot.types import SessionManagedSettingsResolvedData
    from copilot_sdk.permissions import PermissionHandler, PermissionInvocation

_MANAGED_SETTINGS = "session.managed_settings_resolved"
_logger = logging.getLogger("copilot_sdk.session")


def permission(handler: PermissionHandler, session_id: Callable[[], str]) -> Question:
    """Decisions on permission requests; one that a hook has decided is left alone.

    Raises:
        UsageError: The handler wants other arguments than it gets.
    """
    from copilot_sdk.permissions import user_not_available

    decider = _Decider(handler, session_id)
    return Question(
        event_type="permission.requested",
        completed="permission.completed",
        work=decider.decide,
        reply=_reply_to_permission_request,
        fallback=user_not_available,
        concerns=lambda data: not getattr(data, "resolved_by_hook", None),
        notices={_MANAGED_SETTINGS: decider.notice_managed_settings},
    )


class _Decider:
    def __init__(self, handler: PermissionHandler, session_id: Callable[[], str]) -> None:
        from copilot_sdk.permissions._policy import with_invocation

        self._ask = with_invocation(handler)
        self._session_id = session_id
        self._managed_settings: SessionManagedSettingsResolvedData | None = None

    def notice_managed_settings(self, event: Any) -> None:
        """Keep what an administrator wants of the session."""
        from copilot_sdk._generated.copilot.events import SessionManagedSettingsResolved

        if isinstance(event, SessionManagedSettingsResolved):
            self._managed_settings = event.data

    async def decide(self, data: Any) -> Any:
        """Ask the handler."""
        from copilot_sdk.permissions import user_not_available

        request = getattr(data, "permission_request", None)
        if request is None:
            _logger.error("a permission request could not be read and is refused")
            return user_not_available()
        return await self._ask(request, self._invocation(data))

    def _invocation(self, data: Any) -> PermissionInvocation:
        from copilot_sdk.permissions import PermissionInvocation

        told = [part.to_wire() for part in (data.permission_request, data.prompt_request) if part is not None]
        return PermissionInvocation(
            self._session_id(),
            data.request_id,
            data.prompt_request,
            any(part.get("managedApprovalRequired") for part in told),
            self._managed_settings,
        )


async def _reply_to_permission_request(rpc: SessionRPC, request_id: str, result: Any) -> None:
    from copilot_sdk.permissions import DecisionInContext, LeftOpen

    if isinstance(result, LeftOpen):
        return
    decision, context = (
        (result.decision, result.context) if isinstance(result, DecisionInContext) else (result, None)
    )
    await rpc.permissions.handle_pending_permission_request(
        request_id=request_id, result=decision, decision_context=context
    )
