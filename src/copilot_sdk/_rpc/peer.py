"""The asyncio driver of the protocol engine over a transport: requests out, requests and notifications in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from copy import copy
from typing import Any, NamedTuple, Self, TypeAlias

from copilot_sdk._callbacks import log_failure
from copilot_sdk._protocol.engine import (
    DEFAULT_DIALECT,
    CancelReceived,
    Dialect,
    Engine,
    ErrorReceived,
    Event,
    NotificationReceived,
    RequestReceived,
    ResponseReceived,
    Violation,
)
from copilot_sdk._protocol.messages import JsonObject, MessageId, Params
from copilot_sdk._rpc.inbound import InboundRequests, RequestHandler
from copilot_sdk._rpc.outbox import Outbox
from copilot_sdk._rpc.reading import read_until_end
from copilot_sdk._rpc.unset import UNSET, Unset
from copilot_sdk.errors import (
    ConnectionClosed,
    CopilotError,
    RequestTimeout,
    RpcError,
    UsageError,
    describe_exception,
)
from copilot_sdk.transports.base import DirectTransport, Transport
from copilot_sdk.transports.closing import CloseOnce

NotificationHandler: TypeAlias = Callable[[str, JsonObject], None]
ErrorReader: TypeAlias = Callable[[JsonObject, str], RpcError]

# A request holds its place for as long as it waits: for a person, for the end of a turn.
DEFAULT_MAX_INBOUND = 1024
DEFAULT_MAX_QUEUED = 1024
_ANSWER_SECONDS = 1.0
_FINISH_SECONDS = 1.0
_CANCEL_SECONDS = 5.0
_logger = logging.getLogger("copilot_sdk.rpc")


class Peer:
    """One side of a JSON-RPC connection.

    Use it as `async with Peer(...) as peer`, or call `start` and `aclose`, from any tasks. All tasks it
    starts end with it.

    Args:
        transport: The connection; it belongs to the peer from now on.
        on_request: Gives the result for a method and its params, or raises; runs as a task of its own for
            each request and may be cancelled. None refuses all requests.
        on_notification: Takes a method and its params, in the order of their coming and before the next
            message is looked at; it must not block. What it raises is logged.
        default_timeout: How many seconds a request may take, None for as long as the connection lasts.
        max_inbound: How many requests of the other side are handled at a time. Handlers that wait for a
            further request of the other side need room for it.
        max_queued: How many more may wait; beyond that they are answered with an error.
        cancel_supported: Whether to tell the other side of requests that nobody waits for any more.
        dialect: What the protocol does differently from others over JSON-RPC.
        read_error: Makes the exception of the `error` member of an answer and of the method that was called.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        on_request: RequestHandler | None = None,
        on_notification: NotificationHandler | None = None,
        default_timeout: float | None = None,
        max_inbound: int = DEFAULT_MAX_INBOUND,
        max_queued: int = DEFAULT_MAX_QUEUED,
        cancel_supported: bool = True,
        dialect: Dialect = DEFAULT_DIALECT,
        read_error: ErrorReader = RpcError.from_wire,
    ) -> None:
        if max_inbound < 1:
            raise UsageError(f"max_inbound has to be 1 or more, not {max_inbound}")
        self._transport = transport
        self._on_notification = on_notification
        self._default_timeout = _checked(default_timeout, "default_timeout")
        self._cancel_supported = cancel_supported
        self._engine = Engine(dialect)
        self._read_error = read_error
        self._calls: dict[MessageId, _Call | _Posted] = {}
        self._outbox = Outbox(transport, self._give_up_on_reader)
        self._inbound = InboundRequests(
            self._engine,
            transport,
            self._outbox,
            on_request,
            max_running=max_inbound,
            max_queued=max_queued,
        )
        self._reader: asyncio.Task[None] | None = None
        self._reason: ConnectionClosed | None = None
        self._unanswering: ConnectionClosed | None = None
        self._ended = asyncio.Event()
        self._close = CloseOnce(self._shut_down)

    def start(self) -> None:
        """Begin to read, from within a running event loop.

        Raises:
            UsageError: It was started before.
        """
        if self._reader is not None:
            raise UsageError("the peer was started before; make a new one for each connection")
        self._reader = asyncio.get_running_loop().create_task(self._read())

    async def aclose(self) -> None:
        """End the connection, in bounded time.

        Requests that wait fail, handlers are cancelled and their requests answered; then the transport is
        closed. Further calls wait for the same end.
        """
        await self._close()

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @property
    def closed(self) -> bool:
        """Whether the connection has ended."""
        return self._reason is not None

    async def wait_closed(self) -> ConnectionClosed:
        """Wait for the end of the connection and give the reason."""
        while self._reason is None:
            await self._ended.wait()
        return self._reason

    async def request(
        self, method: str, params: Params | None = None, *, timeout: float | Unset | None = UNSET
    ) -> Any:
        """Send a request and wait for its result.

        When the caller is cancelled or the time is over, the other side is told that nobody waits any more.

        Args:
            method: The wire name of the method.
            params: Its parameters as JSON values.
            timeout: How many seconds to wait, None for as long as the connection lasts.

        Returns:
            The result as it came, as JSON values.

        Raises:
            RpcError: The other side answered with an error; the subclass tells which.
            RequestTimeout: No answer came in time.
            ConnectionClosed: The connection has ended, or ends before the answer comes.
            UsageError: The parameters have no form in JSON, the timeout is not above zero, or the connection
                belongs to another event loop.
        """
        seconds = self._default_timeout if isinstance(timeout, Unset) else _checked(timeout, "timeout")
        self._check_answering()
        request_id, data = self._engine.request(method, params)
        loop = asyncio.get_running_loop()
        call = self._calls[request_id] = _Call(loop)
        timer = None
        if seconds is not None:
            timer = loop.call_later(seconds, _expire, call, method, seconds)
        _logger.debug("request %s: %s", request_id, method)
        try:
            if not self._outbox.try_send(data):
                await call.send(self._transport, data)
            return await call.answer
        except BaseException:
            self._forget(request_id)
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def post(
        self,
        method: str,
        params: Params | None,
        on_result: Callable[[Any], None],
        on_error: Callable[[CopilotError], None],
    ) -> Callable[[CopilotError], None]:
        """Send a request without a task that waits for its answer.

        Args:
            method: The wire name of the method.
            params: Its parameters as JSON values.
            on_result: Takes the result as it came, before the next message is looked at; it must not block.
            on_error: Takes what `request` would raise, in the same way. One of both is called, once.

        Returns:
            What gives the request up: it tells the other side, and calls `on_error`, unless the answer has come.

        Raises:
            ConnectionClosed: The connection has ended.
            UsageError: See `request`.
        """
        self._check_answering()
        request_id, data = self._engine.request(method, params)
        posted = self._calls[request_id] = _Posted(on_result, on_error)
        _logger.debug("request %s: %s", request_id, method)
        self._outbox.post(data)

        def give_up(error: CopilotError) -> None:
            if self._calls.get(request_id) is posted:
                self._forget(request_id)
                on_error(error)

        return give_up

    async def notify(self, method: str, params: Params | None = None) -> None:
        """Send a notification.

        Raises:
            ConnectionClosed: The connection has ended.
            UsageError: The parameters have no form in JSON.
        """
        self._check_open()
        data = self._engine.notify(method, params)
        if not self._outbox.try_send(data):
            await self._transport.send(data)

    def _check_open(self) -> None:
        if self._reason is not None:
            raise copy(self._reason)
        if self._reader is None:
            raise UsageError("the peer was not started; use 'async with peer' or call start()")
        if self._reader.get_loop() is not asyncio.get_running_loop():
            raise UsageError(
                "the connection belongs to another event loop; use it in the one it was opened in"
            )

    def _check_answering(self) -> None:
        self._check_open()
        if self._unanswering is not None:
            raise copy(self._unanswering)

    def _forget(self, id: MessageId) -> None:
        if self._calls.pop(id, None) is None or self._reason is not None:
            return
        told = self._engine.cancel(id)
        if self._cancel_supported:
            self._outbox.post(told)

    async def _read(self) -> None:
        if isinstance(self._transport, DirectTransport):
            self._transport.listen(self._take)
        await read_until_end(
            self._transport,
            lambda data: self._dispatch(self._engine.receive(data)),
            self._end,
            _logger,
            on_input_end=self._finish,
        )

    async def _finish(self, reason: ConnectionClosed) -> None:
        """Have requests of the other side answered for a moment, though it answers none itself any more."""
        self._unanswering = reason
        self._fail_calls(reason)
        await self._inbound.finish(_FINISH_SECONDS)

    def _take(self, data: bytes) -> None:
        try:
            self._dispatch(self._engine.receive(data))
        except Exception as error:
            _logger.exception("a message of %s could not be handled", self._transport.describe())
            self._end(ConnectionClosed(f"a message could not be handled: {describe_exception(error)}"))
            self._close.begin()

    def _dispatch(self, event: Event) -> None:
        if isinstance(event, NotificationReceived):
            if self._on_notification is not None:
                try:
                    self._on_notification(event.method, event.params)
                except Exception as error:  # noqa: BLE001 - it is logged
                    log_failure(event.method, error)
        elif isinstance(event, ResponseReceived):
            self._calls.pop(event.id).succeed(event.result)
        elif isinstance(event, RequestReceived):
            self._inbound.accept(event)
        elif isinstance(event, ErrorReceived):
            wire = {"code": event.error.code, "message": event.error.message, "data": event.error.data}
            self._calls.pop(event.id).fail(self._read_error(wire, event.method))
        elif isinstance(event, CancelReceived):
            self._inbound.cancel(event.id)
        elif isinstance(event, Violation):
            _logger.warning("%s sent no valid message: %s", self._transport.describe(), event.problem)
            if event.reply is not None:
                self._outbox.post(event.reply)
        elif event.error is not None:
            _logger.warning(
                "%s could not read a message, code %d", self._transport.describe(), event.error.code
            )
        else:
            _logger.debug("nobody waits for an answer or a cancellation of %s", event.id)

    def _give_up_on_reader(self) -> None:
        self._end(ConnectionClosed("the other side keeps sending but does not read"))
        self._close.begin()

    def _end(self, reason: ConnectionClosed) -> None:
        if self._reason is not None:
            return
        self._reason = reason
        _logger.debug("%s: %s", self._transport.describe(), reason)
        self._engine.close()
        self._fail_calls(reason)
        self._inbound.close()
        self._ended.set()

    def _fail_calls(self, reason: ConnectionClosed) -> None:
        calls, self._calls = self._calls, {}
        for call in calls.values():
            call.fail(copy(reason))

    async def _shut_down(self) -> None:
        self._end(ConnectionClosed("it was closed on this side"))
        await self._inbound.settle(_ANSWER_SECONDS)
        await self._outbox.flush(_ANSWER_SECONDS)
        await self._transport.aclose()
        for method in await self._inbound.settle(_CANCEL_SECONDS):
            _logger.error("the handler of %s goes on although it was cancelled", method)
        await self._outbox.flush(_CANCEL_SECONDS)
        if self._reader is not None:
            await asyncio.wait({self._reader})


class _Call:
    """One request under way. It can be ended wherever it waits: for room to write or for its answer."""

    __slots__ = ("_error", "_sender", "answer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.answer: asyncio.Future[Any] = loop.create_future()
        self._sender: asyncio.Task[Any] | None = None
        self._error: CopilotError | None = None

    async def send(self, transport: Transport, data: bytes) -> None:
        """Send the request, from the task that will wait for the answer."""
        self._sender = sender = asyncio.current_task()
        cancelling = sender.cancelling() if sender is not None else 0
        try:
            await transport.send(data)
        except asyncio.CancelledError:
            if self._error is None or (sender is not None and sender.uncancel() > cancelling):
                raise
            raise self._error from None
        finally:
            self._sender = None

    def succeed(self, result: Any) -> None:
        """Give the caller its result."""
        if not self.answer.done():
            self.answer.set_result(result)

    def fail(self, error: CopilotError) -> None:
        """Let the caller raise."""
        if self._sender is not None:
            if self._error is None:
                self._error = error
                self._sender.cancel()
        elif not self.answer.done():
            self.answer.set_exception(error)


class _Posted(NamedTuple):
    """One request under way that no task waits for."""

    succeed: Callable[[Any], None]
    fail: Callable[[CopilotError], None]


def _expire(call: _Call, method: str, seconds: float) -> None:
    call.fail(RequestTimeout(method, seconds))


def _checked(seconds: float | None, name: str) -> float | None:
    if seconds is not None and not seconds > 0:
        raise UsageError(
            f"{name} has to be above zero seconds, or None to wait without limit, not {seconds!r}"
        )
    return seconds
