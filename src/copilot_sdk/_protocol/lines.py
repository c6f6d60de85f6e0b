"""Frames of a byte stream that are lines: each message is JSON text in one line of its own."""

from __future__ import annotations

from copy import copy

from copilot_sdk._protocol.framing import DEFAULT_MAX_FRAME, Framing
from copilot_sdk.errors import ProtocolError


def encode_line(body: bytes) -> bytes:
    """Put the end of the line after a message; JSON without indentation has no other line ends."""
    return body + b"\n"


class LineDecoder:
    """Cuts a byte stream into its lines, however the bytes are split into chunks; empty lines are left out.

    The time is linear in the number of bytes. After a fault nothing can be read any more.

    Args:
        max_frame: The longest line to accept, in bytes.
    """

    def __init__(self, *, max_frame: int = DEFAULT_MAX_FRAME) -> None:
        self._max_frame = max_frame
        self._rest = bytearray()
        self._fault: ProtocolError | None = None

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take in some bytes.

        Returns:
            The lines that are complete now, without their ends.

        Raises:
            ProtocolError: A line is too long. Lines that were complete before it are returned first; then the next
                call raises, even one with an empty chunk.
        """
        if self._fault is not None:
            raise copy(self._fault)
        lines = chunk.split(b"\n")
        rest = lines.pop()
        # What is kept is not looked at again: a line of many chunks would be searched once for each of them.
        if not lines:
            self._rest += rest
        elif self._rest or rest:
            lines[0] = bytes(self._rest + lines[0])
            self._rest = bytearray(rest)
        good, self._fault = self._examined(lines)
        if self._fault is not None and not good:
            raise copy(self._fault)
        return good

    def eof(self) -> None:
        """Say that no more bytes come.

        Raises:
            ProtocolError: A line was too long before, or the stream ends in the middle of one.
        """
        if self._fault is not None:
            raise copy(self._fault)
        if self._rest.strip():
            raise ProtocolError("the stream ended in the middle of a line", offending=bytes(self._rest))

    def _examined(self, lines: list[bytes]) -> tuple[list[bytes], ProtocolError | None]:
        """The lines before the first that is too long, without the empty ones, and the fault."""
        limit = self._max_frame
        good: list[bytes] = []
        for line in lines:
            if len(line) > limit:
                return good, _too_long(limit)
            if stripped := line.strip():
                good.append(stripped)
        return good, _too_long(limit) if len(self._rest) > limit else None


def _too_long(limit: int) -> ProtocolError:
    return ProtocolError(
        f"the peer sent a line of more than {limit} bytes; raise max_frame if it is meant to be that long"
    )


LINES = Framing(encode_line, lambda max_frame: LineDecoder(max_frame=max_frame))
"""A message a line, as in JSON-RPC over newline-delimited JSON."""
