"""Work without an end, for tests of what ends it."""

from __future__ import annotations

import asyncio
from typing import NoReturn


class Hang:
    """Work that goes on until it is cancelled.

    Attributes:
        begun: Is set when it has begun.
        ended: Is set when it has been cancelled.
    """

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()

    async def forever(self) -> NoReturn:
        """Begins, and does not end by itself."""
        self.begun.set()
        try:
            await asyncio.Event().wait()
            raise AssertionError
        finally:
            self.ended.set()
