"""Gives tasks that are ready to sessions of their own, as many at once as may be."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from copilot_sdk._generated.tau.types import (
    BudgetExhaustedReason,
    DependencyReason,
    FileConflictReason,
    TaskWaitReason,
    TaskWaitReasonBudgetExhausted,
    TaskWaitReasonDependency,
    TaskWaitReasonFileConflict,
)
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.scope import TaskScope
from copilot_sdk.runtime.tau.board import ENDED, IN_FLIGHT, Board, Task
from copilot_sdk.runtime.tau.live import LiveSession
from copilot_sdk.runtime.tau.sessions import Sessions
from copilot_sdk.runtime.tau.tree import Node
from copilot_sdk.runtime.tau.worktrees import Worktree, Worktrees

MOST_AT_ONCE = 4
QUEUED = ("planning", "refining", "ready")

_logger = logging.getLogger("copilot_sdk.runtime")


class Scheduler:
    """Works the boards of all projects off.

    Attributes:
        paused: Whether nothing is begun any more.
    """

    def __init__(self, board: Board, sessions: Sessions, worktrees: Worktrees, scope: TaskScope) -> None:
        self.paused = False
        self._worktrees = worktrees
        self._board = board
        self._sessions = sessions
        self._scope = scope
        self._leaving: set[int] = set()
        sessions.on_rest = self._rested
        self._take_up()

    def _take_up(self) -> None:
        """Go on where the daemon before has ended."""
        for task in self._board:
            if task.state == "merging":
                self._board.change(task, None, {"state": "approved"})
            elif task.state == "active" and (worker := self._worker(task)) is not None:
                if worker.last_exit_status is None:
                    self._fail(task, RuntimeFault("the daemon has ended while this was worked at"))
                else:
                    self._ended(task, worker.last_exit_status)
        self.look()

    def _worker(self, task: Task) -> Node | None:
        """The session that was made for a task; None for one that somebody gave it to."""
        tree = self._sessions.tree
        node = None if task.session_id is None or task.session_id not in tree else tree[task.session_id]
        return node if node is not None and (node.tagline or "").startswith(_tagline(task)) else None

    def in_flight(self, project: str) -> list[Task]:
        """The tasks of a project that are worked at."""
        return [task for task in self._board.of(project) if task.state in IN_FLIGHT]

    def reasons(self, task: Task) -> Sequence[TaskWaitReason]:
        """Why a task is not worked at yet, all that can be said."""
        found: list[TaskWaitReason] = [
            TaskWaitReasonDependency(
                dependency=DependencyReason(
                    task_id=other.id, title=other.title, state=other.state, project_name=other.project
                )
            )
            for other in self._board.needs(task)
        ]
        at_work = [other for other in self.in_flight(task.project) if other is not task]
        for other in at_work:
            if shared := sorted(task.files & other.files):
                conflict = FileConflictReason(files=shared, with_task_id=other.id)
                found.append(TaskWaitReasonFileConflict(file_conflict=conflict))
        if len(at_work) >= MOST_AT_ONCE:
            budget = BudgetExhaustedReason(used=len(at_work), max=MOST_AT_ONCE)
            found.append(TaskWaitReasonBudgetExhausted(budget_exhausted=budget))
        return found

    def look(self) -> None:
        """Begin with all tasks that wait for nothing any more, merge what is approved, and clear up what has ended."""
        if self.paused:
            return
        for project in dict.fromkeys(task.project for task in self._board):
            for task in self._board.of(project):
                if task.state == "ready" and not self.reasons(task):
                    self._board.change(task, None, {"state": "active"})
                    self._scope.start(self._work(task), name=f"task {task.id}")
                elif task.state == "approved" and task.worktree is not None:
                    self._board.change(task, None, {"state": "merging"})
                    self._scope.start(self._merge(task, task.worktree), name=f"merge of task {task.id}")
                elif task.state in ENDED and task.worktree is not None and task.id not in self._leaving:
                    self._leaving.add(task.id)
                    self._scope.start(self._clear_up(task, task.worktree), name=f"end of task {task.id}")

    async def _work(self, task: Task) -> None:
        try:
            folder = await self._folder(task)
            if task.state != "active":
                # Somebody has thought better of it.
                self.look()
                return
            session = await self._sessions.make(self._node(task, folder))
        except RuntimeFault as fault:
            self._fail(task, fault)
            return
        except asyncio.CancelledError:
            # The next daemon begins with it.
            self._board.change(task, None, {"state": "ready"})
            raise
        self._board.assign(task, session.node.id, "worker")
        if task.state == "active":
            session.send(_prompt(task))

    async def _folder(self, task: Task) -> str:
        """Where a task is worked at: in a worktree, if its project is in a repository."""
        project = self._sessions.tree.projects.get(task.project)
        if project is None:
            return str(Path.cwd())

        def note(worktree: Worktree) -> None:
            task.worktree = worktree
            self._board.change(task, None, {"branch": worktree.branch})

        if task.worktree is None:
            await self._worktrees.make(task.id, project, note)
        return project if task.worktree is None else str(task.worktree.folder_of(project))

    def _node(self, task: Task, folder: str) -> Node:
        return Node(
            id=self._sessions.tree.new_id(),
            cwd=folder,
            tagline=f"{_tagline(task)}{task.title}",
            project_name=task.project,
            sandbox_profile=task.sandbox_profile,
        )

    def _rested(self, session: LiveSession) -> None:
        """What the end of a session's work means for its tasks."""
        for task in self._board:
            if task.session_id == session.node.id and task.state == "active":
                self._ended(task, session.narrator.exit_status)
        self.look()

    def _ended(self, task: Task, exit_status: str | None) -> None:
        if exit_status != "completed":
            self._become(task, "failed")
        elif task.worktree is None:
            self._become(task, _next_state(task))
        else:
            self._scope.start(self._keep(task, task.worktree), name=f"work of task {task.id}")

    async def _keep(self, task: Task, worktree: Worktree) -> None:
        """Commits what was done."""
        try:
            has_work = await self._worktrees.keep(worktree, _commit_message(task))
        except RuntimeFault as fault:
            self._fail(task, fault)
            return
        if task.state == "active":
            self._become(task, _next_state_in_repository(task, has_work=has_work))

    async def _merge(self, task: Task, worktree: Worktree) -> None:
        try:
            # Somebody may have approved what has failed.
            await self._worktrees.keep(worktree, _commit_message(task))
            await self._worktrees.merge(worktree, f"Merge task {task.id}: {task.title}")
        except RuntimeFault as fault:
            self._fail(task, fault)
            return
        self._become(task, "merged")

    async def _clear_up(self, task: Task, worktree: Worktree) -> None:
        """Removes a worktree; sessions that work in it go to the folder of their project."""
        project = self._sessions.tree.projects.get(task.project, worktree.root)
        try:
            for role in task.roles:
                await self._sessions.leave_folder(role.session_id, Path(worktree.path), project)
            await self._worktrees.remove(worktree, _commit_message(task))
            task.worktree = None
            self._board.save()
        except RuntimeFault as fault:
            _logger.warning("the worktree of task %d stays: %s", task.id, fault)
        finally:
            self._leaving.discard(task.id)
        self._sessions.rested.beat()

    def _fail(self, task: Task, fault: RuntimeFault) -> None:
        """Says on the board why a task cannot go on."""
        _logger.warning("task %d has failed: %s", task.id, fault)
        self._board.remark(task, str(fault), None)
        self._become(task, "failed")

    def _become(self, task: Task, state: str) -> None:
        self._board.change(task, task.session_id, {"state": state})
        self.look()
        self._sessions.rested.beat()


def _commit_message(task: Task) -> str:
    return f"{task.title}\n\nTask {task.id}."


def _tagline(task: Task) -> str:
    return f"#{task.id} "


def _next_state(task: Task) -> str:
    if not task.skip_review:
        return "review"
    return "approved" if task.require_approval else "done"


def _next_state_in_repository(task: Task, *, has_work: bool) -> str:
    """What is approved is merged: so what somebody has to approve waits in review, whoever else looks at it."""
    if not task.skip_review or task.require_approval:
        return "review"
    return "approved" if has_work else "done"


def _prompt(task: Task) -> str:
    said = "".join(f"\n\n{remark.author or 'somebody'}: {remark.content}" for remark in task.remarks)
    return f"{task.title}{said}"
