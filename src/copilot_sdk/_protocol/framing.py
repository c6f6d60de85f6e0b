"""Frames of a byte stream: `Content-Length: N`, an empty line, then N bytes of JSON text."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Protocol

from copilot_sdk.errors import ProtocolError

DEFAULT_MAX_FRAME = 256 * 1024 * 1024
_MAX_HEADER = 8 * 1024
_MAX_DIGITS = 18
_USUAL_HEADER = re.compile(rb"Content-Length: ([0-9]{1,18})\r\n\r\n")


class Decoder(Protocol):
    """Cuts a byte stream into messages."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take in some bytes and give the messages that are complete now; raises a `ProtocolError` after a fault."""
        ...

    def eof(self) -> None:
        """Say that no more bytes come; raises a `ProtocolError` if the end of a message is missing."""
        ...


@dataclass(frozen=True, slots=True)
class Framing:
    """How messages are told apart in a byte stream.

    Args:
        encode: Makes the bytes of a message.
        decoder: Makes what reads them, for messages of so many bytes at most.
    """

    encode: Callable[[bytes], bytes]
    decoder: Callable[[int], Decoder]


def encode_frame(body: bytes) -> bytes:
    """Put the header before a message."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class ContentLengthDecoder:
    """Cuts a byte stream into the bodies of its frames, however the bytes are split into chunks.

    The time is linear in the number of bytes. After a fault nothing can be read any more: where the next
    frame begins is lost.

    Args:
        max_frame: The largest body to accept, in bytes.
    """

    def __init__(self, *, max_frame: int = DEFAULT_MAX_FRAME) -> None:
        self._max_frame = max_frame
        self._buffer = bytearray()
        self._position = 0
        self._header_start = 0
        self._announced: int | None = None
        self._in_body = False
        self._fault: ProtocolError | None = None

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take in some bytes.

        Returns:
            The bodies of the frames that are complete now.

        Raises:
            ProtocolError: The stream is broken. Frames that were complete before the broken place are
                returned first; then the next call raises, even one with an empty chunk.
        """
        if self._fault is not None:
            raise copy(self._fault)
        self._buffer += chunk
        bodies: list[bytes] = []
        try:
            while self._in_body or self._read_header():
                length = self._announced or 0
                end = self._position + length
                if end > len(self._buffer):
                    break
                bodies.append(bytes(memoryview(self._buffer)[self._position : end]))
                self._position = self._header_start = end
                self._announced = None
                self._in_body = False
        except ProtocolError as fault:
            self._fault = fault
            if not bodies:
                raise
        self._forget_what_is_read()
        return bodies

    def eof(self) -> None:
        """Say that no more bytes come.

        Raises:
            ProtocolError: The stream was broken before, or ends in the middle of a frame.
        """
        if self._fault is not None:
            raise copy(self._fault)
        if self._in_body:
            missing = (self._announced or 0) - len(self._buffer)
            raise ProtocolError(f"the stream ended in the middle of a frame, {missing} bytes are missing")
        if self._buffer or self._announced is not None:
            raise ProtocolError("the stream ended in the middle of a header", offending=bytes(self._buffer))

    def _read_header(self) -> bool:
        if self._position == self._header_start:
            # One match reads what nearly every peer sends nearly every time.
            usual = _USUAL_HEADER.match(self._buffer, self._position)
            if usual is not None:
                self._announce(int(usual[1]))
                self._position = usual.end()
                self._in_body = True
                return True
        while (line_end := self._buffer.find(b"\n", self._position)) >= 0:
            line = bytes(self._buffer[self._position : line_end + 1])
            if line == b"\r\n":
                if self._announced is None:
                    raise ProtocolError("the peer sent a frame header without a Content-Length")
                self._in_body = True
            else:
                self._read_header_line(line)
            self._position = line_end + 1
            self._limit_header(self._position)
            if self._in_body:
                return True
        self._limit_header(len(self._buffer))
        rest = bytes(self._buffer[self._position :])
        # Text that cannot become a header shows before its line ends, and its line may never end.
        if rest not in (b"", b"\r"):
            _check_name(rest)
        return False

    def _read_header_line(self, line: bytes) -> None:
        name = _check_name(line)
        if not line.endswith(b"\r\n"):
            raise _no_frame(line)
        if name.lower() != b"content-length":
            return
        value = line[len(name) + 1 :].strip()
        if self._announced is not None or not value.isdigit() or len(value) > _MAX_DIGITS:
            raise ProtocolError("the peer sent a frame header with a bad Content-Length", offending=line)
        self._announce(int(value))

    def _announce(self, length: int) -> None:
        if length > self._max_frame:
            raise ProtocolError(
                f"the peer announced a frame of {length} bytes, the limit is {self._max_frame}; "
                "raise max_frame if it is meant to be that large"
            )
        self._announced = length

    def _limit_header(self, end: int) -> None:
        if end - self._header_start > _MAX_HEADER:
            start = max(self._header_start, 0)
            raise ProtocolError(
                f"the peer sent a frame header of more than {_MAX_HEADER} bytes",
                offending=bytes(self._buffer[start : start + _MAX_HEADER]),
            )

    def _forget_what_is_read(self) -> None:
        if self._position:
            del self._buffer[: self._position]
            self._header_start -= self._position
            self._position = 0


CONTENT_LENGTH = Framing(encode_frame, lambda max_frame: ContentLengthDecoder(max_frame=max_frame))
"""A header with the length before each message."""


def _check_name(line: bytes) -> bytes:
    name = line.partition(b":")[0]
    if not name.replace(b"-", b"").isalnum():
        raise _no_frame(line)
    return name


def _no_frame(line: bytes) -> ProtocolError:
    return ProtocolError(
        "the peer printed something that is no frame (a log line on its stdout?)",
        offending=line.rstrip(b"\r\n"),
    )
