"""What a side can do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol


class Connection(Protocol):
    """A client that is connected to the peer."""

    async def open_session(self) -> None:
        """Creates the session that `tasks` and `stream` need; it is left when the connection ends."""
        ...

    async def ping(self, message: str) -> object:
        """Calls `ping` and gives the typed result."""
        ...

    async def tasks(self) -> object:
        """Calls `session.tasks.list` and gives the typed result."""
        ...

    async def stream(self, deltas: int) -> int:
        """Has the peer stream a turn and gives the number of events that a subscriber saw, `session.idle` included."""
        ...

    async def iterate(self, deltas: int) -> int:
        """The same for the events that the turn itself gives, where it does; a subscriber's where it does not."""
        ...

    async def answer(self, deltas: int) -> str | None:
        """Has the peer stream a turn, waits for its end, and gives the text of the agent's last message."""
        ...


class Side(Protocol):
    """An SDK; each method imports what it needs itself."""

    package: str

    def import_package(self) -> object:
        """`import the_package`."""
        ...

    def import_client(self) -> object:
        """Imports the client class."""
        ...

    def result_decoder(self) -> Callable[[Any], object]:
        """What makes a typed result of the JSON of a `session.tasks.list` result."""
        ...

    def event_decoder(self) -> Callable[[Any], object]:
        """What makes a typed event of the JSON of an event."""
        ...

    def line_decoder(self) -> Callable[[bytes], object]:
        """What makes a typed event of the bytes of a `session.event` notification."""
        ...

    def connect(self, peer: list[str]) -> AbstractAsyncContextManager[Connection]:
        """Starts the peer, a command line, as the CLI, and shakes hands."""
        ...
