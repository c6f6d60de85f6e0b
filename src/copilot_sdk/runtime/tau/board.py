"""The tasks of all projects: what they are, how they stand to each other, and what they wait for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from copilot_sdk._model.json_values import texts_in
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.json_files import read_object
from copilot_sdk.runtime.tau.faults import UnknownTask
from copilot_sdk.runtime.tau.records import Records, read
from copilot_sdk.runtime.tau.worktrees import Worktree

STATES = (
    "interactive", "planning", "refining", "ready", "active", "review", "approved", "merging", "failed", "merged",
    "done", "closed",
)  # fmt: skip
ENDED = frozenset({"merged", "done", "closed"})
IN_FLIGHT = frozenset({"active", "review", "merging"})
RELATIONS = ("depends_on", "blocks", "related")


@dataclass(slots=True)
class Remark:
    """A message of the discussion of a task; times are in milliseconds since 1970."""

    id: int
    content: str
    author: str | None
    at: int


@dataclass(slots=True)
class Role:
    """A session that has to do with a task."""

    session_id: str
    role: str
    at: int


@dataclass(slots=True)
class Change:
    """A change of a task."""

    field: str
    old: str | None
    new: str | None
    session_id: str | None
    at: int


@dataclass(slots=True)
class Relation:
    """How two tasks stand to each other: `depends_on`, `blocks` or `related`."""

    from_task: int
    to_task: int
    relation: str


@dataclass(slots=True)
class Task:
    """A task; times are in milliseconds since 1970.

    Attributes:
        branch: The branch that it is worked at on, also one that was merged; None where there is no repository.
        worktree: Where it is worked at, as long as that is there.
    """

    id: int
    project: str
    title: str
    created_at: int
    updated_at: int
    state: str = "planning"
    priority: int = 0
    parent_id: int | None = None
    tags: object = field(default_factory=list[str])
    affected_files: object = field(default_factory=list[str])
    session_id: str | None = None
    skip_review: bool = False
    require_approval: bool = False
    sandbox_profile: str | None = None
    branch: str | None = None
    worktree: Worktree | None = None
    remarks: list[Remark] = field(default_factory=list[Remark])
    roles: list[Role] = field(default_factory=list[Role])
    history: list[Change] = field(default_factory=list[Change])

    @property
    def files(self) -> set[str]:
        """The files that it will change, as far as they are named."""
        return set(texts_in(self.affected_files))


class Board(Records[int, Task]):
    """All tasks, by number; kept in a file.

    Attributes:
        relations: How they stand to each other.
    """

    member = "tasks"
    unknown = UnknownTask

    def __init__(self, path: Path) -> None:
        """Reads the file.

        Args:
            path: The file; there may be none yet.

        Raises:
            MalformedFile, ValueError: It holds something else.
        """
        stored = read_object(path)
        tasks = read(stored, self.member, list[Task], [])
        super().__init__(path, {task.id: task for task in tasks})
        self.relations = read(stored, "relations", list[Relation], [])

    def of(self, project: str) -> list[Task]:
        """The tasks of a project, the most urgent first."""
        found = [task for task in self if task.project == project]
        return sorted(found, key=lambda task: (-task.priority, task.id))

    def file(
        self,
        project: str,
        title: str,
        *,
        parent_id: int | None = None,
        priority: int = 0,
        tags: Sequence[str] = (),
        sandbox_profile: str | None = None,
    ) -> Task:
        """Takes in a task.

        Raises:
            RuntimeFault: It has no title, or is a part of a task of another project.
            UnknownTask: It is a part of a task that does not exist.
        """
        if not title.strip():
            raise RuntimeFault("title: a task needs one")
        if parent_id is not None and self[parent_id].project != project:
            raise RuntimeFault(f"parent_id: task {parent_id} belongs to {self[parent_id].project}")
        moment = milliseconds_now()
        task = Task(
            id=max(self._records, default=0) + 1,
            project=project,
            title=title,
            created_at=moment,
            updated_at=moment,
            parent_id=parent_id,
            priority=priority,
            tags=list(tags),
            sandbox_profile=sandbox_profile,
        )
        self._records[task.id] = task
        self.save()
        return task

    def change(self, task: Task, by: str | None, values: Mapping[str, object]) -> None:
        """Changes members of a task, and records that.

        Args:
            task: The task.
            by: The session that does it; None for a person.
            values: What they become, by their names.

        Raises:
            RuntimeFault: The state is none.
        """
        state = values.get("state", task.state)
        if state not in STATES:
            raise RuntimeFault(f"state: {state!r} is none of {', '.join(STATES)}")
        moment = milliseconds_now()
        for name, value in values.items():
            before: object = getattr(task, name)
            if before != value:
                setattr(task, name, value)
                task.history.append(Change(name, _shown(before), _shown(value), by, moment))
                task.updated_at = moment
        self.save()

    def assign(self, task: Task, session_id: str, role: str) -> None:
        """Gives a session a role in a task."""
        task.roles.append(Role(session_id, role, milliseconds_now()))
        self.change(task, session_id, {"session_id": session_id})

    def remark(self, task: Task, content: str, author: str | None) -> Remark:
        """Adds to the discussion of a task."""
        number = sum(len(other.remarks) for other in self) + 1
        remark = Remark(number, content, author, milliseconds_now())
        task.remarks.append(remark)
        self.save()
        return remark

    def relate(self, from_task: int, to_task: int, relation: str) -> None:
        """Says how two tasks stand to each other.

        Raises:
            RuntimeFault: The relation is none, or tasks would wait for each other in a circle.
            UnknownTask: One of them does not exist.
        """
        if relation not in RELATIONS:
            raise RuntimeFault(f"relation: {relation!r} is none of {', '.join(RELATIONS)}")
        made = Relation(self[from_task].id, self[to_task].id, relation)
        waiting, wanted = (to_task, from_task) if relation == "blocks" else (from_task, to_task)
        if relation != "related" and waiting in self._needed(wanted):
            raise RuntimeFault(f"task {wanted} waits for task {waiting} already")
        if made not in self.relations:
            self.relations.append(made)
            self.save()

    def needs(self, task: Task) -> list[Task]:
        """The tasks that a task waits for."""
        named = [r.to_task for r in self.relations if r.relation == "depends_on" and r.from_task == task.id]
        named += [r.from_task for r in self.relations if r.relation == "blocks" and r.to_task == task.id]
        return [self[number] for number in dict.fromkeys(named) if self[number].state not in ENDED]

    def _needed(self, task_id: int) -> set[int]:
        """A task and all that it waits for."""
        found, waiting = set[int](), [task_id]
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                waiting += [task.id for task in self.needs(self[number])]
        return found

    def subtasks(self, task_id: int) -> list[Task]:
        """The parts of a task."""
        return [task for task in self if task.parent_id == task_id]

    def tree(self, tasks: Iterable[Task]) -> list[tuple[int, Task]]:
        """Tasks with their parts right behind them, each with its depth."""
        chosen = list(tasks)
        numbers = {task.id for task in chosen}

        def below(parent: int | None, depth: int) -> Iterator[tuple[int, Task]]:
            for task in chosen:
                at_top = parent is None and task.parent_id not in numbers
                if at_top or (parent is not None and task.parent_id == parent):
                    yield depth, task
                    yield from below(task.id, depth + 1)

        return list(below(None, 0))

    def _beside(self) -> Mapping[str, object]:
        return {"relations": [asdict(relation) for relation in self.relations]}


def milliseconds_now() -> int:
    """This moment in milliseconds since 1970."""
    return int(time.time() * 1000)


def _shown(value: object) -> str | None:
    return None if value is None else str(value)
