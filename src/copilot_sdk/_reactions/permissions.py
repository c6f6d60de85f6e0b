"""Permission requests. Without a usable decision they are refused, as if nobody were there."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from copilot_sdk._callbacks import call_off_loop
from copilot_sdk._reactions.question import Question

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.api.session import SessionRPC
    from copilot_sdk._generated.copilot.types import PermissionDecision
    from copilot_sdk.permissions import PermissionHandler

_logger = logging.getLogger("copilot_sdk.session")


def permission(handler: PermissionHandler) -> Question:
    """Decisions on permission requests; one that a hook has decided is left alone."""
    from copilot_sdk.permissions import user_not_available

    return Question(
        event_type="permission.requested",
        completed="permission.completed",
        work=partial(_decide, handler),
        reply=_reply_to_permission_request,
        fallback=user_not_available,
        concerns=lambda data: not getattr(data, "resolved_by_hook", None),
    )


async def _decide(handler: PermissionHandler, data: Any) -> PermissionDecision:
    from copilot_sdk.permissions import user_not_available

    request = getattr(data, "permission_request", None)
    if request is None:
        _logger.error("a permission request could not be read and is refused")
        return user_not_available()
    decision: PermissionDecision = await call_off_loop(handler, request)
    return decision


async def _reply_to_permission_request(rpc: SessionRPC, request_id: str, result: Any) -> None:
    await rpc.permissions.handle_pending_permission_request(request_id=request_id, result=result)
