"""Methods of `session.queue`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    QueuePendingItems,
    QueuePendingItemsResult,
    QueueRemoveMostRecentResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.queue import QueuedCommand

router = Router()


@router.plain("session.queue.pendingItems")
async def _pending(call: Call) -> QueuePendingItemsResult:
    queue = call.session.turns.queue
    return QueuePendingItemsResult(
        items=[
            QueuePendingItems(
                kind="command" if isinstance(entry, QueuedCommand) else "message", display_text=entry.shown
            )
            for entry in queue.waiting
        ],
        steering_messages=[prompt.shown for prompt in queue.steering],
    )


@router.plain("session.queue.removeMostRecent")
async def _remove(call: Call) -> QueueRemoveMostRecentResult:
    return QueueRemoveMostRecentResult(removed=call.session.turns.remove_newest())


@router.plain("session.queue.clear")
async def _clear(call: Call) -> None:
    call.session.turns.clear_queue()
