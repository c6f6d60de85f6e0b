"""The home folder: an index of sessions in SQLite, and the event log of each session in a file of its own."""

from __future__ import annotations

import json
import logging
import re
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from io import BufferedWriter
from pathlib import Path

from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.log import Event

_logger = logging.getLogger("copilot_sdk.runtime")
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_INDEX = "sessions.db"
_STATE = "session-state"
_EVENTS = "events.jsonl"


@dataclass(slots=True)
class SessionRecord:
    """What the index knows about a session; times are ISO 8601."""

    id: str
    started_at: str
    modified_at: str
    cwd: str
    git_root: str | None = None
    repository: str | None = None
    branch: str | None = None
    summary: str | None = None
    name: str | None = None
    named_by_user: bool = False
    model: str | None = None
    mode: str = "interactive"
    turns: int = 0


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
    """The home folder of a runtime."""

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

    def find(self, session_id: str) -> SessionRecord | None:
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

    def read_events(self, session_id: str) -> list[Event]:
        """The stored events of a session; lines that a crash left unfinished are skipped."""
        path = self.folder(session_id) / _EVENTS
        events: list[Event] = []
        if not path.exists():
            return events
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    events.append(Event.from_wire(json.loads(line)))
                except (ValueError, KeyError, TypeError):
                    _logger.warning("line %d of %s cannot be read and is skipped", number, path)
        return events

    def open_log(self, session_id: str) -> LogFile:
        """Opens the event log of a session for writing."""
        folder = self.folder(session_id)
        folder.mkdir(parents=True, exist_ok=True)
        return LogFile(folder / _EVENTS)


class LogFile:
    """The file that holds the durable events of one session, a line for each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _open_to_append(path)

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return self._file.tell()

    def append(self, event: Event) -> None:
        """Writes one event through to the operating system."""
        self._file.write(_line(event))
        self._file.flush()

    def rewrite(self, events: list[Event]) -> None:
        """Replaces all that it holds, in one step."""
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(b"".join(_line(event) for event in events))
        self._file.close()
        fresh.replace(self.path)
        self._file = _open_to_append(self.path)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


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


def _line(event: Event) -> bytes:
    return json.dumps(event.to_wire(), separators=(",", ":")).encode() + b"\n"


def _record(row: sqlite3.Row) -> SessionRecord:
    record = SessionRecord(**dict(row))
    record.named_by_user = bool(record.named_by_user)
    return record
