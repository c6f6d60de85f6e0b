"""A child process: started in a process group of its own, watched, and stopped with the whole group."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, cast

from copilot_sdk.errors import ConnectError, ConnectionClosed, UsageError
from copilot_sdk.transports.closing import wait_at_most

STDIN, STDOUT, STDERR = 0, 1, 2
DEFAULT_STOP_TIMEOUT = 3.0
_STDERR_TAIL = 8 * 1024
_SETTLE_SECONDS = 0.5
_LEFTOVER_SECONDS = 0.5
_LEFTOVER_PAUSE = 0.01
_logger = logging.getLogger("copilot_sdk.transports")


class ChildProcess(asyncio.SubprocessProtocol, ABC):
    """One child process and what is known of it; subclasses say what its output and its end mean.

    When the process has ended, what is left of its group is asked to terminate, and half a second later it is
    killed: nothing survives unseen. A program that is to live longer has to leave the group.

    Args:
        command: The program and its arguments. Only the program shows in errors.
        stop_timeout: How many seconds each step of stopping may take.
    """

    vital_pipes: ClassVar[frozenset[int]]
    """The pipes whose loss is the end of the connection, as the end of the process is in any case."""

    def __init__(self, command: Sequence[str], *, stop_timeout: float) -> None:
        if not command or isinstance(command, str):
            raise UsageError("command has to be a list that starts with the program, such as ['copilot']")
        for index, part in enumerate(cast("Sequence[object]", command)):
            # Not the part itself: what is on a command line may be secret.
            if not isinstance(part, str | os.PathLike):
                raise UsageError(f"command[{index}] has to be a text or a path, not {type(part).__name__}")
        self._command = list(command)
        self._stop_timeout = stop_timeout
        self._process: asyncio.SubprocessTransport | None = None
        self._stderr = bytearray()
        self._lost_pipes: set[int] = set()
        self._exited = asyncio.Event()
        self._released = asyncio.Event()
        self._group_gone = asyncio.Event()
        self._settling: asyncio.TimerHandle | None = None
        self._output_came = False
        self._ended = False
        self.name = Path(self._command[0]).name

    @abstractmethod
    def output_received(self, data: bytes) -> None:
        """Take what the process wrote to stdout."""

    def output_was_paused(self) -> bool:
        """Tell whether reading stdout was held up at any time since the last call."""
        return False

    @abstractmethod
    def connection_ended(self, reason: ConnectionClosed) -> None:
        """Called once when the connection has ended.

        That is a moment after the fact, because the exit code and the last words on stderr come later than
        the loss of a pipe.
        """

    async def start(self, *, env: Mapping[str, str] | None, cwd: str | os.PathLike[str] | None) -> None:
        """Start the process.

        Args:
            env: Its whole environment, None for a copy of ours.
            cwd: Its working directory, None for ours.

        Raises:
            ConnectError: It cannot be started; the text says why and what to do.
        """
        options: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            options = {"creationflags": subprocess.CREATE_NO_WINDOW}
        try:
            await asyncio.get_running_loop().subprocess_exec(
                lambda: self,
                *self._command,
                stdin=subprocess.PIPE if STDIN in self.vital_pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=None if env is None else dict(env),
                cwd=cwd,
                **options,
            )
        except (OSError, ValueError) as error:
            raise ConnectError(_start_problem(self._command[0], cwd, error)) from error
        self.stdout.set_protocol(_Output(self, self.stdout.get_protocol()))

    @property
    def pid(self) -> int:
        """The process id."""
        return self._started().get_pid()

    @property
    def exit_code(self) -> int | None:
        """How the process ended, None while it runs."""
        return self._started().get_returncode()

    @property
    def stdin(self) -> asyncio.WriteTransport:
        """Where to write what the process is to read."""
        return cast(asyncio.WriteTransport, self._started().get_pipe_transport(STDIN))

    @property
    def stdout(self) -> asyncio.ReadTransport:
        """What can be asked to stop reading."""
        return cast(asyncio.ReadTransport, self._started().get_pipe_transport(STDOUT))

    @property
    def stderr_tail(self) -> str:
        """The last 8 KiB of what the process wrote to stderr."""
        return self._stderr.decode("utf-8", "replace")

    async def stop(self) -> None:
        """End the process: close its stdin, then ask it to terminate, then kill it, as far as needed."""
        steps = (self._close_stdin, self._terminate, self._kill)
        try:
            for step in steps[STDIN not in self.vital_pipes :]:
                if not self._exited.is_set():
                    step()
                    await wait_at_most(self._stop_timeout, self._exited)
            if not self._exited.is_set():
                _logger.error("process %d (%s) does not end, not even when killed", self.pid, self.name)
            await wait_at_most(2 * _LEFTOVER_SECONDS, self._group_gone)
        finally:
            self._ended = True
            self._cancel_settling()
            self._started().close()
        await wait_at_most(self._stop_timeout, self._released)

    def expect_end(self) -> None:
        """Say that the connection is lost; `connection_ended` follows as soon as more is known."""
        if self._ended:
            return
        if self._exited.is_set() and self._lost_pipes >= {STDOUT, STDERR}:
            self._end()
        elif self._settling is None:
            self._output_moved()
            loop = asyncio.get_running_loop()
            # Through call_soon, because the event loop does that with what it reads: so this does not
            # overtake what could be read when the time was over.
            self._settling = loop.call_later(_SETTLE_SECONDS, loop.call_soon, self._settle)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop when the process runs."""
        self._process = cast(asyncio.SubprocessTransport, transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Called by the event loop with what the process wrote."""
        if fd == STDOUT:
            self._output_came = True
            self.output_received(data)
        else:
            self._stderr += data
            del self._stderr[:-_STDERR_TAIL]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Called by the event loop when a pipe was closed."""
        _logger.debug("%s: pipe %d is closed (%s)", self.name, fd, exc)
        self._lost_pipes.add(fd)
        if fd in self.vital_pipes or self._exited.is_set():
            self.expect_end()

    def process_exited(self) -> None:
        """Called by the event loop when the process has ended."""
        self._exited.set()
        self._end_leftovers()
        self.expect_end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop when process and pipes are gone."""
        _logger.debug("%s: process and pipes are gone (%s)", self.name, exc)
        self._released.set()

    def _started(self) -> asyncio.SubprocessTransport:
        if self._process is None:
            raise RuntimeError("the process was not started")
        return self._process

    def _settle(self) -> None:
        self._settling = None
        if self._ended:
            return
        if self._output_moved():
            # More of what the process wrote last may be in the pipe, to be read when there is room for it.
            self.expect_end()
        else:
            self._end()

    def _output_moved(self) -> bool:
        """Tell whether stdout brought something, or was held up, since the last call."""
        moved = self.output_was_paused() or self._output_came
        self._output_came = False
        return moved

    def _end(self) -> None:
        self._cancel_settling()
        self._ended = True
        if self._exited.is_set():
            reason = f"{self.name} has ended"
        elif STDOUT in self._lost_pipes:
            reason = f"{self.name} has closed its stdout"
        elif STDIN in self._lost_pipes:
            reason = f"{self.name} has closed its stdin"
        else:
            reason = f"{self.name} has closed the connection"
        exit_code = self.exit_code if self._exited.is_set() else None
        self.connection_ended(ConnectionClosed(reason, exit_code=exit_code, stderr=self.stderr_tail))

    def _cancel_settling(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None

    def _close_stdin(self) -> None:
        self.stdin.close()

    def _terminate(self) -> None:
        if sys.platform == "win32":
            self._started().terminate()
        else:
            self._signal_group(signal.SIGTERM)

    def _kill(self) -> None:
        if sys.platform == "win32":
            self._started().kill()
        else:
            self._signal_group(signal.SIGKILL)

    def _end_leftovers(self) -> None:
        if sys.platform == "win32" or not self._signal_group(signal.SIGTERM):
            self._group_gone.set()
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(_LEFTOVER_PAUSE, self._watch_leftovers, loop.time() + _LEFTOVER_SECONDS)

    def _watch_leftovers(self, deadline: float) -> None:
        # Looks often, since the id of a group that is empty may become that of another one.
        loop = asyncio.get_running_loop()
        if loop.time() < deadline and self._signal_group(0):
            loop.call_later(_LEFTOVER_PAUSE, self._watch_leftovers, deadline)
            return
        if sys.platform != "win32" and loop.time() >= deadline:
            self._signal_group(signal.SIGKILL)
        self._group_gone.set()

    def _signal_group(self, number: int) -> bool:
        """Signal all processes of the group, and tell whether there was any."""
        if sys.platform != "win32":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)
                return True
        return False


class _Output(asyncio.Protocol):
    """Hands on what a process prints at once; the event loop itself would do it in its next round.

    Args:
        child: Takes it.
        inner: The protocol of the event loop, which has to know of the end.
    """

    def __init__(self, child: ChildProcess, inner: asyncio.BaseProtocol) -> None:
        self._child = child
        self._inner = inner

    def data_received(self, data: bytes) -> None:
        self._child.pipe_data_received(STDOUT, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._inner.connection_lost(exc)


def _start_problem(program: str, cwd: str | os.PathLike[str] | None, error: Exception) -> str:
    if cwd is not None and not Path(cwd).is_dir():
        return (
            f"cannot start {program!r}: the working directory {os.fspath(cwd)!r} is no directory; create it"
        )
    if isinstance(error, FileNotFoundError):
        advice = "give the full path of an installed program, or put its folder on PATH"
        return f"cannot start {program!r}: no such program; {advice}"
    if isinstance(error, PermissionError):
        return f"cannot start {program!r}: it is not executable; check the path and its permissions"
    return f"cannot start {program!r}: {error}"
