"""Shell commands in terminals of the client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from copilot_sdk.acp.agent import Agent
from copilot_sdk.errors import CopilotError
from copilot_sdk.runtime.core.terminals import Hear

_OUTPUT_BYTES = 1_000_000
_RECENT_CHARACTERS = 4_000
_RELEASE_SECONDS = 5.0
_SIGNALLED = -1

Show = Callable[[str, str], Awaitable[None]]
"""Shows a terminal in a tool call; takes their ids, the call's first."""


class ClientTerminals:
    """Runs the commands of one session in terminals of the client; see `Terminals`."""

    def __init__(self, agent: Agent, session_id: str, show: Show) -> None:
        self._agent = agent
        self._session_id = session_id
        self._show = show

    async def start(self, command: str, folder: Path, call_id: str | None) -> ClientCommand:
        """See `Terminals`."""
        try:
            created = await self._agent.client.terminal.create(
                session_id=self._session_id,
                command="bash",
                args=["-c", command],
                cwd=str(folder),
                output_byte_limit=_OUTPUT_BYTES,
            )
            if call_id is not None:
                await self._show(call_id, created.terminal_id)
        except CopilotError as error:
            raise OSError(str(error)) from error
        return ClientCommand(self._agent, self._session_id, created.terminal_id, command)


class ClientCommand:
    """A command in a terminal of the client; see `Process`."""

    pid: int | None = None
    log: Path | None = None

    def __init__(self, agent: Agent, session_id: str, terminal_id: str, text: str) -> None:
        self.text = text
        self.exit_code: int | None = None
        self.output = ""
        self._agent = agent
        self._session_id = session_id
        self._terminal_id = terminal_id
        self._released = False

    @property
    def recent_output(self) -> str:
        """See `ShellProcess`."""
        return self.output[-_RECENT_CHARACTERS:]

    async def refresh(self) -> None:
        """See `ShellProcess`."""
        if not self._released:
            with suppress(CopilotError):
                shown = await self._agent.client.terminal.output(
                    session_id=self._session_id, terminal_id=self._terminal_id
                )
                self.output = ("... the beginning was left out\n" if shown.truncated else "") + shown.output

    async def finish(self, hear: Hear | None = None) -> int:  # noqa: ARG002
        """See `ShellProcess`: the terminal shows the output."""
        ended = None
        with suppress(CopilotError):
            ended = await self._agent.client.terminal.wait_for_exit(
                session_id=self._session_id, terminal_id=self._terminal_id
            )
        await self.refresh()
        await self._release()
        code = None if ended is None else ended.exit_code
        self.exit_code = _SIGNALLED if code is None else code
        return self.exit_code

    async def stop(self, seconds: float) -> None:
        """See `ShellProcess`."""
        with suppress(CopilotError, TimeoutError):
            async with asyncio.timeout(seconds):
                await self._agent.client.terminal.kill(
                    session_id=self._session_id, terminal_id=self._terminal_id
                )
                await self.refresh()
        await self._release()

    async def _release(self) -> None:
        if self._released:
            return
        self._released = True
        with suppress(CopilotError, TimeoutError):
            async with asyncio.timeout(_RELEASE_SECONDS):
                await self._agent.client.terminal.release(
                    session_id=self._session_id, terminal_id=self._terminal_id
                )
