"""The todos that an agent keeps in the database of its session."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from copilot_sdk.runtime.core.storage import Database, DatabaseFault

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
_NAMED = re.compile(r"\b(todos|todo_deps)\b", re.IGNORECASE)

Rows = Sequence[Mapping[str, object]]


async def prepare(database: Database) -> None:
    """Makes the tables, where they are not there.

    Raises:
        DatabaseFault: That failed.
    """
    await database.run(_CREATE, "exec")


def concerns_todos(statement: str) -> bool:
    """Whether a statement that changes something may change todos."""
    return _NAMED.search(statement) is not None


async def todos(database: Database | None) -> Rows:
    """The todos; none where there is no database, or something else in it."""
    return await _read(database, _TODOS)


async def dependencies(database: Database | None) -> Rows:
    """Which todo waits for which."""
    return await _read(database, _DEPENDENCIES)


async def _read(database: Database | None, query: str) -> Rows:
    try:
        if database is None or not await database.exists():
            return ()
        return (await database.run(query, "query")).rows
    except DatabaseFault:
        return ()
