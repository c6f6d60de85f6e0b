"""Methods that speak to the agent of a session."""

from __future__ import annotations

from collections.abc import Mapping

from copilot_sdk._generated.copilot.types import (
    AbortRequest,
    AbortResult,
    LogRequest,
    LogResult,
    SendRequest,
    SendResult,
    SessionErrorData,
    SessionGetMessagesResult,
    SessionInfoData,
    SessionWarningData,
    ShutdownRequest,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.payloads import Payload, to_json
from copilot_sdk.runtime.core.queue import Prompt
from copilot_sdk.runtime.core.turns import AbortReason

router = Router()

_ABORT_REASONS: Mapping[str, AbortReason] = {
    "user_initiated": "user_initiated",
    "remote_command": "remote_command",
    "user_abort": "user_abort",
}


@router.on("session.send", SendRequest)
async def _send(call: Call, params: SendRequest) -> SendResult:
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
    session.turns.send(prompt, immediate=params.mode == "immediate", first=bool(params.prepend))
    if params.wait:
        await prompt.done.wait()
    return SendResult(message_id=prompt.id)


@router.on("session.abort", AbortRequest)
async def _abort(call: Call, params: AbortRequest) -> AbortResult:
    reason = _ABORT_REASONS.get(params.reason or "", "user_initiated")
    await call.session.turns.abort(reason)
    return AbortResult(success=True)


@router.plain("session.getMessages")
async def _get_messages(call: Call) -> SessionGetMessagesResult:
    events = call.session.log.events
    return SessionGetMessagesResult.model_validate({"events": [event.to_wire() for event in events]})


@router.on("session.log", LogRequest)
async def _log(call: Call, params: LogRequest) -> LogResult:
    topic = params.type or "notification"
    data: Payload
    match params.level:
        case "warning":
            data = SessionWarningData(warning_type=topic, message=params.message, url=params.url)
        case "error":
            data = SessionErrorData(error_type=topic, message=params.message, url=params.url)
        case _:
            data = SessionInfoData(info_type=topic, message=params.message, url=params.url, tip=params.tip)
    event = call.session.emit(data, ephemeral=bool(params.ephemeral))
    return LogResult(event_id=event.id)


@router.plain("session.suspend")
async def _suspend(call: Call) -> None:
    await call.runtime.close_session(call.session.id)


@router.on("session.shutdown", ShutdownRequest)
async def _shutdown(call: Call, _: ShutdownRequest) -> None:
    session = call.session
    await session.hooks.invoke("sessionEnd", {"reason": "user_exit"})
    await call.runtime.close_session(session.id)
