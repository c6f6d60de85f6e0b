"""The sessions of the daemon as a tree, and what is kept of them beside their events."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.json_files import read_object
from copilot_sdk.runtime.tau.faults import UnknownSession
from copilot_sdk.runtime.tau.records import Records, read

_MOST_ANCESTORS = 64


@dataclass(slots=True)
class Counts:
    """Tokens that a session has used."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    def plus(self, other: Counts) -> Counts:
        """The sum of both."""
        return Counts(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
        )


@dataclass(slots=True)
class Node:
    """A session in the tree.

    Attributes:
        id: `s1`, `s2` and so on.
        cwd: The folder that it works in.
        model: Its model; None for the usual one.
        system_prompt: What it is told beside what every agent is told.
        parent_id: The session that made it.
        child_budget: How many sessions it may make.
        tagline: What it is about.
        auto_archive: Whether it is put away once its work is done.
        notify_parent: Whether its parent is told then.
        project_name: The project that it belongs to.
        sandbox_profile: The sandbox that was asked for.
        archived: Whether it is put away.
        successor_id: The session that goes on in its place.
        last_exit_status: How its last work ended.
        last_activity: When it was last used, in seconds since 1970.
        tokens: What it has used.
    """

    id: str
    cwd: str
    model: str | None = None
    system_prompt: str | None = None
    parent_id: str | None = None
    child_budget: int = 0
    tagline: str | None = None
    auto_archive: bool = False
    notify_parent: bool = True
    project_name: str | None = None
    sandbox_profile: str | None = None
    archived: bool = False
    successor_id: str | None = None
    last_exit_status: str | None = None
    last_activity: int = field(default_factory=lambda: int(time.time()))
    tokens: Counts = field(default_factory=Counts)

    def touch(self) -> None:
        """Note that it is used now."""
        self.last_activity = int(time.time())


class Tree(Records[str, Node]):
    """All sessions, by id; kept in a file.

    Attributes:
        projects: The folders of the projects, by their names.
    """

    member = "sessions"
    unknown = UnknownSession

    def __init__(self, path: Path) -> None:
        """Reads the file.

        Args:
            path: The file; there may be none yet.

        Raises:
            MalformedFile, ValueError: It holds something else.
        """
        stored = read_object(path)
        nodes = read(stored, self.member, list[Node], [])
        super().__init__(path, {node.id: node for node in nodes})
        self.projects = read(stored, "projects", dict[str, str], {})
        self._last = read(stored, "last", int, 0)

    def new_id(self) -> str:
        """An id that no session has had."""
        self._last += 1
        return f"s{self._last}"

    def check_budget(self, parent_id: str) -> None:
        """Checks that a session may make another one.

        Raises:
            RuntimeFault: It has made as many as it may.
            UnknownSession: There is no such session.
        """
        parent, count = self[parent_id], len(self.children(parent_id))
        if count >= parent.child_budget:
            raise RuntimeFault(f"child budget of {parent_id} exhausted ({count} of {parent.child_budget})")

    def add(self, node: Node) -> None:
        """Takes in a session."""
        self._records[node.id] = node
        self.save()

    def found(self, project: str, folder: str) -> None:
        """Says where a project is, unless that is known."""
        if project not in self.projects:
            self.projects[project] = folder
            self.save()

    def remove(self, session_id: str) -> None:
        """Forgets a session."""
        self._records.pop(session_id, None)
        self.save()

    def children(self, session_id: str) -> list[Node]:
        """Those right below a session that are not put away."""
        return [node for node in self if node.parent_id == session_id and not node.archived]

    def subtree(self, session_id: str) -> list[Node]:
        """A session and all below it, the lowest first."""
        below = [node for node in self if node.parent_id == session_id]
        return [*(found for node in below for found in self.subtree(node.id)), self[session_id]]

    def ancestors(self, session_id: str) -> list[Node]:
        """A session and those above it, itself first; none if it is unknown."""
        found: list[Node] = []
        at: str | None = session_id
        while at is not None and at in self and len(found) < _MOST_ANCESTORS:
            found.append(self[at])
            at = self[at].parent_id
        return found

    def reparent(self, old: str, new: str) -> None:
        """Puts those right below a session under another one.

        Raises:
            RuntimeFault: The other one is below the first.
            UnknownSession: One of them does not exist.
        """
        if old == new:
            return
        if old in [node.id for node in self.ancestors(self[new].id)]:
            raise RuntimeFault(f"{new} is below {old}")
        for node in self:
            if node.parent_id == self[old].id:
                node.parent_id = new
        self.save()

    def set_successor(self, session_id: str, successor_id: str | None) -> None:
        """Says which session goes on in place of another; None for none.

        Raises:
            RuntimeFault: They would succeed each other in a circle.
            UnknownSession: One of them does not exist.
        """
        node, at = self[session_id], successor_id
        while at is not None:
            if at == session_id:
                raise RuntimeFault(f"{successor_id} leads back to {session_id}")
            at = self[at].successor_id if at in self else None
        node.successor_id = None if successor_id is None else self[successor_id].id
        self.save()

    def successor(self, session_id: str) -> str:
        """The last of those that go on in place of a session; itself where there is none that is not put away.

        Raises:
            UnknownSession: There is no such session.
        """
        node = self[session_id]
        while node.successor_id is not None:
            if node.successor_id not in self or self[node.successor_id].archived:
                return session_id
            node = self[node.successor_id]
        return node.id

    def _beside(self) -> Mapping[str, object]:
        return {"last": self._last, "projects": self.projects}
