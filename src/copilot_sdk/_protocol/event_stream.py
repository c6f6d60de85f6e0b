"""Messages as server-sent events, each with a number: `id: N`, then `data:` with every line of the message."""

from __future__ import annotations

import re
from dataclasses import dataclass

from copilot_sdk.errors import ProtocolError

HEARTBEAT = b":\n\n"
_LINE_END = re.compile(rb"\r\n|\n|\r")
_SLACK = 1024


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event.

    Attributes:
        id: Its id, empty if it has none.
        type: Its type, `message` if it names none.
        data: The message.
    """

    id: str
    type: str
    data: bytes


def encode_event(data: bytes, *, number: int | None = None, kind: str | None = None) -> bytes:
    """Make an event of a message. The format has no carriage return: it arrives as the end of a line.

    Args:
        data: The message.
        number: Its number.
        kind: The type of the event; `message` when left out.
    """
    head = (b"" if number is None else b"id: %d\n" % number) + (
        b"" if kind is None else b"event: %b\n" % kind.encode()
    )
    lines = b"\ndata: ".join(_LINE_END.split(data)) if b"\r" in data else data.replace(b"\n", b"\ndata: ")
    return b"%bdata: %b\n\n" % (head, lines)


class EventStreamDecoder:
    """Cuts a byte stream into events, however the bytes are split into chunks; linear in the number of bytes.

    Unlike in a browser an event without text is one. What ends in the middle of an event is dropped: it comes
    again.

    Args:
        max_event: The largest message to accept, in bytes.
    """

    def __init__(self, *, max_event: int) -> None:
        self._max_event = max_event
        self._rest = bytearray()
        self._searched = 0
        self._lines: list[bytes] = []
        self._size = 0
        self._id = ""
        self._type = ""

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Take in some bytes.

        Returns:
            The events that are complete now.

        Raises:
            ProtocolError: An event is larger than the limit.
        """
        self._rest += chunk
        events: list[ServerSentEvent] = []
        start = 0
        while found := _LINE_END.search(self._rest, max(start, self._searched)):
            if found[0] == b"\r" and found.end() == len(self._rest):
                # The second half of this end of the line may be on its way.
                break
            line = bytes(memoryview(self._rest)[start : found.start()])
            start = self._searched = found.end()
            if event := self._take_line(line):
                events.append(event)
        del self._rest[:start]
        self._searched = max(len(self._rest) - 1, 0)
        self._limit(self._size + len(self._rest))
        return events

    def _take_line(self, line: bytes) -> ServerSentEvent | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        match name:
            case b"data":
                self._lines.append(value)
                self._size += len(value) + 1
                self._limit(self._size)
            case b"id":
                self._id = value.decode("utf-8", "replace")
            case b"event":
                self._type = value.decode("utf-8", "replace")
            case _:
                # A comment, or something that a later version of the format has.
                pass
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        lines, kind = self._lines, self._type
        self._lines, self._type, self._size = [], "", 0
        if not lines:
            return None
        return ServerSentEvent(self._id, kind or "message", b"\n".join(lines))

    def _limit(self, size: int) -> None:
        if size > self._max_event + _SLACK:
            raise ProtocolError(
                f"the peer sent a message above the limit of {self._max_event} bytes; "
                "raise max_frame if it is meant to be that large"
            )
