"""What is on its way to one client: in order, without holding up whoever emits it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from copilot_sdk.errors import ConnectionClosed

_FAR_BEHIND = 1_000

ItemT = TypeVar("ItemT")


class Outbox(Generic[ItemT]):
    """Sends what is posted, one after the other. It ends with the connection.

    Args:
        send: Sends one item; raises `ConnectionClosed` when nothing can be sent any more.
    """

    def __init__(self, send: Callable[[ItemT], Awaitable[None]]) -> None:
        self._send = send
        self._waiting: deque[ItemT] = deque()
        self._posted = 0
        self._sent = 0
        self._closed = False
        self._more = asyncio.Event()
        self._moved = asyncio.Event()

    def post(self, item: ItemT) -> None:
        """Queues an item."""
        if not self._closed:
            self._waiting.append(item)
            self._posted += 1
            self._more.set()

    async def run(self) -> None:
        """Sends what is queued, until the connection ends."""
        try:
            while True:
                while self._waiting:
                    await self._send(self._waiting[0])
                    self._waiting.popleft()
                    self._sent += 1
                    self._wake()
                self._more.clear()
                await self._more.wait()
        except ConnectionClosed:
            return
        finally:
            self._closed = True
            self._waiting.clear()
            self._wake()

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def flush(self) -> None:
        """Returns once everything that is queued now has been sent, or the connection has ended."""
        goal = self._posted
        while self._sent < goal and not self._closed:
            await self._moved.wait()

    async def caught_up(self) -> None:
        """Returns once not too much is queued, or the connection has ended."""
        while len(self._waiting) > _FAR_BEHIND and not self._closed:
            await self._moved.wait()
