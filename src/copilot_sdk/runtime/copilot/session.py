"""Methods that speak to the agent of a session."""

from __future__ import annotations

from collections.abc import Mapping

from copilot_sdk._generated.copilot import types
from copilot_sdk._generated.copilot.types import (
    AbortRequest,
    InterruptMainTurnRequest,
    LogRequest,
    SendMessagesRequest,
    SendRequest,
    SendSystemNotificationRequest,
    ShutdownRequest,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.payloads import Payload, to_json
from copilot_sdk.runtime.core.prompts import notification_text
from copilot_sdk.runtime.core.queue import Prompt
from copilot_sdk.runtime.core.turns import AbortReason

router = Router()

_ABORT_REASONS: Mapping[str, AbortReason] = {
    "user_initiated": "user_initiated",
    "remote_command": "remote_command",
    "user_abort": "user_abort",
}


@router.on("session.send", SendRequest)
async def _send(call: Call, params: SendRequest) -> types.SendResult:
    session = call.session
    if session.config.github is not None:
        await session.config.github.refresh(session.id)
    prompt = Prompt(
        id=new_id(),
        text=params.prompt,
        display=params.display_prompt,
        attachments=[to_json(attachment) for attachment in params.attachments or ()],
        agent_mode=params.agent_mode or session.record.mode,
        source=params.source,
        headers=params.request_headers or {},
    )
    session.turns.send(prompt, immediate=params.mode == "immediate", at=0 if params.prepend else None)
    if params.wait:
        await prompt.done.wait()
    return types.SendResult(message_id=prompt.id)


@router.on("session.sendMessages", SendMessagesRequest)
async def _send_messages(call: Call, params: SendMessagesRequest) -> types.SendMessagesResult:
    session = call.session
    prompts = [
        Prompt(
            id=new_id(),
            text=message.prompt,
            display=message.display_prompt,
            attachments=[to_json(attachment) for attachment in message.attachments or ()],
            agent_mode=params.agent_mode or session.record.mode,
            source=message.source,
            headers=params.request_headers or {},
        )
        for message in params.messages
    ]
    ids = [prompt.id for prompt in prompts]
    *context, last = prompts or [
        Prompt(id=new_id(), text="", bare=True, headers=params.request_headers or {})
    ]
    last.context = context
    session.turns.send(last, immediate=params.mode == "immediate", at=0 if params.prepend else None)
    if params.wait:
        await last.done.wait()
    return types.SendMessagesResult(message_ids=ids)


@router.on("session.sendSystemNotification", SendSystemNotificationRequest)
async def _send_notification(call: Call, params: SendSystemNotificationRequest) -> None:
    turns = call.session.turns
    if params.kind is not None:
        turns.notify(params.message, params.kind)
        return
    turns.send(Prompt(id=new_id(), text=notification_text(params.message), source="system"), immediate=True)


@router.on("session.interruptMainTurn", InterruptMainTurnRequest)
async def _interrupt(call: Call, params: InterruptMainTurnRequest) -> types.InterruptMainTurnResult:
    turns = call.session.turns
    if not turns.processing:
        return types.InterruptMainTurnResult(interrupted=False)
    interrupted = await turns.abort("user_abort", keep_queue=bool(params.flush_queued))
    return types.InterruptMainTurnResult(interrupted=interrupted)


@router.plain("session.cancelAllBackgroundAgents")
async def _cancel_agents(call: Call) -> int:
    return await call.session.tasks.stop_agents()


@router.on("session.abort", AbortRequest)
async def _abort(call: Call, params: AbortRequest) -> types.AbortResult:
    reason = _ABORT_REASONS.get(params.reason or "", "user_initiated")
    session = call.session
    turn_ended = await session.turns.abort(reason)
    await session.tasks.stop_agents()
    if turn_ended:
        await session.tasks.stop_attached_shells()
    return types.AbortResult(success=True)


@router.plain("session.getMessages")
async def _get_messages(call: Call) -> types.SessionGetMessagesResult:
    events = call.session.log.events
    return types.SessionGetMessagesResult.model_validate({"events": [event.to_wire() for event in events]})


@router.on("session.log", LogRequest)
async def _log(call: Call, params: LogRequest) -> types.LogResult:
    topic = params.type or "notification"
    data: Payload
    match params.level:
        case "warning":
            data = types.SessionWarningData(warning_type=topic, message=params.message, url=params.url)
        case "error":
            data = types.SessionErrorData(error_type=topic, message=params.message, url=params.url)
        case _:
            data = types.SessionInfoData(
                info_type=topic, message=params.message, url=params.url, tip=params.tip
            )
    event = call.session.emit(data, ephemeral=bool(params.ephemeral))
    return types.LogResult(event_id=event.id)


@router.plain("session.suspend")
async def _suspend(call: Call) -> None:
    await call.runtime.close_session(call.session.id)


@router.on("session.shutdown", ShutdownRequest)
async def _shutdown(call: Call, _: ShutdownRequest) -> None:
    session = call.session
    await session.hooks.invoke("sessionEnd", {"reason": "user_exit"})
    await call.runtime.close_session(session.id)
