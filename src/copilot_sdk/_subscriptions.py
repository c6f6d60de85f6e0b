"""Bounded streams of a session's events, and callbacks fed from them."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self

from typing_extensions import TypeVar

from copilot_sdk._callbacks import Contained
from copilot_sdk._recent import RecentIds
from copilot_sdk.errors import CopilotError, EventBufferOverflow, UsageError

if TYPE_CHECKING:
    from copilot_sdk._model.event import EventBase

E = TypeVar("E", default=Any)

DEFAULT_BUFFER = 10_000
_SEEN_EVENTS = 20_000
_logger = logging.getLogger("copilot_sdk.events")


class Arriving(Protocol):
    """An event on its way to those who want it, read only when one of them asks."""

    @property
    def type(self) -> str:
        """Its wire type."""
        ...

    @property
    def event(self) -> Any:
        """What subscribers get."""
        ...


class EventFilter:
    """Which events a subscriber wants.

    A wire type brings every event of that type. A class brings its instances alone, so that nobody who asks for
    a class has to expect an `UnknownEvent`: an event that does not fit its type's description.

    Attributes:
        takes_all: Whether every event is wanted.

    Args:
        wanted: Classes and wire types; none means all events.
        tag: The attribute that has an event's wire type.

    Raises:
        UsageError: A class stands for no single event type.
    """

    def __init__(self, wanted: Iterable[type[Any] | str] = (), tag: str = "type") -> None:
        self._names: set[str] = set()
        self._classes: dict[str, type[Any]] = {}
        for item in wanted:
            if isinstance(item, str):
                self._names.add(item)
            else:
                self._classes[_wire_type(item, tag)] = item
        self.takes_all = not self._names and not self._classes

    def takes(self, arrival: Arriving) -> bool:
        """True when this event is wanted; it is read only where its type alone does not tell."""
        if self.takes_all or arrival.type in self._names:
            return True
        wanted = self._classes.get(arrival.type)
        return wanted is not None and isinstance(arrival.event, wanted)


def _wire_type(item: type[Any], tag: str) -> str:
    fields: Mapping[str, Any] = getattr(item, "model_fields", {})
    field = fields.get(tag)
    if field is None or not isinstance(field.default, str) or not field.default:
        name = getattr(item, "__name__", repr(item))
        raise UsageError(f"{name} is no class of a single event type; leave it out to get all events")
    return field.default


class EventStream(Generic[E]):
    """An async iterator over events, in the order of their coming.

    It ends when it or its session is closed, and raises what ended the connection. A stream whose buffer runs
    over gives the events that it still has and then raises `EventBufferOverflow`: nothing is lost in silence.

    Args:
        wanted: The events that are wanted, None for all.
        buffer: How many events may wait.
        on_close: Called once when the stream takes no more events.
    """

    def __init__(
        self,
        wanted: EventFilter | None = None,
        *,
        buffer: int = DEFAULT_BUFFER,
        on_close: Callable[[EventStream[Any]], None] | None = None,
    ) -> None:
        if buffer < 1:
            raise UsageError(f"buffer has to be 1 event or more, not {buffer}")
        self._takes = None if wanted is None or wanted.takes_all else wanted.takes
        self._limit = buffer
        self._events: deque[Arriving] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._error: CopilotError | None = None
        self._on_close = on_close

    def push(self, arrival: Arriving) -> None:
        """Add an event, if it is a wanted one; never blocks."""
        if self._ended or (self._takes is not None and not self._takes(arrival)):
            return
        if len(self._events) >= self._limit:
            self.end(EventBufferOverflow(self._limit))
            return
        self._events.append(arrival)
        if self._waiter is not None:
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
        """Take no more events, and drop those that wait."""
        self._events.clear()
        self.end()
        self._error = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        while not self._events:
            if self._ended:
                if self._error is not None:
                    raise copy(self._error)
                raise StopAsyncIteration
            if self._waiter is not None:
                raise UsageError("another task waits for this stream's events; give each task its own stream")
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        event: E = self._events.popleft().event
        return event

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class Subscriptions:
    """The streams of a session: each event goes to those who want it, once, and is read only for them."""

    def __init__(self) -> None:
        self._streams: tuple[EventStream[Any], ...] = ()
        self._seen = RecentIds(_SEEN_EVENTS)

    def add(self, wanted: EventFilter | None = None, buffer: int = DEFAULT_BUFFER) -> EventStream[Any]:
        """Open a stream."""
        stream: EventStream[Any] = EventStream(wanted, buffer=buffer, on_close=self._remove)
        self._streams = (*self._streams, stream)
        return stream

    def end(self, error: CopilotError | None) -> None:
        """End all streams."""
        for stream in self._streams:
            stream.end(error)

    def is_new(self, raw: Mapping[str, Any]) -> bool:
        """True when an event comes for the first time; runtimes send events again when a client is slow."""
        event_id = raw.get("id")
        return not isinstance(event_id, str) or self._seen.add(event_id)

    def missed(self, log: Sequence[dict[str, Any]]) -> list[dict[str, Any]] | None:
        """The events of a session's log that are newer than any that came; None if none of it has come."""
        for number in range(len(log), 0, -1):
            if log[number - 1].get("id") in self._seen:
                return list(log[number:])
        return None

    def distribute(self, arrival: Arriving) -> None:
        """Give an event to the streams that want it."""
        for stream in self._streams:
            stream.push(arrival)

    def _remove(self, stream: EventStream[Any]) -> None:
        self._streams = tuple(other for other in self._streams if other is not stream)


async def feed(stream: EventStream[Any], callback: Callable[[Any], Awaitable[None] | None]) -> None:
    """Call a function with each event of a stream; what it raises is logged and the next event follows."""
    try:
        async for event in stream:
            await _call(callback, event)
    except EventBufferOverflow as error:
        _logger.error("the callback gets no more events: %s", error)  # noqa: TRY400 - the text says it all
    except CopilotError as error:
        _logger.debug("the events of a callback ended: %s", error)
    finally:
        stream.close()


async def _call(callback: Callable[[Any], Awaitable[None] | None], event: EventBase) -> None:
    with Contained(str(getattr(event, "type", "an event"))):
        outcome = callback(event)
        if inspect.isawaitable(outcome):
            await outcome
