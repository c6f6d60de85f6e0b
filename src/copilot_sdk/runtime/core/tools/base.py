"""What a tool is, what it gets and what it returns."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, Self

from copilot_sdk.runtime.core.file_system import FileSystem
from copilot_sdk.runtime.core.payloads import Payload
from copilot_sdk.runtime.core.permission_rules import Ask

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.agent import Agent
    from copilot_sdk.runtime.core.session import Session

Arguments = Mapping[str, object]
ResultKind = Literal["success", "failure", "rejected", "denied", "timeout"]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool call came to.

    Attributes:
        text: What the model gets to read.
        kind: How it ended; `rejected` ends the turn.
        error: What went wrong, for people.
        detail: The whole result for a timeline, where `text` is shorter.
        contents: The result as structured blocks.
        members: Further members of the result by their wire names; where there are some, a failure has a result too.
        telemetry: Figures of the tool's own.
        ends_turn: Whether the model is not asked again after it.
        remark: What the conversation goes on with after the result.
        follows: An event to emit when the call is complete.
    """

    text: str
    kind: ResultKind = "success"
    error: str | None = None
    detail: str | None = None
    contents: Sequence[Mapping[str, object]] = ()
    members: Mapping[str, object] | None = None
    telemetry: Mapping[str, object] | None = None
    ends_turn: bool = False
    remark: str | None = None
    follows: Payload | None = None

    @classmethod
    def failure(cls, text: str) -> Self:
        """A result that says what went wrong, to the model and to people alike."""
        return cls(text, kind="failure", error=text)


class ToolError(Exception):
    """A tool cannot do what it is told; the text is for the model."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Where a tool call happens."""

    session: Session
    agent: Agent
    call_id: str

    @property
    def working_directory(self) -> Path:
        """Where relative paths begin."""
        return self.session.config.working_directory

    @property
    def files(self) -> FileSystem:
        """The files that tools see."""
        return self.session.storage.files

    def resolve(self, path: str) -> Path:
        """The absolute path of what a path leads to."""
        return self.files.resolve(self.working_directory, path)


class Tool(Protocol):
    """One tool."""

    @property
    def name(self) -> str:
        """The name the model calls it by."""
        ...

    @property
    def description(self) -> str:
        """What the model is told about it."""
        ...

    @property
    def parameters(self) -> Mapping[str, object]:
        """JSON schema of its arguments."""
        ...

    def asks(self, context: ToolContext, arguments: Arguments, /) -> Sequence[Ask] | Awaitable[Sequence[Ask]]:
        """What the user has to agree to first; awaitable where that has to be looked up."""
        ...

    async def run(self, context: ToolContext, arguments: Arguments, /) -> ToolResult:
        """Carries out a call.

        Raises:
            ToolError: The call cannot be carried out.
        """
        ...


class AsksNothing:
    """For tools that the user need not agree to."""

    def asks(self, _context: ToolContext, _arguments: Arguments, /) -> Sequence[Ask]:
        """Asks for nothing."""
        return ()


def schema(required: Sequence[str] = (), **properties: Mapping[str, object]) -> Mapping[str, object]:
    """JSON schema of an object."""
    return {"type": "object", "properties": properties, "required": list(required)}


def text(description: str) -> Mapping[str, object]:
    """JSON schema of a string."""
    return {"type": "string", "description": description}


def choice(description: str, *values: str) -> Mapping[str, object]:
    """JSON schema of a string with few values."""
    return {"type": "string", "description": description, "enum": list(values)}


def number(description: str) -> Mapping[str, object]:
    """JSON schema of a number."""
    return {"type": "number", "description": description}


def flag(description: str) -> Mapping[str, object]:
    """JSON schema of a boolean."""
    return {"type": "boolean", "description": description}


def text_argument(arguments: Arguments, name: str, default: str | None = None) -> str:
    """A string among the arguments.

    Raises:
        ToolError: It is missing and has no default, or is no string.
    """
    value = arguments.get(name, default)
    if isinstance(value, str):
        return value
    raise ToolError(f"The argument '{name}' has to be a string.")


def number_argument(arguments: Arguments, name: str, default: float) -> float:
    """A number among the arguments.

    Raises:
        ToolError: It is no number.
    """
    value = arguments.get(name, default)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ToolError(f"The argument '{name}' has to be a number.")


def flag_argument(arguments: Arguments, name: str, default: bool = False) -> bool:
    """A boolean among the arguments."""
    value = arguments.get(name, default)
    return value if isinstance(value, bool) else default
