"""Shell commands: real processes, in a process group of their own."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio import StreamReader
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from codecs import getincrementaldecoder
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.scope import end_all
from copilot_sdk.runtime.core.tasks import Mode, TaskProgress
from copilot_sdk.runtime.core.terminals import Hear, ShellProcess, Stream

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

_OUTPUT_BYTES = 1_000_000
_RECENT_BYTES = 4_000
_CHUNK_BYTES = 65_536
_HEARD_BYTES = 4_096
_POLL_SECONDS = 0.05
_SECRETS = (
    "COPILOT_SDK_AUTH_TOKEN",
    "COPILOT_CONNECTION_TOKEN",
    "COPILOT_GITHUB_TOKEN",
    "COPILOT_PROVIDER_API_KEY",
    "GH_TOKEN",
    "GITHUB_TOKEN",
)


def environment() -> dict[str, str]:
    """The environment of programs that are started: that of the runtime, without its secrets."""
    return {name: value for name, value in os.environ.items() if name not in _SECRETS}


class Command:
    """A shell command that has been started; its output is gathered from both streams, in order."""

    def __init__(self, process: Process, text: str, log: Path | None) -> None:
        self.text = text
        self.log = log
        self._process = process
        self._output = bytearray()
        self._dropped = 0
        self.exit_code: int | None = None

    @classmethod
    async def start(
        cls, command: str, folder: Path, *, log: Path | None = None, split: bool = False
    ) -> Command:
        """Starts a command.

        Args:
            command: What bash is to run.
            folder: Where to run it.
            log: Where the output goes; None keeps it in memory.
            split: Whether its errors come as a stream of their own.

        Raises:
            OSError: There is no bash, or no such folder.
        """
        output = PIPE if log is None else os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        creating = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                "bash",
                "-c",
                command,
                cwd=folder,
                env=environment(),
                stdin=DEVNULL,
                stdout=output,
                stderr=PIPE if split else STDOUT,
                start_new_session=True,
            )
        )
        try:
            return cls(await asyncio.shield(creating), command, log)
        except asyncio.CancelledError:
            # The process may be there already, with children that nobody else would end.
            await cls(await creating, command, log).stop(0)
            raise
        finally:
            if log is not None:
                os.close(output)

    @property
    def pid(self) -> int:
        """The process id, which is that of the process group too."""
        return self._process.pid

    @property
    def output(self) -> str:
        """What it has printed; of very much only the end."""
        if self.log is not None:
            return _tail(self.log, _OUTPUT_BYTES)
        note = f"... {self._dropped} bytes were left out\n" if self._dropped else ""
        return note + self._output.decode(errors="replace")

    @property
    def recent_output(self) -> str:
        """The end of what it has printed."""
        return self.output[-_RECENT_BYTES:]

    async def refresh(self) -> None:
        """See `ShellProcess`: the output is gathered as it comes."""

    async def finish(self, hear: Hear | None = None) -> int:
        """See `ShellProcess`: gathers the output."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._gather(self._process.stdout, "stdout", hear))
            group.create_task(self._gather(self._process.stderr, "stderr", hear))
        self.exit_code = await self._process.wait()
        return self.exit_code

    async def _gather(self, stream: StreamReader | None, name: Stream, hear: Hear | None) -> None:
        decoder = getincrementaldecoder("utf-8")("replace")
        # Pieces become events, of which clients and the log keep some.
        size = _CHUNK_BYTES if hear is None else _HEARD_BYTES
        while stream is not None and (chunk := await stream.read(size)):
            self._output += chunk
            if (surplus := len(self._output) - _OUTPUT_BYTES) > 0:
                del self._output[:surplus]
                self._dropped += surplus
            if hear is not None and (piece := decoder.decode(chunk)):
                await hear(name, piece)
        if hear is not None and (piece := decoder.decode(b"", final=True)):
            await hear(name, piece)

    def signal(self, number: int) -> bool:
        """Sends a signal to the whole process group.

        Returns:
            Whether it was still there.
        """
        if self._process.returncode is not None:
            return False
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return False
        return True

    async def stop(self, seconds: float) -> None:
        """Asks the process group to end, and kills it if it does not within the given time."""
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(seconds):
                await self._process.wait()
        except TimeoutError:
            self.signal(signal.SIGKILL)
            await self._process.wait()
        with suppress(ProcessLookupError):
            # What the command left behind goes with it.
            os.killpg(self.pid, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some output: its text, where the next piece begins, and whether this was all for now."""

    text: str
    end: int
    last: bool


class ShellTask:
    """A shell command as a task of the session."""

    kind: Literal["shell"] = "shell"

    def __init__(
        self,
        session: Session,
        task_id: str,
        description: str,
        process: ShellProcess,
        *,
        mode: Mode,
        hear: Hear | None,
    ) -> None:
        """Begins to follow a command; see `start`."""
        self.id = task_id
        self.description = description
        self.process = process
        self.progress = TaskProgress(session, mode, detached=process.log is not None)
        self._session = session
        self._following = session.scope.start(self._follow(hear), name=f"shell {task_id}")
        session.tasks.add(self)

    @classmethod
    async def start(
        cls,
        session: Session,
        command: str,
        description: str,
        *,
        mode: Mode,
        detached: bool = False,
        call_id: str | None = None,
        hear: Hear | None = None,
    ) -> Self:
        """Starts a command.

        Args:
            session: Whose task it is.
            command: What bash is to run.
            description: What it is for.
            mode: Whether it is going to be waited for.
            detached: Whether its output goes to a file and not to the runtime.
            call_id: The tool call that wants it.
            hear: Told each piece of its output as it comes.

        Raises:
            OSError: It cannot be started.
        """
        folder, terminals = session.config.working_directory, session.config.terminals
        process: ShellProcess
        if terminals is not None and not detached:
            process = await terminals.start(command, folder, call_id)
        else:
            log = session.folder / f"shell-{new_id()}.log" if detached else None
            process = await Command.start(command, folder, log=log)
        return cls(session, session.tasks.free_id("shell"), description, process, mode=mode, hear=hear)

    @property
    def detached(self) -> bool:
        """Whether its output goes to a file and not to the runtime."""
        return self.progress.detached

    async def _follow(self, hear: Hear | None) -> None:
        code = await self.process.finish(hear)
        unwatched = self.progress.mode == "background"
        self.progress.end("completed" if code == 0 else "failed")
        if unwatched:
            self._report(code)
        self._session.turns.rest()

    def _report(self, code: int) -> None:
        text = f'Shell command "{self.description}" ({self.id}) ended with exit code {code}. '
        if self.detached:
            notice = types.SystemNotificationShellDetachedCompleted(
                shell_id=self.id, description=self.description
            )
            self._session.turns.notify(text + f"Its output is in {self.process.log}.", notice)
        else:
            completed = types.SystemNotificationShellCompleted(
                shell_id=self.id, exit_code=code, description=self.description
            )
            self._session.turns.notify(text + "Use read_bash to see its output.", completed)

    async def stop(self) -> bool:
        """Ends the command; returns whether that was possible, which it is."""
        if not self.progress.running:
            return True
        await end_all({self._following})
        await self.process.stop(self._session.limits.stop_seconds)
        self.progress.end("cancelled")
        self._session.turns.rest()
        return True

    async def read(self, offset: int, seconds: float) -> Piece:
        """Reads the output of a detached command from an offset on, waiting for more if there is none.

        Args:
            offset: How many bytes were read before.
            seconds: How long to wait at most.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            ended = not self.progress.running
            piece = _piece(self.process.log, offset, final=ended)
            left = deadline - asyncio.get_running_loop().time()
            if piece.text or ended or left <= 0:
                return piece
            await asyncio.wait({self._following}, timeout=min(left, _POLL_SECONDS))

    async def refresh(self) -> None:
        """Looks whether the process of a detached command is still there, and what any other one has printed."""
        await self.process.refresh()
        if self.detached and self.progress.running:
            await asyncio.wait({self._following}, timeout=0)


def _piece(path: Path | None, offset: int, *, final: bool) -> Piece:
    if path is None:
        return Piece("", offset, last=True)
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(_CHUNK_BYTES)
        last = not file.read(1)
    decoder = getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data, final=final and last)
    return Piece(text, offset + len(data) - len(decoder.getstate()[0]), last)


def _tail(path: Path, size: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - size))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
