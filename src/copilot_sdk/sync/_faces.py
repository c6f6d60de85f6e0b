"""What the plain faces of all protocols have in common."""

from __future__ import annotations

import atexit
from collections.abc import AsyncIterator, Coroutine, Generator, Iterator
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

from copilot_sdk.sync._portal import Portal, at_once

if TYPE_CHECKING:
    from copilot_sdk._subscriptions import EventStream as AsyncEventStream


class AsyncClient(Protocol):
    """The client that a plain one stands for."""

    async def start(self) -> None:
        """Open it."""
        ...

    async def close(self) -> None:
        """Close it."""
        ...


class AsyncTurn(Protocol):
    """The turn that a plain one stands for."""

    @property
    def done(self) -> bool:
        """True once it has ended."""
        ...

    def __await__(self) -> Generator[Any, None, Any]: ...

    def __aiter__(self) -> AsyncIterator[Any]: ...

    def __anext__(self) -> Coroutine[Any, Any, Any]: ...


T = TypeVar("T", bound=AsyncTurn)
C = TypeVar("C", bound=AsyncClient)
E = TypeVar("E")
R = TypeVar("R")


class EventStream(Generic[E]):
    """The events of a session or a client: a plain iterator and context manager."""

    def __init__(self, portal: Portal, stream: AsyncEventStream[E]) -> None:
        self._portal = portal
        self._stream = stream
        self._events = portal.iterate(stream)

    def __iter__(self) -> Iterator[E]:
        return self._events

    def __next__(self) -> E:
        return next(self._events)

    def close(self) -> None:
        """Take no more events, and drop those that wait."""
        if self._portal.running:
            self._portal.call(self._stream.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class TurnFace(Generic[T, E, R]):
    """A turn: a plain iterator over its events, and `result` in place of `await`."""

    def __init__(self, portal: Portal, turn: T) -> None:
        self._portal = portal
        self._turn = turn
        self._events: Iterator[E] = portal.iterate(turn)

    def __repr__(self) -> str:
        return repr(self._turn)

    @property
    def done(self) -> bool:
        """True once the turn has ended, well or not."""
        return self._turn.done

    def result(self) -> R:
        """Wait for the end of the turn, and give what the async turn gives when it is awaited.

        What came of a turn that has ended is there after its client was closed too.

        Raises:
            CopilotError: What the async turn raises, see there.
        """

        async def waiting() -> R:
            result: R = await self._turn
            return result

        if self._turn.done and not self._portal.running:
            return at_once(waiting())
        return self._portal.run(waiting())

    def __iter__(self) -> Iterator[E]:
        return self._events

    def __next__(self) -> E:
        return next(self._events)


class ClientFace(Generic[C]):
    """A client: `with` in place of `async with`, and a thread for its event loop."""

    _client: C
    _portal: Portal
    _has_thread = False

    def _set_up(self, client: C, portal: Portal | None = None) -> None:
        """Stand for a client, in the thread of another face if that one's portal is given."""
        self._client = client
        self._portal = portal or Portal()

    def start(self) -> None:
        """Start the thread and the client; `with` does it."""
        if not self._portal.running:
            self._has_thread = True
            self._portal.start()
        try:
            self._portal.run(self._client.start())
        except BaseException:
            self._stop()
            raise
        # A client that was forgotten would leave a process, a thread or a folder behind.
        atexit.register(self.close)

    def close(self) -> None:
        """Close the client and end the thread; may be called any number of times."""
        if self._portal.running:
            atexit.unregister(self.close)
            try:
                self._portal.run(self._client.close())
            finally:
                self._stop()

    def _stop(self) -> None:
        if self._has_thread:
            self._has_thread = False
            self._portal.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
