"""Methods of `session.queue`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    QueueAppendSteeringRequest,
    QueueBeginDeferredIdleDrainRequest,
    QueueBeginDeferredIdleDrainResult,
    QueueConsumeSystemNotificationsRequest,
    QueueDeferSessionIdleRequest,
    QueueDuplicateAtRequest,
    QueueDuplicateAtResult,
    QueueEnqueueResumePendingResult,
    QueueFinishDeferredIdleDrainRequest,
    QueueFinishDeferredIdleDrainResult,
    QueueHasPendingResult,
    QueueInsertAtRequest,
    QueueInsertAtResult,
    QueueMoveItemRequest,
    QueueMoveItemResult,
    QueuePendingItems,
    QueuePendingItemsResult,
    QueueRemoveAtRequest,
    QueueRemoveAtResult,
    QueueRemoveMostRecentResult,
    QueueSendNowRequest,
    QueueSendNowResult,
    QueueSetDrainPausedRequest,
    QueueSnapshotResult,
    QueueUpdateTextRequest,
    QueueUpdateTextResult,
    QueueWithdrawMessageRequest,
    QueueWithdrawMessageResult,
)
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import InvalidInput
from copilot_sdk.runtime.core.payloads import Payload, to_json
from copilot_sdk.runtime.core.queue import Entry, Prompt, QueuedCommand

router = Router()


@router.plain("session.queue.pendingItems")
async def _pending(call: Call) -> QueuePendingItemsResult:
    turns = call.session.turns
    return QueuePendingItemsResult(
        items=[_describe(entry) for entry in turns.queue.visible],
        steering_messages=[prompt.shown for prompt in turns.queue.steering],
        in_flight_steering_count=0,
        withdrawable_turn_message_id=turns.withdrawable,
    )


@router.plain("session.queue.snapshot")
async def _snapshot(call: Call) -> QueueSnapshotResult:
    queue = call.session.turns.queue
    return QueueSnapshotResult(
        items=[_describe(entry) for entry in queue.visible],
        steering_messages=[prompt.shown for prompt in queue.steering],
        item_orders=[entry.number for entry in queue.visible] or None,
        steering_message_orders=[prompt.number for prompt in queue.steering] or None,
    )


@router.plain("session.queue.hasPending")
async def _has_pending(call: Call) -> QueueHasPendingResult:
    return QueueHasPendingResult(has_pending=call.session.turns.queue.has_pending)


@router.plain("session.queue.removeMostRecent")
async def _remove(call: Call) -> QueueRemoveMostRecentResult:
    return QueueRemoveMostRecentResult(removed=call.session.turns.remove_newest())


@router.plain("session.queue.clear")
async def _clear(call: Call) -> None:
    call.session.turns.clear_queue()


@router.plain("session.queue.process")
async def _process(call: Call) -> None:
    call.session.turns.work_off()


@router.on("session.queue.setDrainPaused", QueueSetDrainPausedRequest)
async def _set_paused(call: Call, params: QueueSetDrainPausedRequest) -> None:
    turns = call.session.turns
    if params.paused:
        turns.pause()
    else:
        turns.resume()


@router.on("session.queue.insertAt", QueueInsertAtRequest)
async def _insert(call: Call, params: QueueInsertAtRequest) -> QueueInsertAtResult:
    message = params.message
    if message.source == "system":
        raise InvalidInput(
            'invalid queue request: message.source must not be "system": inserted items must stay visible '
            "and addressable"
        )
    prompt = Prompt(
        id=new_id(),
        text=message.prompt,
        display=message.display_prompt,
        attachments=[to_json(attachment) for attachment in message.attachments or ()],
        agent_mode=message.agent_mode or call.session.record.mode,
        source=message.source,
        headers=message.request_headers or {},
    )
    call.session.turns.send(prompt, at=params.position)
    return QueueInsertAtResult(id=str(prompt.number))


@router.on("session.queue.moveItem", QueueMoveItemRequest)
async def _move(call: Call, params: QueueMoveItemRequest) -> QueueMoveItemResult:
    turns = call.session.turns
    moved = turns.queue.move(turns.queue.item(params.id), params.to_position)
    if moved:
        turns.changed()
    return QueueMoveItemResult(changed=moved)


@router.on("session.queue.duplicateAt", QueueDuplicateAtRequest)
async def _duplicate(call: Call, params: QueueDuplicateAtRequest) -> QueueDuplicateAtResult:
    turns = call.session.turns
    copy = turns.queue.duplicate(turns.queue.item(params.id))
    turns.changed()
    return QueueDuplicateAtResult(id=str(copy.number))


@router.on("session.queue.removeAt", QueueRemoveAtRequest)
async def _remove_at(call: Call, params: QueueRemoveAtRequest) -> QueueRemoveAtResult:
    turns = call.session.turns
    turns.queue.drop(turns.queue.item(params.id))
    turns.changed()
    return QueueRemoveAtResult(removed=True)


@router.on("session.queue.updateText", QueueUpdateTextRequest)
async def _update(call: Call, params: QueueUpdateTextRequest) -> QueueUpdateTextResult:
    turns = call.session.turns
    prompt = turns.queue.message(params.id, "updateText")
    if (prompt.text, prompt.display) == (params.prompt, params.display_prompt):
        return QueueUpdateTextResult(updated=False)
    prompt.text, prompt.display, prompt.edited = params.prompt, params.display_prompt, True
    turns.changed()
    return QueueUpdateTextResult(updated=True)


@router.on("session.queue.sendNow", QueueSendNowRequest)
async def _send_now(call: Call, params: QueueSendNowRequest) -> QueueSendNowResult:
    turns = call.session.turns
    turns.send_now(turns.queue.message(params.id, "sendNow"))
    return QueueSendNowResult(steered=True)


@router.on("session.queue.withdrawMessage", QueueWithdrawMessageRequest)
async def _withdraw(call: Call, params: QueueWithdrawMessageRequest) -> QueueWithdrawMessageResult:
    done = await call.session.turns.withdraw(params.message_id, params.expected_prompt)
    return QueueWithdrawMessageResult(removed=done.removed, interrupted=done.interrupted)


@router.on("session.queue.appendSteering", QueueAppendSteeringRequest)
async def _append(call: Call, params: QueueAppendSteeringRequest) -> QueueUpdateTextResult:
    turns = call.session.turns
    prompt = next((p for p in turns.queue.steering if p.id == params.message_id), None)
    wanted = (params.expected_prompt, params.agent_mode)
    if prompt is None or (prompt.text, prompt.mode) != wanted:
        return QueueUpdateTextResult(updated=False)
    prompt.display = f"{prompt.shown}\n\n{params.display_prompt}"
    prompt.text = f"{prompt.text}\n\n{params.prompt}"
    prompt.attachments = [*prompt.attachments, *(to_json(attachment) for attachment in params.attachments)]
    prompt.edited = True
    turns.changed()
    return QueueUpdateTextResult(updated=True)


@router.on("session.queue.consumeSystemNotifications", QueueConsumeSystemNotificationsRequest)
async def _consume(call: Call, params: QueueConsumeSystemNotificationsRequest) -> QueueRemoveMostRecentResult:
    wanted = params.filter
    if not is_object(wanted):
        return QueueRemoveMostRecentResult(removed=False)

    def about(notice: object) -> bool:
        told = to_json(notice) if isinstance(notice, Payload) else notice
        return is_object(told) and all(told.get(name) == value for name, value in wanted.items())

    turns = call.session.turns
    removed = turns.queue.drop_notices(about)
    if removed:
        turns.changed()
    return QueueRemoveMostRecentResult(removed=removed)


@router.plain("session.queue.enqueueResumePending")
async def _wake(call: Call) -> QueueEnqueueResumePendingResult:
    call.session.turns.send(Prompt(id=new_id(), text="", bare=True))
    return QueueEnqueueResumePendingResult(queued=True)


@router.on("session.queue.deferSessionIdle", QueueDeferSessionIdleRequest)
async def _defer_idle(call: Call, params: QueueDeferSessionIdleRequest) -> None:
    call.session.turns.idle.defer(aborted=params.aborted)


@router.on("session.queue.beginDeferredIdleDrain", QueueBeginDeferredIdleDrainRequest)
async def _begin_drain(
    call: Call, params: QueueBeginDeferredIdleDrainRequest
) -> QueueBeginDeferredIdleDrainResult:
    turns = call.session.turns
    working = params.active_background_work or turns.processing
    return QueueBeginDeferredIdleDrainResult(should_drain=turns.idle.begin_drain(working=working))


@router.on("session.queue.finishDeferredIdleDrain", QueueFinishDeferredIdleDrainRequest)
async def _finish_drain(
    call: Call, params: QueueFinishDeferredIdleDrainRequest
) -> QueueFinishDeferredIdleDrainResult:
    turns = call.session.turns
    action, aborted = turns.idle.finish_drain(
        working=params.active_background_work or turns.processing,
        pending=params.has_pending and not turns.queue.paused,
    )
    return QueueFinishDeferredIdleDrainResult(action=action, aborted=aborted)


def _describe(entry: Entry) -> QueuePendingItems:
    if isinstance(entry, QueuedCommand):
        return QueuePendingItems(
            id=str(entry.number), kind="command", display_text=entry.shown, agent_mode="interactive"
        )
    return QueuePendingItems(
        id=str(entry.number),
        message_id=entry.id,
        kind="message",
        display_text=entry.shown,
        agent_mode=entry.mode,
        source=entry.source,
    )
