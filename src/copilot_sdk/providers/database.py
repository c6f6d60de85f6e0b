"""The SQLite database of a session, by the statements of the wire."""

from __future__ import annotations

import base64
import os
import sqlite3
import threading
import weakref
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import SessionFSSqliteQueryResult

_BUSY_SECONDS = 5.0


class Database:
    """A database of SQLite, for threads; made when it is first written to or asked.

    Args:
        path: Its file; in memory when left out.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._path = None if path is None else Path(path)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def exists(self) -> bool:
        """Whether it was made."""
        return self._connection is not None or (self._path is not None and self._path.exists())

    def query(self, sql: str, kind: str, values: Mapping[str, Any] | None) -> SessionFSSqliteQueryResult:
        """Run SQL.

        Args:
            sql: One statement, or several for the kind `exec`.
            kind: `exec`, `query` or `run`.
            values: What to bind, by name.

        Raises:
            sqlite3.Error: It failed.
        """
        with self._opened() as connection:
            return _run(connection, sql, kind, values)

    def transaction(
        self, statements: Sequence[tuple[str, str, Mapping[str, Any] | None]]
    ) -> list[SessionFSSqliteQueryResult]:
        """Run several statements, each as for `query`: all of them, or none.

        Raises:
            sqlite3.Error: One failed; nothing has changed.
        """
        with self._opened() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                results = [_run(connection, *statement) for statement in statements]
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return results

    @contextmanager
    def _opened(self) -> Generator[sqlite3.Connection]:
        with self._lock:
            if self._connection is None:
                if self._path is not None:
                    self._path.parent.mkdir(parents=True, exist_ok=True)
                self._connection = sqlite3.connect(
                    self._path or ":memory:",
                    timeout=_BUSY_SECONDS,
                    isolation_level=None,
                    check_same_thread=False,
                )
                weakref.finalize(self, self._connection.close)
            yield self._connection


def _run(
    connection: sqlite3.Connection, sql: str, kind: str, values: Mapping[str, Any] | None
) -> SessionFSSqliteQueryResult:
    from copilot_sdk._generated.copilot.types import SessionFSSqliteQueryResult

    if kind == "exec":
        # `executescript` would end the transaction that it is called in.
        for statement in statements_of(sql):
            connection.execute(statement)
        return SessionFSSqliteQueryResult(rows=[], columns=[], rows_affected=0)
    bound = {name.lstrip(":@$"): value for name, value in (values or {}).items()}
    cursor = connection.execute(sql, bound)
    columns = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(columns, map(_in_json, row), strict=True)) for row in cursor]
    result = SessionFSSqliteQueryResult(
        rows=rows, columns=columns, rows_affected=max(cursor.rowcount, 0) if kind == "run" else 0
    )
    if kind == "run" and cursor.lastrowid is not None:
        result.last_insert_rowid = cursor.lastrowid
    return result


def statements_of(sql: str) -> Generator[str]:
    """The statements in a text, one by one."""
    statement = ""
    for part in sql.split(";"):
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip(" \t\r\n;"):
        yield statement


def _in_json(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
