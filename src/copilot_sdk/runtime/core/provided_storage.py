"""Sessions whose state a client keeps: every file goes through it, and nothing of them is in the home folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath

from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.file_system import FileSystem, replace_content
from copilot_sdk.runtime.core.log import Event
from copilot_sdk.runtime.core.scope import TaskScope
from copilot_sdk.runtime.core.storage import (
    EVENTS_FILE,
    FOLDERS,
    RECORD_FILE,
    Database,
    SessionRecord,
    read_lines,
)
from copilot_sdk.runtime.core.workspace import WorkContext


class ProvidedPlace:
    """Sessions in the files of a client; see `Place`.

    Args:
        files: Gives the files of a session.
        database: Gives its database; None where the client has none.
        initial_folder: Where sessions work that are not told where.
        state: Where a session keeps its state.
    """

    def __init__(
        self,
        files: Callable[[str], FileSystem],
        *,
        database: Callable[[str], Database] | None,
        initial_folder: PurePath,
        state: PurePath,
    ) -> None:
        self._files = files
        self._database = database
        self._initial_folder = initial_folder
        self._state = state

    def working_folder(self, wanted: str | None) -> Path:
        """See `Place`."""
        return Path(str(self._initial_folder / wanted) if wanted else str(self._initial_folder))

    def look_around(self, folder: Path) -> WorkContext:
        """See `Place`; nothing is known of a folder before it is used."""
        return WorkContext(str(folder))

    def check_id(self, session_id: str) -> None:
        """See `Place`; what it can name is up to the client."""
        if not session_id:
            raise RuntimeFault("Invalid session ID: it is empty")

    async def make(self, record: SessionRecord) -> ProvidedStorage:
        """See `Place`."""
        storage = self._open(record.id, 0)
        try:
            for name in FOLDERS:
                await storage.files.make_folder(self._state / name)
            await storage.store(record)
        except OSError as error:
            raise RuntimeFault(f"session construction failed: {error}") from error
        return storage

    async def find(self, session_id: str) -> SessionRecord | None:
        """See `Place`."""
        path = self._state / RECORD_FILE
        try:
            content = await self._files(session_id).read(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RuntimeFault(f"session resume failed: Failed to read {path}: {error}") from error
        return _record(content, path)

    async def load(self, record: SessionRecord) -> tuple[ProvidedStorage, list[Event]]:
        """See `Place`."""
        path = self._state / EVENTS_FILE
        try:
            content = await self._files(record.id).read(path)
        except FileNotFoundError:
            content = b""
        except OSError as error:
            raise RuntimeFault(f"session resume failed: Failed to read JSONL from {path}: {error}") from error
        return self._open(record.id, len(content)), read_lines(content)[0]

    def _open(self, session_id: str, log_size: int) -> ProvidedStorage:
        database = None if self._database is None else self._database(session_id)
        return ProvidedStorage(session_id, self._files(session_id), database, self._state, log_size)


class ProvidedStorage:
    """The state of one session in the files of a client; see `Storage`.

    It is written behind the session's back, in the order in which it came about. What could not be written is tried
    again together with what comes next, and at the end.
    """

    def __init__(
        self, session_id: str, files: FileSystem, database: Database | None, state: PurePath, log_size: int
    ) -> None:
        self.folder = Path(str(state))
        self.files = files
        self.database = database
        self.on_failure: Callable[[str], None] = lambda _: None
        self._state = state
        self._written = log_size
        self._lines: list[bytes] = []
        self._replaces = False
        self._record: SessionRecord | None = None
        self._more = asyncio.Event()
        self._writing = asyncio.Lock()
        self.shared = False
        self._scope = TaskScope(f"storage of session {session_id}")
        self._writer: asyncio.Task[None] | None = None

    @property
    def log_size(self) -> int:
        """See `Storage`."""
        return self._written + sum(map(len, self._lines))

    async def store(self, record: SessionRecord) -> None:
        """Writes the record of the session.

        Raises:
            OSError: That failed.
        """
        await replace_content(self.files, self._state / RECORD_FILE, record.to_text().encode())

    def save(self, record: SessionRecord) -> None:
        """See `Storage`."""
        self._record = record
        self._wake()

    def append(self, event: Event) -> None:
        """See `Storage`."""
        self._lines.append(event.to_line())
        self._wake()

    def rewrite(self, events: Sequence[Event]) -> None:
        """See `Storage`."""
        self._lines = [event.to_line() for event in events]
        self._written, self._replaces = 0, True
        self._wake()

    async def flush(self) -> bool:
        """See `Storage`."""
        # A write that is broken off may have happened or not, so nobody who only waits for it can do that.
        return await asyncio.shield(self._scope.start(self._write(), name="flush"))

    async def close(self) -> bool:
        """See `Storage`."""
        stored = await self.flush()
        await self._scope.aclose()
        return stored

    def _wake(self) -> None:
        self._more.set()
        if self._writer is None:
            self._writer = self._scope.start(self._write_behind(), name="writing")

    async def _write_behind(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            await self._write()

    async def _write(self) -> bool:
        async with self._writing:
            try:
                await self._write_events()
                if (record := self._record) is not None:
                    self._record = None
                    await self.store(record)
            except OSError as error:
                self.on_failure(f"Failed to persist session events: {error}")
                return False
            return True

    async def _write_events(self) -> None:
        lines, replaces = self._lines, self._replaces
        if not lines and not replaces:
            return
        self._lines, self._replaces = [], False
        path, content = self._state / EVENTS_FILE, b"".join(lines)
        try:
            await (self.files.write if replaces else self.files.append)(path, content)
        except OSError:
            if not self._replaces:
                self._lines, self._replaces = lines + self._lines, replaces
            raise
        self._written += len(content)


def _record(content: bytes, path: PurePath) -> SessionRecord:
    try:
        return SessionRecord.from_text(content)
    except ValueError as error:
        raise RuntimeFault(f"session resume failed: {path} holds no session: {error}") from error
