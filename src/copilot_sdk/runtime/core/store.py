"""The home folder: an index of sessions in SQLite, and a folder of its own for each session."""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from io import BufferedWriter
from pathlib import Path

from copilot_sdk.providers.database import Database as SQLite
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.file_system import DiskFiles, FileSystem
from copilot_sdk.runtime.core.log import Event
from copilot_sdk.runtime.core.storage import (
    Database,
    DatabaseFault,
    QueryKind,
    Rows,
    SessionRecord,
    read_lines,
)
from copilot_sdk.runtime.core.workspace import WorkContext, existing_folder, look_around

_logger = logging.getLogger("copilot_sdk.runtime")
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_INDEX = "sessions.db"
_STATE = "session-state"
_EVENTS = "events.jsonl"
_DATABASE = "session.db"

_CREATE = """
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, started_at TEXT, modified_at TEXT, cwd TEXT, git_root TEXT, repository TEXT, branch TEXT,
    summary TEXT, name TEXT, named_by_user INTEGER, model TEXT, mode TEXT, turns INTEGER
)
"""
_SAVE = """
INSERT OR REPLACE INTO sessions (
    id, started_at, modified_at, cwd, git_root, repository, branch, summary, name, named_by_user, model, mode, turns
) VALUES (
    :id, :started_at, :modified_at, :cwd, :git_root, :repository, :branch, :summary, :name, :named_by_user, :model,
    :mode, :turns
)
"""


class Store:
    """The home folder of a runtime; see `Place`."""

    def __init__(self, home: Path) -> None:
        """Opens a home folder, and makes it if there is none."""
        self._home = home
        (home / _STATE).mkdir(parents=True, exist_ok=True)
        self._index = sqlite3.connect(home / _INDEX, isolation_level=None)
        self._index.execute("PRAGMA journal_mode=WAL")
        self._index.execute("PRAGMA synchronous=NORMAL")
        self._index.row_factory = sqlite3.Row
        self._index.execute(_CREATE)

    def close(self) -> None:
        """Closes the index."""
        self._index.close()

    def folder(self, session_id: str) -> Path:
        """The folder of a session.

        Raises:
            RuntimeFault: The id cannot be the name of a folder.
        """
        if not _SAFE_ID.fullmatch(session_id):
            raise RuntimeFault(f"Invalid session ID: {session_id[:200]}")
        return self._home / _STATE / session_id

    def save(self, record: SessionRecord) -> None:
        """Puts a session into the index, or updates it there."""
        self._index.execute(_SAVE, asdict(record))

    def record(self, session_id: str) -> SessionRecord | None:
        """The record of a session."""
        row = self._index.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)).fetchone()
        return None if row is None else _record(row)

    def listed(self) -> Iterator[SessionRecord]:
        """The sessions that had a turn, the one used last first."""
        rows = self._index.execute(
            "SELECT * FROM sessions WHERE turns > 0 ORDER BY modified_at DESC"
        ).fetchall()
        return (_record(row) for row in rows)

    def delete(self, session_id: str) -> bool:
        """Deletes a session and all that is stored of it.

        Returns:
            Whether there was one.
        """
        folder = self.folder(session_id)
        known = self._index.execute("DELETE FROM sessions WHERE id = ?", (session_id,)).rowcount > 0
        if folder.exists():
            shutil.rmtree(folder, ignore_errors=True)
        return known

    def working_folder(self, wanted: str | None) -> Path:
        """See `Place`."""
        return Path(wanted).resolve() if wanted else Path.cwd()

    def look_around(self, folder: Path) -> WorkContext:
        """See `Place`."""
        return look_around(existing_folder(folder))

    def check_id(self, session_id: str) -> None:
        """See `Place`."""
        self.folder(session_id)

    async def make(self, record: SessionRecord) -> FolderStorage:
        """See `Place`."""
        storage = FolderStorage(self, self.folder(record.id))
        self.save(record)
        return storage

    async def find(self, session_id: str) -> SessionRecord | None:
        """See `Place`."""
        return self.record(session_id)

    async def load(self, record: SessionRecord) -> tuple[FolderStorage, list[Event]]:
        """See `Place`; lines that a crash left unfinished are skipped."""
        folder = self.folder(record.id)
        path = folder / _EVENTS
        content = path.read_bytes() if path.exists() else b""
        events, bad = read_lines(content)
        for number in bad:
            _logger.warning("line %d of %s cannot be read and is skipped", number, path)
        return FolderStorage(self, folder), events


class FolderStorage:
    """The state of one session in a folder of this machine; see `Storage`."""

    def __init__(self, store: Store, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.files: FileSystem = DiskFiles()
        self.database: Database | None = FolderDatabase(folder / _DATABASE)
        self.on_failure: Callable[[str], None] = _log_failure
        self._store = store
        self._path = folder / _EVENTS
        self._log = _open_to_append(self._path)

    @property
    def log_size(self) -> int:
        """See `Storage`."""
        return self._log.tell()

    def save(self, record: SessionRecord) -> None:
        """See `Storage`."""
        self._store.save(record)

    def append(self, event: Event) -> None:
        """Writes one event through to the operating system."""
        self._log.write(event.to_line())
        self._log.flush()

    def rewrite(self, events: Sequence[Event]) -> None:
        """Replaces all events, in one step."""
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(b"".join(event.to_line() for event in events))
        self._log.close()
        fresh.replace(self._path)
        self._log = _open_to_append(self._path)

    async def flush(self) -> bool:
        """Everything is written at once."""
        return True

    async def close(self) -> bool:
        """Closes the file."""
        self._log.close()
        return True


class FolderDatabase:
    """The database of a session in a file of this machine."""

    def __init__(self, path: Path) -> None:
        self._sqlite = SQLite(path)

    async def exists(self) -> bool:
        """See `Database`."""
        return self._sqlite.exists()

    async def run(self, statement: str, kind: QueryKind) -> Rows:
        """See `Database`."""
        try:
            result = await asyncio.to_thread(self._sqlite.query, statement, kind, None)
        except sqlite3.Error as error:
            raise DatabaseFault(str(error)) from error
        last = result.last_insert_rowid
        return Rows(
            result.columns, result.rows, int(result.rows_affected), None if last is None else int(last)
        )


def _log_failure(text: str) -> None:
    _logger.error("a session could not be stored: %s", text)


def _open_to_append(path: Path) -> BufferedWriter:
    if path.exists() and not _ends_with_newline(path):
        with path.open("ab") as file:
            file.write(b"\n")
    return path.open("ab")


def _ends_with_newline(path: Path) -> bool:
    size = path.stat().st_size
    if size == 0:
        return True
    with path.open("rb") as file:
        file.seek(size - 1)
        return file.read(1) == b"\n"


def _record(row: sqlite3.Row) -> SessionRecord:
    record = SessionRecord(**dict(row))
    record.named_by_user = bool(record.named_by_user)
    return record
