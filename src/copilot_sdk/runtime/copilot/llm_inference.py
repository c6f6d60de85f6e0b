"""`llmInference`: the model requests of the runtime, sent by a client."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot.types import (
    LLMInferenceHTTPResponseChunkRequest,
    LLMInferenceHTTPResponseChunkResult,
    LLMInferenceHTTPResponseStartRequest,
    LLMInferenceHTTPResponseStartResult,
    LLMInferenceSetProviderResult,
)
from copilot_sdk.errors import ConnectionClosed
from copilot_sdk.runtime.copilot.providing import provide
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.clients import ClientFault
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.models.sender import Head, Order, SendingFault
from copilot_sdk.runtime.core.scope import TaskScope
from copilot_sdk.transports._flow import Lane

if TYPE_CHECKING:
    from copilot_sdk.runtime.copilot.connection import Connection

router = Router()

_CANCELLED = "runtime cancelled the request"


@router.plain("llmInference.setProvider")
async def _set_provider(call: Call) -> LLMInferenceSetProviderResult:
    sender = call.connection.sender or ClientSender(call.connection)
    provide(call, call.runtime.provided_sender, sender, "LLM inference provider", become="set")
    call.connection.sender = sender
    return LLMInferenceSetProviderResult(success=True)


@router.on("llmInference.httpResponseStart", LLMInferenceHTTPResponseStartRequest)
async def _response_start(
    call: Call, params: LLMInferenceHTTPResponseStartRequest
) -> LLMInferenceHTTPResponseStartResult:
    sending = _sending(call, params.request_id)
    accepted = sending is not None and sending.begin(Head(params.status, params.headers))
    return LLMInferenceHTTPResponseStartResult(accepted=accepted)


@router.on("llmInference.httpResponseChunk", LLMInferenceHTTPResponseChunkRequest)
async def _response_chunk(
    call: Call, params: LLMInferenceHTTPResponseChunkRequest
) -> LLMInferenceHTTPResponseChunkResult:
    sending = _sending(call, params.request_id)
    accepted = sending is not None and await sending.take(params)
    return LLMInferenceHTTPResponseChunkResult(accepted=accepted)


def _sending(call: Call, request_id: str) -> ClientSending | None:
    sender = call.connection.sender
    return None if sender is None else sender.under_way.get(request_id)


class ClientSender:
    """Has model requests sent by a client; see `Sender`."""

    def __init__(self, connection: Connection) -> None:
        self.under_way: dict[str, ClientSending] = {}
        self._connection = connection
        self._telling = TaskScope("cancelled model requests")

    async def open(self, order: Order) -> ClientSending:
        """See `Sender`."""
        start: dict[str, object] = {
            "requestId": new_id(),
            "method": order.method,
            "url": order.url,
            "headers": order.headers,
            "transport": order.transport,
            "interactionType": "conversation-agent" if order.agent_id is None else "conversation-subagent",
        }
        if order.session_id:
            # The agent of the session itself goes by the id of the session.
            start |= {"sessionId": order.session_id, "agentId": order.agent_id or order.session_id}
        sending = ClientSending(self, str(start["requestId"]))
        self.under_way[sending.id] = sending
        try:
            await self.ask("httpRequestStart", start)
        except BaseException:
            del self.under_way[sending.id]
            raise
        return sending

    async def ask(self, operation: str, params: Mapping[str, object]) -> None:
        """Calls a method of the client.

        Raises:
            SendingFault: It failed.
        """
        seconds = self._connection.runtime.limits.provider_seconds
        try:
            await self._connection.ask(f"llmInference.{operation}", params, seconds=seconds)
        except ClientFault as fault:
            raise SendingFault(str(fault)) from fault

    def cancel(self, request_id: str) -> None:
        """Tells the client that a request is cancelled; nobody waits for that."""
        params = {
            "requestId": request_id,
            "data": "",
            "end": True,
            "cancel": True,
            "cancelReason": _CANCELLED,
        }
        self._telling.start(self._tell(params), name=request_id)

    async def aclose(self) -> None:
        """Lets all requests fail: the client is gone."""
        for sending in list(self.under_way.values()):
            sending.fail("the client that sends model requests is gone")
        await self._telling.aclose()

    async def _tell(self, params: Mapping[str, object]) -> None:
        try:
            await self.ask("httpRequestChunk", params)
        except SendingFault:
            # It is over for the runtime either way.
            return


@dataclass(frozen=True, slots=True)
class _Piece:
    data: str | bytes

    def __len__(self) -> int:
        return 1 + len(self.data)


class ClientSending:
    """One request under way; see `Sending`."""

    def __init__(self, sender: ClientSender, request_id: str) -> None:
        self.id = request_id
        self._sender = sender
        self._head: asyncio.Future[Head] = asyncio.get_running_loop().create_future()
        self._pieces = Lane[_Piece]()
        self._failure: str | None = None

    # ------------------------------------------------------- for the runtime

    @property
    def open(self) -> bool:
        """See `Sending`."""
        return self.id in self._sender.under_way

    async def send(self, data: str | bytes, *, end: bool = False) -> None:
        """See `Sending`."""
        text = data if isinstance(data, str) else _text(data)
        chunk: dict[str, object] = {
            "requestId": self.id,
            "data": text or "",
            "binary": text is None,
            "end": end,
        }
        if isinstance(data, bytes) and text is None:
            chunk["data"] = base64.b64encode(data).decode()
        await self._sender.ask("httpRequestChunk", chunk)

    async def head(self) -> Head:
        """See `Sending`."""
        return await asyncio.shield(self._head)

    async def receive(self) -> str | bytes | None:
        """See `Sending`."""
        try:
            piece = await self._pieces.inbox.pull()
        except ConnectionClosed:
            if self._failure is not None:
                raise SendingFault(self._failure) from None
            return None
        return piece.data

    async def give_up(self) -> None:
        """See `Sending`."""
        if self._sender.under_way.pop(self.id, None) is not None:
            self._sender.cancel(self.id)
        self._close(discard=True)

    # -------------------------------------------------------- for the client

    def begin(self, head: Head) -> bool:
        """Takes the beginning of the answer, unless there is one already."""
        if self._head.done():
            return False
        self._head.set_result(head)
        return True

    async def take(self, chunk: LLMInferenceHTTPResponseChunkRequest) -> bool:
        """Takes a piece of the answer, and waits until there is room for more.

        Raises:
            RuntimeFault: It is not base64, though it is said to be.
        """
        data = _decoded(chunk)
        if chunk.error is not None:
            self.fail(chunk.error.message)
            return True
        if chunk.end:
            self._sender.under_way.pop(self.id, None)
        try:
            if data:
                await self._pieces.send(_Piece(data))
        except ConnectionClosed:
            return False
        if chunk.end:
            if not self._head.done():
                self.fail("the answer ended before it began")
            self._close()
        return True

    def fail(self, problem: str) -> None:
        """Ends the answer with a failure."""
        self._sender.under_way.pop(self.id, None)
        self._failure = problem
        if not self._head.done():
            self._head.set_exception(SendingFault(problem))
            # Nobody may be waiting for it.
            self._head.exception()
        self._close()

    def _close(self, *, discard: bool = False) -> None:
        self._pieces.end(ConnectionClosed("the answer is over"), discard=discard)


def _text(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _decoded(chunk: LLMInferenceHTTPResponseChunkRequest) -> str | bytes:
    if not chunk.binary:
        return chunk.data
    try:
        return base64.b64decode(chunk.data, validate=True)
    except binascii.Error as error:
        raise RuntimeFault(f"data: {error}") from error
