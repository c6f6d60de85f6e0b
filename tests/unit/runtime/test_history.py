"""`session.history`: compaction, going back to a prompt, starting anew, handing over."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from copilot_sdk.errors import RpcError
from copilot_sdk.runtime import Call, ModelRequest, Reply
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of, tool, types

SUMMARY = "<overview>\nAll of it.\n</overview>\n<checkpoint_title>My title</checkpoint_title>"


def _said(request: ModelRequest) -> list[str]:
    return [message.text for message in request.messages[1:]]


async def _prompt_ids(client: Client) -> list[str]:
    events = (await client.call("session.getMessages"))["events"]
    return [event["id"] for event in events if event["type"] == "user.message"]


async def test_a_conversation_gives_way_to_its_summary(start: Start, join: Join) -> None:
    runtime = start([Reply("A1."), Reply("B1."), Reply(SUMMARY), Reply("C1.")])
    client = await join(runtime)
    await client.open()
    await client.turn("Alpha.")
    await client.turn("Beta.")
    done = await client.call("session.history.compact", customInstructions="Keep colours.")
    assert (done["success"], done["messagesRemoved"], done["summaryContent"]) == (True, 3, SUMMARY)
    assert done["contextWindow"]["messagesLength"] == 1
    assert _said(asked_of(runtime)[2])[:4] == ["Alpha.", "A1.", "Beta.", "B1."]
    assert "Keep colours." in _said(asked_of(runtime)[2])[4]
    assert not asked_of(runtime)[2].tools
    (begun,), (ended,) = client.of("session.compaction_start"), client.of("session.compaction_complete")
    assert begun["compactionAttemptId"] == ended["compactionAttemptId"]
    assert (ended["outcome"], ended["checkpointNumber"]) == ("applied", 1)
    assert ended["customInstructions"] == "Keep colours."
    assert begun["currentTokens"] == ended["preCompactionTokens"]
    assert client.of("session.usage_info")[-1]["currentTokens"] == ended["postCompactionTokens"]
    kept = await client.call("session.workspaces.readCheckpoint", number=1)
    assert kept["content"].strip() == "<overview>\nAll of it.\n</overview>"
    assert (await client.call("session.workspaces.listCheckpoints"))["checkpoints"][0]["title"] == "My title"
    await client.turn("Gamma.")
    summary, prompt = _said(asked_of(runtime)[3])
    assert prompt == "Gamma."
    assert "Alpha." in summary
    assert "All of it." in summary
    attribution = (await client.call("session.metadata.getContextAttribution"))["contextAttribution"]
    assert attribution["compactions"] == {"count": 1}


async def test_a_resumed_session_goes_on_from_the_summary(start: Start, join: Join) -> None:
    first = start([Reply("A1."), Reply(SUMMARY), Reply("B1.")])
    client = await join(first)
    await client.open(sessionId="one")
    await client.turn("Alpha.")
    await client.call("session.history.compact")
    await client.turn("Beta.")
    live = _said(asked_of(first)[2])
    await client.call("session.destroy")
    await first.aclose()
    second = start([Reply("C1.")])
    client = await join(second)
    client.session_id = "one"
    await client.call("session.resume")
    await client.turn("Gamma.")
    assert _said(asked_of(second)[0]) == [*live, "B1.", "Gamma."]


async def test_there_has_to_be_something_to_compact(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    with pytest.raises(RpcError, match="Nothing to compact"):
        await client.call("session.history.compact")
    assert await client.call("session.history.abortManualCompaction") == {"aborted": False}
    assert await client.call("session.history.cancelBackgroundCompaction") == {"cancelled": False}


async def test_a_compaction_that_fails_leaves_the_conversation_as_it_was(start: Start, join: Join) -> None:
    runtime = start()
    client = await join(runtime)
    await client.open()
    await client.turn("!say A1.")
    asked = asked_of(runtime)
    before = len(asked)
    model = runtime.runtime.model
    model._choose = lambda request: Reply("")  # type: ignore[attr-defined]
    with pytest.raises(RpcError, match="empty summary"):
        await client.call("session.history.compact")
    (ended,) = client.of("session.compaction_complete")
    assert (ended["success"], ended["outcome"]) == (False, "failed")
    assert len(asked) == before + 1
    heaviest = await client.call("session.metadata.getContextHeaviestMessages")
    assert len(heaviest["messages"]) == 2


async def test_a_compaction_can_be_given_up(start: Start, join: Join) -> None:
    runtime = start([Reply("A1."), Reply("never", hold=asyncio.Event()), Reply("B1.")])
    client = await join(runtime)
    await client.open()
    await client.turn("Alpha.")
    compacting = asyncio.create_task(client.call("session.history.compact"))
    await client.until("session.compaction_start")
    with pytest.raises(RpcError, match="already in progress"):
        await client.call("session.history.compact")
    assert await client.call("session.history.abortManualCompaction") == {"aborted": True}
    with pytest.raises(RpcError, match="Compaction was cancelled"):
        await compacting
    assert client.of("session.compaction_complete")[0]["outcome"] == "cancelled"
    await client.turn("Beta.")
    assert _said(asked_of(runtime)[-1]) == ["Alpha.", "A1.", "Beta."]


def _crowded(**thresholds: float) -> Json:
    return {"infiniteSessions": {"enabled": True, **thresholds}}


async def test_a_context_that_fills_up_is_compacted_while_the_turn_goes_on(start: Start, join: Join) -> None:
    hold = asyncio.Event()

    def answer(request: ModelRequest) -> Reply:
        return Reply(SUMMARY, hold=hold) if "checkpoint_title" in request.prompt else Reply("ok")

    runtime = start(answer)
    client = await join(runtime)
    await client.open(**_crowded(backgroundCompactionThreshold=0.0001, bufferExhaustionThreshold=1.0))
    events = await client.turn("Alpha.")
    assert "session.compaction_complete" not in types(events)
    hold.set()
    ended = (await client.until("session.compaction_complete"))["data"]
    assert (ended["trigger"], ended["messagesRemoved"]) == ("threshold", 0)
    heaviest = await client.call("session.metadata.getContextHeaviestMessages")
    assert sorted(message["role"] for message in heaviest["messages"]) == ["assistant", "user"]


async def test_a_context_that_is_full_is_compacted_before_the_turn_goes_on(start: Start, join: Join) -> None:
    def answer(request: ModelRequest) -> Reply:
        return Reply(SUMMARY) if "checkpoint_title" in request.prompt else Reply("ok")

    runtime = start(answer)
    client = await join(runtime)
    await client.open(**_crowded(backgroundCompactionThreshold=0.0001, bufferExhaustionThreshold=0.0001))
    told = types(await client.turn("Alpha."))
    assert told.index("session.compaction_complete") < told.index("assistant.message")
    assert "All of it." in _said(asked_of(runtime)[1])[0]


async def test_a_background_compaction_can_be_given_up_or_switched_off(start: Start, join: Join) -> None:
    def answer(request: ModelRequest) -> Reply:
        return Reply("never", hold=asyncio.Event()) if "checkpoint_title" in request.prompt else Reply("ok")

    client = await join(start(answer))
    await client.open(**_crowded(backgroundCompactionThreshold=0.0001, bufferExhaustionThreshold=1.0))
    await client.turn("Alpha.")
    assert await client.call("session.history.cancelBackgroundCompaction") == {"cancelled": True}
    assert client.of("session.compaction_complete")[0]["outcome"] == "cancelled"
    await client.open(infiniteSessions={"enabled": False, "backgroundCompactionThreshold": 0.0001})
    assert "session.compaction_start" not in types(await client.turn("Beta."))


async def test_a_handoff_is_a_summary_that_changes_nothing(start: Start, join: Join) -> None:
    runtime = start([Reply("A1."), Reply("Take over."), Reply("B1.")])
    client = await join(runtime)
    await client.open()
    assert await client.call("session.history.summarizeForHandoff") == {"summary": ""}
    await client.turn("Alpha.")
    assert await client.call("session.history.summarizeForHandoff") == {"summary": "Take over."}
    await client.turn("Beta.")
    assert _said(asked_of(runtime)[2]) == ["Alpha.", "A1.", "Beta."]


async def test_a_tool_can_start_the_conversation_anew(start: Start, join: Join) -> None:
    runtime = start([Reply(calls=[Call("fresh", id="c1")]), Reply("new"), Reply("more")])
    client = await join(runtime)
    await client.open(tools=[tool("fresh", skipPermission=True)])
    with pytest.raises(RpcError, match="inside a tool handler"):
        await client.call("session.history.clearContext", prompt="x")
    await client.send("Alpha.")
    asked = (await client.until("external_tool.requested"))["data"]
    cleared = await client.call("session.history.clearContext", prompt="Start anew.")
    assert cleared == {"messagesCleared": 2}
    with pytest.raises(RpcError, match="and once"):
        await client.call("session.history.clearContext", prompt="x")
    await client.call("session.tools.handlePendingToolCall", requestId=asked["requestId"], result="done")
    await client.until("session.idle")
    assert _said(asked_of(runtime)[1]) == ["Start anew."]
    assert client.of("session.context_cleared") == [{"initialMessage": "Start anew.", "messagesCleared": 2}]
    await client.call("session.destroy")
    await client.call("session.resume")
    await client.turn("Beta.")
    assert _said(asked_of(runtime)[2]) == ["Start anew.", "new", "Beta."]


async def _change(client: Client, name: str, **arguments: object) -> None:
    await client.turn(f"!call {name} {json.dumps(arguments)}")


@pytest.fixture
async def tracked(start: Start, join: Join, tmp_path: Path) -> Client:
    """A session with three turns: one makes b.txt, one changes a.txt and b.txt, one makes c.txt."""
    client = await join(start())
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.txt").write_text("one\n")
    await client.open(workingDirectory=str(work), enableFileChangeTracking=True)
    await client.call("session.permissions.setApproveAll", enabled=True)
    await _change(client, "create", path="b.txt", file_text="hi\nyou\n")
    edits = [("a.txt", "one", "1\n2"), ("b.txt", "you", "me")]
    await client.turn(
        "\n".join(
            f"!call edit {json.dumps({'path': path, 'old_str': old, 'new_str': new})}"
            for path, old, new in edits
        )
    )
    await _change(client, "create", path="c.txt", file_text="c\n")
    return client


async def test_points_to_go_back_to_say_what_was_changed(tracked: Client, tmp_path: Path) -> None:
    listed = await tracked.call("session.history.listRewindPoints")
    assert listed["fileChangeTrackingEnabled"] is True
    shown = [(p["fileCount"], p["linesAdded"], p["linesRemoved"]) for p in listed["points"]]
    assert shown == [(3, 2, 0), (3, 3, 2), (1, 1, 0)]
    assert all(p["canRestoreFiles"] and p["turnChangedFiles"] for p in listed["points"])
    preview = await tracked.call("session.history.previewRewind", eventId=listed["points"][1]["eventId"])
    assert (preview["available"], preview["fileCount"]) == (True, 3)
    kinds = {Path(change["path"]).name: change["changeType"] for change in preview["files"]}
    assert kinds == {"a.txt": "modified", "b.txt": "modified", "c.txt": "created"}
    diff = await tracked.call("session.workspaces.diff", mode="session", includeContents=True)
    changes = {change["path"]: change for change in diff["changes"]}
    assert changes["a.txt"]["contents"] == {"before": "one\n", "after": "1\n2\n"}
    assert (changes["b.txt"]["changeType"], changes["b.txt"]["contents"]) == ("added", {"after": "hi\nme\n"})


async def test_going_back_restores_files_except_those_that_others_changed(
    tracked: Client, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    ids = await _prompt_ids(tracked)
    (work / "c.txt").write_text("mine\n")
    done = await tracked.call("session.history.rewind", eventId=ids[1], mode="conversation-and-files")
    assert done["outcome"] == "success"
    assert [Path(path).name for path in done["restoredFiles"]] == ["a.txt", "b.txt"]
    assert [(Path(s["path"]).name, s["reason"]) for s in done["skippedFiles"]] == [("c.txt", "user-modified")]
    texts = {path.name: path.read_text() for path in work.iterdir()}
    assert texts == {"a.txt": "one\n", "b.txt": "hi\nyou\n", "c.txt": "mine\n"}
    assert await _prompt_ids(tracked) == ids[:1]
    assert tracked.of("session.snapshot_rewind")[-1]["eventsRemoved"] == done["eventsRemoved"]
    await tracked.call("session.history.rewind", eventId=ids[0], mode="conversation-and-files")
    assert not (work / "b.txt").exists()
    assert (await tracked.call("session.history.listRewindPoints"))["points"] == []


async def test_what_was_changed_is_known_after_a_resume(tracked: Client, tmp_path: Path) -> None:
    await tracked.call("session.destroy")
    await tracked.call("session.resume")
    ids = await _prompt_ids(tracked)
    await tracked.call("session.history.rewind", eventId=ids[0], mode="conversation-and-files")
    assert {path.name: path.read_text() for path in (tmp_path / "work").iterdir()} == {"a.txt": "one\n"}


async def test_going_back_with_the_conversation_only_leaves_files_alone(
    tracked: Client, tmp_path: Path
) -> None:
    ids = await _prompt_ids(tracked)
    done = await tracked.call("session.history.rewind", eventId=ids[1], mode="conversation")
    assert (done["outcome"], done["restoredFiles"]) == ("success", [])
    assert (tmp_path / "work/c.txt").exists()
    with pytest.raises(RpcError, match="is not a current root user turn"):
        await tracked.call("session.history.rewind", eventId=ids[2], mode="conversation")
    with pytest.raises(RpcError, match="is not a current root user turn"):
        await tracked.call("session.history.previewRewind", eventId="nope")
    with pytest.raises(RpcError, match="Invalid rewind mode 'zz'"):
        await tracked.call("session.history.rewind", eventId=ids[0], mode="zz")


async def test_without_tracking_only_the_conversation_goes_back(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    await client.turn("one")
    (event_id,) = await _prompt_ids(client)
    listed = await client.call("session.history.listRewindPoints")
    assert (listed["fileChangeTrackingEnabled"], listed["points"][0]["canRestoreFiles"]) == (False, False)
    preview = await client.call("session.history.previewRewind", eventId=event_id)
    assert (preview["available"], preview["reason"]) == (False, "file-change-tracking-disabled")
    for mode, outcome in (
        ("conversation-and-files", "file-change-tracking-disabled"),
        ("conversation", "success"),
    ):
        done = await client.call("session.history.rewind", eventId=event_id, mode=mode)
        assert done["outcome"] == outcome


async def test_nothing_goes_back_while_a_turn_runs(start: Start, join: Join) -> None:
    client = await join(start([Reply("never", hold=asyncio.Event())]))
    await client.open(enableFileChangeTracking=True)
    event_id = await client.send("go")
    await client.until("assistant.turn_start")
    listed = await client.call("session.history.listRewindPoints")
    assert (listed["unavailableReason"], listed["points"]) == ("session-busy", [])
    assert (await client.call("session.history.previewRewind", eventId=event_id))["reason"] == "session-busy"
    done = await client.call("session.history.rewind", eventId=event_id, mode="conversation")
    assert done["outcome"] == "session-busy"
    with pytest.raises(RpcError, match="while a turn is running"):
        await client.call("session.history.truncate", eventId=event_id)
    with pytest.raises(RpcError, match="while a turn is running"):
        await client.call("session.history.compact")


async def test_an_event_that_is_unknown_cuts_nothing(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    with pytest.raises(RpcError, match="Event nope not found in session"):
        await client.call("session.history.truncate", eventId="nope")
