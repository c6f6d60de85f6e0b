"""What is awaited for its result and iterated over for its events: turns, whatever their protocol."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Generator
from copy import copy
from typing import Any, Generic, Self, TypeVar

from copilot_sdk._subscriptions import EventStream
from copilot_sdk.errors import CopilotError

E = TypeVar("E")
R = TypeVar("R")


class Underway(Generic[E, R]):
    """Something on its way; it goes on whether or not somebody waits for it.

    Args:
        buffer: How many events may wait for who iterates.
        logger: What is told of a failure that nobody has waited for.
    """

    def __init__(self, buffer: int, logger: logging.Logger) -> None:
        # For `__del__`, should the next lines fail.
        self._watched = True
        self._logger = logger
        self._events: EventStream[E] = EventStream(buffer=buffer)
        self._outcome: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiters: list[asyncio.Future[None]] = []
        self._watched = False

    def __del__(self) -> None:
        if not self._watched and self.done and (error := self._outcome.exception()) is not None:
            self._logger.error("a turn failed, and nobody has waited for it: %s", error)

    @property
    def done(self) -> bool:
        """True once it has ended, well or not."""
        return self._outcome.done()

    def __await__(self) -> Generator[Any, None, R]:
        self._watched = True
        return self._wait().__await__()

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Coroutine[Any, Any, E]:
        self._watched = True
        return self._events.__anext__()

    async def _wait(self) -> R:
        if not self.done:
            # Not the outcome itself: who waits for it and is cancelled would cancel it.
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        try:
            return self._outcome.result()
        except CopilotError as error:
            # An exception for each who waits: a traceback grows with every raise.
            raise copy(error) from error.__cause__

    def _succeed(self, result: R) -> None:
        """End it with what has come of it, unless it has ended."""
        if not self.done:
            self._outcome.set_result(result)
            self._ended(None)

    def _fail(self, error: CopilotError) -> None:
        """End it with an error, unless it has ended."""
        if not self.done:
            self._outcome.set_exception(error)
            self._outcome.exception()
            self._ended(error)

    def _ended(self, error: CopilotError | None) -> None:
        """Let go who waits and who iterates."""
        self._events.end(error)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
