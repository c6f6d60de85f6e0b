"""The home folder: a folder for each session, with its record, its events and what else belongs to it."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from io import FileIO
from pathlib import Path

from copilot_sdk.providers.database import Database as SQLite
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.file_system import DiskFiles, FileSystem, replace_file
from copilot_sdk.runtime.core.holds import Hold, in_use
from copilot_sdk.runtime.core.log import Event
from copilot_sdk.runtime.core.storage import (
    EVENTS_FILE,
    FOLDERS,
    RECORD_FILE,
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
_STATE = "session-state"
_DATABASE = "session.db"


class Store:
    """The home folder of a runtime; see `Place`."""

    def __init__(self, home: Path) -> None:
        """Opens a home folder, and makes it if there is none."""
        self.folders = home / _STATE
        self.folders.mkdir(parents=True, exist_ok=True)

    def folder(self, session_id: str) -> Path:
        """The folder of a session.

        Raises:
            RuntimeFault: The id cannot be the name of a folder.
        """
        if not _SAFE_ID.fullmatch(session_id):
            raise RuntimeFault(f"Invalid session ID: {session_id[:200]}")
        return self.folders / session_id

    def record(self, session_id: str) -> SessionRecord | None:
        """The record of a session; None if there is none that can be read."""
        return read_record(self.folder(session_id)) if _SAFE_ID.fullmatch(session_id) else None

    def records(self) -> Iterator[SessionRecord]:
        """The records of all sessions, in no order."""
        found = (read_record(path.parent) for path in self.folders.glob(f"*/{RECORD_FILE}"))
        return (record for record in found if record is not None)

    def listed(self) -> Sequence[SessionRecord]:
        """The sessions that had a turn, the one used last first."""
        used = (record for record in self.records() if record.turns > 0)
        return sorted(used, key=lambda record: (record.modified_at, record.id), reverse=True)

    def size(self, session_id: str) -> int:
        """How many bytes all files of a session take."""
        found = self.folder(session_id).rglob("*")
        return sum(path.lstat().st_size for path in found if path.is_file() and path.suffix != ".lock")

    def in_use(self, session_id: str) -> bool:
        """Whether any runtime uses a session."""
        return in_use(self.folder(session_id))

    def delete(self, session_id: str) -> bool:
        """Deletes a session and all that is stored of it.

        Returns:
            Whether there was one, and it is gone: it stays while another runtime uses it.
        """
        folder = self.folder(session_id)
        known = (folder / RECORD_FILE).exists()
        if not known or in_use(folder):
            return False
        # First what makes it a session, so that one that is deleted half is none.
        (folder / RECORD_FILE).unlink()
        shutil.rmtree(folder, ignore_errors=True)
        return True

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
        folder = self.folder(record.id)
        make_workspace(folder, record)
        return FolderStorage(folder)

    async def find(self, session_id: str) -> SessionRecord | None:
        """See `Place`."""
        return self.record(session_id)

    async def load(self, record: SessionRecord) -> tuple[FolderStorage, list[Event]]:
        """See `Place`."""
        folder = self.folder(record.id)
        storage = FolderStorage(folder)
        return storage, self.events(record.id)

    def events(self, session_id: str) -> list[Event]:
        """The events of a stored session; lines that hold none are skipped."""
        path = self.folder(session_id) / EVENTS_FILE
        events, bad = read_lines(path.read_bytes() if path.exists() else b"")
        for number in bad:
            _logger.warning("line %d of %s cannot be read and is skipped", number, path)
        return events


class FolderStorage:
    """The state of one session in a folder of this machine; see `Storage`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: FileSystem = DiskFiles()
        self.database: Database | None = FolderDatabase(folder / _DATABASE)
        self.on_failure: Callable[[str], None] = _log_failure
        self._path = folder / EVENTS_FILE
        self._hold = Hold.take(folder)
        if not self.shared:
            # With others at work, what looks torn may be a line that is just being written.
            _repair(self._path)
        self._log = FileIO(self._path, "ab")
        self._torn = False

    @property
    def shared(self) -> bool:
        """See `Storage`."""
        return self._hold.held_elsewhere()

    @property
    def log_size(self) -> int:
        """See `Storage`."""
        return os.fstat(self._log.fileno()).st_size

    def save(self, record: SessionRecord) -> None:
        """See `Storage`."""
        write_record(self.folder, record)

    def append(self, event: Event) -> None:
        """Hands one event to the operating system, whole: a process that is killed afterwards does not lose it."""
        line = memoryview(b"\n" * self._torn + event.to_line())
        try:
            while line:
                line = line[self._log.write(line) :]
        except OSError as error:
            # What was written of it must not run into the next line.
            self._torn = True
            self.on_failure(f"Failed to persist session events: {error}")
        else:
            self._torn = False

    def rewrite(self, events: Sequence[Event]) -> None:
        """Replaces all events, in one step."""
        replace_file(self._path, b"".join(event.to_line() for event in events))
        self._log.close()
        self._log = FileIO(self._path, "ab")

    async def flush(self) -> bool:
        """Has the system bring what was written to the disk, so that it outlives the machine too."""
        try:
            try:
                await asyncio.to_thread(os.fsync, self._log.fileno())
            except RuntimeError:
                # The program ends, and starts no more threads.
                os.fsync(self._log.fileno())
        except OSError as error:
            self.on_failure(f"Failed to persist session events: {error}")
            return False
        return True

    async def close(self) -> bool:
        """Closes the file."""
        stored = await self.flush()
        self._log.close()
        self._hold.release()
        return stored


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


def make_workspace(folder: Path, record: SessionRecord) -> None:
    """Makes the folder of a session; its record comes last, as it is what makes it one."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_record(folder, record)


def read_record(folder: Path) -> SessionRecord | None:
    """The record in the folder of a session; None if there is none that can be read."""
    try:
        return SessionRecord.from_text((folder / RECORD_FILE).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _logger.warning("%s holds no session: %s", folder, error)
        return None


def write_record(folder: Path, record: SessionRecord) -> None:
    """Replaces the record in the folder of a session, in one step."""
    replace_file(folder / RECORD_FILE, record.to_text().encode())


def _log_failure(text: str) -> None:
    _logger.error("a session could not be stored: %s", text)


def _repair(path: Path) -> None:
    """Cuts off a last line that a crash left unfinished; one that only lacks its end gets it."""
    content = path.read_bytes() if path.exists() else b""
    if not content or content.endswith(b"\n"):
        return
    start = content.rfind(b"\n") + 1
    try:
        Event.from_line(content[start:])
    except ValueError:
        os.truncate(path, start)
        _logger.warning("%s ended with a torn line, which is cut off", path)
    else:
        with path.open("ab") as file:
            file.write(b"\n")
