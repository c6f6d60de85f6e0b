"""Tasks with an owner: none outlives it, and what one of them raises is not lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

_logger = logging.getLogger("copilot_sdk.runtime")

ResultT = TypeVar("ResultT")


class TaskScope:
    """Owns the tasks of one object and ends them with it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def start(self, work: Coroutine[Any, Any, ResultT], *, name: str) -> asyncio.Task[ResultT]:
        """Runs `work` as a task of this scope.

        Raises:
            RuntimeError: The scope has been closed.
        """
        if self._closed:
            work.close()
            raise RuntimeError(f"{self._name} is closed; {name} cannot be started")
        task = asyncio.get_running_loop().create_task(work, name=f"{self._name}: {name}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("%s failed", task.get_name(), exc_info=error)

    async def aclose(self) -> None:
        """Cancels every task and waits for its end; the calling task itself is spared."""
        self._closed = True
        current = asyncio.current_task()
        while others := {task for task in self._tasks if task is not current}:
            await end_all(others)


async def end_all(tasks: set[asyncio.Task[Any]]) -> None:
    """Cancels tasks and waits until each of them has ended, however it ends."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
