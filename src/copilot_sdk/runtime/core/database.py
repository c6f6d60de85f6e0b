"""The SQLite database of a session, in which its agent keeps todos and whatever else it likes."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

_CREATE = """
CREATE TABLE IF NOT EXISTS todos (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    description TEXT,
    status TEXT DEFAULT 'pending' CHECK (status IN ('pending', 'in_progress', 'done', 'blocked')),
    created_at TEXT DEFAULT (datetime('now')),
    updated_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS todo_deps (
    todo_id TEXT NOT NULL REFERENCES todos (id),
    depends_on TEXT NOT NULL REFERENCES todos (id),
    PRIMARY KEY (todo_id, depends_on)
);
"""
_TODOS = "SELECT id, title, description, status, created_at AS createdAt FROM todos ORDER BY rowid"
_DEPENDENCIES = "SELECT todo_id AS todoId, depends_on AS dependsOn FROM todo_deps ORDER BY rowid"
_TODO_TABLES = ("todos", "todo_deps")
_WRITES = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE, sqlite3.SQLITE_DROP_TABLE)

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class QueryResult:
    """What a statement came to.

    Attributes:
        columns: The names of the columns; empty if it returns no rows.
        rows: The rows.
        changed: How many rows it changed; negative where that cannot be said.
        todos_changed: Whether it wrote to the todos.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    changed: int
    todos_changed: bool


class SessionDatabase:
    """The database of one session; the file is made when it is first used."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "session.db"

    def run(self, statement: str) -> QueryResult:
        """Runs one statement. It blocks.

        Raises:
            sqlite3.Error: It cannot be run.
        """
        written: set[str] = set()

        def authorize(action: int, table: str | None, *_: str | None) -> int:
            if action in _WRITES and table is not None:
                written.add(table)
            # Whoever attaches a file can write anywhere, and nobody was asked.
            return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_ATTACH else sqlite3.SQLITE_OK

        with closing(self._open()) as connection:
            connection.set_authorizer(authorize)
            with connection:
                cursor = connection.execute(statement)
                rows = cursor.fetchall()
            columns = [column[0] for column in cursor.description or ()]
            return QueryResult(
                columns, rows, cursor.rowcount, not written.isdisjoint(_TODO_TABLES)
            )

    def todos(self) -> list[Row]:
        """The todos of the agent. It blocks."""
        return self._rows(_TODOS)

    def dependencies(self) -> list[Row]:
        """Which todo waits for which. It blocks."""
        return self._rows(_DEPENDENCIES)

    def _rows(self, query: str) -> list[Row]:
        if not self._file.exists():
            return []
        with closing(self._open()) as connection:
            connection.row_factory = sqlite3.Row
            try:
                return [dict(row) for row in connection.execute(query)]
            except sqlite3.Error:
                # The agent may have made something else of its tables.
                return []

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file)
        connection.executescript(_CREATE)
        return connection
