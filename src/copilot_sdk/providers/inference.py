"""Model requests of the runtime, sent by the client."""

from __future__ import annotations

import asyncio
import base64
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copilot_sdk._callbacks import call_off_loop, log_failure
from copilot_sdk._scope import TaskScope
from copilot_sdk.errors import ConnectionClosed, CopilotError, UsageError, describe_exception, mask_secrets
from copilot_sdk.providers.base import Provider
from copilot_sdk.transports._flow import Lane

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpx

    from copilot_sdk._generated.copilot.types import (
        LLMInferenceHTTPRequestChunkRequest,
        LLMInferenceHTTPRequestChunkResult,
        LLMInferenceHTTPRequestStartRequest,
        LLMInferenceHTTPRequestStartResult,
    )
    from copilot_sdk._rpc.peer import Peer

_RESPONSE_CHUNK = "llmInference.httpResponseChunk"
_RESPONSE_START = "llmInference.httpResponseStart"
# A piece that waits for room keeps its request open, and the runtime has no more than 64 of those.
_MAX_WAITING = 32
# Of the pieces that are empty there are not to be any number.
_OVERHEAD = 4096
# Of one connection to the next; httpx writes those that belong to its own.
HOP_BY_HOP = frozenset(
    {"connection", "content-length", "host", "keep-alive", "te", "transfer-encoding", "upgrade"}
)
# httpx has decoded the body that it gives.
_DECODED = HOP_BY_HOP | {"content-encoding"}
_logger = logging.getLogger("copilot_sdk.providers")


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a chunk brought; its length counts against the room for all of them."""

    data: str | bytes
    end: bool
    agent_invocation_id: str | None

    def __len__(self) -> int:
        return _OVERHEAD + len(self.data)


class ModelRequest:
    """A model request, and the way to answer it: `start`, then `send` as often as there is something.

    What the runtime sends waits here until it is read, about a megabyte of it; then the runtime waits, too.

    Attributes:
        start_request: Method, URL, headers, and which session and agent it is for. Its `transport` is `websocket`
            for a connection that takes messages both ways.
        agent_invocation_id: The agent loop that what was read last is from: a websocket can serve several.
    """

    def __init__(self, peer: Peer, start_request: LLMInferenceHTTPRequestStartRequest) -> None:
        self.start_request = start_request
        self.agent_invocation_id = start_request.agent_invocation_id
        self._peer = peer
        self._pieces = Lane[_Piece]()
        self._complete = False

    async def body(self) -> AsyncGenerator[bytes]:
        """The body, piece by piece as it comes; can be read once."""
        async for data in self.messages():
            if data:
                yield data.encode() if isinstance(data, str) else data

    async def messages(self) -> AsyncGenerator[str | bytes]:
        """What the runtime sends over a websocket, text or binary, until it closes; can be read once."""
        while not self._complete:
            piece = await self._pieces.inbox.pull()
            self._complete = piece.end
            if piece.data or not piece.end:
                self.agent_invocation_id = piece.agent_invocation_id or self.agent_invocation_id
                yield piece.data

    async def start(self, status: int, headers: Mapping[str, Sequence[str]] | None = None) -> None:
        """Begin the answer.

        Args:
            status: HTTP status; 101 takes a websocket.
            headers: The values of each header.
        """
        told = {name: list(values) for name, values in (headers or {}).items()}
        await self._peer.request(
            _RESPONSE_START, {"requestId": self.start_request.request_id, "status": status, "headers": told}
        )

    async def send(self, data: bytes | str) -> None:
        """Send a piece of the answer's body, or one message over a websocket, as binary or as text."""
        if isinstance(data, str):
            await self._tell({"data": data})
        else:
            await self._tell({"data": base64.b64encode(data).decode(), "binary": True})

    async def end(self) -> None:
        """End the answer; closes a websocket."""
        await self._tell({"data": "", "end": True})

    async def fail(self, message: str) -> None:
        """End the answer as a connection that broke."""
        await self._tell({"data": "", "end": True, "error": {"message": message}})

    async def receive(self, chunk: LLMInferenceHTTPRequestChunkRequest) -> None:
        """Take what the runtime sends, and wait until there is room for more.

        Raises:
            ConnectionClosed: Nobody will read it: the request has been answered.
        """
        data = base64.b64decode(chunk.data) if chunk.binary else chunk.data
        await self._pieces.send(_Piece(data, bool(chunk.end), chunk.agent_invocation_id))

    def leave(self) -> None:
        """Read no more."""
        self._pieces.end(ConnectionClosed("the model request has been answered"), discard=True)

    async def _tell(self, chunk: Mapping[str, object]) -> None:
        await self._peer.request(_RESPONSE_CHUNK, {"requestId": self.start_request.request_id, **chunk})


class ModelRequests(Provider, ABC):
    """Answers the model requests of a runtime; a base to define `respond` of.

    `CopilotClient(handlers={"llm_inference": ...})`. What a request meets is told to the runtime; one that the runtime
    cancels is cancelled here. Since runtime 1.0.81.
    """

    def __init__(self) -> None:
        self._peer: Peer | None = None
        self._open: dict[str, tuple[ModelRequest, asyncio.Task[None]]] = {}
        self._waiting = 0
        self._overrun: set[ModelRequest] = set()
        self._tasks = TaskScope("model requests")

    @abstractmethod
    async def respond(self, request: ModelRequest) -> None:
        """Answer a request: `start`, `send`; its end is told when this returns, a failure when it raises."""

    async def respond_websocket(self, request: ModelRequest) -> None:
        """Answer a request for a websocket: `start(101)`, then `send` and `messages`; it closes when this returns.

        When it raises, the connection is told to have failed, and a runtime that was not answered yet sends its request
        over HTTP instead. That is what happens where a subclass does not define this.
        """
        url = request.start_request.url.partition("?")[0]
        raise UsageError(f"the client opens no websocket to {url}; the request has to be sent over HTTP")

    async def register(self, peer: Peer) -> None:
        """Tell the runtime to send its model requests here; it knows none of those of a connection before."""
        self._tasks.cancel()
        self._peer = peer
        await peer.request("llmInference.setProvider", {})

    async def release(self) -> None:
        """Cancel the requests under way."""
        self._tasks.cancel()
        await self._tasks.settle()

    async def http_request_start(
        self, params: LLMInferenceHTTPRequestStartRequest
    ) -> LLMInferenceHTTPRequestStartResult:
        """Wire method: `llmInference.httpRequestStart`."""
        from copilot_sdk._generated.copilot.types import LLMInferenceHTTPRequestStartResult

        assert self._peer is not None  # noqa: S101 - a provider is registered before it is asked
        request = ModelRequest(self._peer, params)
        self._open[params.request_id] = request, self._tasks.handle(self._run(request))
        return LLMInferenceHTTPRequestStartResult()

    async def http_request_chunk(
        self, params: LLMInferenceHTTPRequestChunkRequest
    ) -> LLMInferenceHTTPRequestChunkResult:
        """Wire method: `llmInference.httpRequestChunk`."""
        from copilot_sdk._generated.copilot.types import LLMInferenceHTTPRequestChunkResult

        # A request that has been answered already may still be sent the rest of its body.
        if params.request_id in self._open:
            request, task = self._open[params.request_id]
            if params.cancel:
                task.cancel()
            elif self._waiting >= _MAX_WAITING:
                self._overrun.add(request)
                task.cancel()
            else:
                await self._hand_on(request, params)
        return LLMInferenceHTTPRequestChunkResult()

    async def _hand_on(self, request: ModelRequest, chunk: LLMInferenceHTTPRequestChunkRequest) -> None:
        self._waiting += 1
        try:
            await request.receive(chunk)
        except ConnectionClosed as closed:
            _logger.debug("a piece of a model request is not read: %s", closed)
        finally:
            self._waiting -= 1

    async def _run(self, request: ModelRequest) -> None:
        over_websocket = request.start_request.transport == "websocket"
        try:
            await call_off_loop(self.respond_websocket if over_websocket else self.respond, request)
            await request.end()
        except asyncio.CancelledError:
            if request not in self._overrun:
                raise
            problem = "the client did not read the request as fast as it came"
            _logger.warning("a model request failed: %s", problem)
            await self._tell_failure(request, problem)
        except Exception as error:  # noqa: BLE001 - the runtime is told of it
            log_failure("llmInference.httpRequestStart", error)
            await self._tell_failure(request, mask_secrets(describe_exception(error)))
        finally:
            self._overrun.discard(request)
            self._open.pop(request.start_request.request_id, None)
            request.leave()

    @staticmethod
    async def _tell_failure(request: ModelRequest, message: str) -> None:
        try:
            await request.fail(message)
        except CopilotError as error:
            _logger.debug("the failure of a model request could not be told: %s", error)


class ModelForwarder(ModelRequests):
    """Sends model requests on as they are, with httpx (the extra `runtime`); the answer is streamed.

    Requests for a websocket are forwarded with the library websockets (the extra `websocket`), through the proxy that
    the environment names. Without it the runtime uses HTTP.

    Override `headers` to add what the client knows and the runtime does not, such as credentials.

    Args:
        client: Sends them; the caller closes it.
        ssl: Says whom a websocket is to trust; the authorities of the system when left out.
    """

    def __init__(self, client: httpx.AsyncClient, *, ssl: SSLContext | None = None) -> None:
        super().__init__()
        self._client = client
        self._ssl = ssl

    def headers(self, request: ModelRequest) -> list[tuple[str, str]]:
        """The headers to send."""
        pairs = [(name, value) for name, values in request.start_request.headers.items() for value in values]
        return [(name, value) for name, value in pairs if name.lower() not in HOP_BY_HOP]

    async def respond(self, request: ModelRequest) -> None:
        """Send the request and pass on the answer."""
        asked = request.start_request
        # The runtime tells no length, and many a model server takes no body without one.
        body = b"".join([chunk async for chunk in request.body()])
        async with self._client.stream(
            asked.method, asked.url, headers=self.headers(request), content=body
        ) as answer:
            kept: dict[str, list[str]] = {}
            for name, value in answer.headers.multi_items():
                if name.lower() not in _DECODED:
                    kept.setdefault(name, []).append(value)
            await request.start(answer.status_code, kept)
            async for data in answer.aiter_bytes():
                await request.send(data)

    async def respond_websocket(self, request: ModelRequest) -> None:
        """Open the websocket and pass on what comes from either side, until one of them closes it."""
        from copilot_sdk.providers.websocket import forward

        await forward(request, self.headers(request), self._ssl)
