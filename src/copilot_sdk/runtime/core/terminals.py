"""Where shell commands run: in processes of the runtime, or in terminals that a client shows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

Stream = Literal["stdout", "stderr"]
Hear: TypeAlias = Callable[[Stream, str], Awaitable[None]]
"""Takes a piece of what a command prints."""


class ShellProcess(Protocol):
    """A shell command that has been started, wherever it runs.

    Attributes:
        text: What was to be run.
        log: Where the output goes; None if it is kept in memory.
        exit_code: How it ended; None until it has.
    """

    @property
    def text(self) -> str:
        """See above."""
        ...

    @property
    def log(self) -> Path | None:
        """See above."""
        ...

    @property
    def exit_code(self) -> int | None:
        """See above."""
        ...

    @property
    def pid(self) -> int | None:
        """The process id, if it is a process of this machine."""
        ...

    @property
    def output(self) -> str:
        """What it has printed; of very much only the end."""
        ...

    @property
    def recent_output(self) -> str:
        """The end of what it has printed."""
        ...

    async def refresh(self) -> None:
        """Brings what is known of the output up to date."""
        ...

    async def finish(self, hear: Hear | None = None) -> int:
        """Waits for the end.

        Args:
            hear: Told each piece of the output as it comes, where the output is not shown elsewhere.

        Returns:
            The exit code; negative for the signal that ended it.
        """
        ...

    async def stop(self, seconds: float) -> None:
        """Asks it to end, and makes it end if it does not within the given time."""
        ...


class Terminals(Protocol):
    """Runs commands somewhere else than in processes of the runtime."""

    async def start(self, command: str, folder: Path, call_id: str | None) -> ShellProcess:
        """Starts a command.

        Args:
            command: What bash is to run.
            folder: Where to run it.
            call_id: The tool call that wants it.

        Raises:
            OSError: It cannot be started.
        """
        ...
