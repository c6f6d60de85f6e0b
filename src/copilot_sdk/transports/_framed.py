"""Messages as frames of a byte stream: what pipes and sockets have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from copilot_sdk._protocol.framing import CONTENT_LENGTH, DEFAULT_MAX_FRAME, Framing
from copilot_sdk.errors import ConnectionClosed, ProtocolError
from copilot_sdk.transports._flow import DEFAULT_BUFFER, Gate, Inbox
from copilot_sdk.transports.base import InputEnded
from copilot_sdk.transports.closing import CloseOnce

_READ = 64 * 1024


class FramedStream:
    """Stands between the event loop, which calls it with bytes, and the tasks that send and receive messages.

    Args:
        max_frame: The largest message to accept, in bytes.
        framing: How messages are told apart.
    """

    def __init__(self, *, max_frame: int = DEFAULT_MAX_FRAME, framing: Framing = CONTENT_LENGTH) -> None:
        self._encode = framing.encode
        self._decoder = framing.decoder(max_frame)
        self._inbox = Inbox[bytes](DEFAULT_BUFFER, pause=self._pause_reading, resume=self._resume_reading)
        self._gate = Gate()
        self._ended = asyncio.Event()
        self._reader: asyncio.ReadTransport | None = None
        self._writer: asyncio.WriteTransport | None = None
        self._reading_paused = False
        self._reading_was_paused = False

    def attach_reader(self, reader: asyncio.ReadTransport) -> None:
        """Name what can be asked to stop reading."""
        self._reader = reader
        sized: Any = reader
        if hasattr(sized, "max_size"):
            # asyncio reads into 256 KiB, which the system has to map and unmap each time: that costs more than all else
            # of a small message, and a pipe never has more than this.
            sized.max_size = _READ

    def attach_writer(self, writer: asyncio.WriteTransport) -> None:
        """Name what to write to."""
        self._writer = writer

    def data_received(self, chunk: bytes) -> None:
        """Take in bytes from the other side."""
        if self._ended.is_set():
            return
        try:
            frames = self._decoder.feed(chunk)
            while frames:
                for frame in frames:
                    self._inbox.push(frame)
                # An empty chunk brings up a fault that the decoder holds back behind complete frames.
                frames = self._decoder.feed(b"")
        except ProtocolError as fault:
            self._break(fault)

    def pause_writing(self) -> None:
        """Hold senders back: what was written is not taken."""
        self._gate.pause()

    def resume_writing(self) -> None:
        """Let senders go on."""
        self._gate.resume()

    def reading_was_paused(self) -> bool:
        """Tell whether reading was held up at any time since the last call."""
        was_paused, self._reading_was_paused = self._reading_was_paused, self._reading_paused
        return was_paused

    def end(self, reason: ConnectionClosed, *, discard: bool = False) -> None:
        """Let the messages that have come be received, and nothing after them; the first reason stays.

        Args:
            reason: What `send` and `receive` raise.
            discard: Drop the messages that have come, too.
        """
        if not self._ended.is_set() and not discard:
            try:
                self._decoder.eof()
            except ProtocolError as cut:
                text = f"{reason.reason}; {cut}"
                reason = ConnectionClosed(text, exit_code=reason.exit_code, stderr=reason.stderr)
                reason.__cause__ = cut
        self._inbox.end(reason, discard=discard)
        self._gate.shut(reason)
        self._ended.set()

    def end_input(self, reason: ConnectionClosed) -> None:
        """Let the messages that have come be received, and nothing after them; more can be sent until `end`.

        What was cut off in the middle of a frame ends the stream at once.
        """
        try:
            self._decoder.eof()
        except ProtocolError:
            self.end(reason)
        else:
            self._inbox.end(InputEnded(reason.reason))

    async def send(self, data: bytes) -> None:
        """Write one message as a frame, see `Transport.send`."""
        if self.try_send(data):
            if not self._gate.is_free:
                await self._gate.wait_for_room()
            return
        writer = self._writer
        if writer is None or writer.is_closing():
            # Whoever lost the writer finds out why, and then ends the stream.
            await self._ended.wait()
        await self._gate.send(self._write, self._encode(data))

    def try_send(self, data: bytes) -> bool:
        """See `DirectTransport.try_send`."""
        writer = self._writer
        if writer is None or writer.is_closing() or not self._gate.is_free:
            return False
        writer.write(self._encode(data))
        return True

    def listen(self, listener: Callable[[bytes], None]) -> None:
        """See `DirectTransport.listen`."""
        self._inbox.listen(listener)

    async def receive(self) -> bytes:
        """Give the next message, see `Transport.receive`."""
        return await self._inbox.pull()

    def _write(self, data: bytes) -> None:
        if self._writer is not None:
            self._writer.write(data)

    def _break(self, fault: ProtocolError) -> None:
        reason = ConnectionClosed(str(fault))
        reason.__cause__ = fault
        self._inbox.end(fault)
        self._gate.shut(reason)
        self._ended.set()

    def _pause_reading(self) -> None:
        self._reading_paused = self._reading_was_paused = True
        if self._reader is not None:
            self._reader.pause_reading()

    def _resume_reading(self) -> None:
        self._reading_paused = False
        if self._reader is not None:
            self._reader.resume_reading()


class StreamProtocol(asyncio.Protocol):
    """Connects an event loop transport with a framed stream.

    Args:
        stream: Where the bytes go.
        on_lost: Called once when the transport is gone, with what broke it, if anything did.
    """

    def __init__(self, stream: FramedStream, on_lost: Callable[[Exception | None], None]) -> None:
        self._stream = stream
        self._on_lost = on_lost

    def data_received(self, data: bytes) -> None:
        """Called by the event loop with what was read."""
        self._stream.data_received(data)

    def pause_writing(self) -> None:
        """Called by the event loop when too much waits to be written."""
        self._stream.pause_writing()

    def resume_writing(self) -> None:
        """Called by the event loop when that is over."""
        self._stream.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop at the end."""
        self._on_lost(exc)


class FramedTransport:
    """A transport over a framed stream.

    Args:
        stream: What messages go through.
        release: Gives back what belongs to the connection, in bounded time; called once.
        description: What `describe` says.
    """

    def __init__(
        self, stream: FramedStream, release: Callable[[], Coroutine[Any, Any, None]], description: str
    ) -> None:
        self._stream = stream
        self._release = release
        self._description = description
        self._close = CloseOnce(self._end_and_release)

    async def send(self, data: bytes) -> None:
        """See `Transport.send`."""
        await self._stream.send(data)

    def try_send(self, data: bytes) -> bool:
        """See `DirectTransport.try_send`."""
        return self._stream.try_send(data)

    def listen(self, listener: Callable[[bytes], None]) -> None:
        """See `DirectTransport.listen`."""
        self._stream.listen(listener)

    async def receive(self) -> bytes:
        """See `Transport.receive`."""
        return await self._stream.receive()

    async def aclose(self) -> None:
        """See `Transport.aclose`."""
        await self._close()

    def describe(self) -> str:
        """See `Transport.describe`."""
        return self._description

    async def _end_and_release(self) -> None:
        self._stream.end(ConnectionClosed("it was closed on this side"), discard=True)
        await self._release()
