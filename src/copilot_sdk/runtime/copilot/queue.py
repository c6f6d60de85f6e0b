"""Methods of `session.queue`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types.session_queue import (
    QueuePendingItems,
    QueuePendingItemsResult,
    QueueRemoveMostRecentResult,
)
from copilot_sdk.runtime.copilot.router import Call, NoParams, Router

router = Router()


@router.on("session.queue.pendingItems", NoParams)
async def _pending(call: Call, params: NoParams) -> QueuePendingItemsResult:
    queue = call.session.turns.queue
    return QueuePendingItemsResult(
        items=[QueuePendingItems(kind="message", display_text=prompt.shown) for prompt in queue.waiting],
        steering_messages=[prompt.shown for prompt in queue.steering],
    )


@router.on("session.queue.removeMostRecent", NoParams)
async def _remove(call: Call, params: NoParams) -> QueueRemoveMostRecentResult:
    return QueueRemoveMostRecentResult(removed=call.session.turns.remove_newest())


@router.on("session.queue.clear", NoParams)
async def _clear(call: Call, params: NoParams) -> None:
    call.session.turns.clear_queue()
