"""A client that keeps the files of sessions: what the runtime gets for each method of the wire."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk import CopilotClient, RpcError, UsageError
from copilot_sdk.errors import InternalError
from copilot_sdk.providers import FileStatus, MemoryFiles, PartialWriteError, SessionFS
from tests.support.fake_runtime import SESSION, FakeRuntime

Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
def fs(tmp_path: Path, request: pytest.FixtureRequest) -> SessionFS:
    kind = getattr(request, "param", "memory")
    return SessionFS.in_memory() if kind == "memory" else SessionFS.in_folder(tmp_path)


@pytest.fixture
async def ask(runtime: FakeRuntime, fs: SessionFS) -> Any:
    runtime.answers["sessionFs.setProvider"] = {"success": True}

    async def asking(method: str, session: str = SESSION, **params: Any) -> Any:
        return await runtime.peer.request(f"sessionFs.{method}", {"sessionId": session, **params})

    async with runtime.client(session_fs=fs):
        yield asking


both = pytest.mark.parametrize("fs", ["memory", "folder"], indirect=True)


async def test_the_runtime_is_told_before_there_are_sessions(ask: Ask, runtime: FakeRuntime) -> None:
    assert runtime.requests[1:] == [
        (
            "sessionFs.setProvider",
            {
                "initialCwd": "/",
                "sessionStatePath": "/session-state",
                "conventions": "posix",
                "capabilities": {"sqlite": True, "binary": True},
            },
        ),
    ]


async def test_a_runtime_that_refuses_the_provider_refuses_the_client(runtime: FakeRuntime) -> None:
    runtime.answers["sessionFs.setProvider"] = InternalError("too late")
    with pytest.raises(RpcError, match="too late"):
        await runtime.client(session_fs=SessionFS.in_memory()).start()


@both
async def test_files_are_written_read_and_listed(ask: Ask) -> None:
    assert await ask("exists", path="/d/f") == {"exists": False}
    assert await ask("mkdir", path="/d", recursive=True) is None
    assert await ask("writeFile", path="/d/f", content="hé") is None
    assert await ask("appendFile", path="/d/f", content="!") is None
    assert await ask("readFile", path="/d/f") == {"content": "hé!"}
    assert await ask("writeFileBytes", path="/d/g", content=base64.b64encode(b"\xff").decode()) is None
    assert await ask("readFileBytes", path="/d/g") == {"content": "/w=="}
    assert await ask("mkdir", path="/d/sub") is None
    assert await ask("readdir", path="/d") == {"entries": ["f", "g", "sub"]}
    typed = [
        {"name": "f", "type": "file"},
        {"name": "g", "type": "file"},
        {"name": "sub", "type": "directory"},
    ]
    assert await ask("readdirWithTypes", path="/d") == {"entries": typed}
    status = await ask("stat", path="/d/f")
    assert (status["isFile"], status["isDirectory"], status["size"]) == (True, False, 4)
    assert status["mtime"].endswith("+00:00")
    assert await ask("rename", src="/d/f", dest="/h") is None
    assert await ask("rm", path="/h") is None
    assert await ask("rm", path="/d", recursive=True) is None
    assert await ask("exists", path="/d") == {"exists": False}


@both
@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("readFile", {"path": "/none"}),
        ("readFileBytes", {"path": "/none"}),
        ("stat", {"path": "/none"}),
        ("readdir", {"path": "/none"}),
        ("readdirWithTypes", {"path": "/none"}),
    ],
)
async def test_what_is_not_there_is_told_in_the_result(ask: Ask, method: str, params: Any) -> None:
    assert (await ask(method, **params))["error"]["code"] == "ENOENT"


@both
async def test_a_change_of_what_is_not_there_is_answered_with_the_error(ask: Ask) -> None:
    assert (await ask("rm", path="/none"))["code"] == "ENOENT"
    assert (await ask("rename", src="/none", dest="/x"))["code"] == "ENOENT"
    assert await ask("rm", path="/none", force=True) is None


async def test_other_failures_have_no_code_of_their_own(ask: Ask) -> None:
    await ask("writeFile", path="/f", content="")
    assert (await ask("mkdir", path="/f"))["code"] == "UNKNOWN"
    assert (await ask("readFile", path="/"))["error"]["code"] == "UNKNOWN"
    assert (await ask("writeFileBytes", path="/g", content="no base64"))["code"] == "UNKNOWN"
    await ask("writeFileBytes", path="/g", content="/w==")
    assert (await ask("readFile", path="/g"))["error"]["code"] == "UNKNOWN"


@both
async def test_sessions_do_not_see_each_others_files_and_databases(ask: Ask) -> None:
    await ask("writeFile", path="/f", content="mine")
    await ask("sqliteQuery", query="CREATE TABLE t (n)", queryType="exec")
    assert await ask("exists", "s2", path="/f") == {"exists": False}
    assert await ask("sqliteExists", "s2") == {"exists": False}
    assert await ask("sqliteExists") == {"exists": True}


@pytest.mark.parametrize("fs", ["folder"], indirect=True)
@pytest.mark.parametrize("session", ["..", "../other", "/etc", "", "a/b", ".hidden", "C:x"])
async def test_an_identifier_that_is_no_name_has_no_folder(ask: Ask, tmp_path: Path, session: str) -> None:
    assert (await ask("writeFile", session, path="/f", content="x"))["code"] == "UNKNOWN"
    assert (await ask("sqliteQuery", session, query="SELECT 1", queryType="query"))["error"][
        "code"
    ] == "UNKNOWN"
    assert not any(tmp_path.rglob("*"))  # noqa: ASYNC240 - nothing waits for it


async def test_the_database_answers_and_tells_its_errors_in_the_result(ask: Ask) -> None:
    await ask("sqliteQuery", query="CREATE TABLE t (n UNIQUE)", queryType="exec")
    run = await ask("sqliteQuery", query="INSERT INTO t VALUES (:n)", queryType="run", params={"n": 7})
    assert (run["rowsAffected"], run["lastInsertRowid"]) == (1, 1)
    found = await ask("sqliteQuery", query="SELECT n FROM t", queryType="query")
    assert found == {"rows": [{"n": 7}], "columns": ["n"], "rowsAffected": 0}
    bad = await ask("sqliteQuery", query="SELECT oops", queryType="query")
    assert bad["error"]["code"] == "UNKNOWN"
    assert "oops" in bad["error"]["message"]


async def test_a_transaction_tells_final_failures_from_a_busy_database(ask: Ask, tmp_path: Path) -> None:
    statements = [{"query": "CREATE TABLE t (n)", "queryType": "exec"}, {"query": "bad", "queryType": "run"}]
    failed = await ask("sqliteTransaction", statements=statements)
    assert failed["error"]["errorClass"] == "fatal"
    good = await ask("sqliteTransaction", statements=statements[:1])
    assert "error" not in good
    assert len(good["results"]) == 1


async def test_a_busy_database_may_be_tried_again(
    runtime: FakeRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("copilot_sdk.providers.database._BUSY_SECONDS", 0.0)
    runtime.answers["sessionFs.setProvider"] = {"success": True}
    (tmp_path / SESSION).mkdir()
    other = sqlite3.connect(tmp_path / SESSION / "session.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    asked = {"sessionId": SESSION, "statements": [{"query": "CREATE TABLE t (n)", "queryType": "exec"}]}
    async with runtime.client(session_fs=SessionFS.in_folder(tmp_path)):
        failed = await runtime.peer.request("sessionFs.sqliteTransaction", asked)
        other.close()
        assert failed["error"]["errorClass"] == "busyOrLocked"
        assert "error" not in await runtime.peer.request("sessionFs.sqliteTransaction", asked)


class AsyncFiles(MemoryFiles):
    """Somebody's own files, with async methods, without a database, and with a fault."""

    async def read(self, path: str) -> bytes:  # type: ignore[override]
        raise ZeroDivisionError

    async def status(self, path: str) -> FileStatus:  # type: ignore[override]
        return super().status(path)


async def test_files_of_ones_own_may_be_async_and_their_faults_are_logged(
    runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    runtime.answers["sessionFs.setProvider"] = {"success": True}
    async with runtime.client(session_fs=SessionFS(lambda session: AsyncFiles())):
        told = await runtime.asked("sessionFs.setProvider")
        assert told["capabilities"]["sqlite"] is False
        peer = runtime.peer
        assert (await peer.request("sessionFs.stat", {"sessionId": "s", "path": "/"}))["isDirectory"] is True
        failed = await peer.request("sessionFs.readFile", {"sessionId": "s", "path": "/f"})
        assert failed["error"]["code"] == "UNKNOWN"
        assert await peer.request("sessionFs.sqliteExists", {"sessionId": "s"}) == {"exists": False}
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_a_session_fs_is_given_once() -> None:
    with pytest.raises(UsageError, match="twice"):
        CopilotClient(handlers={"session_fs": SessionFS.in_memory()}, session_fs=SessionFS.in_memory())


class BrokenFiles(MemoryFiles):
    def write(self, path: str, content: bytes, mode: int | None) -> None:
        raise PartialWriteError("the disk is full") if path == "/changed" else OSError("no disk")


async def test_a_write_that_has_changed_the_file_before_it_failed_is_told_so(runtime: FakeRuntime) -> None:
    runtime.answers["sessionFs.setProvider"] = {"success": True}
    async with runtime.client(session_fs=SessionFS(lambda session: BrokenFiles())):
        for path, changed in (("/changed", True), ("/same", None)):
            params = {"sessionId": "s", "path": path, "content": ""}
            error = await runtime.peer.request("sessionFs.writeFile", params)
            assert (error["code"], error.get("writeChanged")) == ("UNKNOWN", changed)
