"""`sessions`: what is found, opened, copied and deleted in the home folder."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

import pytest

from copilot_sdk.errors import InvalidParams, RpcError
from copilot_sdk.runtime import Reply
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of, is_folder, text_at, types


@pytest.fixture
async def client(start: Start, join: Join, tmp_path: Path) -> Client:
    client = await join(start())
    (tmp_path / "work").mkdir()
    await client.open(sessionId="aaaaaaaa-1", workingDirectory=str(tmp_path / "work"), clientName="tester")
    await client.turn("Hello there.")
    return client


async def _another(client: Client, session_id: str, **options: object) -> str:
    """A further session with a turn, that is closed again; the client stays with its own."""
    own = client.session_id
    await client.open(sessionId=session_id, **options)
    await client.turn(f"Prompt of {session_id}.")
    await client.call("session.destroy")
    client.session_id = own
    return session_id


async def _listed(client: Client, **params: object) -> list[Json]:
    sessions: list[Json] = (await client.call("sessions.list", **params))["sessions"]
    return sessions


async def test_sessions_are_listed_with_what_is_known_of_them(client: Client, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    await _another(client, "bbbbbbbb-1", workingDirectory=str(tmp_path / "other"), name="Named")
    other, own = await _listed(client)
    assert (other["sessionId"], other["name"]) == ("bbbbbbbb-1", "Named")
    assert (own["name"], own["summary"], own["clientName"]) == ("Hello there.", "Hello there.", "tester")
    assert own["context"] == {"cwd": str(tmp_path / "work")}
    assert (own["isRemote"], own["isDetached"]) == (False, False)
    filtered = await _listed(client, filter={"cwd": str(tmp_path / "other")})
    assert [session["sessionId"] for session in filtered] == ["bbbbbbbb-1"]
    assert await _listed(client, filter={"branch": "x"}) == []
    full, outline = await _listed(client, metadataLimit=1)
    assert ("name" in full, "name" in outline) == (True, False)
    assert await client.call("sessions.getMetadata", sessionId="aaaaaaaa-1") == {"session": own}
    assert await client.call("sessions.getMetadata", sessionId="nope") == {}


async def test_remote_sessions_take_an_account(client: Client) -> None:
    assert await _listed(client, source="remote") == []
    for source in ("remote", "all"):
        with pytest.raises(RpcError, match="Not authenticated"):
            await _listed(client, source=source, throwOnError=True)
    with pytest.raises(RpcError, match=r"sessions\.connect requires authentication"):
        await client.call("sessions.connect", sessionId="r")


async def test_metadata_is_added_to_what_is_given(client: Client) -> None:
    given = {"startTime": "2026-01-01T00:00:00Z", "modifiedTime": "2026-01-01T00:00:00Z", "isRemote": False}
    known, unknown = (
        await client.call(
            "sessions.enrichMetadata",
            sessions=[{"sessionId": "aaaaaaaa-1", **given}, {"sessionId": "nope", "name": "kept", **given}],
        )
    )["sessions"]
    assert (known["name"], known["startTime"]) == ("Hello there.", "2026-01-01T00:00:00Z")
    assert (unknown["name"], unknown["isDetached"]) == ("kept", False)


async def test_a_session_without_a_turn_is_in_no_list(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open(sessionId="empty")
    assert await _listed(client) == []
    assert await client.call("sessions.getMetadata", sessionId="empty") == {}
    assert await client.call("sessions.listNonEmptySessionIds") == {"sessionIds": []}
    assert await client.call("sessions.getSizes") == {"sizes": {}}


async def test_sizes_and_ids_are_told(client: Client, tmp_path: Path) -> None:
    await _another(client, "bbbbbbbb-1")
    ids = (await client.call("sessions.listNonEmptySessionIds"))["sessionIds"]
    assert ids == ["bbbbbbbb-1", "aaaaaaaa-1"]
    assert await client.call("sessions.listNonEmptySessionIds", limit=1) == {"sessionIds": ["bbbbbbbb-1"]}
    before = (await client.call("sessions.getSizes"))["sizes"]["bbbbbbbb-1"]
    (tmp_path / "home/session-state/bbbbbbbb-1/files/x").write_bytes(b"x" * 1000)
    assert (await client.call("sessions.getSizes"))["sizes"]["bbbbbbbb-1"] == before + 1000


async def test_sessions_are_found_by_the_beginning_of_their_id(client: Client) -> None:
    await _another(client, "aaaaaaab-1")

    async def found(prefix: str) -> object:
        return (await client.call("sessions.findByPrefix", prefix=prefix)).get("sessionId")

    assert await found("aaaaaaaa") == "aaaaaaaa-1"
    assert await found("AAAAAAAA") == "aaaaaaaa-1"
    assert await found("aaaaaaa") is None
    assert await found("aaaaaa") is None
    assert await found("zzzzzzzz") is None


async def test_the_last_session_is_that_of_the_folder_if_there_is_one(client: Client, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    await _another(client, "bbbbbbbb-1", workingDirectory=str(tmp_path / "other"))

    async def last(**params: object) -> object:
        return (await client.call("sessions.getLastForContext", **params))["sessionId"]

    assert await last() == "bbbbbbbb-1"
    assert await last(context={"cwd": str(tmp_path / "work")}) == "aaaaaaaa-1"
    assert await last(context={"cwd": "/nowhere"}) == "bbbbbbbb-1"


async def test_notes_of_clients_are_kept_with_the_session(client: Client, tmp_path: Path) -> None:
    async def update(**params: object) -> object:
        return await client.call("session.metadata.updateClientMetadata", **params)

    assert await client.call("session.metadata.getClientMetadata") == {}
    assert await update(set={"a": "1", "b": "2"}) == {"a": "1", "b": "2"}
    assert await update(set={"c": "3"}, remove=["a", "zz"]) == {"b": "2", "c": "3"}
    assert await update(set={"b": "4"}, remove=["b"]) == {"b": "4", "c": "3"}
    assert await update(clear=True, set={"k": "v"}) == {"k": "v"}
    await client.call("session.destroy")
    await client.call("session.resume")
    assert await client.call("session.metadata.getClientMetadata") == {"k": "v"}
    path = tmp_path / "home/session-state/aaaaaaaa-1/client-metadata.json"
    assert json.loads(path.read_text()) == {"version": 1, "metadata": {"k": "v"}}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"": "v"}, "keys must not be empty"),
        ({"x" * 257: "v"}, "key exceeds 256 bytes"),
        ({"x": "v" * 16_385}, "value for key 'x' exceeds 16384 bytes"),
        ({f"k{number}": "v" for number in range(129)}, "set exceeds 128 entries"),
    ],
)
async def test_notes_that_are_too_large_are_refused(client: Client, given: object, problem: str) -> None:
    with pytest.raises(InvalidParams, match=f"client metadata is invalid: {problem}"):
        await client.call("session.metadata.updateClientMetadata", set=given)
    assert await client.call("session.metadata.getClientMetadata") == {}


async def test_notes_of_several_sessions_are_read_at_once(client: Client, tmp_path: Path) -> None:
    await client.call("session.metadata.updateClientMetadata", set={"a": "1", "b": "2"})
    for name, text in (("corrupt-1", "{"), ("later-1", '{"version": 2}'), ("bare-1", None)):
        await _another(client, name)
        if text is not None:
            (tmp_path / f"home/session-state/{name}/client-metadata.json").write_text(text)
    asked = ["aaaaaaaa-1", "nope", "corrupt-1", "later-1", "bare-1"]
    entries = await client.call("sessions.getClientMetadata", sessionIds=asked, keys=["a"])
    assert entries == [
        {"sessionId": "aaaaaaaa-1", "status": "ok", "metadata": {"a": "1"}},
        {"sessionId": "nope", "status": "notFound"},
        {"sessionId": "corrupt-1", "status": "corrupt"},
        {"sessionId": "later-1", "status": "unsupportedVersion"},
        {"sessionId": "bare-1", "status": "ok", "metadata": {}},
    ]
    with pytest.raises(RpcError, match="Invalid session ID"):
        await client.call("sessions.getClientMetadata", sessionIds=["../x"])


async def test_stored_events_are_read_in_pages_both_ways(client: Client) -> None:
    path = (await client.call("sessions.getEventFilePath", sessionId="aaaaaaaa-1"))["filePath"]
    stored = [json.loads(line)["id"] for line in text_at(path).splitlines()]

    async def pages(direction: str) -> list[list[str]]:
        found: list[list[str]] = []
        cursor: dict[str, str] = {}
        while True:
            page = await client.call(
                "sessions.readPersistedEvents", sessionId="aaaaaaaa-1", max=2, direction=direction, **cursor
            )
            assert page["cursorStatus"] == "ok"
            found.append([event["id"] for event in page["events"]])
            cursor = {"cursor": page["cursor"]}
            if not page["hasMore"]:
                return found

    assert list(chain(*await pages("forward"))) == stored
    assert list(chain(*reversed(await pages("backward")))) == stored
    for cursor in ("rubbish", "persisted:v1:1:nope", "persisted:v1:999:x"):
        page = await client.call("sessions.readPersistedEvents", sessionId="aaaaaaaa-1", cursor=cursor)
        assert (page["events"], page["cursorStatus"]) == ([], "expired")
    with pytest.raises(RpcError, match="journal is unavailable for session nope"):
        await client.call("sessions.readPersistedEvents", sessionId="nope")


async def test_a_fork_begins_with_what_was_said(client: Client, start: Start) -> None:
    await client.call("session.metadata.updateClientMetadata", set={"a": "1"})
    await client.turn("And more.")
    first = await client.call("sessions.fork", sessionId="aaaaaaaa-1")
    assert first["name"] == "Hello there. (fork)"
    assert (await client.call("sessions.fork", sessionId="aaaaaaaa-1"))["name"] == "Hello there. (fork 2)"
    named = await client.call("sessions.fork", sessionId="aaaaaaaa-1", name="Mine")
    assert named["name"] == "Mine"
    client.session_id = first["sessionId"]
    await client.call("session.resume")
    await client.turn("!say Here.")
    events = (await client.call("session.getMessages"))["events"]
    assert [event["data"]["content"] for event in events if event["type"] == "user.message"] == [
        "Hello there.",
        "And more.",
        "!say Here.",
    ]
    assert events[0]["data"]["sessionId"] == first["sessionId"]
    (info,) = [event["data"] for event in events if event["type"] == "session.info"]
    assert info["infoType"] == "fork"
    assert "aaaaaaaa-1" in info["message"]
    assert await client.call("session.metadata.getClientMetadata") == {"a": "1"}
    origin = await client.call("session.getMessages", sessionId="aaaaaaaa-1")
    assert "!say Here." not in json.dumps(origin)


async def test_a_fork_can_leave_off_before_an_event(client: Client) -> None:
    await client.turn("And more.")
    second = client.prompt_event()
    fork = await client.call("sessions.fork", sessionId="aaaaaaaa-1", toEventId=second)
    page = await client.call("sessions.readPersistedEvents", sessionId=fork["sessionId"])
    assert types(page["events"]).count("user.message") == 1
    assert page["events"][-1]["type"] == "session.info"
    with pytest.raises(RpcError, match="Event nope not found in session aaaaaaaa-1"):
        await client.call("sessions.fork", sessionId="aaaaaaaa-1", toEventId="nope")
    with pytest.raises(RpcError, match="Cannot fork session nope: no persisted or in-memory events found"):
        await client.call("sessions.fork", sessionId="nope")


async def test_sessions_are_deleted_also_live_ones(client: Client) -> None:
    stored = await _another(client, "bbbbbbbb-1")
    freed = (await client.call("sessions.bulkDelete", sessionIds=[stored, "nope", "aaaaaaaa-1"]))[
        "freedBytes"
    ]
    assert freed["bbbbbbbb-1"] > 0
    assert freed["aaaaaaaa-1"] > 0
    assert freed["nope"] == 0
    assert await _listed(client) == []
    with pytest.raises(RpcError, match="Session file not found for nope"):
        await client.call("sessions.delete", sessionId="nope")
    third = await _another(client, "cccccccc-1")
    assert await client.call("sessions.delete", sessionId=third) is None
    assert await client.call("sessions.getMetadata", sessionId=third) == {}


async def test_old_sessions_are_pruned_but_for_those_with_a_name(client: Client) -> None:
    await _another(client, "bbbbbbbb-1", name="Named")
    await _another(client, "cccccccc-1")
    old = {"olderThanDays": -1}
    tried = await client.call("sessions.pruneOld", **old, dryRun=True, excludeSessionIds=["aaaaaaaa-1"])
    assert (tried["deleted"], tried["candidates"]) == ([], ["cccccccc-1"])
    assert sorted(tried["skipped"]) == ["aaaaaaaa-1", "bbbbbbbb-1"]
    assert tried["freedBytes"] > 0
    assert (await client.call("sessions.pruneOld", olderThanDays=1))["deleted"] == []
    done = await client.call("sessions.pruneOld", **old, excludeSessionIds=["aaaaaaaa-1"])
    assert (done["deleted"], done["freedBytes"]) == (["cccccccc-1"], tried["freedBytes"])
    rest = await client.call("sessions.pruneOld", **old, includeNamed=True)
    assert sorted(rest["deleted"]) == ["aaaaaaaa-1", "bbbbbbbb-1"]
    assert await _listed(client) == []


async def test_a_session_is_opened_without_joining_it(start: Start, join: Join, tmp_path: Path) -> None:
    runtime = start([Reply("Hi.")])
    client = await join(runtime)
    options = {"sessionId": "opened-1", "workingDirectory": str(tmp_path), "model": "m", "name": "Named"}
    opened = await client.call("sessions.open", kind="create", options=options)
    assert (opened["status"], opened["sessionId"]) == ("created", "opened-1")
    assert client.events == []
    client.session_id = "opened-1"
    await client.call("session.resume")
    assert await client.call("session.name.get") == {"name": "Named"}
    await client.turn("hi")
    assert asked_of(runtime)[0].model == "m"
    await client.call("sessions.close", sessionId="opened-1")
    with pytest.raises(RpcError, match="Session not found"):
        await client.call("session.mode.get")
    assert await client.call("sessions.close", sessionId="nope") == {}


async def test_a_stored_session_is_opened_again(client: Client) -> None:
    async def opened(kind: str, **params: object) -> tuple[object, object]:
        result = await client.call("sessions.open", kind=kind, **params)
        return result["status"], result.get("sessionId")

    assert await opened("attach", sessionId="aaaaaaaa-1") == ("resumed", "aaaaaaaa-1")
    await client.call("session.destroy")
    assert await opened("attach", sessionId="aaaaaaaa-1") == ("not_found", None)
    assert await opened("resume", sessionId="aaaaaaaa") == ("resumed", "aaaaaaaa-1")
    assert await opened("attach", sessionId="aaaaaaaa-1") == ("resumed", "aaaaaaaa-1")
    await client.call("sessions.close", sessionId="aaaaaaaa-1")
    assert await opened("resumeLast") == ("resumed", "aaaaaaaa-1")
    assert await opened("resume", sessionId="nope") == ("not_found", None)
    assert await opened("later") == ("not_found", None)
    with pytest.raises(RpcError, match="request_sessions_open_remote"):
        await opened("remote", remoteSessionId="r")


async def test_the_start_of_a_session_can_be_kept_quiet(start: Start, join: Join) -> None:
    client = await join(start())
    for emit in (True, False):
        opened = await client.call("sessions.open", kind="create", emitStart=emit)
        events = await client.call("session.getMessages", sessionId=opened["sessionId"])
        assert types(events["events"]) == (["session.start"] if emit else [])


async def test_remote_control_fails_without_an_account_and_is_remembered(client: Client) -> None:
    config = {"remote": True, "steerable": False, "explicit": True, "silent": True}
    off = {"status": {"state": "off"}}
    assert await client.call("sessions.getRemoteControlStatus") == off
    assert await client.call("sessions.setRemoteControlSteering", enabled=True) == off
    with pytest.raises(RpcError, match="startRemoteControl: session nope not found"):
        await client.call("sessions.startRemoteControl", sessionId="nope", config=config)
    failed = await client.call("sessions.startRemoteControl", sessionId="aaaaaaaa-1", config=config)
    assert failed["status"] == {
        "state": "error",
        "error": "Remote session has no current authentication",
        "attachedSessionId": "aaaaaaaa-1",
    }
    assert await client.call("sessions.getRemoteControlStatus") == failed
    kept = await client.call("sessions.stopRemoteControl", expectedSessionId="x")
    assert (kept["stopped"], kept["status"]) == (False, failed["status"])
    assert await client.call("sessions.stopRemoteControl") == {**off, "stopped": True}
    moved = await client.call("sessions.transferRemoteControl", toSessionId="aaaaaaaa-1")
    assert moved == {**off, "transferred": False}


async def test_records_are_made_read_and_changed_where_the_caller_says(
    client: Client, tmp_path: Path
) -> None:
    home = tmp_path / "elsewhere"
    made = await client.call(
        "sessions.createWorkspace",
        sessionId="ws-1",
        sessionStatePath=str(home / "ws-1"),
        convention="posix",
        context={"cwd": "/c", "branch": "b", "clientName": "cn"},
        name="nm",
    )
    workspace = json.loads(made["workspaceJson"])
    assert (workspace["id"], workspace["cwd"], workspace["user_named"]) == ("ws-1", "/c", True)
    assert is_folder(str(home / "ws-1/checkpoints"))
    where = {"sessionsHome": str(home), "sessionId": "ws-1"}
    assert json.loads((await client.call("sessions.loadWorkspace", **where))["workspaceJson"]) == workspace
    assert await client.call("sessions.loadWorkspace", sessionsHome=str(home), sessionId="nope") == {}
    fields = json.dumps({"name": "new", "branch": None, "mc_task_id": "t1", "zzz": 5})
    await client.call("sessions.updateWorkspaceFields", **where, fieldsJson=fields)
    changed = json.loads((await client.call("sessions.loadWorkspace", **where))["workspaceJson"])
    assert (changed["name"], changed["zzz"], changed["cwd"]) == ("new", 5, "/c")
    assert "branch" not in changed
    for bad in ("rubbish", "[]", '{"turns": "many"}'):
        with pytest.raises(RpcError, match="fieldsJson"):
            await client.call("sessions.updateWorkspaceFields", **where, fieldsJson=bad)
    with pytest.raises(RpcError, match="without parent components"):
        await client.call("sessions.loadWorkspace", sessionsHome=str(home), sessionId="../x")


async def test_the_record_of_a_live_session_is_changed_for_good(client: Client, tmp_path: Path) -> None:
    fields = {"mc_task_id": "task-9", "remote_steerable": True}
    await client.call(
        "sessions.updateWorkspaceFields",
        sessionsHome=str(tmp_path / "home/session-state"),
        sessionId="aaaaaaaa-1",
        fieldsJson=json.dumps(fields),
    )
    await client.turn("more")
    assert await client.call("sessions.findByTaskId", taskId="task-9") == {"sessionId": "aaaaaaaa-1"}
    assert await client.call("sessions.findByTaskId", taskId="") == {}
    steerable = await client.call("sessions.getPersistedRemoteSteerable", sessionId="aaaaaaaa-1")
    assert steerable == {"remoteSteerable": True}
    assert await client.call("sessions.getPersistedRemoteSteerable", sessionId="nope") == {}
    assert await client.call("sessions.getBoardEntryCount", sessionId="aaaaaaaa-1") == {}


async def test_the_context_is_told_by_what_fills_it(client: Client) -> None:
    attribution = (await client.call("session.metadata.getContextAttribution"))["contextAttribution"]
    categories, entries = attribution["categories"], attribution["entries"]
    parts = categories["systemPrompt"] + categories["systemTools"] + categories["messages"]
    assert attribution["totalTokens"] == parts
    assert categories["freeSpace"] + categories["buffer"] + parts == attribution["limit"] == 128_000
    tools = [entry["tokens"] for entry in entries if entry["kind"] == "toolDefinition"]
    assert sum(tools) == categories["systemTools"]
    await client.turn("A longer prompt that weighs more than what else was said so far, and by far.")
    heaviest = await client.call("session.metadata.getContextHeaviestMessages", limit=1)
    (message,) = heaviest["messages"]
    assert message["label"].startswith(("user: A longer", "asst: Hello! You said: A longer"))
    assert len(message["label"]) == len("user: ") + 50


async def test_a_context_without_a_message_is_nothing(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    assert await client.call("session.metadata.getContextAttribution") == {"contextAttribution": None}
    heaviest = await client.call("session.metadata.getContextHeaviestMessages")
    assert heaviest == {"totalTokens": 0, "messages": []}
    info = await client.call("session.metadata.contextInfo", promptTokenLimit=1000, outputTokenLimit=100)
    assert info.get("contextInfo") is None
