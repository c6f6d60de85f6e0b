"""What happens while an agent works on a prompt, told alike for every protocol."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar

N_co = TypeVar("N_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Text(Generic[N_co]):
    """A piece of what the agent says.

    Attributes:
        text: The piece.
        native: The protocol's own event.
    """

    text: str
    native: N_co
    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Thinking(Generic[N_co]):
    """A piece of what the agent thinks.

    Attributes:
        text: The piece.
        native: The protocol's own event.
    """

    text: str
    native: N_co
    kind: Literal["thinking"] = "thinking"


ToolStatus: TypeAlias = Literal["running", "completed", "failed"]
"""How far a call of a tool is."""


@dataclass(frozen=True, slots=True)
class Tool(Generic[N_co]):
    """News of a call of a tool; several come of each call.

    Attributes:
        id: Identifier of the call.
        name: The tool, or what the agent calls the call where the protocol does not name tools. Empty in news that
            do not repeat it.
        status: How far it is.
        input: The arguments, where this event has them.
        output: What came of it, as text, where this event has it.
        native: The protocol's own event.
    """

    id: str
    name: str
    status: ToolStatus
    input: Any
    output: str | None
    native: N_co
    kind: Literal["tool"] = "tool"


class Permission:
    """The agent asks whether it may do something. Answer with `allow` or `deny`, from any thread.

    The first answer counts. The agent waits for it. What is not answered when the next event is asked for, or when the
    prompt is awaited or aborted, is denied.

    Attributes:
        title: What it wants to do, for a person.
        native: The protocol's own request.
    """

    __match_args__ = ("title",)
    kind: Literal["permission"] = "permission"

    def __init__(self, title: str, native: object) -> None:
        self.title = title
        self.native = native
        self._answer: Future[bool] = Future()

    def __repr__(self) -> str:
        answer = ("denied", "allowed")[self._answer.result()] if self._answer.done() else "open"
        return f"Permission({self.title!r}, {answer})"

    def allow(self) -> None:
        """Let it do that, this once."""
        self._set(allowed=True)

    def deny(self) -> None:
        """Do not let it do that."""
        self._set(allowed=False)

    def _set(self, *, allowed: bool) -> None:
        with suppress(InvalidStateError):
            self._answer.set_result(allowed)

    async def allowed(self) -> bool:
        """Wait for the answer."""
        try:
            return await asyncio.shield(asyncio.wrap_future(self._answer))
        except asyncio.CancelledError:
            # Nobody acts on an answer any more, and the loop may be gone by the time that one comes.
            self.deny()
            raise


@dataclass(frozen=True, slots=True)
class Other(Generic[N_co]):
    """Whatever else the protocol tells, what sub-agents do among it.

    Attributes:
        native: The protocol's own event.
    """

    native: N_co
    kind: Literal["other"] = "other"


@dataclass(frozen=True, slots=True)
class Done:
    """The agent is done with the prompt. The last event.

    Attributes:
        text: All that the agent has said.
        reason: `aborted`, or why it stopped in the words of the protocol; `end_turn` where it has none.
        native: The protocol's own result.
    """

    text: str
    reason: str
    native: Any
    kind: Literal["done"] = "done"


E = TypeVar("E")
AgentEvent: TypeAlias = Text[E] | Thinking[E] | Tool[E] | Permission | Other[E] | Done
