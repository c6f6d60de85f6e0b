"""Shell commands that clients run for the user, beside the agent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.sandbox.notices import NO_COMMANDS
from copilot_sdk.runtime.core.scope import end_all
from copilot_sdk.runtime.core.shell_output import OutputTelling
from copilot_sdk.runtime.core.shells import Command

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

_TOOL = "local_shell"
_CANCELED = "Shell command canceled."


@dataclass(frozen=True, slots=True)
class UserCommandEnd:
    """How a command of the user ended.

    Attributes:
        call_id: What stands for it in the events.
        output: What it printed.
        exit_code: Its exit code; None if it was stopped, or never ran.
        error: What went wrong; None if nothing did.
    """

    call_id: str
    output: str
    exit_code: int | None
    error: str | None


@dataclass(slots=True)
class _Running:
    command: Command | None = None
    canceled: bool = False
    stopped: asyncio.Event = field(default_factory=asyncio.Event)


class UserShell:
    """The commands that clients of one session run."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._processes: dict[str, Command] = {}
        self._requested: dict[str, _Running] = {}

    async def start(self, command: str, folder: Path | None, seconds: float) -> str:
        """Starts a command that nobody waits for; it is stopped when its time is up.

        Returns:
            What it is killed by.

        Raises:
            RuntimeFault: It cannot be started.
        """
        process = await self._start(command, folder)
        process_id = new_id()
        self._processes[process_id] = process
        self._session.scope.start(self._follow(process_id, process, seconds), name=f"command {process_id}")
        return process_id

    def kill(self, process_id: str, number: int) -> bool:
        """Sends a signal to a command that `start` has started.

        Returns:
            Whether it was still there.
        """
        process = self._processes.get(process_id)
        return process is not None and process.signal(number)

    async def run(self, request_id: str, text: str) -> UserCommandEnd:
        """Runs a command; the agent is told what it printed.

        Args:
            request_id: What it is canceled by.
            text: The command.

        Raises:
            RuntimeFault: It cannot be started, or another one with that id is running.
        """
        if request_id in self._requested:
            raise RuntimeFault(f"requestId: a command with the id {request_id} is running")
        running = self._requested[request_id] = _Running()
        call_id = new_id()
        try:
            return await self._run(running, call_id, text)
        finally:
            del self._requested[request_id]
            if running.command is not None:
                await running.command.stop(0)

    def cancel(self, request_id: str) -> bool:
        """Stops a command that `run` runs.

        Returns:
            Whether there was one.
        """
        running = self._requested.get(request_id)
        if running is None:
            return False
        running.canceled = True
        running.stopped.set()
        return True

    async def _run(self, running: _Running, call_id: str, text: str) -> UserCommandEnd:
        session, telling = self._session, OutputTelling(self._session, call_id, trimmed=True)
        arguments = {"command": text, "description": f"Execute shell command: {text}"}
        session.emit(types.ToolUserRequestedData(tool_call_id=call_id, tool_name=_TOOL, arguments=arguments))
        if session.config.in_sandbox:
            return self._complete(UserCommandEnd(call_id, "", None, NO_COMMANDS), "not run", text)
        running.command = command = await self._start(text, None, split=True)
        following = session.scope.start(command.finish(telling.hear), name=f"command {call_id}")
        stopped = asyncio.ensure_future(running.stopped.wait())
        try:
            await asyncio.wait({following, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            if not following.done():
                await end_all({following})
            telling.end()
        output, code = command.output.rstrip(), None if running.canceled else command.exit_code
        error = None
        if code is None:
            error = f"{output}\n\n{_CANCELED}".strip()
        elif code != 0:
            error = output or f"The command ended with exit code {code}."
        ending = "canceled" if code is None else f"exit code {code}"
        return self._complete(UserCommandEnd(call_id, output, code, error), ending, text)

    def _complete(self, end: UserCommandEnd, ending: str, text: str) -> UserCommandEnd:
        output, code = end.output, end.exit_code
        self._session.emit(
            types.ToolExecutionCompleteData(
                tool_call_id=end.call_id,
                success=end.error is None,
                is_user_requested=True,
                result=types.ToolExecutionCompleteResult(content=output) if end.error is None else None,
                error=None if end.error is None else types.ToolExecutionCompleteError(message=end.error),
                shell_execution=None
                if code is None
                else types.ToolExecutionCompleteShellExecution(exit_code=code),
            )
        )
        self._session.agent.overhear(
            "<user_shell_command_output>\nThe user ran a shell command themselves "
            f"({ending}).\n\nCommand:\n{text}\n\nOutput:\n{end.error or output}\n</user_shell_command_output>"
        )
        return end

    async def _start(self, command: str, folder: Path | None, *, split: bool = False) -> Command:
        where = self._session.config.working_directory
        try:
            return await Command.start(command, where if folder is None else where / folder, split=split)
        except OSError as error:
            raise RuntimeFault(f"Failed to start shell process: {error}") from error

    async def _follow(self, process_id: str, process: Command, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await process.finish()
        except TimeoutError:
            await process.stop(self._session.limits.stop_seconds)
        finally:
            del self._processes[process_id]
            await process.stop(0)
