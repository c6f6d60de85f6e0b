"""What waits for the agent of a session: queued messages, and those that break into the running turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from copilot_sdk.runtime.core.payloads import Payload

Json = Mapping[str, object]


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
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    notice: Payload | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def shown(self) -> str:
        """The text that people see."""
        return self.display if self.display is not None else self.text


class MessageQueue:
    """Messages in the order in which the agent will take them."""

    def __init__(self) -> None:
        self._waiting: deque[Prompt] = deque()
        self._steering: deque[Prompt] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting or self._steering)

    @property
    def has_steering(self) -> bool:
        """Whether anything waits for the next step of the running turn."""
        return bool(self._steering)

    @property
    def waiting(self) -> list[Prompt]:
        """What the user queued, oldest first."""
        return [prompt for prompt in self._waiting if prompt.notice is None]

    @property
    def steering(self) -> list[Prompt]:
        """What was sent into the running turn and is not yet taken in."""
        return [prompt for prompt in self._steering if prompt.notice is None]

    def put(self, prompt: Prompt, *, first: bool = False) -> None:
        """Queues a message, at the end unless it is to be `first`."""
        (self._waiting.appendleft if first else self._waiting.append)(prompt)

    def steer(self, prompt: Prompt) -> None:
        """Leaves a message for the next step of the running turn."""
        self._steering.append(prompt)

    def next(self) -> Prompt | None:
        """Takes the next message for a turn of its own; a steering message that found no turn comes first."""
        for source in (self._steering, self._waiting):
            if source:
                return source.popleft()
        return None

    def take_steering(self) -> list[Prompt]:
        """Takes all messages for the running turn."""
        taken = list(self._steering)
        self._steering.clear()
        return taken

    def remove_newest(self) -> bool:
        """Drops the message that the user queued last.

        Returns:
            Whether there was one.
        """
        for prompt in reversed(self._waiting):
            if prompt.notice is None:
                self._waiting.remove(prompt)
                prompt.done.set()
                return True
        return False

    def clear(self) -> bool:
        """Drops what users sent; what the runtime has to say stays.

        Returns:
            Whether there was anything.
        """
        dropped = [*self.steering, *self.waiting]
        for prompt in dropped:
            (self._steering if prompt in self._steering else self._waiting).remove(prompt)
            prompt.done.set()
        return bool(dropped)
