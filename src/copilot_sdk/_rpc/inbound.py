"""Requests of the other side: a bounded number of handler tasks, and exactly one answer to each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeAlias

from copilot_sdk._callbacks import log_failure
from copilot_sdk._protocol.engine import Engine, RequestReceived
from copilot_sdk._protocol.messages import AnyId, JsonObject, WireError
from copilot_sdk._rpc.outbox import Outbox
from copilot_sdk.errors import (
    ConnectionClosed,
    InternalError,
    InvalidParams,
    MethodNotFound,
    RequestCancelled,
    RpcError,
    UsageError,
    describe_exception,
    mask_secrets,
)
from copilot_sdk.transports.base import Transport

RequestHandler: TypeAlias = Callable[[str, JsonObject], Awaitable[Any]]

OVERLOADED = -32000
_CANCELLED_ANSWER_SECONDS = 1.0
_logger = logging.getLogger("copilot_sdk.rpc")


def wire_error(error: BaseException) -> WireError:
    """Turn what a handler raised into what the other side gets to see."""
    if isinstance(error, RpcError):
        return WireError(error.code, error.message, error.data)
    if isinstance(error, UsageError):
        return WireError(InvalidParams.CODE, str(error))
    if isinstance(error, asyncio.CancelledError):
        return WireError(RequestCancelled.CODE, "the request was cancelled")
    return WireError(InternalError.CODE, mask_secrets(describe_exception(error)))


class InboundRequests:
    """Runs the handler for requests of the other side and answers them, also when it fails or is cancelled.

    Args:
        engine: Knows which requests are open.
        transport: Where the answers go.
        outbox: Where those go that no handler task can send.
        handler: Gives the result for a method and its params, or raises. None where no requests are expected.
        max_running: How many handlers run at a time.
        max_queued: How many requests may wait for their turn; the others are answered with an error.
    """

    def __init__(
        self,
        engine: Engine,
        transport: Transport,
        outbox: Outbox,
        handler: RequestHandler | None,
        *,
        max_running: int,
        max_queued: int,
    ) -> None:
        self._engine = engine
        self._transport = transport
        self._outbox = outbox
        self._handler = handler
        self._max_running = max_running
        self._max_queued = max_queued
        self._queue: dict[AnyId, RequestReceived] = {}
        self._tasks: dict[asyncio.Task[None], RequestReceived] = {}
        self._unanswered: dict[AnyId, asyncio.Task[None]] = {}
        self._unbegun: set[AnyId] = set()
        self._closed = False

    def accept(self, request: RequestReceived) -> None:
        """Handle a request now, later, or not at all."""
        if self._closed:
            self._refuse(request.id, RequestCancelled("the connection is being closed"))
        elif self._handler is None:
            self._refuse(request.id, MethodNotFound(f"Unhandled method {request.method}"))
        elif len(self._tasks) < self._max_running:
            self._start(self._handler, request)
        elif len(self._queue) < self._max_queued:
            self._queue[request.id] = request
        else:
            _logger.warning("refused %s: %d requests wait already", request.method, self._max_queued)
            self._refuse(
                request.id, RpcError(OVERLOADED, "too many requests are open; wait for some answers")
            )

    def cancel(self, id: AnyId) -> None:
        """Stop working on a request. Once its answer is on the way nothing happens."""
        if self._queue.pop(id, None) is not None:
            self._refuse(id, asyncio.CancelledError())
        elif (task := self._unanswered.get(id)) is not None:
            task.cancel()
            if id in self._unbegun:
                # A task that is cancelled before its first step never gets to answer.
                self._unbegun.remove(id)
                del self._unanswered[id]
                self._refuse(id, asyncio.CancelledError())
                self._finish(task)

    def close(self) -> None:
        """Stop working on all requests and take no more."""
        self._closed = True
        for request_id in [*self._queue, *self._unanswered]:
            self.cancel(request_id)

    async def finish(self, seconds: float) -> None:
        """Wait until all requests are answered, those that wait for their turn too, but no longer than that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._tasks:
                    await asyncio.wait(set(self._tasks))

    async def settle(self, seconds: float) -> list[str]:
        """Wait until no handler runs, but no longer than that.

        Returns:
            The methods whose handlers still run.
        """
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=seconds)
        return [request.method for task, request in self._tasks.items() if not task.done()]

    def _start(self, handler: RequestHandler, request: RequestReceived) -> None:
        task = asyncio.get_running_loop().create_task(self._handle(handler, request))
        self._tasks[task] = request
        self._unanswered[request.id] = task
        self._unbegun.add(request.id)

    def _finish(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        if self._queue and self._handler is not None:
            self._start(self._handler, self._queue.pop(next(iter(self._queue))))

    async def _handle(self, handler: RequestHandler, request: RequestReceived) -> None:
        self._unbegun.discard(request.id)
        task = self._unanswered[request.id]
        seconds = None
        try:
            try:
                result = await handler(request.method, request.params)
            except asyncio.CancelledError as error:
                seconds = _CANCELLED_ANSWER_SECONDS
                answer = self._failure(request.id, error)
            except (KeyboardInterrupt, SystemExit, GeneratorExit):
                raise
            except BaseException as error:  # noqa: BLE001 - the other side is told of it
                if not isinstance(error, RpcError | UsageError):
                    log_failure(request.method, error)
                answer = self._failure(request.id, error)
            else:
                answer = self._success(request, result)
            del self._unanswered[request.id]
            if not self._outbox.try_send(answer):
                await self._send(request.method, answer, seconds)
        finally:
            self._finish(task)

    async def _send(self, method: str, answer: bytes, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._transport.send(answer)
        except (ConnectionClosed, TimeoutError) as error:
            _logger.debug("the answer to %s could not be sent: %s", method, describe_exception(error))

    def _success(self, request: RequestReceived, result: Any) -> bytes:
        try:
            return self._engine.respond(request.id, result)
        except UsageError as error:
            _logger.exception("the handler of %s gave a result that has no form in JSON", request.method)
            return self._failure(request.id, InternalError(str(error)))

    def _failure(self, id: AnyId, error: BaseException) -> bytes:
        wire = wire_error(error)
        try:
            return self._engine.respond_error(id, wire.code, wire.message, wire.data)
        except UsageError:
            _logger.exception("the data of an error has no form in JSON and is left out")
            return self._engine.respond_error(id, wire.code, wire.message)

    def _refuse(self, id: AnyId, error: BaseException) -> None:
        self._outbox.post(self._failure(id, error))
