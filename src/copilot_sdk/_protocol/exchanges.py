"""One connection to a tau daemon as a state machine: one exchange after the other, and no ids.

What comes belongs to the request that is open, or to the subscription that the connection was given to. Its verbs take
and give bytes: what they give is for the caller to send, what comes in is for `receive`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from copilot_sdk._protocol.messages import MalformedMessage, read_object, write_object
from copilot_sdk.errors import ConnectionClosed, InvalidRequest, UsageError

SHUTTING_DOWN = "__tau_server_shutting_down__"
"""The text of the error that ends a chat because the daemon ends."""

_PROBE = "auth_status"

Frame: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A kind of request, and what comes back.

    Attributes:
        tag: The `type` of the request.
        answers: The types of the frames that end it, beside `error`.
        streams: Whether other frames may come before the end.
        silent: Whether success may be answered with nothing at all.
        subscribes: Whether the connection is the request's for good: all that comes from then on are events.
    """

    tag: str
    answers: frozenset[str] = frozenset()
    streams: bool = False
    silent: bool = False
    subscribes: bool = False


@dataclass(frozen=True, slots=True)
class Streamed:
    """Something happened in the open exchange, or in what is subscribed to."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class Answered:
    """The open exchange has ended; `frame` is None where its answer is that nothing comes."""

    exchange: Exchange
    frame: Frame | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The open exchange has failed; `shutting_down` tells whether because the daemon ends."""

    exchange: Exchange
    message: str
    shutting_down: bool


@dataclass(frozen=True, slots=True)
class ShuttingDown:
    """The daemon ends the connection, since it ends itself; `restart` tells whether another one takes its place."""

    restart: bool


@dataclass(frozen=True, slots=True)
class Violation:
    """The daemon sent what has no place here. Without ids, nothing that follows can be told apart.

    Attributes:
        problem: What is wrong, without a quote.
        frame: What came, if it is a frame.
    """

    problem: str
    frame: Frame | None = None


Event: TypeAlias = Streamed | Answered | Refused | ShuttingDown | Violation


class ExchangeEngine:
    """The state of the client's side of a connection."""

    def __init__(self) -> None:
        self._open: Exchange | None = None
        self._outcome: Answered | Refused | None = None
        self._spent: str | None = None

    @property
    def idle(self) -> bool:
        """Whether the next request can be sent."""
        return self._open is None and self._spent is None

    def request(self, exchange: Exchange, members: Mapping[str, Any]) -> list[bytes]:
        """Open an exchange.

        Args:
            exchange: Its kind.
            members: What the request has beside its `type`.

        Returns:
            The messages to send, one after the other.

        Raises:
            UsageError: Another exchange is open, or a member has no form in JSON.
            ConnectionClosed: No exchange can follow on this connection.
        """
        if self._spent is not None:
            raise ConnectionClosed(self._spent)
        if self._open is not None:
            raise UsageError(
                f"{self._open.tag} is not answered yet; a connection takes one request at a time"
            )
        messages = [encode_frame({"type": exchange.tag, **members})]
        if exchange.silent:
            # Requests are taken one after the other: the answer to this one says that the one before is done with.
            messages.append(encode_frame({"type": _PROBE}))
        self._open = exchange
        return messages

    def receive(self, data: bytes) -> Event | None:
        """Take in one message and say what it means; None where it means nothing. Nothing in it makes this raise."""
        try:
            tag, frame = parse_frame(data)
        except MalformedMessage as problem:
            return self._violation(str(problem))
        if self._spent is not None:
            return None
        if tag == "server_shutdown":
            self._spent = "the daemon is shutting down"
            return ShuttingDown(frame.get("restart") is True)
        exchange = self._open
        if exchange is None:
            return self._violation(f"{tag} came, and nothing was asked for", frame)
        if exchange.subscribes:
            return Streamed(frame)
        if exchange.silent and tag == _PROBE:
            return self._end(self._outcome or Answered(exchange, None))
        return self._within(exchange, tag, frame)

    def _within(self, exchange: Exchange, tag: str, frame: Frame) -> Event | None:
        if tag == "error" or tag in exchange.answers:
            outcome = _refusal(exchange, frame) if tag == "error" else Answered(exchange, frame)
            if exchange.silent:
                self._outcome = outcome
                return None
            if tag == "error" and exchange.streams:
                # A chat that failed may be followed by its end or by nothing, and nobody can tell what will come.
                self._spent = f"{exchange.tag} has failed on it"
            return self._end(outcome)
        if exchange.streams:
            return Streamed(frame)
        return self._violation(f"{tag} is no answer to {exchange.tag}", frame)

    def _end(self, outcome: Answered | Refused) -> Event:
        self._open = self._outcome = None
        return outcome

    def _violation(self, problem: str, frame: Frame | None = None) -> Violation:
        self._spent = "the daemon broke the protocol on it"
        return Violation(problem, frame)


def parse_frame(data: bytes) -> tuple[str, Frame]:
    """Read one frame.

    Args:
        data: The JSON text in UTF-8.

    Returns:
        Its type, and all of it.

    Raises:
        MalformedMessage: It is no JSON object with a string `type`.
    """
    frame = read_object(data)
    tag = frame.get("type")
    if not isinstance(tag, str):
        raise MalformedMessage("a message has to have a string `type`", InvalidRequest.CODE)
    return tag, frame


def encode_frame(frame: Frame) -> bytes:
    """Write one frame as JSON text in UTF-8, without spaces.

    Raises:
        UsageError: A value in it has no form in JSON.
    """
    return write_object(frame, lambda: f"the frame {frame.get('type')}")


def _refusal(exchange: Exchange, frame: Frame) -> Refused:
    message = frame.get("message")
    text = message if isinstance(message, str) else "the daemon did not say why"
    return Refused(exchange, text, text == SHUTTING_DOWN)
