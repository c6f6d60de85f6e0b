"""Commands that a client runs for its agent, on this machine."""

from __future__ import annotations

import asyncio
import codecs
import os
import shutil
import signal
import sys
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from copilot_sdk._scope import TaskScope
from copilot_sdk.acp.errors import ResourceNotFound
from copilot_sdk.errors import InvalidParams

if TYPE_CHECKING:
    from collections.abc import Mapping

    from copilot_sdk._generated.acp.types import (
        CreateTerminalRequest,
        CreateTerminalResponse,
        KillTerminalRequest,
        ReleaseTerminalRequest,
        TerminalOutputRequest,
        TerminalOutputResponse,
        WaitForTerminalExitRequest,
        WaitForTerminalExitResponse,
    )

DEFAULT_OUTPUT_LIMIT = 1024 * 1024
_CHUNK = 64 * 1024
_KILL_SECONDS = 3.0
_CONTINUATION = bytes(range(0x80, 0xC0))


class LocalTerminals:
    """Runs the agent's commands on this machine, with the rights of this program: only for agents that are trusted.

    Each command gets a process group of its own, no input, and one stream for what it prints; all of a group ends when
    the command is killed or released, or the connection ends. A command without arguments that is the name of no
    program is handed to the shell.

    Args:
        env: The environment of the commands, before the variables of the agent; that of this process when left out.
        output_limit: How many bytes of output to keep where the agent does not say; the oldest go first.
    """

    def __init__(
        self, *, env: Mapping[str, str] | None = None, output_limit: int = DEFAULT_OUTPUT_LIMIT
    ) -> None:
        self._env = env
        self._output_limit = output_limit
        self._running: dict[str, tuple[str, _Command]] = {}

    async def create(self, params: CreateTerminalRequest) -> CreateTerminalResponse:
        """See `copilot_sdk.acp.options.Terminals`."""
        from copilot_sdk._generated.acp.types import CreateTerminalResponse

        env = dict(os.environ if self._env is None else self._env)
        env.update({variable.name: variable.value for variable in params.env or []})
        limit = self._output_limit if params.output_byte_limit is None else params.output_byte_limit
        command = [params.command, *(params.args or [])]
        if not params.args and shutil.which(params.command, path=env.get("PATH")) is None:
            command = _in_shell(params.command)
        terminal_id = str(uuid.uuid4())
        started = await _Command.start(command, env, params.cwd, limit)
        self._running[terminal_id] = params.session_id, started
        return CreateTerminalResponse(terminal_id=terminal_id)

    async def output(self, params: TerminalOutputRequest) -> TerminalOutputResponse:
        """See `copilot_sdk.acp.options.Terminals`."""
        from copilot_sdk._generated.acp.types import TerminalOutputResponse

        command = self._find(params)
        told: dict[str, Any] = {"output": command.output, "truncated": command.truncated}
        if command.ended:
            told["exitStatus"] = command.status
        return TerminalOutputResponse.model_validate(told)

    async def wait_for_exit(self, params: WaitForTerminalExitRequest) -> WaitForTerminalExitResponse:
        """See `copilot_sdk.acp.options.Terminals`."""
        from copilot_sdk._generated.acp.types import WaitForTerminalExitResponse

        command = self._find(params)
        await command.wait()
        return WaitForTerminalExitResponse.model_validate(command.status)

    async def kill(self, params: KillTerminalRequest) -> None:
        """See `copilot_sdk.acp.options.Terminals`."""
        await self._find(params).kill()

    async def release(self, params: ReleaseTerminalRequest) -> None:
        """See `copilot_sdk.acp.options.Terminals`."""
        command = self._find(params)
        del self._running[params.terminal_id]
        await command.kill()

    async def aclose(self) -> None:
        """End all commands."""
        commands = [command for _, command in self._running.values()]
        self._running.clear()
        await asyncio.gather(*(command.kill() for command in commands))

    def _find(
        self,
        params: TerminalOutputRequest
        | WaitForTerminalExitRequest
        | KillTerminalRequest
        | ReleaseTerminalRequest,
    ) -> _Command:
        owner, command = self._running.get(params.terminal_id, (None, None))
        if command is None or owner != params.session_id:
            raise ResourceNotFound(f"no such terminal: {params.terminal_id}")
        return command


class _Command:
    """A process and the end of what it has printed."""

    def __init__(self, process: asyncio.subprocess.Process, limit: int) -> None:
        self._process = process
        self._limit = limit
        self._kept = bytearray()
        self.truncated = False
        self._tasks = TaskScope("a terminal")
        self._reading = self._tasks.follow(self._read())

    @classmethod
    async def start(cls, command: list[str], env: dict[str, str], cwd: str | None, limit: int) -> _Command:
        options: dict[str, Any] = {} if sys.platform == "win32" else {"start_new_session": True}
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=env,
                cwd=cwd,
                **options,
            )
        except (OSError, ValueError) as error:
            raise InvalidParams(f"cannot run {command[0]!r}: {error}") from None
        return cls(process, limit)

    @property
    def ended(self) -> bool:
        return self._process.returncode is not None and self._reading.done()

    @property
    def status(self) -> dict[str, int | str | None]:
        code = self._process.returncode
        if code is None or code >= 0:
            return {"exitCode": code, "signal": None}
        with suppress(ValueError):
            return {"exitCode": None, "signal": signal.Signals(-code).name}
        return {"exitCode": None, "signal": str(-code)}

    @property
    def output(self) -> str:
        # What is cut off at the beginning may have left a part of a character, and the last may not be complete yet.
        kept = bytes(self._kept)
        if self.truncated:
            kept = kept.lstrip(_CONTINUATION)
        return codecs.getincrementaldecoder("utf-8")("replace").decode(kept, final=self.ended)

    async def wait(self) -> None:
        await asyncio.shield(self._reading)
        await self._process.wait()

    async def kill(self) -> None:
        for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
            if self.ended or not self._signal(number):
                break
            with suppress(TimeoutError):
                async with asyncio.timeout(_KILL_SECONDS):
                    await self.wait()
        await self._tasks.settle()

    def _signal(self, number: int) -> bool:
        """Signal the whole group, and tell whether there was any."""
        if sys.platform == "win32":
            if self._process.returncode is None:
                self._process.terminate()
            return self._process.returncode is None
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
            return True
        return False

    async def _read(self) -> None:
        source = self._process.stdout
        assert source is not None  # noqa: S101 - it is a pipe
        while chunk := await source.read(_CHUNK):
            self._kept += chunk
            if len(self._kept) > self._limit:
                self.truncated = True
                del self._kept[: len(self._kept) - self._limit]


def _in_shell(command: str) -> list[str]:
    if sys.platform == "win32":
        return [os.environ.get("COMSPEC", "cmd.exe"), "/c", command]
    return ["/bin/sh", "-c", command]
