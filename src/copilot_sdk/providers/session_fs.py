"""The file systems of sessions, kept by the client: from the methods of the wire to a small interface."""

from __future__ import annotations

import base64
import logging
import os
import re
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from copilot_sdk._callbacks import call_off_loop, log_failure
from copilot_sdk.errors import UsageError, describe_exception, mask_secrets
from copilot_sdk.providers.base import Provider
from copilot_sdk.providers.database import Database
from copilot_sdk.providers.files import PartialWriteError

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot import types
    from copilot_sdk._rpc.peer import Peer
    from copilot_sdk.providers.files import Files, FileStatus

_T = TypeVar("_T")
_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_NEVER = "1970-01-01T00:00:00+00:00"
_logger = logging.getLogger("copilot_sdk.providers")


class SessionFS(Provider):
    """Keeps the files of all sessions of a client in place of the runtime: `CopilotClient(session_fs=...)`.

    Args:
        files: Gives the files of a session by its identifier; called once for each.
        database: Gives its SQLite database; None for none, and the runtime does without.
        initial_cwd: Directory in which sessions start.
        session_state_path: Where a session keeps its own files.
        conventions: How the runtime writes paths.
    """

    def __init__(
        self,
        files: Callable[[str], Files],
        *,
        database: Callable[[str], Database] | None = None,
        initial_cwd: str = "/",
        session_state_path: str = "/session-state",
        conventions: Literal["posix", "windows"] = "posix",
    ) -> None:
        self._open_files = files
        self._open_database = database
        self._files: dict[str, Files] = {}
        self._databases: dict[str, Database] = {}
        self._initial_cwd = initial_cwd
        self._session_state_path = session_state_path
        self._conventions = conventions

    @classmethod
    def in_memory(cls) -> Self:
        """Files and databases that live as long as this object."""
        from copilot_sdk.providers.memory import MemoryFiles

        return cls(lambda _: MemoryFiles(), database=lambda _: Database())

    @classmethod
    def in_folder(cls, folder: str | os.PathLike[str]) -> Self:
        """Files and databases in a folder of this machine, with one below it for each session."""
        from copilot_sdk.providers.folder import FolderFiles

        def of(session_id: str) -> Path:
            if not _SAFE_NAME.fullmatch(session_id):
                raise UsageError(f"session {session_id!r} has no folder: its identifier is no name of a file")
            return Path(folder, session_id)

        return cls(
            lambda session: FolderFiles(of(session) / "files"),
            database=lambda session: Database(of(session) / "session.db"),
        )

    async def register(self, peer: Peer) -> None:
        """Tell the runtime; it has to have no session yet."""
        from copilot_sdk._generated.copilot.methods.server_session_fs import SESSION_FS_SET_PROVIDER
        from copilot_sdk._model.codec import encode_params

        values = {
            "initialCwd": self._initial_cwd,
            "sessionStatePath": self._session_state_path,
            "conventions": self._conventions,
            "capabilities": {"sqlite": self._open_database is not None, "binary": True},
        }
        await peer.request(SESSION_FS_SET_PROVIDER.name, encode_params(SESSION_FS_SET_PROVIDER, values))

    # ---------------------------------------------------------------- files

    async def read_file(self, params: types.SessionFSReadFileRequest) -> types.SessionFSReadFileResult:
        """Wire method: `sessionFs.readFile`."""
        from copilot_sdk._generated.copilot.types import SessionFSReadFileResult

        async def read() -> SessionFSReadFileResult:
            content: bytes = await call_off_loop(self._of(params).read, params.path)
            return SessionFSReadFileResult(content=content.decode())

        return await _attempt(
            "readFile", read, lambda error: SessionFSReadFileResult(content="", error=error)
        )

    async def read_file_bytes(
        self, params: types.SessionFSReadFileBytesRequest
    ) -> types.SessionFSReadFileBytesResult:
        """Wire method: `sessionFs.readFileBytes`."""
        from copilot_sdk._generated.copilot.types import SessionFSReadFileBytesResult as Result

        async def read() -> Result:
            content: bytes = await call_off_loop(self._of(params).read, params.path)
            return Result(content=base64.b64encode(content).decode())

        return await _attempt("readFileBytes", read, lambda error: Result(content="", error=error))

    async def write_file(self, params: types.SessionFSWriteFileRequest) -> types.SessionFSError | None:
        """Wire method: `sessionFs.writeFile`."""

        async def write() -> None:
            await call_off_loop(self._of(params).write, params.path, params.content.encode(), params.mode)

        return await _attempt("writeFile", write, _itself)

    async def write_file_bytes(
        self, params: types.SessionFSWriteFileBytesRequest
    ) -> types.SessionFSError | None:
        """Wire method: `sessionFs.writeFileBytes`."""

        async def write() -> None:
            content = base64.b64decode(params.content, validate=True)
            await call_off_loop(self._of(params).write, params.path, content, params.mode)

        return await _attempt("writeFileBytes", write, _itself)

    async def append_file(self, params: types.SessionFSAppendFileRequest) -> types.SessionFSError | None:
        """Wire method: `sessionFs.appendFile`."""

        async def append() -> None:
            await call_off_loop(self._of(params).append, params.path, params.content.encode(), params.mode)

        return await _attempt("appendFile", append, _itself)

    async def exists(self, params: types.SessionFSExistsRequest) -> types.SessionFSExistsResult:
        """Wire method: `sessionFs.exists`."""
        from copilot_sdk._generated.copilot.types import SessionFSExistsResult

        async def look() -> SessionFSExistsResult:
            await call_off_loop(self._of(params).status, params.path)
            return SessionFSExistsResult(exists=True)

        return await _attempt("exists", look, lambda _: SessionFSExistsResult(exists=False))

    async def stat(self, params: types.SessionFSStatRequest) -> types.SessionFSStatResult:
        """Wire method: `sessionFs.stat`."""
        from copilot_sdk._generated.copilot.types import SessionFSStatResult

        async def look() -> SessionFSStatResult:
            found: FileStatus = await call_off_loop(self._of(params).status, params.path)
            return SessionFSStatResult(
                is_file=not found.is_directory,
                is_directory=found.is_directory,
                size=found.size,
                mtime=found.modified.isoformat(),
                birthtime=found.created.isoformat(),
            )

        def failed(error: types.SessionFSError) -> SessionFSStatResult:
            return SessionFSStatResult(
                is_file=False, is_directory=False, size=0, mtime=_NEVER, birthtime=_NEVER, error=error
            )

        return await _attempt("stat", look, failed)

    async def mkdir(self, params: types.SessionFSMkdirRequest) -> types.SessionFSError | None:
        """Wire method: `sessionFs.mkdir`."""

        async def make() -> None:
            files = self._of(params)
            await call_off_loop(files.make_directory, params.path, bool(params.recursive), params.mode)

        return await _attempt("mkdir", make, _itself)

    async def readdir(self, params: types.SessionFSReaddirRequest) -> types.SessionFSReaddirResult:
        """Wire method: `sessionFs.readdir`."""
        from copilot_sdk._generated.copilot.types import SessionFSReaddirResult

        async def read() -> SessionFSReaddirResult:
            names = await call_off_loop(self._of(params).names, params.path)
            return SessionFSReaddirResult(entries=list(names))

        return await _attempt("readdir", read, lambda error: SessionFSReaddirResult(entries=[], error=error))

    async def readdir_with_types(
        self, params: types.SessionFSReaddirWithTypesRequest
    ) -> types.SessionFSReaddirWithTypesResult:
        """Wire method: `sessionFs.readdirWithTypes`."""
        from copilot_sdk._generated.copilot.types import SessionFSReaddirWithTypesEntry as Entry
        from copilot_sdk._generated.copilot.types import SessionFSReaddirWithTypesResult as Result

        async def read() -> Result:
            files = self._of(params)
            entries: list[Entry] = []
            for name in await call_off_loop(files.names, params.path):
                try:
                    found: FileStatus = await call_off_loop(files.status, f"{params.path.rstrip('/')}/{name}")
                except FileNotFoundError:  # It was deleted meanwhile.
                    continue
                entries.append(Entry(name=name, type="directory" if found.is_directory else "file"))
            return Result(entries=entries)

        return await _attempt("readdirWithTypes", read, lambda error: Result(entries=[], error=error))

    async def rm(self, params: types.SessionFSRmRequest) -> types.SessionFSError | None:
        """Wire method: `sessionFs.rm`."""

        async def remove() -> None:
            try:
                await call_off_loop(self._of(params).remove, params.path, bool(params.recursive))
            except FileNotFoundError:
                if not params.force:
                    raise

        return await _attempt("rm", remove, _itself)

    async def rename(self, params: types.SessionFSRenameRequest) -> types.SessionFSError | None:
        """Wire method: `sessionFs.rename`."""

        async def rename() -> None:
            await call_off_loop(self._of(params).rename, params.src, params.dest)

        return await _attempt("rename", rename, _itself)

    def _of(self, params: Any) -> Files:
        return _kept(self._files, params.session_id, self._open_files)

    # --------------------------------------------------------------- SQLite

    def sqlite_exists(self, params: types.SessionFSSqliteExistsRequest) -> types.SessionFSSqliteExistsResult:
        """Wire method: `sessionFs.sqliteExists`."""
        from copilot_sdk._generated.copilot.types import SessionFSSqliteExistsResult

        return SessionFSSqliteExistsResult(
            exists=self._open_database is not None and self._database_of(params).exists()
        )

    async def sqlite_query(
        self, params: types.SessionFSSqliteQueryRequest
    ) -> types.SessionFSSqliteQueryResult:
        """Wire method: `sessionFs.sqliteQuery`."""
        from copilot_sdk._generated.copilot.types import SessionFSSqliteQueryResult as Result

        async def query() -> Result:
            database = self._database_of(params)
            result: Result = await call_off_loop(
                database.query, params.query, params.query_type, params.params
            )
            return result

        return await _attempt(
            "sqliteQuery", query, lambda error: Result(rows=[], columns=[], rows_affected=0, error=error)
        )

    async def sqlite_transaction(
        self, params: types.SessionFSSqliteTransactionRequest
    ) -> types.SessionFSSqliteTransactionResult:
        """Wire method: `sessionFs.sqliteTransaction`."""
        from copilot_sdk._generated.copilot.types import SessionFSSqliteTransactionError as Failure
        from copilot_sdk._generated.copilot.types import SessionFSSqliteTransactionResult as Result

        busy = False

        async def run() -> Result:
            nonlocal busy
            statements = [(each.query, each.query_type, each.params) for each in params.statements]
            try:
                return Result(results=await call_off_loop(self._database_of(params).transaction, statements))
            except sqlite3.Error as error:
                # The lower byte is the kind; what the module itself raises has no code.
                code = getattr(error, "sqlite_errorcode", 0) & 0xFF
                busy = code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
                raise

        def failed(error: types.SessionFSError) -> Result:
            kind = "busyOrLocked" if busy else "fatal"
            return Result(results=[], error=Failure(error_class=kind, message=error.message or ""))

        return await _attempt("sqliteTransaction", run, failed)

    def _database_of(self, params: Any) -> Database:
        if self._open_database is None:
            raise UsageError("sessions have no database here")
        return _kept(self._databases, params.session_id, self._open_database)


def _kept(known: dict[str, _T], session_id: str, make: Callable[[str], _T]) -> _T:
    # Threads may ask at once: the first one that is done counts for all.
    return known[session_id] if session_id in known else known.setdefault(session_id, make(session_id))


def _itself(error: types.SessionFSError) -> types.SessionFSError | None:
    return error


async def _attempt(
    operation: str, work: Callable[[], Awaitable[_T]], failed: Callable[[types.SessionFSError], _T]
) -> _T:
    """What the work gives, or what stands for its failure: the runtime reads it in the result."""
    from copilot_sdk._generated.copilot.types import SessionFSError

    try:
        return await work()
    except FileNotFoundError as error:
        return failed(SessionFSError(code="ENOENT", message=describe_exception(error)))
    except (OSError, sqlite3.Error, UsageError) as error:
        _logger.warning("sessionFs.%s failed: %s", operation, mask_secrets(describe_exception(error)))
        # No other operation has a place for it.
        changed = True if operation == "writeFile" and isinstance(error, PartialWriteError) else None
        return failed(
            SessionFSError(code="UNKNOWN", message=describe_exception(error), write_changed=changed)
        )
    except Exception as error:  # noqa: BLE001 - it is logged
        log_failure(f"sessionFs.{operation}", error)
        return failed(SessionFSError(code="UNKNOWN", message=describe_exception(error)))
