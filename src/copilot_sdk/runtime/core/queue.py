"""What waits for the agent of a session: queued messages and commands, and messages for the running turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import InvalidInput

Json = Mapping[str, object]
Delivery = Literal["idle", "queued", "steering"]


@dataclass(slots=True, eq=False)
class Prompt:
    """A message for the agent.

    Attributes:
        id: What `session.send` answered.
        text: What the model gets.
        display: What the timeline shows in its place.
        attachments: Files, selections and the like, as they came.
        agent_mode: The mode at the time of sending.
        source: Where it comes from; None for the user.
        delivery: How it reaches the agent.
        continuation: Whether the runtime sends the agent on with it in autopilot mode.
        headers: HTTP headers for the model requests of its turn.
        notice: Set for what the runtime itself has to say, such as the end of a background task.
        context: Messages that were sent along with it and come before it.
        bare: Whether the agent works on what was said so far, and this adds nothing. Nobody sees it in the queue,
            or takes it out alone.
        number: Its place in the order in which the queue got what it holds; also its id in the queue.
        edited: Whether its text was changed while it waited.
        done: Set once the agent has dealt with it.
    """

    id: str
    text: str
    display: str | None = None
    attachments: Sequence[Json] = ()
    agent_mode: str | None = None
    source: str | None = None
    delivery: Delivery = "idle"
    continuation: bool = False
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    notice: object = None
    context: Sequence[Prompt] = ()
    bare: bool = False
    number: int = 0
    edited: bool = False
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def shown(self) -> str:
        """The text that people see."""
        return self.display if self.display is not None else self.text

    @property
    def mode(self) -> str:
        """The mode of the agent that it was sent for."""
        return self.agent_mode or "interactive"


@dataclass(slots=True, eq=False)
class QueuedCommand:
    """A slash command that a client is to run when its turn has come.

    Attributes:
        text: The command line.
        display: What the timeline shows in its place.
        number: Its place in the order in which the queue got what it holds; also its id in the queue.
    """

    text: str
    display: str | None = None
    number: int = 0

    @property
    def shown(self) -> str:
        """The text that people see."""
        return self.display if self.display is not None else self.text


Entry = Prompt | QueuedCommand


class MessageQueue:
    """Messages and commands in the order in which the agent will take them.

    Attributes:
        paused: Whether nothing is taken but what goes into a turn as steering.
        waiting: What was queued, next one first.
    """

    def __init__(self) -> None:
        self.paused = False
        self.waiting: list[Entry] = []
        self._steering: list[Prompt] = []
        self._count = 0

    def __bool__(self) -> bool:
        """Whether anything can be taken now."""
        return bool(self._steering or (self.waiting and not self.paused))

    @property
    def has_pending(self) -> bool:
        """Whether it holds anything."""
        return bool(self._steering or self.waiting)

    @property
    def has_steering(self) -> bool:
        """Whether anything waits for the next step of the running turn."""
        return bool(self._steering)

    @property
    def visible(self) -> list[Entry]:
        """What was queued and is shown, next one first."""
        return [entry for entry in self.waiting if not (isinstance(entry, Prompt) and entry.bare)]

    @property
    def steering(self) -> list[Prompt]:
        """What was sent into the running turn and is not yet taken in."""
        return [prompt for prompt in self._steering if prompt.notice is None]

    def drop_notices(self, about: Callable[[object], bool]) -> bool:
        """Forgets what the runtime wanted to say of certain things; returns whether there was anything."""
        left = [prompt for prompt in self._steering if prompt.notice is None or not about(prompt.notice)]
        dropped = len(left) < len(self._steering)
        self._steering = left
        return dropped

    def put(self, entry: Entry, *, at: int | None = None) -> None:
        """Queues a message or a command: before the one at a position, or at the end."""
        self._number(entry)
        self.waiting.insert(len(self.waiting) if at is None else max(0, at), entry)

    def steer(self, prompt: Prompt) -> None:
        """Leaves a message for the next step of the running turn."""
        self._number(prompt)
        self._steering.append(prompt)

    def next(self) -> Entry | None:
        """Takes what comes next; a steering message that found no turn comes first."""
        if self._steering:
            return self._steering.pop(0)
        return self.waiting.pop(0) if self.waiting and not self.paused else None

    def take_steering(self) -> list[Prompt]:
        """Takes all messages for the running turn."""
        taken, self._steering = self._steering, []
        return taken

    def item(self, item_id: str) -> Entry:
        """The queued message or command with an id.

        Raises:
            InvalidInput: There is none.
        """
        for entry in self.waiting:
            if str(entry.number) == item_id:
                return entry
        raise InvalidInput(f"unknown queue item id '{item_id}'")

    def message(self, item_id: str, operation: str) -> Prompt:
        """The queued message with an id.

        Raises:
            InvalidInput: There is none, or it is a command.
        """
        entry = self.item(item_id)
        if isinstance(entry, Prompt):
            return entry
        raise InvalidInput(f"queue operation '{operation}' does not support item kind 'command'")

    def sent(self, message_id: str) -> Prompt | None:
        """The message that is known to its sender by an id."""
        messages: Iterable[Entry] = (*self.steering, *self.waiting)
        return next((e for e in messages if isinstance(e, Prompt) and e.id == message_id), None)

    def move(self, entry: Entry, position: int) -> bool:
        """Moves what is queued to another position.

        Returns:
            Whether it was elsewhere before.
        """
        before = self.waiting.index(entry)
        self.waiting.remove(entry)
        self.waiting.insert(max(0, position), entry)
        return self.waiting.index(entry) != before

    def duplicate(self, entry: Entry) -> Entry:
        """Queues a copy right behind what it was made from."""
        copy = (
            replace(entry, id=new_id(), done=asyncio.Event()) if isinstance(entry, Prompt) else replace(entry)
        )
        self.put(copy, at=self.waiting.index(entry) + 1)
        return copy

    def remove_newest(self) -> bool:
        """Drops what the user queued or sent into the turn last.

        Returns:
            Whether there was anything.
        """
        entries: list[Entry] = [*self.steering, *self.visible]
        if entries:
            self.drop(max(entries, key=lambda entry: entry.number))
        return bool(entries)

    def clear(self) -> bool:
        """Drops what users sent; what the runtime has to say stays.

        Returns:
            Whether there was anything.
        """
        dropped = [*self.steering, *self.waiting]
        for entry in dropped:
            self.drop(entry)
        return bool(dropped)

    def drop(self, entry: Entry) -> None:
        """Drops one message or command."""
        if isinstance(entry, Prompt):
            entry.done.set()
            if entry in self._steering:
                self._steering.remove(entry)
                return
        self.waiting.remove(entry)

    def _number(self, entry: Entry) -> None:
        entry.number = self._count
        self._count += 1
