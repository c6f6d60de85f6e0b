"""What waits for the agent of a session: queued messages and commands, and messages for the running turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from copilot_sdk.runtime.core.payloads import Payload

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
    notice: Payload | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def shown(self) -> str:
        """The text that people see."""
        return self.display if self.display is not None else self.text


@dataclass(slots=True, eq=False)
class QueuedCommand:
    """A slash command that a client is to run when its turn has come.

    Attributes:
        id: What `session.commands.enqueue` answered.
        text: The command line.
        display: What the timeline shows in its place.
    """

    id: str
    text: str
    display: str | None = None

    @property
    def shown(self) -> str:
        """The text that people see."""
        return self.display if self.display is not None else self.text


Entry = Prompt | QueuedCommand


class MessageQueue:
    """Messages and commands in the order in which the agent will take them."""

    def __init__(self) -> None:
        self._waiting: deque[Entry] = deque()
        self._steering: deque[Prompt] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting or self._steering)

    @property
    def has_steering(self) -> bool:
        """Whether anything waits for the next step of the running turn."""
        return bool(self._steering)

    @property
    def waiting(self) -> list[Entry]:
        """What the user queued, oldest first."""
        return [entry for entry in self._waiting if not _is_notice(entry)]

    @property
    def steering(self) -> list[Prompt]:
        """What was sent into the running turn and is not yet taken in."""
        return [prompt for prompt in self._steering if prompt.notice is None]

    def put(self, entry: Entry, *, first: bool = False) -> None:
        """Queues a message or a command, at the end unless it is to be `first`."""
        (self._waiting.appendleft if first else self._waiting.append)(entry)

    def steer(self, prompt: Prompt) -> None:
        """Leaves a message for the next step of the running turn."""
        self._steering.append(prompt)

    def next(self) -> Entry | None:
        """Takes what comes next; a steering message that found no turn comes first."""
        if self._steering:
            return self._steering.popleft()
        return self._waiting.popleft() if self._waiting else None

    def take_steering(self) -> list[Prompt]:
        """Takes all messages for the running turn."""
        taken = list(self._steering)
        self._steering.clear()
        return taken

    def remove_newest(self) -> bool:
        """Drops what the user queued last.

        Returns:
            Whether there was anything.
        """
        waiting = self.waiting
        if waiting:
            self._drop(waiting[-1])
        return bool(waiting)

    def clear(self) -> bool:
        """Drops what users sent; what the runtime has to say stays.

        Returns:
            Whether there was anything.
        """
        dropped = [*self.steering, *self.waiting]
        for entry in dropped:
            self._drop(entry)
        return bool(dropped)

    def _drop(self, entry: Entry) -> None:
        if isinstance(entry, Prompt):
            entry.done.set()
            if entry in self._steering:
                self._steering.remove(entry)
                return
        self._waiting.remove(entry)


def _is_notice(entry: Entry) -> bool:
    return isinstance(entry, Prompt) and entry.notice is not None
