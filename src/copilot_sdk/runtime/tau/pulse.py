"""Waiting for anything to change."""

from __future__ import annotations

import asyncio


class Pulse:
    """Wakes all who wait whenever it beats."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def beat(self) -> None:
        """Wake them."""
        beaten, self._next = self._next, asyncio.Event()
        beaten.set()

    async def wait(self) -> None:
        """Return at the next beat."""
        await self._next.wait()
