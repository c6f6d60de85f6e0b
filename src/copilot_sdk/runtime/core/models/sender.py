"""Model requests that a client sends in place of the runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable


class SendingFault(Exception):
    """A request could not be sent, or its answer broke off; the text says why."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be sent, without its body.

    Attributes:
        method: The HTTP method.
        url: Where to.
        headers: The values of each header; they hold secrets.
        session_id: The session that asks; empty for none.
        agent_id: The background agent that asks; None for the main agent.
        transport: Whether a websocket is wanted.
    """

    method: str
    url: str
    headers: Mapping[str, Sequence[str]]
    session_id: str = ""
    agent_id: str | None = None
    transport: Literal["http", "websocket"] = "http"


@dataclass(frozen=True, slots=True)
class Head:
    """How an answer begins."""

    status: int
    headers: Mapping[str, Sequence[str]]


class Sending(Protocol):
    """A request under way. What waits for the client has no limit of its own; `give_up` ends it at any time.

    All but `give_up` raise a `SendingFault` when the client fails.
    """

    @property
    def open(self) -> bool:
        """Whether more of the answer may come."""
        ...

    async def send(self, data: str | bytes, *, end: bool = False) -> None:
        """Hands over a piece of the body, or one message of a websocket; `end` says that it is the last."""
        ...

    async def head(self) -> Head:
        """Waits for the beginning of the answer."""
        ...

    async def receive(self) -> str | bytes | None:
        """Waits for the next piece of the answer, or message; None at its end."""
        ...

    async def give_up(self) -> None:
        """Tells the client that nobody waits for the answer any more, unless it is complete."""
        ...


class Sender(Protocol):
    """Whoever sends model requests for the runtime."""

    async def open(self, order: Order) -> Sending:
        """Begins a request.

        Raises:
            SendingFault: The client does not take it.
        """
        ...


@runtime_checkable
class Sends(Protocol):
    """A model that is asked over HTTP, by itself or by a sender.

    Attributes:
        sender: Gives who sends the next request; None for this process itself.
    """

    sender: Callable[[], Sender | None]
