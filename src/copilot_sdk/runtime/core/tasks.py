"""Background tasks of a session: agents and shell commands that go on while the main agent does something else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.clients import ClientPort
from copilot_sdk.runtime.core.clock import now

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.client_tasks import ClientTask
    from copilot_sdk.runtime.core.session import Session
    from copilot_sdk.runtime.core.shells import ShellTask
    from copilot_sdk.runtime.core.sub_agents import AgentTask

Task: TypeAlias = "AgentTask | ShellTask | ClientTask"
TaskT = TypeVar("TaskT", "AgentTask", "ShellTask")

Status = Literal["running", "idle", "completed", "failed", "cancelled", "orphaned"]
Mode = Literal["sync", "background"]


class TaskProgress:
    """The state of a task, and who waits for it.

    Attributes:
        detached: Whether the session is at rest although it runs.
    """

    def __init__(self, session: Session, mode: Mode, *, detached: bool = False) -> None:
        self._session = session
        self.detached = detached
        self.mode: Mode = mode
        self.status: Status = "running"
        self.started_at = now()
        self.completed_at = self.started_at
        self._waiters = 0
        self._ended = asyncio.Event()
        self._promoted = asyncio.Event()

    @property
    def running(self) -> bool:
        """Whether it is at work."""
        return self.status == "running"

    @property
    def promotable(self) -> bool:
        """Whether somebody waits for it who could stop waiting."""
        return self.running and self.mode == "sync" and self._waiters > 0

    def restart(self) -> None:
        """Puts a task back to work, in the background."""
        self.status, self.mode = "running", "background"
        self._ended.clear()
        self._changed()

    def end(self, status: Status) -> None:
        """Records the end."""
        self.status = status
        self.completed_at = now()
        self._ended.set()
        self._changed()

    def promote(self) -> bool:
        """Moves it to the background.

        Returns:
            Whether that was possible.
        """
        if not self.promotable:
            return False
        self.to_background()
        return True

    def to_background(self) -> None:
        """Records that nobody waits for it any longer."""
        self.mode = "background"
        self._promoted.set()
        self._changed()

    async def wait(self, seconds: float | None = None) -> bool:
        """Waits until the task ends, is moved to the background, or time is up.

        Returns:
            Whether it has ended.
        """
        self._waiters += 1
        self._changed()
        ended = asyncio.ensure_future(self._ended.wait())
        promoted = asyncio.ensure_future(self._promoted.wait())
        try:
            await asyncio.wait({ended, promoted}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiters -= 1
            ended.cancel()
            promoted.cancel()
        return self._ended.is_set()

    def _changed(self) -> None:
        self._session.tasks.changed()


class TaskRegistry:
    """The tasks of one session, in the order in which they were started."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._tasks: dict[str, Task] = {}
        self._moved = asyncio.Event()

    def __iter__(self) -> Iterator[Task]:
        return iter(list(self._tasks.values()))

    @property
    def busy(self) -> bool:
        """Whether any task is at work that the session is not at rest with."""
        return any(task.progress.running and not task.progress.detached for task in self)

    def add(self, task: Task) -> None:
        """Starts to track a task."""
        self._tasks[task.id] = task
        self.changed()

    def get(self, task_id: str) -> Task | None:
        """The task with an id."""
        return self._tasks.get(task_id)

    def find(self, task_id: str, kind: type[TaskT]) -> TaskT | None:
        """The task with an id, if it is of the given kind."""
        task = self._tasks.get(task_id)
        return task if isinstance(task, kind) else None

    def free_id(self, wanted: str) -> str:
        """An id that no task has: the wanted one, or that with a number."""
        number, free = 1, wanted
        while free in self._tasks:
            number += 1
            free = f"{wanted}-{number}"
        return free

    def promotable(self) -> Task | None:
        """The first task that could be moved to the background, agents before shell commands."""
        waiting = [task for task in self if task.progress.promotable]
        return min(waiting, key=lambda task: task.kind != "agent", default=None)

    async def cancel(self, task_id: str) -> bool:
        """Stops a task.

        Returns:
            Whether there was anything to stop, and it is stopped.
        """
        task = self.get(task_id)
        if task is None or task.progress.status not in ("running", "idle"):
            return False
        return await task.stop()

    def remove(self, task_id: str) -> bool:
        """Stops to track a task that has ended.

        Returns:
            Whether it was tracked and had ended.
        """
        task = self.get(task_id)
        if task is None or task.progress.status in ("running", "idle"):
            return False
        del self._tasks[task_id]
        self.changed()
        return True

    def changed(self) -> None:
        """Tells clients, and whoever waits for the tasks, that something is different."""
        self._session.emit(types.SessionBackgroundTasksChangedData())
        self.wake()

    def wake(self) -> None:
        """Lets whoever waits for the session to settle look again."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def wait_for_pending(self, seconds: float) -> None:
        """Waits until no task is at work and no turn runs that one of them set off, or until time is up."""
        try:
            async with asyncio.timeout(seconds):
                while self.busy or self._session.turns.processing:
                    await self._moved.wait()
        except TimeoutError:
            return

    async def refresh(self) -> None:
        """Looks again at the tasks whose state lives outside of the runtime."""
        for task in self:
            await task.refresh()

    async def stop_agents(self) -> int:
        """Stops every agent that is at work.

        Returns:
            How many there were.
        """
        agents = [task for task in self if task.kind == "agent" and task.progress.running]
        for task in agents:
            await task.stop()
        return len(agents)

    async def stop_attached_shells(self) -> None:
        """Stops the shell commands whose output comes to the runtime, and tracks them no more."""
        for task in self:
            if task.kind == "shell" and task.progress.running and not task.detached:
                await task.stop()
                self.remove(task.id)

    async def stop_all(self) -> None:
        """Stops every task; those of clients go on without the session."""
        for task in self:
            if task.progress.running and task.kind != "client":
                await task.stop()

    def orphan(self, port: ClientPort) -> None:
        """Records that a client is gone that may have tasks of its own."""
        for task in self:
            if task.kind == "client" and task.is_of(port):
                task.orphan()
