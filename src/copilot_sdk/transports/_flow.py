"""A bounded path of messages: a gate to send through, an inbox to receive from, a lane of both."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sized
from copy import copy
from typing import Generic, TypeVar

from copilot_sdk.errors import ConnectionClosed, CopilotError, UsageError

DEFAULT_BUFFER = 1024 * 1024

M = TypeVar("M", bound=Sized)


class Inbox(Generic[M]):
    """Messages that have come and wait for the one receiver.

    Args:
        limit: How many bytes may wait, or whatever the length of a message counts. A message that goes beyond is
            still taken, then `pause` is called.
        pause: Asks whoever fills the inbox to stop.
        resume: Asks it to go on, called when half of the room is free again.
    """

    def __init__(self, limit: int, *, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        self._limit = limit
        self._pause = pause
        self._resume = resume
        self._messages: deque[M] = deque()
        self._size = 0
        self._paused = False
        self._receiver: asyncio.Future[None] | None = None
        self._listener: Callable[[M], None] | None = None
        self._reason: CopilotError | None = None

    def listen(self, listener: Callable[[M], None]) -> None:
        """Give messages to a function as they come; `pull` gives those from before, and the end."""
        self._listener = listener

    @property
    def waiting(self) -> bool:
        """Whether `pull` gives a message at once."""
        return bool(self._messages)

    def push(self, message: M) -> None:
        """Add a message. After the end it is dropped: nobody will ask for it."""
        if self._reason is not None:
            return
        if self._listener is not None and not self._messages:
            self._listener(message)
            return
        self._messages.append(message)
        self._size += len(message)
        if self._size > self._limit and not self._paused:
            self._paused = True
            self._pause()
        self._wake()

    def end(self, reason: CopilotError, *, discard: bool = False) -> None:
        """Let `pull` raise the reason once the messages are gone; the first reason stays.

        Args:
            reason: What to raise, as a new copy each time.
            discard: Drop the messages that wait.
        """
        if discard:
            self._messages.clear()
            self._size = 0
            self._resume_if_paused()
        if self._reason is None:
            self._reason = reason
        self._wake()

    async def pull(self) -> M:
        """Give the oldest message, waiting for one if need be.

        Raises:
            CopilotError: The reason of the end.
            UsageError: Another task waits here already.
        """
        while not self._messages:
            if self._reason is not None:
                raise copy(self._reason)
            if self._receiver is not None:
                raise UsageError("another task is receiving here; let one task receive")
            self._receiver = asyncio.get_running_loop().create_future()
            try:
                await self._receiver
            finally:
                self._receiver = None
        message = self._messages.popleft()
        self._size -= len(message)
        if self._size * 2 <= self._limit:
            self._resume_if_paused()
        return message

    def _resume_if_paused(self) -> None:
        if self._paused:
            self._paused = False
            self._resume()

    def _wake(self) -> None:
        if self._receiver is not None and not self._receiver.done():
            self._receiver.set_result(None)


class Gate:
    """Lets senders through one after the other, as long as the far end has room."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._paused = False
        self._room: asyncio.Future[None] | None = None
        self._reason: ConnectionClosed | None = None

    def pause(self) -> None:
        """Hold senders back."""
        self._paused = True

    def resume(self) -> None:
        """Let senders through again."""
        self._paused = False
        self._wake()

    def shut(self, reason: ConnectionClosed) -> None:
        """Turn all senders away from now on, also those that wait; the first reason stays."""
        if self._reason is None:
            self._reason = reason
        self._wake()

    async def send(self, write: Callable[[M], None], data: M) -> None:
        """Call `write` when it is this sender's turn and there is room, and wait until there is room again.

        A sender that is cancelled has either written all of its message or nothing.

        Raises:
            ConnectionClosed: The reason given to `shut`.
        """
        if self.is_free:
            write(data)
            if self._is_open():
                return
            async with self._turn:
                await self._wait_for_room()
        else:
            async with self._turn:
                await self._wait_for_room()
                write(data)
                await self._wait_for_room()

    async def wait_for_room(self) -> None:
        """Wait until a sender would not have to.

        Raises:
            ConnectionClosed: The reason given to `shut`.
        """
        async with self._turn:
            await self._wait_for_room()

    @property
    def is_free(self) -> bool:
        """Whether a sender would not have to wait."""
        return self._is_open() and not self._turn.locked()

    def _is_open(self) -> bool:
        return not self._paused and self._reason is None

    async def _wait_for_room(self) -> None:
        while self._paused and self._reason is None:
            self._room = asyncio.get_running_loop().create_future()
            try:
                await self._room
            finally:
                self._room = None
        if self._reason is not None:
            raise copy(self._reason)

    def _wake(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)


class Lane(Generic[M]):
    """One direction inside an event loop: the gate where messages go in, the inbox where they come out.

    Args:
        buffer: How many bytes may wait before senders do.
    """

    def __init__(self, buffer: int = DEFAULT_BUFFER) -> None:
        self.gate = Gate()
        self.inbox = Inbox[M](buffer, pause=self.gate.pause, resume=self.gate.resume)

    async def send(self, data: M) -> None:
        """Put a message in, and wait until there is room for another.

        Raises:
            ConnectionClosed: The reason of the end.
        """
        await self.gate.send(self.inbox.push, data)

    def end(self, reason: ConnectionClosed, *, discard: bool = False) -> None:
        """Let nothing in any more; the first reason stays.

        Args:
            reason: What senders get, and the receiver when the messages are gone.
            discard: Drop the messages that wait.
        """
        self.gate.shut(reason)
        self.inbox.end(reason, discard=discard)
