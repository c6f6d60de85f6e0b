"""What happens in a session, told to all who listen: each has a bounded queue of its own."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from copilot_sdk._model import VerbatimModel
from copilot_sdk.runtime.tau.pulse import Pulse

_MOST_WAITING = 10_000
_FAR_BEHIND = 1_000
_STUCK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Told:
    """One frame on its way.

    Attributes:
        frame: The frame.
        prompt: The id of the prompt that it quotes; None where it quotes none.
        followers_only: Whether it is for those alone who follow the session.
    """

    frame: VerbatimModel
    prompt: str | None = None
    followers_only: bool = False


class Listener:
    """One who listens.

    Args:
        channel: What is listened to.
        prompt: The id of the prompt of a chat; None for somebody who follows the session.
    """

    def __init__(self, channel: Channel, prompt: str | None) -> None:
        self._channel = channel
        self._prompt = prompt
        self._waiting: deque[VerbatimModel] = deque()
        self._more = asyncio.Event()
        self.lost = False

    @property
    def far_behind(self) -> bool:
        """Whether it takes what is told more slowly than that comes."""
        return not self.lost and len(self._waiting) > _FAR_BEHIND

    def tell(self, told: Told) -> None:
        """Queue a frame, if it is for this listener; one that is much too slow is given up."""
        if self.lost or (self._prompt is not None and (told.followers_only or told.prompt == self._prompt)):
            return
        if len(self._waiting) >= _MOST_WAITING:
            self.give_up()
        else:
            self._waiting.append(told.frame)
            self._more.set()

    def give_up(self) -> None:
        """Tell it nothing more; what waits is still given."""
        self.lost = True
        self._more.set()
        self._channel.moved.beat()

    async def next(self) -> VerbatimModel | None:
        """The next frame, waiting for one if need be; None for a listener that was given up."""
        while not self._waiting:
            if self.lost:
                return None
            self._more.clear()
            await self._more.wait()
        frame = self._waiting.popleft()
        self._channel.moved.beat()
        return frame

    def leave(self) -> None:
        """Listen no more."""
        self.lost = True
        self._channel.remove(self)


class Channel:
    """The listeners of one session.

    Attributes:
        moved: Beats when a listener has taken something, or is gone.
    """

    def __init__(self) -> None:
        self.moved = Pulse()
        self._listeners: list[Listener] = []

    def listen(self, *, prompt: str | None = None) -> Listener:
        """Add a listener; see `Listener`."""
        listener = Listener(self, prompt)
        self._listeners.append(listener)
        return listener

    def remove(self, listener: Listener) -> None:
        """Take a listener away."""
        if listener in self._listeners:
            self._listeners.remove(listener)
        self.moved.beat()

    def tell(self, frame: VerbatimModel, *, prompt: str | None = None, followers_only: bool = False) -> None:
        """Tell everybody; see `Told`."""
        for listener in list(self._listeners):
            listener.tell(Told(frame, prompt, followers_only))

    async def caught_up(self) -> None:
        """Return once nobody is far behind; one who then takes nothing for some seconds is given up."""
        while slow := [listener for listener in self._listeners if listener.far_behind]:
            try:
                async with asyncio.timeout(_STUCK_SECONDS):
                    await self.moved.wait()
            except TimeoutError:
                for listener in slow:
                    listener.give_up()
