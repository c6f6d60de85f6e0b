"""What a side can do, and what a program gives it to call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

Handler: TypeAlias = Callable[[], Awaitable[str] | str]
EventCallback: TypeAlias = Callable[[str, str], Awaitable[None] | None]
"""Takes the wire type and the identifier of an event."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """Functions of the program that the SDK calls, plain or async.

    Attributes:
        tool: What the tool `work` does.
        permission: Called before a permission request is approved.
    """

    tool: Handler | None = None
    permission: Handler | None = None


class Side(Protocol):
    """A client of the peer with one session, used as the SDK's documentation says."""

    async def start(self) -> None:
        """Starts the peer and shakes hands, with the SDK's own time limit if it has one."""
        ...

    async def open_session(self, handlers: Handlers) -> None:
        """Creates the session."""
        ...

    def on_event(self, callback: EventCallback) -> None:
        """Subscribes to all events of the session."""
        ...

    def lagging_reader(self) -> Callable[[], Awaitable[str]]:
        """Subscribes somebody who reads nothing until the returned function is called, and tells how that went."""
        ...

    async def turn(self, prompt: str, timeout: float) -> str | None:
        """Sends a prompt, waits for the end of the turn, and gives the text of the answer."""
        ...

    async def send(self, prompt: str) -> None:
        """Sends a prompt."""
        ...

    async def ping(self, message: str, timeout: float) -> str:
        """Calls `ping` and gives the message of its result."""
        ...

    async def stop(self) -> None:
        """Leaves the session and ends the peer."""
        ...
