"""Frames over the stdin and stdout of a process: of a child for clients, of this one for servers."""

from __future__ import annotations

import asyncio
import os
import selectors
import sys
from collections.abc import Mapping, Sequence
from typing import Self

from copilot_sdk._protocol.framing import CONTENT_LENGTH, DEFAULT_MAX_FRAME, Framing
from copilot_sdk.errors import ConnectError, ConnectionClosed
from copilot_sdk.transports._child import DEFAULT_STOP_TIMEOUT, STDIN, STDOUT, ChildProcess
from copilot_sdk.transports._framed import FramedStream, FramedTransport, StreamProtocol
from copilot_sdk.transports.closing import wait_at_most

_FLUSH_SECONDS = 1.0


class _FramedChild(ChildProcess):
    vital_pipes = frozenset((STDIN, STDOUT))

    def __init__(self, command: Sequence[str], stream: FramedStream, *, stop_timeout: float) -> None:
        super().__init__(command, stop_timeout=stop_timeout)
        self._stream = stream

    def output_received(self, data: bytes) -> None:
        self._stream.data_received(data)

    def output_was_paused(self) -> bool:
        return self._stream.reading_was_paused()

    def connection_ended(self, reason: ConnectionClosed) -> None:
        self._stream.end(reason)

    def pause_writing(self) -> None:
        self._stream.pause_writing()

    def resume_writing(self) -> None:
        self._stream.resume_writing()


class StdioTransport(FramedTransport):
    """A connection over stdin and stdout; get one from `spawn` or `of_this_process`."""

    @classmethod
    async def spawn(
        cls,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        stop_timeout: float = DEFAULT_STOP_TIMEOUT,
        max_frame: int = DEFAULT_MAX_FRAME,
        framing: Framing = CONTENT_LENGTH,
    ) -> Self:
        """Start a server as a child process, in a process group of its own.

        `aclose` closes its stdin and waits for it to end, then terminates the group, then kills it. What is
        left of the group when the child ends is terminated, and killed half a second later.

        Args:
            command: The program and its arguments.
            env: The whole environment of the child, None for a copy of ours.
            cwd: Its working directory, None for ours.
            stop_timeout: How many seconds each step of `aclose` may take.
            max_frame: The largest message to accept, in bytes.
            framing: How messages are told apart.

        Raises:
            ConnectError: The program cannot be started.
            UsageError: The command is empty or a plain string.
        """
        stream = FramedStream(max_frame=max_frame, framing=framing)
        child = _FramedChild(command, stream, stop_timeout=stop_timeout)
        await child.start(env=env, cwd=cwd)
        stream.attach_reader(child.stdout)
        stream.attach_writer(child.stdin)
        return cls(stream, child.stop, f"{child.name} (process {child.pid})")

    @classmethod
    async def of_this_process(
        cls, *, max_frame: int = DEFAULT_MAX_FRAME, framing: Framing = CONTENT_LENGTH
    ) -> Self:
        """Serve whoever started this process. For POSIX, once per process.

        The real stdin and stdout are kept for frames: from now on stdin is empty and what is printed to
        stdout goes to stderr, also from child processes, so that a stray print harms nobody.

        Args:
            max_frame: The largest message to accept, in bytes.
            framing: How messages are told apart.

        Raises:
            ConnectError: stdin or stdout is neither a pipe nor a socket nor a terminal.
        """
        loop = asyncio.get_running_loop()
        stream = FramedStream(max_frame=max_frame, framing=framing)
        input_fd, output_fd = _take_over_standard_streams()
        gone = asyncio.Event()

        def closed(error: Exception | None) -> ConnectionClosed:
            why = f": {error}" if error else ""
            return ConnectionClosed(f"whoever started this process has closed the pipe{why}")

        def on_input_lost(error: Exception | None) -> None:
            stream.end_input(closed(error))

        def on_output_lost(error: Exception | None) -> None:
            gone.set()
            stream.end(closed(error))

        source = os.fdopen(input_fd, "rb", buffering=0)
        sink = os.fdopen(output_fd, "wb", buffering=0)
        try:
            _must_be_pollable(input_fd)
            reader, _ = await loop.connect_read_pipe(lambda: StreamProtocol(stream, on_input_lost), source)
            writer, _ = await loop.connect_write_pipe(lambda: StreamProtocol(stream, on_output_lost), sink)
        except (ValueError, OSError) as error:
            source.close()
            sink.close()
            raise ConnectError(f"stdin and stdout have to be pipes to talk over them: {error}") from error
        stream.attach_reader(reader)
        stream.attach_writer(writer)

        async def release() -> None:
            reader.close()
            writer.close()
            if not await wait_at_most(_FLUSH_SECONDS, gone):
                writer.abort()

        return cls(stream, release, "the process that started this one")


def _must_be_pollable(fd: int) -> None:
    """Raises an OSError for what an event loop cannot wait for, such as /dev/null, and only logs that it cannot."""
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)


def _take_over_standard_streams() -> tuple[int, int]:
    sys.stdout.flush()
    input_fd, output_fd = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return input_fd, output_fd
