"""Questions to the user and to the program that come as events and have one handler each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from copilot_sdk._callbacks import call_off_loop
from copilot_sdk._reactions.question import Question

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.api.session import SessionRPC
    from copilot_sdk._generated.copilot.types import UISessionLimitsExhaustedResponse
    from copilot_sdk._session_callbacks import SamplingHandler, SessionLimitsHandler
    from copilot_sdk.elicitation import ElicitationHandler


def elicitation(handler: ElicitationHandler) -> Question:
    """Forms and addresses for the user; one that fails is cancelled."""
    from copilot_sdk.elicitation import cancel

    return Question(
        event_type="elicitation.requested",
        completed="elicitation.completed",
        work=partial(call_off_loop, handler),
        reply=_reply_to_elicitation,
        fallback=cancel,
    )


def sampling(handler: SamplingHandler) -> Question:
    """Requests of MCP servers for a model's reply; one that fails is refused."""
    return Question(
        event_type="sampling.requested",
        completed="sampling.completed",
        work=partial(call_off_loop, handler),
        reply=_reply_to_sampling,
        fallback=lambda: None,
        needs_interest=True,
    )


def session_limits(handler: SessionLimitsHandler) -> Question:
    """Limits that are used up; when the handler fails they stay."""
    return Question(
        event_type="session_limits_exhausted.requested",
        completed="session_limits_exhausted.completed",
        work=partial(call_off_loop, handler),
        reply=_reply_to_session_limits,
        fallback=_keep_limits,
        needs_interest=True,
    )


async def _reply_to_elicitation(rpc: SessionRPC, request_id: str, result: Any) -> None:
    await rpc.ui.handle_pending_elicitation(request_id=request_id, result=result)


async def _reply_to_sampling(rpc: SessionRPC, request_id: str, result: Any) -> None:
    await rpc.ui.handle_pending_sampling(request_id=request_id, response=result)


async def _reply_to_session_limits(rpc: SessionRPC, request_id: str, result: Any) -> None:
    await rpc.ui.handle_pending_session_limits_exhausted(request_id=request_id, response=result)


def _keep_limits() -> UISessionLimitsExhaustedResponse:
    from copilot_sdk._generated.copilot.types import UISessionLimitsExhaustedResponse

    return UISessionLimitsExhaustedResponse(action="cancel")
