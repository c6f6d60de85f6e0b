"""`sessionFs`: the files and databases of sessions, kept by a client."""

from __future__ import annotations

import base64
import ntpath
import posixpath
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from copilot_sdk._generated.copilot.types import (
    SessionFSError,
    SessionFSReaddirWithTypesResult,
    SessionFSReadFileResult,
    SessionFSSetProviderRequest,
    SessionFSSetProviderResult,
    SessionFSSqliteExistsResult,
    SessionFSSqliteQueryResult,
    SessionFSStatResult,
)
from copilot_sdk._model.base import problems
from copilot_sdk.runtime.copilot.providing import provide
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.clients import ClientFault
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.file_system import FileStatus
from copilot_sdk.runtime.core.payloads import Payload
from copilot_sdk.runtime.core.provided_storage import ProvidedPlace
from copilot_sdk.runtime.core.storage import DatabaseFault, QueryKind, Rows

if TYPE_CHECKING:
    from copilot_sdk.runtime.copilot.connection import Connection

ResultT = TypeVar("ResultT", bound=Payload)

router = Router()

_OWNER_ONLY = 0o700
_PATHS: Mapping[str, type[PurePath]] = {"posix": PurePosixPath, "windows": PureWindowsPath}


@router.on("sessionFs.setProvider", SessionFSSetProviderRequest)
async def _set_provider(call: Call, params: SessionFSSetProviderRequest) -> SessionFSSetProviderResult:
    path = _PATHS.get(params.conventions)
    if path is None:
        raise RuntimeFault(
            f"conventions: unknown value `{params.conventions}`, expected `windows` or `posix`"
        )
    initial, state = path(params.initial_cwd), path(params.session_state_path)
    if not initial.is_absolute():
        raise RuntimeFault(
            f"sessionFs.setProvider requires an initialCwd that is absolute under the "
            f'"{params.conventions}" path convention; got "{params.initial_cwd}".'
        )
    abilities = params.capabilities
    wire = _Wire(call.connection, path, binary=abilities is not None and bool(abilities.binary))
    place = ProvidedPlace(
        lambda session_id: ClientFiles(wire, session_id),
        database=(lambda session_id: ClientDatabase(wire, session_id))
        if abilities is not None and abilities.sqlite
        else None,
        initial_folder=initial,
        state=state,
    )
    provide(call, call.runtime.provided_place, place, "session filesystem provider", become="set")
    return SessionFSSetProviderResult(success=True)


class _Wire:
    """The way to the client that keeps files, and how it writes paths."""

    def __init__(self, connection: Connection, path: type[PurePath], *, binary: bool) -> None:
        self.path = path
        self.binary = binary
        self._connection = connection

    async def ask(self, operation: str, session_id: str, **params: object) -> object:
        return await self._connection.ask(
            f"sessionFs.{operation}", {"sessionId": session_id, **params}, seconds=self._seconds
        )

    async def ask_for(
        self, result: type[ResultT], operation: str, session_id: str, **params: object
    ) -> ResultT:
        return await self._connection.ask_for(
            result, f"sessionFs.{operation}", {"sessionId": session_id, **params}, seconds=self._seconds
        )

    @property
    def _seconds(self) -> float:
        return self._connection.runtime.limits.provider_seconds


class ClientFiles:
    """The files of one session, kept by a client; see `FileSystem`."""

    def __init__(self, wire: _Wire, session_id: str) -> None:
        self._wire = wire
        self._session_id = session_id

    def resolve(self, folder: Path, path: str) -> Path:
        """See `FileSystem`; links are the client's own affair."""
        rules = ntpath if self._wire.path is PureWindowsPath else posixpath
        return Path(rules.normpath(str(self._wire.path(str(folder)) / path)))

    def contains(self, folder: Path, path: Path) -> bool:
        """See `FileSystem`."""
        return self._wire.path(str(path)).is_relative_to(self._wire.path(str(folder)))

    async def status(self, path: PurePath) -> FileStatus | None:
        """See `FileSystem`."""
        found = await self._get(SessionFSStatResult, "stat", path)
        if found.error is not None and found.error.code == "ENOENT":
            return None
        _check(found.error)
        return FileStatus(
            found.is_directory, found.size, _milliseconds(found.mtime), _milliseconds(found.birthtime)
        )

    async def names(self, path: PurePath) -> list[str]:
        """See `FileSystem`."""
        found = await self._get(SessionFSReaddirWithTypesResult, "readdirWithTypes", path)
        _check(found.error)
        return sorted(
            f"{entry.name}/" if entry.type == "directory" else entry.name for entry in found.entries
        )

    async def read(self, path: PurePath) -> bytes:
        """See `FileSystem`."""
        found = await self._get(SessionFSReadFileResult, "readFile", path)
        _check(found.error)
        return found.content.encode()

    async def write(self, path: PurePath, content: bytes) -> None:
        """See `FileSystem`."""
        try:
            text = content.decode()
        except UnicodeDecodeError:
            if not self._wire.binary:
                raise OSError("UNKNOWN: the client keeps text files only") from None
            await self._do("writeFileBytes", path=str(path), content=base64.b64encode(content).decode())
        else:
            await self._do("writeFile", path=str(path), content=text)

    async def append(self, path: PurePath, content: bytes) -> None:
        """See `FileSystem`."""
        await self._do("appendFile", path=str(path), content=content.decode())

    async def make_folder(self, path: PurePath) -> None:
        """See `FileSystem`."""
        await self._do("mkdir", path=str(path), recursive=True, mode=_OWNER_ONLY)

    async def rename(self, source: PurePath, target: PurePath) -> None:
        """See `FileSystem`."""
        await self._do("rename", src=str(source), dest=str(target))

    async def remove(self, path: PurePath) -> None:
        """See `FileSystem`."""
        await self._do("rm", path=str(path), recursive=True, force=False)

    async def _get(self, result: type[ResultT], operation: str, path: PurePath) -> ResultT:
        try:
            return await self._wire.ask_for(result, operation, self._session_id, path=str(path))
        except ClientFault as fault:
            raise OSError(f"UNKNOWN: {fault}") from fault

    async def _do(self, operation: str, **params: object) -> None:
        try:
            answer = await self._wire.ask(operation, self._session_id, **params)
        except ClientFault as fault:
            raise OSError(f"UNKNOWN: {fault}") from fault
        if answer is None:
            return
        try:
            _check(SessionFSError.model_validate(answer))
        except ValidationError as error:
            raise OSError(f"UNKNOWN: {'; '.join(problems(error))}") from error


class ClientDatabase:
    """The database of one session, kept by a client; see `Database`."""

    def __init__(self, wire: _Wire, session_id: str) -> None:
        self._wire = wire
        self._session_id = session_id

    async def exists(self) -> bool:
        """See `Database`."""
        try:
            result = await self._wire.ask_for(SessionFSSqliteExistsResult, "sqliteExists", self._session_id)
        except ClientFault as fault:
            raise DatabaseFault(f"UNKNOWN: sqliteExists: {fault}") from fault
        return result.exists

    async def run(self, statement: str, kind: QueryKind) -> Rows:
        """See `Database`."""
        try:
            result = await self._wire.ask_for(
                SessionFSSqliteQueryResult, "sqliteQuery", self._session_id, query=statement, queryType=kind
            )
        except ClientFault as fault:
            raise DatabaseFault(f"UNKNOWN: sqliteQuery: {fault}") from fault
        if result.error is not None:
            raise DatabaseFault(f"{result.error.code}: sqliteQuery: {result.error.message or 'it failed'}")
        last = result.last_insert_rowid
        return Rows(
            result.columns, result.rows, int(result.rows_affected), None if last is None else int(last)
        )


def _milliseconds(moment: str) -> float:
    try:
        return datetime.fromisoformat(moment).timestamp() * 1_000
    except ValueError:
        return 0.0


def _check(error: SessionFSError | None) -> None:
    """Raises the `OSError` that stands for a failure of the client."""
    if error is None:
        return
    text = f"{error.code}: {error.message or 'the client said no more'}"
    raise FileNotFoundError(text) if error.code == "ENOENT" else OSError(text)
