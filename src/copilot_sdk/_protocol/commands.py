"""The client's side of synaps as a state machine: ids, answers, and what comes before them; no input or output.

A command has a name, `id`, which its answer repeats. What starts a turn is answered when the turn is over, and until
then the child tells of the turn in frames without a name. An error with a name is the end of any command but one that
has started a turn: there it tells why the turn fails, and `agent_end` and the answer follow. A turn that was refused
has the same error and nothing more, so what comes next tells the two apart. For something to come, somebody asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from copilot_sdk._protocol.messages import JsonObject, MalformedMessage, read_object, write_object
from copilot_sdk.errors import ConnectionClosed, UsageError

MAX_COMMAND = 1024 * 1024
"""The longest line that a child takes, in bytes."""

_OWN_TURN = "auto_turn"
"""What answers the child itself, where it began a turn that nobody asked for."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A command has its answer."""

    id: str
    frame: JsonObject


@dataclass(frozen=True, slots=True)
class Refused:
    """A command has failed."""

    id: str
    message: str


@dataclass(frozen=True, slots=True)
class Doubted:
    """An error came, and the next frames tell whether the command of that name is refused; ask for one."""

    id: str


@dataclass(frozen=True, slots=True)
class Told:
    """The child tells something.

    Attributes:
        frame: What.
        id: The command that it is about; None where it is about none, or about the turn that runs.
    """

    frame: JsonObject
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that means nothing; the connection goes on."""

    problem: str


Happening: TypeAlias = Answered | Refused | Doubted | Told | Malformed


@dataclass(slots=True)
class _Open:
    """A command without an answer."""

    answers: frozenset[str]
    starts_turn: bool


@dataclass(slots=True)
class _Doubt:
    """A command whose error has come, and whether a turn has ended since."""

    refusal: Refused
    turn_ended: bool = False


class Commands:
    """Which commands are open, and whose turn runs."""

    def __init__(self) -> None:
        self._last = 0
        self._open: dict[str, _Open] = {}
        self._doubt: _Doubt | None = None
        self._closed = False

    def next_id(self) -> str:
        """A name for a command that none had before."""
        self._last += 1
        return f"c{self._last}"

    def command(
        self, id: str | None, fields: Mapping[str, Any], answers: frozenset[str], *, starts_turn: bool = False
    ) -> bytes:
        """Open a command.

        Args:
            id: Its name, None for one that is not answered.
            fields: All that is sent.
            answers: What answers it, as `command` of the answer; another one only precedes the answer.
            starts_turn: Whether the answer is the end of a turn.

        Returns:
            The bytes to send.

        Raises:
            UsageError: The fields have no form in JSON, or more than a line may have.
            ConnectionClosed: `close` was called.
        """
        if self._closed:
            raise ConnectionClosed("nothing can be sent over it any more")
        data = write_object(dict(fields), lambda: f"the command {fields.get('type')}")
        if len(data) > MAX_COMMAND:
            raise UsageError(
                f"the command {fields.get('type')} has {len(data)} bytes, and the agent takes {MAX_COMMAND}; "
                "attach a file in place of a long text"
            )
        if id is not None:
            self._open[id] = _Open(answers, starts_turn)
        return data

    def forget(self, id: str) -> None:
        """Wait no longer for the answer to a command: one that comes is told like anything else."""
        self._open.pop(id, None)
        if self._doubt is not None and self._doubt.refusal.id == id:
            self._doubt = None

    def receive(self, data: bytes) -> list[Happening]:
        """Take in a line and say what it means. Nothing in it makes this raise."""
        try:
            frame = read_object(data)
        except MalformedMessage as problem:
            return [Malformed(str(problem)), *self._unreadable(problem)]
        kind = frame.get("type")
        if not isinstance(kind, str):
            return [Malformed("a frame needs a type")]
        cleared = self._cleared(kind, frame)
        if kind == "response":
            return [*cleared, self._response(frame)]
        if kind == "error":
            return [*cleared, *self._error(frame)]
        return [*cleared, Told(frame)]

    def close(self) -> tuple[str, ...]:
        """Open no more commands, and forget those that are open.

        Returns:
            Their names, oldest first.
        """
        self._closed = True
        names = tuple(self._open)
        self._open.clear()
        self._doubt = None
        return names

    def _turn(self) -> _Open | None:
        """The oldest command that waits for the end of a turn: those behind it are refused."""
        return next((command for command in self._open.values() if command.starts_turn), None)

    def _cleared(self, kind: str, frame: JsonObject) -> list[Happening]:
        """What becomes of a command whose error came before a frame."""
        doubt = self._doubt
        if doubt is None:
            return []
        refusal = doubt.refusal
        if kind == "agent_end":
            # Of this turn or of one that the child began by itself: the answer that follows tells.
            doubt.turn_ended = True
            return []
        if kind == "response" and frame.get("id") == refusal.id:
            self._doubt = None
            return []
        if doubt.turn_ended and not (kind == "response" and frame.get("command") == _OWN_TURN):
            return []
        self._doubt = None
        return [refusal] if self._open.pop(refusal.id, None) is not None else []

    def _unreadable(self, problem: MalformedMessage) -> list[Happening]:
        """What becomes of a command whose answer is no JSON."""
        name = problem.reply_to
        if not isinstance(name, str) or self._open.pop(name, None) is None:
            return []
        return [Refused(name, f"the answer is malformed: {problem}")]

    def _response(self, frame: JsonObject) -> Happening:
        name, answer = frame.get("id"), frame.get("command")
        command = self._open.get(name) if isinstance(name, str) else None
        if command is None or not isinstance(name, str):
            return (
                Told(frame) if isinstance(answer, str) else Malformed("a response needs an id and a command")
            )
        if not isinstance(answer, str):
            # Unreadable as it is, it ends the command; otherwise that would wait for nothing.
            del self._open[name]
            return Refused(name, "the answer is malformed: it names no command")
        if answer not in command.answers:
            return Told(frame, name)
        del self._open[name]
        return Answered(name, frame)

    def _error(self, frame: JsonObject) -> list[Happening]:
        name, said = frame.get("id"), frame.get("message")
        message = said if isinstance(said, str) else "the error came without a message"
        command = self._open.get(name) if isinstance(name, str) else None
        if command is None or not isinstance(name, str):
            return [Told(frame)]
        if command.starts_turn and command is self._turn():
            self._doubt = _Doubt(Refused(name, message))
            return [Told(frame, name), Doubted(name)]
        del self._open[name]
        return [Told(frame, name), Refused(name, message)]
