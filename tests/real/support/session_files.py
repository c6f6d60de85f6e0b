"""The scenario in which the client keeps the files of the sessions: the CLI asks it for every one of them."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.real.support.rawrpc import Json
from tests.real.support.stage import Stage
from tests.support.model_server import Reply, ToolCall

_NOTHING: dict[str, Json] = {
    "readFile": {"content": ""},
    "readdirWithTypes": {"entries": []},
    "stat": {
        "isFile": False,
        "isDirectory": False,
        "size": 0,
        "mtime": "1970-01-01T00:00:00Z",
        "birthtime": "1970-01-01T00:00:00Z",
    },
}


async def session_files(stage: Stage) -> None:
    """A turn and a second one after a resume, with all files in the hands of the client."""
    keeper = FileKeeper(stage.folder / "kept")
    stage.request_handlers["sessionFs"] = keeper.answer
    await stage.call(
        "sessionFs.setProvider",
        {
            "initialCwd": str(stage.folder),
            "sessionStatePath": "/session-state",
            "conventions": "posix",
            "capabilities": {"sqlite": True},
        },
    )
    session = await stage.create()
    todo = ToolCall(
        "sql", {"description": "Todo", "query": "INSERT INTO todos (id, title) VALUES ('a', 'Dig')"}
    )
    await stage.turn(session, "Keep a list.", Reply(tool_calls=[todo]), Reply("Kept."))
    target: Json = {"sessionId": session}
    await stage.call("session.plan.update", {**target, "content": "# Plan\n"})
    await stage.call("session.workspaces.createFile", {**target, "path": "note.md", "content": "A note.\n"})
    for method in ("workspaces.listFiles", "plan.read", "plan.delete", "plan.readSqlTodos"):
        await stage.call(f"session.{method}", target)
    await stage.call("session.detach", target)
    await stage.call("session.resume", {**stage.session_options(), **target})
    await stage.turn(session, "And again.", Reply("Still kept."))
    await stage.call("session.destroy", target)


@dataclass(eq=False)
class FileKeeper:
    """Answers `sessionFs` requests from a folder on disk; every path of the CLI lies below it."""

    root: Path
    _database: Path = field(init=False)

    def __post_init__(self) -> None:
        self.root.mkdir()
        self._database = self.root / "session.db"

    def answer(self, method: str, params: Json) -> object:
        """The result of one request; a missing file is told in the result, beside the fields of a success."""
        verb = method.partition(".")[2]
        try:
            return getattr(self, f"_{verb}")(params)
        except FileNotFoundError as error:
            return {**_NOTHING.get(verb, {}), "error": {"code": "ENOENT", "message": error.strerror}}

    def _path(self, params: Json, key: str = "path") -> Path:
        return self.root / str(params[key]).lstrip("/")

    def _readFile(self, params: Json) -> object:
        return {"content": self._path(params).read_text()}

    def _writeFile(self, params: Json) -> object:
        path = self._path(params)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(params["content"]))
        return None

    def _appendFile(self, params: Json) -> object:
        path = self._path(params)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(str(params["content"]))
        return None

    def _exists(self, params: Json) -> object:
        return {"exists": self._path(params).exists()}

    def _stat(self, params: Json) -> object:
        path = self._path(params)
        status = path.stat()
        changed = datetime.fromtimestamp(status.st_mtime, UTC).isoformat()
        return {
            "isFile": path.is_file(),
            "isDirectory": path.is_dir(),
            "size": status.st_size,
            "mtime": changed,
            "birthtime": changed,
        }

    def _mkdir(self, params: Json) -> object:
        self._path(params).mkdir(parents=True, exist_ok=True)
        return None

    def _readdirWithTypes(self, params: Json) -> object:
        entries = sorted(self._path(params).iterdir())
        return {"entries": [{"name": e.name, "type": "directory" if e.is_dir() else "file"} for e in entries]}

    def _rm(self, params: Json) -> object:
        path = self._path(params)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=bool(params.get("force")))
        return None

    def _rename(self, params: Json) -> object:
        self._path(params, "src").replace(self._path(params, "dest"))
        return None

    def _sqliteExists(self, params: Json) -> object:
        return {"exists": self._database.exists()}

    def _sqliteQuery(self, params: Json) -> object:
        with closing(sqlite3.connect(self._database)) as connection, connection:
            return _run(connection, params)


def _run(connection: sqlite3.Connection, statement: Json) -> Json:
    query, values = str(statement["query"]), statement.get("params") or {}
    assert isinstance(values, dict)
    if statement["queryType"] == "exec":
        connection.executescript(query)
        return {"rows": [], "columns": [], "rowsAffected": 0}
    cursor = connection.execute(query, {name.lstrip(":@$"): value for name, value in values.items()})
    columns = [column[0] for column in cursor.description or ()]
    return {
        "rows": [dict(zip(columns, row, strict=True)) for row in cursor],
        "columns": columns,
        "rowsAffected": max(cursor.rowcount, 0),
        "lastInsertRowid": cursor.lastrowid,
    }
