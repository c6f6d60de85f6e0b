"""Methods of `session.history`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import HistoryTruncateRequest, HistoryTruncateResult
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault

router = Router()


@router.on("session.history.truncate", HistoryTruncateRequest)
async def _truncate(call: Call, params: HistoryTruncateRequest) -> HistoryTruncateResult:
    session = call.session
    if session.turns.processing:
        raise RuntimeFault("The history cannot be truncated while a turn is running; abort it first")
    return HistoryTruncateResult(events_removed=session.truncate(params.event_id))
