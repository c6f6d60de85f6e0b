"""The tasks of a session: none outlives it, and none holds up its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

R = TypeVar("R")

_DRAIN_SECONDS = 1.0
_CANCEL_SECONDS = 5.0
_logger = logging.getLogger("copilot_sdk.session")


class TaskScope:
    """Owns tasks of two kinds: followers, which end by themselves when their events end, and handlers.

    Args:
        owner: Who owns them, for the log.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._followers: set[asyncio.Task[Any]] = set()
        self._handlers: set[asyncio.Task[Any]] = set()
        self._spared: set[asyncio.Task[Any]] = set()

    def follow(self, work: Coroutine[Any, Any, R]) -> asyncio.Task[R]:
        """Start a task that ends when its events end."""
        return self._spawn(work, self._followers)

    def handle(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task that is cancelled when the scope ends."""
        return self._spawn(work, self._handlers)

    @contextmanager
    def handling(self) -> Generator[None]:
        """Make the current task a handler for a while."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - only coroutines use this
        self._handlers.add(task)
        try:
            yield
        finally:
            self._handlers.discard(task)

    def spare_current_task(self) -> None:
        """Let the current task live on: it is the one that ends the scope, and it may be one of the scope's own."""
        task = asyncio.current_task()
        if task is not None:
            self._spared.add(task)
            task.add_done_callback(self._spared.discard)

    def cancel(self) -> None:
        """Ask the handlers to end."""
        for task in self._handlers - self._spared:
            task.cancel()

    async def settle(self) -> None:
        """Wait for the end of all tasks, in bounded time; a follower that takes long is cancelled too."""
        if followers := self._followers - self._spared:
            _, slow = await asyncio.wait(followers, timeout=_DRAIN_SECONDS)
            for task in slow:
                task.cancel()
        if tasks := (self._followers | self._handlers) - self._spared:
            _, stuck = await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)
            if stuck:
                _logger.error("%s: %d handlers go on although they were cancelled", self._owner, len(stuck))

    def _spawn(self, work: Coroutine[Any, Any, R], tasks: set[asyncio.Task[Any]]) -> asyncio.Task[R]:
        def done(task: asyncio.Task[R]) -> None:
            tasks.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                _logger.error("%s: a task failed", self._owner, exc_info=error)

        task = asyncio.get_running_loop().create_task(work)
        tasks.add(task)
        task.add_done_callback(done)
        return task
