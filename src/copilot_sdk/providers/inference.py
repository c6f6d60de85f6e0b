"""Model requests of the runtime, sent by the client."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TYPE_CHECKING

from copilot_sdk._callbacks import log_failure
from copilot_sdk._scope import TaskScope
from copilot_sdk.errors import CopilotError, describe_exception
from copilot_sdk.providers.base import Provider

if TYPE_CHECKING:
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
# Of one connection to the next; httpx writes those that belong to its own.
_HOP_BY_HOP = frozenset(
    {"connection", "content-length", "host", "keep-alive", "te", "transfer-encoding", "upgrade"}
)
# httpx has decoded the body that it gives.
_DECODED = _HOP_BY_HOP | {"content-encoding"}
_logger = logging.getLogger("copilot_sdk.providers")


class ModelRequest:
    """A model request, and the way to answer it: `start`, then `send` as often as there is something.

    Attributes:
        start_request: Method, URL, headers, and which session and agent it is for.
    """

    def __init__(self, peer: Peer, start_request: LLMInferenceHTTPRequestStartRequest) -> None:
        self.start_request = start_request
        self._peer = peer
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def body(self) -> AsyncGenerator[bytes]:
        """The body, piece by piece as it comes; can be read once."""
        while (chunk := await self._chunks.get()) is not None:
            if chunk:
                yield chunk

    async def start(self, status: int, headers: Mapping[str, Sequence[str]]) -> None:
        """Begin the answer."""
        told = {name: list(values) for name, values in headers.items()}
        await self._peer.request(
            _RESPONSE_START, {"requestId": self.start_request.request_id, "status": status, "headers": told}
        )

    async def send(self, data: bytes) -> None:
        """Send a piece of the answer's body."""
        await self._tell({"data": base64.b64encode(data).decode(), "binary": True})

    async def end(self) -> None:
        """End the answer."""
        await self._tell({"data": "", "end": True})

    async def fail(self, message: str) -> None:
        """End the answer as a connection that broke."""
        await self._tell({"data": "", "end": True, "error": {"message": message}})

    def receive(self, chunk: LLMInferenceHTTPRequestChunkRequest) -> None:
        """Take a piece of the body."""
        data = base64.b64decode(chunk.data) if chunk.binary else chunk.data.encode()
        self._chunks.put_nowait(data)
        if chunk.end:
            self._chunks.put_nowait(None)

    async def _tell(self, chunk: Mapping[str, object]) -> None:
        await self._peer.request(_RESPONSE_CHUNK, {"requestId": self.start_request.request_id, **chunk})


class ModelRequests(Provider):
    """Sends the model requests of a runtime over HTTP; a base to override `respond` of.

    `CopilotClient(handlers={"llm_inference": ...})`. What a request meets is told to the runtime; one that the runtime
    cancels is cancelled here. Requests over a websocket are refused.
    """

    def __init__(self) -> None:
        self._peer: Peer | None = None
        self._open: dict[str, tuple[ModelRequest, asyncio.Task[None]]] = {}
        self._tasks = TaskScope("model requests")

    async def respond(self, request: ModelRequest) -> None:
        """Answer a request: `start`, `send`; its end is told when this returns, a failure when it raises."""
        raise NotImplementedError

    async def register(self, peer: Peer) -> None:
        """Tell the runtime to send its model requests here."""
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
            else:
                request.receive(params)
        return LLMInferenceHTTPRequestChunkResult()

    async def _run(self, request: ModelRequest) -> None:
        try:
            if request.start_request.transport == "websocket":
                await request.fail("the client serves no model requests over a websocket")
            else:
                await self.respond(request)
                await request.end()
        except Exception as error:  # noqa: BLE001 - the runtime is told of it
            log_failure("llmInference.httpRequestStart", error)
            await self._tell_failure(request, describe_exception(error))
        finally:
            del self._open[request.start_request.request_id]

    @staticmethod
    async def _tell_failure(request: ModelRequest, message: str) -> None:
        try:
            await request.fail(message)
        except CopilotError as error:
            _logger.debug("the failure of a model request could not be told: %s", error)


class ModelForwarder(ModelRequests):
    """Sends model requests on as they are, with httpx (the extra `runtime`); the answer is streamed.

    Override `headers` to add what the client knows and the runtime does not, such as credentials.

    Args:
        client: Sends them; the caller closes it.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        super().__init__()
        self._client = client

    def headers(self, request: ModelRequest) -> list[tuple[str, str]]:
        """The headers to send."""
        pairs = [(name, value) for name, values in request.start_request.headers.items() for value in values]
        return [(name, value) for name, value in pairs if name.lower() not in _HOP_BY_HOP]

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
