"""Sessions: how they begin and end, who hears of them, and what is left on disk."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from copilot_sdk.errors import RpcError, SessionNotFound
from copilot_sdk.runtime import Call, Reply
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.rewind import Rewind
from tests.unit.runtime.harness import PATIENCE, Join, Json, Start, asked_of, is_folder, tool, types


async def test_a_session_can_be_created_with_nothing(start: Start, join: Join) -> None:
    client = await join(start())
    created = await client.open()
    assert created["mode"] == "interactive"
    assert created["isRemote"] is False
    assert is_folder(created["workspacePath"])
    assert types(client.events) == ["session.start", "session.managed_settings_resolved"]


async def test_a_session_that_did_not_come_about_can_be_opened_later(
    start: Start, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await join(start())
    with monkeypatch.context() as broken:
        broken.setattr(Rewind, "open", AsyncMock(side_effect=RuntimeFault("no room")))
        with pytest.raises(RpcError, match="no room"):
            await client.open(sessionId="mine")
    assert (await client.open(sessionId="mine"))["sessionId"] == "mine"


async def test_an_id_that_is_live_returns_the_same_session(start: Start, join: Join) -> None:
    client = await join(start())
    first = await client.open(sessionId="mine")
    second = await client.open(sessionId="mine")
    assert first["startTime"] == second["startTime"]
    assert types(client.events) == ["session.start", "session.managed_settings_resolved"]


@pytest.mark.parametrize("name", ["../evil", "", "a/b", ".hidden", "x" * 200])
async def test_ids_that_are_no_file_names_are_refused(start: Start, join: Join, name: str) -> None:
    client = await join(start())
    if not name:
        assert (await client.open(sessionId=name))["sessionId"]
        return
    with pytest.raises(RpcError, match="Invalid session ID"):
        await client.open(sessionId=name)


async def test_a_working_directory_has_to_exist(start: Start, join: Join, tmp_path: Path) -> None:
    client = await join(start())
    with pytest.raises(RpcError, match="does not exist"):
        await client.open(workingDirectory=str(tmp_path / "nowhere"))


async def test_failures_have_the_texts_of_the_cli(start: Start, join: Join) -> None:
    client = await join(start())
    with pytest.raises(SessionNotFound) as missing:
        await client.call("session.tasks.list", sessionId="x")
    assert missing.value.message == (
        "Request session.tasks.list failed with message: Session not found for sessionId: x"
    )
    assert missing.value.code == -32603
    await client.open()
    with pytest.raises(RpcError) as invalid:
        await client.call("session.send")
    assert (invalid.value.code, invalid.value.message) == (
        -32603,
        "Request session.send failed with message: prompt: Field required",
    )
    with pytest.raises(RpcError) as unserved:
        await client.peer.request("session.sendAndWait", {"sessionId": client.session_id})
    assert (unserved.value.code, unserved.value.message) == (-32601, "Unhandled method session.sendAndWait")


async def test_sessions_without_a_turn_are_not_listed(start: Start, join: Join, tmp_path: Path) -> None:
    client = await join(start())
    await client.open(workingDirectory=str(tmp_path), clientName="a-program")
    assert await client.call("session.list") == {"sessions": []}
    await client.turn("hello there")
    (listed,) = (await client.call("session.list"))["sessions"]
    assert (listed["sessionId"], listed["summary"]) == (client.session_id, "hello there")
    assert listed["clientName"] == "a-program"
    assert (await client.call("session.list", filter={"cwd": "/elsewhere"}))["sessions"] == []
    assert await client.call("session.getMetadata") == {"session": listed}
    assert await client.call("session.getLastId") == {"sessionId": client.session_id}


async def test_a_second_client_gets_the_same_events(start: Start, join: Join) -> None:
    runtime = start()
    first, second = await join(runtime), await join(runtime)
    await first.open(streaming=True)
    second.session_id = first.session_id
    await second.call("session.resume")
    begin = len(first.events)
    await first.turn("hi")
    await second.until("session.idle")
    assert first.events[begin:] == second.events[-len(first.events[begin:]) :]
    assert first.of("session.resume")[0]["sessionWasActive"] is True


async def test_a_client_that_has_not_joined_hears_of_the_lifecycle_only(start: Start, join: Join) -> None:
    runtime = start()
    client, other = await join(runtime), await join(runtime)
    await client.open()
    await client.turn("hi")
    await client.call("session.delete")
    await other.call("ping")
    assert other.events == []
    told = [notice["type"] for notice in other.lifecycle]
    assert (told[0], told[-1]) == ("session.created", "session.deleted")
    assert "session.updated" in told


async def test_tools_are_those_of_all_clients_and_changes_are_told(start: Start, join: Join) -> None:
    runtime = start()
    first, second = await join(runtime), await join(runtime)
    await first.open(tools=[tool("one")])
    second.session_id = first.session_id
    await second.call("session.resume", tools=[tool("two")])
    await first.until("session.tools_updated")
    await first.turn("hi")
    offered = {spec.name for spec in asked_of(runtime)[-1].tools}
    assert {"one", "two"} <= offered
    await second.peer.aclose()
    await first.until("session.tools_updated")
    names = {entry["name"] for entry in (await first.call("session.tools.getCurrentMetadata"))["tools"]}
    assert "one" in names
    assert "two" not in names


async def test_a_call_of_a_tool_whose_client_has_left_fails(start: Start, join: Join) -> None:
    runtime = start([Reply(calls=[Call("two")]), Reply("ok")])
    first, second = await join(runtime), await join(runtime)
    await first.open()
    second.session_id = first.session_id
    await second.call("session.resume", tools=[tool("two", skipPermission=True)])
    await first.send("go")
    await first.until("external_tool.requested")
    await second.peer.aclose()
    await first.until("session.idle")
    assert "has left" in first.of("tool.execution_complete")[0]["error"]["message"]


async def test_the_last_client_that_leaves_ends_the_turn_and_closes_the_session(
    start: Start, join: Join
) -> None:
    runtime = start([Reply("never", hold=asyncio.Event()), Reply("back again")])
    client, watching = await join(runtime), await join(runtime)
    await client.open()
    await client.send("go")
    await client.until("assistant.turn_start")
    await client.peer.aclose()
    watching.session_id = client.session_id
    async with asyncio.timeout(5):
        while runtime.runtime.sessions:
            await watching.call("ping")
    await watching.call("session.resume")
    stored = [event["type"] for event in (await watching.call("session.getMessages"))["events"]]
    assert stored[-4:] == ["abort", "assistant.turn_end", "session.shutdown", "session.resume"]
    await watching.turn("again")
    assert watching.of("assistant.message")[-1]["content"] == "back again"


async def test_a_session_survives_a_restart_with_its_conversation(start: Start, join: Join) -> None:
    first = start([Reply(calls=[Call("nope")], text="trying"), Reply("sorry")])
    client = await join(first)
    await client.open(sessionId="kept")
    await client.turn("use nope")
    await client.call("session.name.set", name="  My session ")
    before = [event for event in client.events if not event.get("ephemeral")]
    await client.peer.aclose()
    await first.aclose()
    second = start([Reply("hello again")])
    client = await join(second)
    client.session_id = "kept"
    resumed = await client.call("session.resume")
    assert resumed["sessionId"] == "kept"
    assert await client.call("session.name.get") == {"name": "My session"}
    stored = (await client.call("session.getMessages"))["events"]
    assert [event["id"] for event in stored[: len(before)]] == [event["id"] for event in before]
    await client.turn("and now?")
    said = [(message.role, message.text) for message in asked_of(second)[0].messages[1:]]
    assert said == [
        ("user", "use nope"),
        ("assistant", "trying"),
        ("tool", "Tool 'nope' does not exist."),
        ("assistant", "sorry"),
        ("user", "and now?"),
    ]


async def test_a_call_that_never_got_its_result_is_not_taken_for_a_success(start: Start, join: Join) -> None:
    first = start([Reply(calls=[Call("t", id="c1")])])
    client = await join(first)
    await client.open(sessionId="cut", tools=[tool("t", skipPermission=True)])
    await client.send("go")
    await client.until("external_tool.requested")
    path = Path(first.runtime.live("cut").folder) / "events.jsonl"
    stored = path.read_bytes()
    await client.peer.aclose()
    await first.aclose()
    path.write_bytes(stored + b'{"id": "half a li')
    second = start([Reply("ok")])
    client = await join(second)
    client.session_id = "cut"
    await client.call("session.resume")
    await client.turn("and?")
    assert "Do not assume" in next(m.text for m in asked_of(second)[0].messages if m.role == "tool")


async def test_repeated_system_messages_are_told_but_not_stored(start: Start, join: Join) -> None:
    runtime = start()
    client = await join(runtime)
    await client.open()
    await client.turn("one")
    await client.turn("two")
    assert len(client.of("system.message")) == 2
    lines = (runtime.runtime.live(client.session_id).folder / "events.jsonl").read_text().splitlines()
    assert sum(json.loads(line)["type"] == "system.message" for line in lines) == 1


async def test_a_session_that_is_gone_can_be_neither_resumed_nor_deleted(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    gone = client.session_id
    folder = (await client.call("session.metadata.snapshot"))["workspacePath"]
    assert await client.call("session.delete") == {"success": True}
    assert not is_folder(folder)
    with pytest.raises(SessionNotFound):
        await client.call("session.resume", sessionId=gone)
    answer = await client.call("session.delete", sessionId=gone)
    assert (answer["success"], gone in answer["error"]) == (False, True)


async def test_destroy_keeps_what_is_stored(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    await client.turn("hi")
    await client.call("session.destroy")
    with pytest.raises(SessionNotFound):
        await client.call("session.send", prompt="x")
    await client.call("session.resume")
    assert await client.call("session.detach") == {"success": True}


async def test_who_has_left_a_session_may_leave_it_again(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    assert await client.call("session.detach") == {"success": True}
    assert await client.call("session.detach") == {"success": True}
    assert await client.call("session.destroy") == {"success": False}


async def test_the_foreground_session_is_told_to_everybody(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    assert await client.call("session.getForeground") == {}
    assert await client.call("session.setForeground") == {"success": True}
    assert (await client.call("session.getForeground"))["sessionId"] == client.session_id
    assert client.lifecycle[-1]["type"] == "session.foreground"
    assert (await client.call("session.setForeground", sessionId="x"))["success"] is False


async def test_mode_model_and_name_can_be_changed(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open(model="small")
    await client.call("session.mode.set", mode="plan")
    assert client.of("session.mode_changed") == [{"previousMode": "interactive", "newMode": "plan"}]
    with pytest.raises(RpcError, match="mode"):
        await client.call("session.mode.set", mode="bogus")
    switched = await client.call("session.model.switchTo", modelId="large", reasoningEffort="high")
    assert (switched["modelId"], switched["status"]) == ("large", "applied")
    assert switched["modelState"] == {"modelId": "large", "reasoningEffort": "high"}
    assert await client.call("session.model.getCurrent") == {"modelId": "large", "reasoningEffort": "high"}
    change = client.of("session.model_change")[0]
    assert (change["previousModel"], change["newModel"]) == ("small", "large")
    assert await client.call("session.name.setAuto", summary="Auto") == {"applied": True}
    await client.call("session.name.set", name="Mine")
    assert await client.call("session.name.setAuto", summary="Auto") == {"applied": False}
    assert await client.call("session.name.get") == {"name": "Mine"}
    await client.call("session.options.update", model="tiny", enableStreaming=True)
    await client.turn("hi")
    assert client.of("assistant.usage")[0]["model"] == "tiny"
    assert client.of("assistant.message_delta")


@pytest.mark.parametrize(("level", "event"), [("info", "info"), ("warning", "warning"), ("error", "error")])
async def test_log_makes_an_event(start: Start, join: Join, level: str, event: str) -> None:
    client = await join(start())
    await client.open()
    logged = await client.call("session.log", message="look", level=level, ephemeral=True)
    assert client.events[-1]["id"] == logged["eventId"]
    assert (client.events[-1]["type"], client.events[-1]["ephemeral"]) == (f"session.{event}", True)


async def test_the_event_log_is_read_in_parts(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    await client.turn("hi")
    durable = [event["id"] for event in client.events if not event.get("ephemeral")]
    seen: list[Json] = []
    batch: Json = {"cursor": None, "hasMore": True}
    while batch["hasMore"]:
        cursor = {"cursor": batch["cursor"]} if batch["cursor"] else {}
        batch = await client.call("session.eventLog.read", max=3, **cursor)
        seen += batch["events"]
    assert [event["id"] for event in seen[: len(durable)]] == durable
    assert {event["id"] for event in seen} == {event["id"] for event in client.events}
    assert (await client.call("session.eventLog.read", cursor=batch["cursor"]))["events"] == []


async def test_reading_the_event_log_waits_for_what_is_wanted(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    cursor = (await client.call("session.eventLog.tail"))["cursor"]
    reading = asyncio.create_task(
        client.call("session.eventLog.read", cursor=cursor, waitMs=5000, types=["assistant.message"])
    )
    await client.send("hi")
    batch = await reading
    assert types(batch["events"]) == ["assistant.message"]
    assert batch["cursorStatus"] == "ok"


async def test_a_cursor_from_elsewhere_begins_at_the_start(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    batch = await client.call("session.eventLog.read", cursor="999999.0")
    assert (batch["cursorStatus"], types(batch["events"])) == (
        "expired",
        ["session.start", "session.managed_settings_resolved"],
    )


async def test_messages_are_returned_as_they_were_told(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[Call("nope", {"x": None, "y": [None]})]), Reply("ok")]))
    await client.open()
    await client.turn("hi")
    told = [event for event in client.events if not event.get("ephemeral")]
    assert (await client.call("session.getMessages"))["events"] == told
    assert client.of("tool.execution_start")[0]["arguments"] == {"x": None, "y": [None]}


async def test_the_history_is_cut_at_an_event(start: Start, join: Join) -> None:
    runtime = start()
    client = await join(runtime)
    await client.open()
    await client.turn("one")
    await client.turn("two")
    second = [event for event in client.events if event["type"] == "user.message"][1]["id"]
    cut = await client.call("session.history.truncate", eventId=second)
    assert client.of("session.snapshot_rewind") == [
        {"upToEventId": second, "eventsRemoved": cut["eventsRemoved"]}
    ]
    assert second not in [event["id"] for event in (await client.call("session.getMessages"))["events"]]
    await client.turn("three")
    assert [m.text for m in asked_of(runtime)[-1].messages if m.role == "user"] == ["one", "three"]


async def test_a_new_context_is_told_and_listed(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    await client.turn("hi")
    await client.call("session.metadata.recordContextChange", context={"cwd": "/elsewhere", "branch": "dev"})
    assert client.of("session.context_changed") == [{"cwd": "/elsewhere", "branch": "dev"}]
    (listed,) = (await client.call("session.list", filter={"branch": "dev"}))["sessions"]
    assert listed["context"] == {"cwd": "/elsewhere", "branch": "dev"}


async def test_forms_are_filled_in_by_a_client_that_shows_them(start: Start, join: Join) -> None:
    runtime = start()
    asking, showing = await join(runtime), await join(runtime)
    await asking.open()
    form = {"type": "object", "properties": {"color": {"type": "string"}}}
    with pytest.raises(RpcError, match="can show forms"):
        await asking.call("session.ui.elicitation", message="Color?", requestedSchema=form)
    showing.session_id = asking.session_id
    await showing.call("session.resume", requestElicitation=True)
    assert (await asking.until("capabilities.changed"))["data"] == {"ui": {"elicitation": True}}
    asked = asyncio.create_task(asking.call("session.ui.elicitation", message="Color?", requestedSchema=form))
    request = (await showing.until("elicitation.requested"))["data"]
    answer = {"action": "accept", "content": {"color": "red"}}
    await showing.call("session.ui.handlePendingElicitation", requestId=request["requestId"], result=answer)
    assert await asked == answer
    again = asyncio.create_task(asking.call("session.ui.elicitation", message="Color?", requestedSchema=form))
    await showing.until("elicitation.requested")
    await showing.peer.aclose()
    assert await again == {"action": "cancel"}


async def test_idle_sessions_are_closed_in_time(start: Start, join: Join) -> None:
    runtime = start(lambda _: Reply("never", hold=asyncio.Event()))
    client = await join(runtime)
    await client.open(sessionId="idle")
    await client.open(sessionId="busy")
    await client.send("go")
    closing = asyncio.create_task(runtime.runtime.close_idle_sessions(0.01))
    await client.until("session.shutdown")
    async with asyncio.timeout(PATIENCE):
        while len(runtime.runtime.sessions) > 1:
            await client.call("ping")
    assert [session.id for session in runtime.runtime.sessions] == ["busy"]
    closing.cancel()


async def test_models_and_status_are_answered(start: Start, join: Join) -> None:
    client = await join(start())
    assert [model["id"] for model in (await client.call("models.list"))["models"]] == ["scripted"]
    assert (await client.call("status.get"))["protocolVersion"] == 3
    assert (await client.call("auth.getStatus"))["isAuthenticated"] is False
    assert (await client.call("ping", message="x"))["message"] == "pong: x"
    assert {"bash", "view"} <= {entry["name"] for entry in (await client.call("tools.list"))["tools"]}


async def test_a_client_that_reads_slowly_slows_the_turn_down_and_loses_nothing(
    start: Start, join: Join
) -> None:
    pieces = [f"{number} " for number in range(3_000)]
    client = await join(start([Reply(pieces)]))
    await client.open(streaming=True)
    await client.turn("count")
    text = "".join(delta["deltaContent"] for delta in client.of("assistant.message_delta"))
    assert text == client.of("assistant.message")[0]["content"] == "".join(pieces)
