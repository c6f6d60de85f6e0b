"""Gives tasks that are ready to sessions of their own, as many at once as may be."""

from __future__ import annotations

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
from copilot_sdk.runtime.tau.board import IN_FLIGHT, Board, Task
from copilot_sdk.runtime.tau.live import LiveSession
from copilot_sdk.runtime.tau.sessions import Sessions
from copilot_sdk.runtime.tau.tree import Node

MOST_AT_ONCE = 4
QUEUED = ("planning", "refining", "ready")

_logger = logging.getLogger("copilot_sdk.runtime")


class Scheduler:
    """Works the boards of all projects off.

    Attributes:
        paused: Whether nothing is begun any more.
    """

    def __init__(self, board: Board, sessions: Sessions, scope: TaskScope) -> None:
        self.paused = False
        self._board = board
        self._sessions = sessions
        self._scope = scope
        sessions.on_rest = self._rested

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
        """Begin with all tasks that wait for nothing any more."""
        for project in dict.fromkeys(task.project for task in self._board):
            for task in self._board.of(project):
                if task.state == "ready" and not self.paused and not self.reasons(task):
                    self._board.change(task, None, {"state": "active"})
                    self._scope.start(self._work(task), name=f"task {task.id}")

    async def _work(self, task: Task) -> None:
        try:
            session = await self._sessions.make(self._node(task))
        except RuntimeFault as fault:
            _logger.warning("task %d cannot be begun: %s", task.id, fault)
            self._board.change(task, None, {"state": "failed"})
            return
        self._board.assign(task, session.node.id, "worker")
        session.send(_prompt(task))

    def _node(self, task: Task) -> Node:
        tree = self._sessions.tree
        return Node(
            id=tree.new_id(),
            cwd=tree.projects.get(task.project, str(Path.cwd())),
            tagline=f"#{task.id} {task.title}",
            project_name=task.project,
            sandbox_profile=task.sandbox_profile,
        )

    def _rested(self, session: LiveSession) -> None:
        """What the end of a session's work means for its tasks. Nothing is merged here: there are no branches."""
        for task in self._board:
            if task.session_id == session.node.id and task.state == "active":
                self._board.change(task, session.node.id, {"state": _next_state(task, session)})
        self.look()


def _next_state(task: Task, session: LiveSession) -> str:
    if session.narrator.exit_status != "completed":
        return "failed"
    if not task.skip_review:
        return "review"
    return "approved" if task.require_approval else "done"


def _prompt(task: Task) -> str:
    said = "".join(f"\n\n{remark.author or 'somebody'}: {remark.content}" for remark in task.remarks)
    return f"{task.title}{said}"
