"""Bounded streams of a session's events, and callbacks fed from them."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Self

from copilot_sdk.errors import CopilotError, EventBufferOverflow

DEFAULT_BUFFER = 10_000
_logger = logging.getLogger("copilot_sdk.events")


class EventStream:
    """An async iterator over events, in the order of their coming.

    It ends when it or its session is closed, and raises what ended the connection. A stream whose buffer runs
    over gives the events that it still has and then raises `EventBufferOverflow`: nothing is lost in silence.

    Args:
        types: Wire types of the events that are wanted, None for all.
        buffer: How many events may wait.
        on_close: Called once when the stream is closed.
    """

    def __init__(
        self,
        types: frozenset[str] | None = None,
        *,
        buffer: int = DEFAULT_BUFFER,
        on_close: Callable[[EventStream], None] | None = None,
    ) -> None:
        self._types = types
        self._limit = buffer
        self._events: deque[Any] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._error: CopilotError | None = None
        self._on_close = on_close

    def wants(self, event_type: str) -> bool:
        """True when the stream takes events of this type."""
        return not self._ended and (self._types is None or event_type in self._types)

    def push(self, event: Any) -> None:
        """Add an event; never blocks."""
        if self._ended:
            return
        if len(self._events) >= self._limit:
            self.end(EventBufferOverflow(self._limit))
            return
        self._events.append(event)
        self._wake()

    def end(self, error: CopilotError | None = None) -> None:
        """Let the iteration end, after what is buffered, with an error or without."""
        if not self._ended:
            self._ended = True
            self._error = error
            self._wake()
            if self._on_close is not None:
                self._on_close(self)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        """Take no more events."""
        self._events.clear()
        self.end()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while not self._events:
            if self._ended:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._events.popleft()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


async def feed(stream: EventStream, callback: Callable[[Any], Awaitable[None] | None]) -> None:
    """Call a function with each event of a stream; what it raises is logged and the next event follows."""
    try:
        async for event in stream:
            try:
                outcome = callback(event)
                if inspect.isawaitable(outcome):
                    await outcome
            except Exception:
                _logger.exception("the callback for %s raised", event.type)
    except EventBufferOverflow as error:
        _logger.error("the callback gets no more events: %s", error)
    except CopilotError:
        _logger.debug("the connection ended under a callback")
