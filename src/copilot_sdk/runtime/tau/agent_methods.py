"""Requests that speak to the agent of a session."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections.abc import Sequence

from copilot_sdk._generated.tau.types import (
    AgentDoneResponse,
    CancelChatRequest,
    CancelledResponse,
    ChatRequest,
    CompactRequest,
    ErrorResponse,
    ExecuteToolRequest,
    ImageAttachment,
    MessageReplyResponse,
    OkResponse,
    QueueInfoRequest,
    QueueMessageRequest,
    ReplyToMessageRequest,
    SessionResult,
    SessionsCompletedResponse,
    SteerRequest,
    StreamResponse,
    SubscribeRequest,
    ToolExecutedResponse,
    WaitAnySessionsRequest,
    WaitSessionsRequest,
)
from copilot_sdk._model import VerbatimModel
from copilot_sdk._protocol.exchanges import SHUTTING_DOWN
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.hooks import HookCall
from copilot_sdk.runtime.core.tool_calls import ToolCalls
from copilot_sdk.runtime.tau.channel import Told
from copilot_sdk.runtime.tau.narrator import Narrator
from copilot_sdk.runtime.tau.router import Call, Router
from copilot_sdk.runtime.tau.sessions import Sessions

_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_MOST_IMAGE_BYTES = 5 * 1024 * 1024
_WAIT_SECONDS = 300

router = Router()


@router.on(ChatRequest)
async def _chat(call: Call, request: ChatRequest) -> VerbatimModel:
    images = [_image(attachment) for attachment in request.attachments or ()]
    if call.client is None:
        if call.daemon.draining:
            raise RuntimeFault(SHUTTING_DOWN)
        (await call.daemon.sessions.open(request.session_id)).send(request.text, images=images)
        return OkResponse()
    if call.daemon.draining:
        await call.connection.send(ErrorResponse(message=SHUTTING_DOWN))
        return AgentDoneResponse()
    session = await call.daemon.sessions.open(request.session_id)
    prompt = session.send(request.text, images=images)
    listener = session.channel.listen(prompt=prompt.id)
    try:
        while (frame := await listener.next()) is not None:
            if isinstance(frame, (AgentDoneResponse, CancelledResponse)):
                return frame
            await call.connection.send(frame)
    finally:
        listener.leave()
    raise RuntimeFault("the client was too slow for what it was to be told; read the history")


def _image(attachment: ImageAttachment) -> dict[str, object]:
    if attachment.mime_type not in _IMAGES:
        raise RuntimeFault(f"unsupported image type: {attachment.mime_type}")
    try:
        size = len(base64.b64decode(attachment.data, validate=True))
    except (binascii.Error, ValueError):
        raise RuntimeFault("an image is not base64") from None
    if size > _MOST_IMAGE_BYTES:
        raise RuntimeFault(f"an image of {size} bytes is larger than {_MOST_IMAGE_BYTES}")
    return {"type": "blob", "data": attachment.data, "mimeType": attachment.mime_type}


@router.on(SubscribeRequest)
async def _subscribe(call: Call, request: SubscribeRequest) -> None:
    sessions = call.daemon.sessions
    channel, live = sessions.channel(request.session_id), sessions.find_live(request.session_id)
    narrator = Narrator(channel) if live is None else live.narrator
    listener = channel.listen()
    listener.tell(Told(StreamResponse(event=narrator.phase_event)))
    try:
        await call.connection.follow(listener)
    finally:
        listener.leave()


@router.on(CancelChatRequest)
async def _cancel(call: Call, request: CancelChatRequest) -> OkResponse:
    session = await call.daemon.sessions.open(request.session_id)
    await session.core.turns.abort("user_initiated")
    return OkResponse()


@router.on(SteerRequest)
async def _steer(call: Call, request: SteerRequest) -> OkResponse:
    session = await call.daemon.sessions.open(request.session_id)
    if not session.busy:
        raise RuntimeFault(f"no chat runs in {request.session_id} that could be steered")
    session.send(request.text, steer=True)
    return OkResponse()


@router.on(CompactRequest)
async def _compact(call: Call, request: CompactRequest) -> OkResponse | None:
    session = await call.daemon.sessions.open(request.session_id)
    return OkResponse() if await session.compact(request.keep_hint) else None


@router.on(QueueMessageRequest)
async def _queue(call: Call, request: QueueMessageRequest) -> VerbatimModel:
    mail, waits = call.daemon.mail, bool(request.await_reply)
    if call.daemon.draining:
        raise RuntimeFault(SHUTTING_DOWN)
    session = await call.daemon.sessions.open(request.target_session_id)
    if request.reply_to is not None:
        mail.reply(request.reply_to, request.content)
        return OkResponse()
    message_id = mail.new_id(waits=waits)
    asked = "; reply with reply_to_message" if waits else ""
    session.send(f"[message {message_id} from {request.sender_info}{asked}]\n{request.content}")
    if not waits:
        return OkResponse()
    return MessageReplyResponse(content=await mail.answer(message_id))


@router.on(QueueInfoRequest)
async def _inform(call: Call, request: QueueInfoRequest) -> OkResponse:
    (await call.daemon.sessions.open(request.target_session_id)).inform(request.text)
    return OkResponse()


@router.on(ReplyToMessageRequest)
async def _reply(call: Call, request: ReplyToMessageRequest) -> OkResponse:
    call.daemon.mail.reply(request.msg_id, request.content)
    return OkResponse()


@router.on(ExecuteToolRequest)
async def _execute(call: Call, request: ExecuteToolRequest) -> ToolExecutedResponse:
    session = await call.daemon.sessions.open(request.session_id)
    calls = ToolCalls(session.core.agent, turn_id="")
    call_id = f"et_{int(time.time() * 1000)}"
    result = await calls.run_one(HookCall(call_id, request.tool_name, request.arguments))
    return ToolExecutedResponse(content=result.text, is_error=result.kind != "success")


@router.on(WaitSessionsRequest)
async def _wait_all(call: Call, request: WaitSessionsRequest) -> SessionsCompletedResponse:
    return await _wait(call, request.session_ids, request.timeout_secs, how_many=len(request.session_ids))


@router.on(WaitAnySessionsRequest)
async def _wait_any(call: Call, request: WaitAnySessionsRequest) -> SessionsCompletedResponse:
    return await _wait(call, request.session_ids, request.timeout_secs, how_many=1)


async def _wait(
    call: Call, session_ids: Sequence[str], seconds: int | None, *, how_many: int
) -> SessionsCompletedResponse:
    sessions = call.daemon.sessions
    limit = _WAIT_SECONDS if seconds is None else seconds
    try:
        async with asyncio.timeout(limit):
            while sum(not _works(sessions, name) for name in session_ids) < min(how_many, len(session_ids)):
                await sessions.rested.wait()
    except TimeoutError:
        pass
    results = [_result(sessions, name) for name in session_ids]
    if how_many == 1:
        results = [result for result in results if result.status != "timeout"] or results
    return SessionsCompletedResponse(results=results)


def _works(sessions: Sessions, session_id: str) -> bool:
    live = sessions.find_live(session_id)
    return live is not None and live.busy


def _result(sessions: Sessions, session_id: str) -> SessionResult:
    if session_id not in sessions.tree:
        return SessionResult(session_id=session_id, status="deleted", summary="")
    status = "timeout" if _works(sessions, session_id) else "done"
    return SessionResult(session_id=session_id, status=status, summary=sessions.summary(session_id))
