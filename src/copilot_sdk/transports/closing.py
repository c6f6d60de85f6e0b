"""Closing that happens once, whoever asks for it and however often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class CloseOnce:
    """Runs one closing procedure in a task of its own; every caller waits for that same task.

    A caller that is cancelled leaves the procedure running, so it has to end in bounded time by itself.
    """

    def __init__(self, procedure: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._procedure = procedure
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> asyncio.Task[None]:
        """Start closing without waiting for it."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._procedure())
        return self._task

    async def __call__(self) -> None:
        """Close, or wait until it is closed."""
        await asyncio.shield(self.begin())


async def wait_at_most(seconds: float, event: asyncio.Event) -> bool:
    """Wait for an event and tell whether it came in time."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
