"""Slash commands that your program runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from copilot_sdk.errors import UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import CommandDefinition, CommandExecuteData

CommandHandler: TypeAlias = "Callable[[CommandExecuteData], Awaitable[None] | None]"
"""Runs a command; a plain function is run in a worker thread."""


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command of a session.

    Args:
        name: What it is called, without the slash.
        handler: Runs it, with the command line: `args` is all that follows the name, unparsed.
        description: What it does, for lists of commands.

    Raises:
        UsageError: The name is no word, or the handler is no function.
    """

    name: str
    handler: CommandHandler
    description: str | None = None

    def __post_init__(self) -> None:
        if self.name.split() != [self.name] or self.name.startswith("/"):
            raise UsageError(f"a command has a name of one word without the slash, not {self.name!r}")
        if not callable(self.handler):
            raise UsageError(f"the handler of /{self.name} has to be a function, not {self.handler!r}")

    @property
    def definition(self) -> CommandDefinition:
        """The command as a session is told of it."""
        from copilot_sdk._generated.copilot.types import CommandDefinition

        if self.description is None:
            return CommandDefinition(name=self.name)
        return CommandDefinition(name=self.name, description=self.description)
