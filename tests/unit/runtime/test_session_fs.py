"""Sessions whose files a client keeps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from copilot_sdk.errors import ConnectionClosed, InternalError, RpcError
from copilot_sdk.providers import MemoryFiles, SessionFS
from copilot_sdk.runtime import Call, Reply, Script
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of

PROVIDER: Json = {
    "initialCwd": "/project",
    "sessionStatePath": "/state",
    "conventions": "posix",
    "capabilities": {"sqlite": True, "binary": True},
}


Keeper = Callable[..., Awaitable[Client]]


class Kept:
    """Files and databases of a client, and what goes wrong with them."""

    def __init__(self) -> None:
        self.files: dict[str, MemoryFiles] = {}
        self.fails: Callable[[str, str], bool] = lambda operation, path: False
        self.fs = SessionFS(self._of, database=SessionFS.in_memory()._open_database)

    def _of(self, session_id: str) -> MemoryFiles:
        return self.files.setdefault(session_id, MemoryFiles())

    def text(self, session_id: str, path: str) -> str:
        return self.files[session_id].read(path).decode()

    def events(self, session_id: str) -> list[Json]:
        return [json.loads(line) for line in self.text(session_id, "/state/events.jsonl").splitlines()]

    def serve(self, client: Client) -> None:
        client.serve(session_fs=self.fs)
        for method, answer in list(client.answers.items()):
            client.answers[method] = self._failing(method.partition(".")[2], answer)

    def _failing(self, operation: str, answer: Callable[[Json], object]) -> Callable[[Json], object]:
        def run(params: Json) -> object:
            if self.fails(operation, params.get("path", "")):
                raise InternalError("the disk is on fire")
            return answer(params)

        return run


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def keeper(start: Start, join: Join, kept: Kept) -> Keeper:
    async def run(script: Script | None = None, **limits: object) -> Client:
        client = await join(start(script, **limits))
        kept.serve(client)
        await client.call("sessionFs.setProvider", **PROVIDER)
        return client

    return run


async def test_all_state_of_a_session_is_with_the_client(keeper: Keeper, kept: Kept, start: Start) -> None:
    client = await keeper([Reply("Hello.")])
    created = await client.open()
    assert created["workspacePath"] == "/state"
    await client.turn("hi")
    assert client.of("session.start")[0]["context"] == {"cwd": "/project"}
    stored = kept.events(client.session_id)
    assert [event["type"] for event in stored][:2] == ["session.start", "user.message"]
    assert kept.files[client.session_id].status("/state/files").is_directory
    assert await client.call("session.destroy") == {"success": True}
    record = json.loads(kept.text(client.session_id, "/state/workspace.yaml"))
    assert (record["id"], record["cwd"], record["summary"]) == (client.session_id, "/project", "hi")
    assert (await client.call("session.list"))["sessions"] == []
    assert kept.events(client.session_id)[-1]["type"] == "session.shutdown"


async def test_nothing_of_such_a_session_is_in_the_home_folder(start: Start, join: Join, kept: Kept) -> None:
    runtime = start([Reply("Hello.")])
    client = await join(runtime)
    kept.serve(client)
    await client.call("sessionFs.setProvider", **PROVIDER)
    await client.open()
    await client.turn("hi")
    await client.call("session.destroy")
    assert not list((runtime.runtime.home / "session-state").iterdir())


async def test_the_events_are_stored_before_the_session_is_idle(keeper: Keeper, kept: Kept) -> None:
    client = await keeper([Reply("Hello.")])
    await client.open()
    await client.turn("hi")
    assert kept.events(client.session_id)[-1]["type"] == "assistant.turn_end"


async def test_a_session_goes_on_in_another_runtime(
    start: Start, join: Join, kept: Kept, keeper: Keeper
) -> None:
    client = await keeper([Reply("Seven, noted.")])
    await client.open(sessionId="mine", name="Notes")
    await client.turn("Remember seven.")
    await client.peer.aclose()
    runtime = start([Reply("Seven.")])
    other = await join(runtime)
    kept.serve(other)
    await other.call("sessionFs.setProvider", **PROVIDER)
    resumed = await other.call("session.resume", sessionId="mine")
    other.session_id = "mine"
    assert resumed["workspacePath"] == "/state"
    await other.turn("What was it?")
    said = [message.text for message in asked_of(runtime)[0].messages[1:]]
    assert said == ["Remember seven.", "Seven, noted.", "What was it?"]
    types = [event["type"] for event in kept.events("mine")]
    assert types.count("session.start") == 1
    assert types.count("user.message") == 2


async def test_a_session_that_the_client_does_not_have_is_not_found(keeper: Keeper) -> None:
    client = await keeper()
    with pytest.raises(RpcError, match="Session not found for sessionId: nowhere"):
        await client.call("session.resume", sessionId="nowhere")


async def test_once_there_are_sessions_no_provider_is_taken(start: Start, join: Join, kept: Kept) -> None:
    client = await join(start())
    await client.open()
    with pytest.raises(RpcError, match="Cannot set session filesystem provider while sessions are active"):
        await client.call("sessionFs.setProvider", **PROVIDER)
    await client.call("session.destroy")
    kept.serve(client)
    await client.call("sessionFs.setProvider", **PROVIDER)


async def test_one_client_keeps_the_files_of_all(start: Start, join: Join, kept: Kept) -> None:
    runtime = start([Reply("Hello.")])
    keeper, user = await join(runtime), await join(runtime)
    kept.serve(keeper)
    await keeper.call("sessionFs.setProvider", **PROVIDER)
    with pytest.raises(RpcError, match="Another client is already the session filesystem provider"):
        await user.call("sessionFs.setProvider", **PROVIDER)
    await user.open()
    await user.turn("hi")
    assert not user.asked
    assert kept.events(user.session_id)


async def test_without_the_client_that_keeps_the_files_there_is_no_session(
    start: Start, join: Join, kept: Kept
) -> None:
    runtime = start()
    keeper, user = await join(runtime), await join(runtime)
    kept.serve(keeper)
    await keeper.call("sessionFs.setProvider", **PROVIDER)
    await keeper.peer.aclose()
    with pytest.raises(RpcError, match="session construction failed: UNKNOWN: connection closed"):
        await user.open()
    kept.serve(user)
    await user.call("sessionFs.setProvider", **PROVIDER)
    await user.open()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"conventions": "vms"}, "conventions"),
        ({"initialCwd": "work"}, 'absolute under the "posix" path convention; got "work"'),
        ({"initialCwd": None}, "initialCwd"),
    ],
)
async def test_a_provider_says_how_it_writes_paths(
    start: Start, join: Join, change: Json, problem: str
) -> None:
    client = await join(start())
    with pytest.raises(RpcError, match=problem):
        await client.call("sessionFs.setProvider", **(PROVIDER | change))


async def test_paths_are_written_as_the_client_does(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[Call("view", {"path": "sub\\..\\notes.txt"})]), Reply("done")]))
    client.serve(session_fs=SessionFS.in_memory())
    windows = {"initialCwd": "C:\\work", "sessionStatePath": "C:\\state", "conventions": "windows"}
    await client.call("sessionFs.setProvider", **windows)
    created = await client.open()
    assert created["workspacePath"] == "C:\\state"
    await client.call("session.permissions.setApproveAll", enabled=True)
    await client.turn("look")
    asked = {params["path"] for method, params in client.asked if "path" in params}
    assert {"C:\\state\\files", "C:\\state\\events.jsonl", "C:\\work\\notes.txt"} <= asked


@pytest.mark.parametrize("operation", ["mkdir", "writeFile"])
async def test_a_provider_that_fails_makes_the_creation_fail(
    keeper: Keeper, kept: Kept, operation: str
) -> None:
    kept.fails = lambda asked, _: asked == operation
    client = await keeper()
    with pytest.raises(RpcError, match="session construction failed: UNKNOWN: the disk is on fire"):
        await client.open()
    kept.fails = lambda *_: False
    await client.open()


async def test_events_that_cannot_be_stored_are_told_and_tried_again(keeper: Keeper, kept: Kept) -> None:
    client = await keeper([Reply("one"), Reply("two")])
    kept.fails = lambda asked, _: asked == "appendFile"
    await client.open()
    await client.turn("first")
    failure = client.of("session.error")[0]
    assert failure["errorType"] == "persistence"
    assert failure["message"] == "Failed to persist session events: UNKNOWN: the disk is on fire"
    kept.fails = lambda *_: False
    await client.turn("second")
    types = [event["type"] for event in kept.events(client.session_id)]
    assert types.count("user.message") == 2
    assert types[0] == "session.start"
    assert "session.error" not in types


@pytest.mark.parametrize("method", ["session.destroy", "session.detach"])
async def test_a_session_that_is_not_stored_at_its_end_says_so(
    keeper: Keeper, kept: Kept, method: str
) -> None:
    client = await keeper([Reply("one")])
    await client.open()
    await client.turn("first")
    kept.fails = lambda asked, _: asked == "appendFile"
    assert await client.call(method) == {"success": False}


async def test_a_provider_that_says_nothing_is_given_up_on(start: Start, join: Join) -> None:
    client = await join(start(provider_seconds=0.01))
    client.answers["sessionFs.mkdir"] = lambda _: asyncio.Event().wait()
    await client.call("sessionFs.setProvider", **PROVIDER)
    with pytest.raises(RpcError, match="no answer within"):
        await client.open()


async def test_what_a_client_keeps_is_not_deleted_from_here(keeper: Keeper, kept: Kept) -> None:
    client = await keeper()
    await client.open()
    deleted = await client.call("session.delete")
    assert deleted["success"] is False
    assert kept.events(client.session_id)


async def test_two_clients_may_open_the_same_session_at_once(keeper: Keeper, kept: Kept) -> None:
    client = await keeper()
    one, two = await asyncio.gather(client.open(sessionId="mine"), client.open(sessionId="mine"))
    assert one["startTime"] == two["startTime"]
    assert await client.call("session.destroy") == {"success": True}
    assert [event["type"] for event in kept.events("mine")] == ["session.start", "session.shutdown"]


async def test_a_client_that_leaves_while_its_session_is_made_leaves_none(
    start: Start, join: Join, kept: Kept
) -> None:
    runtime = start()
    keeper, user = await join(runtime), await join(runtime)
    kept.serve(keeper)
    asked, going = asyncio.Event(), asyncio.Event()

    async def wait(_: Json) -> None:
        asked.set()
        await going.wait()

    keeper.answers["sessionFs.mkdir"] = wait
    await keeper.call("sessionFs.setProvider", **PROVIDER)
    creating = asyncio.create_task(user.open())
    await asked.wait()
    await user.peer.aclose()
    with pytest.raises(ConnectionClosed):
        await creating
    going.set()
    while runtime._serving and len(runtime._serving) > 1:
        await keeper.call("ping")
    assert not runtime.runtime.sessions


async def test_the_tools_for_files_use_those_of_the_client(keeper: Keeper, kept: Kept) -> None:
    calls = [
        Call("create", {"path": "notes.txt", "file_text": "one\ntwo\n"}),
        Call("edit", {"path": "/project/notes.txt", "old_str": "two", "new_str": "three"}),
        Call("view", {"path": "notes.txt"}),
        Call("view", {"path": "."}),
        Call("view", {"path": "missing.txt"}),
        Call("create", {"path": "notes.txt", "file_text": ""}),
    ]
    client = await keeper([*(Reply(calls=[call]) for call in calls), Reply("done")])
    await client.open()
    await client.call("session.permissions.setApproveAll", enabled=True)
    await client.turn("write")
    assert kept.text(client.session_id, "/project/notes.txt") == "one\nthree\n"
    outcomes = client.of("tool.execution_complete")
    assert [outcome["success"] for outcome in outcomes] == [True, True, True, True, False, False]
    assert outcomes[2]["result"]["content"] == "1. one\n2. three"
    assert outcomes[3]["result"]["content"] == "notes.txt"
    assert "/project/missing.txt cannot be read" in outcomes[4]["error"]["message"]


async def test_history_that_is_cut_is_cut_at_the_client_too(keeper: Keeper, kept: Kept) -> None:
    client = await keeper([Reply("one"), Reply("two")])
    await client.open()
    await client.turn("first")
    await client.turn("second")
    await client.call("session.history.truncate", eventId=client.prompt_event())
    await client.call("session.destroy")
    prompts = [e["data"]["content"] for e in kept.events(client.session_id) if e["type"] == "user.message"]
    assert prompts == ["first"]


async def test_without_a_database_the_model_has_no_sql(start: Start, join: Join, kept: Kept) -> None:
    runtime = start([Reply("hi")])
    client = await join(runtime)
    kept.serve(client)
    await client.call("sessionFs.setProvider", **(PROVIDER | {"capabilities": {}}))
    await client.open()
    await client.turn("hi")
    assert "sql" not in [tool.name for tool in asked_of(runtime)[0].tools]


async def test_sql_runs_in_the_database_of_the_client(keeper: Keeper, kept: Kept) -> None:
    client = await keeper(
        [
            Reply(calls=[Call("sql", {"description": "d", "query": "SELECT 6 * 7 AS product"})]),
            Reply(calls=[Call("sql", {"description": "d", "query": "SELEC"})]),
            Reply("done"),
        ]
    )
    await client.open()
    await client.turn("compute")
    good, bad = client.of("tool.execution_complete")
    assert "| 42 |" in good["result"]["content"]
    assert bad["error"]["message"].startswith("UNKNOWN: sqliteQuery: OperationalError: near")
    kinds = [params["queryType"] for params in client.asked_for("sessionFs.sqliteQuery")]
    assert kinds == ["exec", "query", "exec", "run"]


async def test_todos_are_read_from_the_database_of_the_client(keeper: Keeper) -> None:
    insert = "INSERT INTO todos (id, title) VALUES ('a', 'One')"
    client = await keeper([Reply(calls=[Call("sql", {"description": "d", "query": insert})]), Reply("done")])
    await client.open()
    assert (await client.call("session.plan.readSqlTodos"))["rows"] == []
    assert client.asked_for("sessionFs.sqliteExists")
    assert not client.asked_for("sessionFs.sqliteQuery")
    await client.turn("plan")
    (row,) = (await client.call("session.plan.readSqlTodos"))["rows"]
    assert (row["id"], row["status"]) == ("a", "pending")


async def test_the_plan_is_a_file_of_the_client(keeper: Keeper, kept: Kept) -> None:
    client = await keeper()
    await client.open()
    await client.call("session.plan.update", content="First this.")
    assert kept.text(client.session_id, "/state/plan.md") == "First this."
    assert (await client.call("session.plan.read"))["content"] == "First this."
    await client.call("session.plan.delete")
    assert (await client.call("session.plan.read"))["exists"] is False
    operations = [change["operation"] for change in client.of("session.plan_changed")]
    assert operations == ["create", "delete"]
    kept.fails = lambda asked, _: asked in ("readFile", "stat")
    for method, params in (("read", {}), ("update", {"content": "x"}), ("delete", {})):
        with pytest.raises(RpcError, match="the disk is on fire"):
            await client.call(f"session.plan.{method}", **params)
