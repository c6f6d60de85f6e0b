"""A connection of the Agent Client Protocol, as both sides use it: typed calls out, typed calls in."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self, TypeVar

from copilot_sdk._callbacks import Contained, log_failure
from copilot_sdk._calls import request, rpc_attributes
from copilot_sdk._model.codec import decode_params, decode_result, encode_params, write_params, write_result
from copilot_sdk._protocol.engine import Dialect
from copilot_sdk._protocol.messages import JsonObject, Params
from copilot_sdk._rpc.method import Method
from copilot_sdk._rpc.peer import Peer
from copilot_sdk._rpc.unset import UNSET, Unset
from copilot_sdk._scope import TaskScope
from copilot_sdk._tracing import RequestSpan, tracing
from copilot_sdk.acp._routes import Route, Served
from copilot_sdk.acp.errors import read_error
from copilot_sdk.errors import (
    ConnectionClosed,
    CopilotError,
    InternalError,
    InvalidParams,
    MethodNotFound,
    RequestTimeout,
    RpcError,
    describe_exception,
    mask_secrets,
)
from copilot_sdk.transports.base import Transport

R = TypeVar("R")

DIALECT = Dialect(cancel_method="$/cancel_request", cancelled_id="requestId", null_ids=True)
EXTENSION = "_"
"""What the names of methods begin with that are not of the protocol."""

# They tell of a request, and what they say in part is worth having. Any other member changes what is done.
_FORGIVEN = frozenset({"_meta", "clientCapabilities", "clientInfo", "toolCall"})
# Agents have to be told of servers there; some clients say nothing where there are none.
_OPENING = frozenset({"session/new", "session/load"})
_MAX_WAITING = 10_000
_logger = logging.getLogger("copilot_sdk.acp")


class Connection:
    """One side of a connection; `async with Connection(...)`, or `start` and `aclose`.

    Args:
        transport: Carries the messages; it belongs to the connection from now on.
        served: What this side serves.
        request_timeout: Seconds that a request may take unless it says otherwise, and that the other side may keep a
            notification waiting; None for as long as it takes.
        on_end: Called once when the connection has ended, with the reason.
    """

    def __init__(
        self,
        transport: Transport,
        served: Served,
        *,
        request_timeout: float | None = None,
        on_end: Callable[[ConnectionClosed], None] | None = None,
    ) -> None:
        self.tasks = TaskScope(transport.describe())
        self._served = served
        self._on_end = on_end
        self._request_timeout = request_timeout
        self._lanes = _Lanes(self.tasks)
        self._peer = Peer(
            transport,
            on_request=self._serve,
            on_notification=self._notified,
            default_timeout=request_timeout,
            dialect=DIALECT,
            read_error=read_error,
        )
        self._watcher: asyncio.Task[None] | None = None

    # -------------------------------------------------------------- lifecycle

    def start(self) -> None:
        """Begin to read, from within a running event loop."""
        self._peer.start()
        self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def aclose(self) -> None:
        """End it, in bounded time: what waits fails with `ConnectionClosed`, what is served is cancelled."""
        self.tasks.spare_current_task()
        await self._peer.aclose()
        if self._watcher is not None:
            await asyncio.shield(self._watcher)

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._peer.closed

    async def wait_closed(self) -> ConnectionClosed:
        """Wait for the end and give the reason."""
        return await self._peer.wait_closed()

    async def _watch(self) -> None:
        reason = await self._peer.wait_closed()
        try:
            if self._on_end is not None:
                self._on_end(reason)
        finally:
            self._lanes.clear()
            self.tasks.cancel()
            await self.tasks.settle()

    # -------------------------------------------------------------- calls out

    async def call(
        self,
        method: Method[R],
        params: Mapping[str, object] | object,
        timeout: float | Unset | None = UNSET,
    ) -> R:
        """Encode `params` and send them; of a request, wait for the result and decode it.

        The generated APIs make their calls with it: `AgentRPC(connection)`, `ClientRPC(connection)`.

        Raises:
            InvalidParams: An argument does not fit, nothing was sent; or the other side refuses the params.
            ResultValidationError: The result does not fit.
            RpcError: The other side refused.
            RequestTimeout: No answer came in time.
            ConnectionClosed: The connection ended.
        """
        wire = _written(method, params)
        if method.notification:
            await self._tell(method.name, wire)
            return None  # type: ignore[return-value]
        raw = await request(self._peer, method.name, wire, timeout=method.time_limit(timeout, UNSET))
        # Every result is an object; some peers send null for one without members.
        return decode_result(method, {} if raw is None else raw)

    def post(
        self,
        method: Method[R],
        params: Mapping[str, object] | object,
        on_result: Callable[[R], None],
        on_error: Callable[[CopilotError], None],
    ) -> Callable[[CopilotError], None]:
        """Make a call without a task that waits for its end, see `call` and `Peer.post`.

        Raises:
            InvalidParams, ConnectionClosed: Nothing was sent.
        """
        wire = _written(method, params)
        span = RequestSpan(method.name, lambda: rpc_attributes(method.name, wire))

        def succeed(raw: Any) -> None:
            try:
                result = decode_result(method, {} if raw is None else raw)
            except CopilotError as error:
                fail(error)
            else:
                span.end()
                on_result(result)

        def fail(error: CopilotError) -> None:
            span.end(error)
            on_error(error)

        return self._peer.post(method.name, wire, succeed, fail)

    async def request(
        self, method: str, params: Mapping[str, Any] | None = None, *, timeout: float | Unset | None = UNSET
    ) -> Any:
        """Send a request as JSON values, see `Peer.request`; for methods that the schema does not know."""
        return await request(self._peer, method, params or {}, timeout=timeout)

    async def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """Send a notification as JSON values, see `Peer.notify`.

        Raises:
            RequestTimeout: The other side has not read what came before in the time of a request.
        """
        await self._tell(method, params)

    async def _tell(self, method: str, params: Params | None) -> None:
        seconds = self._request_timeout
        if seconds is None:
            await self._peer.notify(method, params)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._peer.notify(method, params)
        except TimeoutError as error:
            raise RequestTimeout(method, seconds) from error

    # --------------------------------------------------------------- calls in

    async def _serve(self, method: str, params: JsonObject) -> Any:
        route = self._served.requests.get(method)
        if route is None:
            if method.startswith(EXTENSION) and self._served.extension_request is not None:
                return await self._served.extension_request(method, params)
            raise MethodNotFound(f"Method not found: {method}", {"method": method})
        if params.get("mcpServers", None if method in _OPENING else ()) is None:
            params = {**params, "mcpServers": []}
        read = decode_params(route.method, params, forgiven=_FORGIVEN)
        try:
            result = await route.serve(read)
        except RpcError as error:
            if error.method in (None, method):
                raise
            # A call within failed, and its code says nothing of this request.
            log_failure(method, error)
            raise InternalError(mask_secrets(describe_exception(error))) from error
        return write_result(route.method, {} if result is None else result)

    def _notified(self, method: str, params: JsonObject) -> None:
        if self._served.at_once is not None and self._served.at_once(method, params):
            return
        route, extension = self._served.notifications.get(method), self._served.extension_notification
        if route is not None:
            self._lanes.add(params.get("sessionId"), method, lambda: _take(route, params))
        elif extension is not None and method.startswith(EXTENSION):
            self._lanes.add(params.get("sessionId"), method, lambda: extension(method, params))
        else:
            _logger.debug("nobody wants the notification %s", method)


def _written(method: Method[Any], values: Mapping[str, object] | object) -> Params:
    """The params of a call for the wire; as data where a span is to tell of them."""
    return encode_params(method, values) if tracing() else write_params(method, values)


async def _take(route: Route, params: JsonObject) -> None:
    try:
        read = decode_params(route.method, params, forgiven=_FORGIVEN)
    except InvalidParams as fault:
        _logger.warning("ignored a notification: %s", fault)
        return
    await route.serve(read)


class _Lanes:
    """Notifications that wait to be handled, and a task for each session that has some.

    Args:
        tasks: Owns the tasks.
    """

    def __init__(self, tasks: TaskScope) -> None:
        self._tasks = tasks
        self._waiting: dict[object, deque[tuple[str, Callable[[], Awaitable[Any]]]]] = {}

    def add(self, session_id: object, method: str, handle: Callable[[], Awaitable[Any]]) -> None:
        """Handle a notification when those of its session before it are done; never blocks."""
        key = session_id if isinstance(session_id, str) else None
        lane = self._waiting.get(key)
        if lane is None:
            lane = self._waiting[key] = deque()
            self._tasks.handle(self._work_off(key, lane))
        if len(lane) >= _MAX_WAITING:
            _logger.error("dropped a notification %s: %d wait already", method, _MAX_WAITING)
            return
        lane.append((method, handle))

    def clear(self) -> None:
        """Handle none of those that wait."""
        for lane in self._waiting.values():
            lane.clear()

    async def _work_off(self, key: object, lane: deque[tuple[str, Callable[[], Awaitable[Any]]]]) -> None:
        try:
            while lane:
                method, handle = lane.popleft()
                with Contained(method):
                    await handle()
        finally:
            del self._waiting[key]
