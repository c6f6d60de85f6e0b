"""The life of a session: created, left, resumed, shared, listed, deleted."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import pytest

from copilot_sdk import CopilotClient, SessionNotFound, UsageError, approve_once, reject
from copilot_sdk.events import PermissionRequested, SessionEvent, UserMessage
from copilot_sdk.types import PermissionDecision, PermissionRequest, SystemMessageConfig
from tests.real.support.client_stage import CLI, ClientStage, first, listening, turn
from tests.real.support.stage import MODEL_ID
from tests.real.support.tools import ROME, tool_texts, weather
from tests.support.model_server import ChatRequest, Reply, text_of


def texts(request: ChatRequest, role: str) -> list[str]:
    """What a role has said in the conversation that the model was given."""
    return [text_of(message) for message in request.messages if message["role"] == role]


def from_prompt_on(events: list[SessionEvent]) -> list[str]:
    """The ids of the events of a turn, without what a client that joins brings about before."""
    types = [event.type for event in events]
    return [event.id for event in events[types.index("user.message") :]]


async def test_a_session_is_made_as_its_options_say(live: ClientStage) -> None:
    folder = live.folder / "elsewhere"
    folder.mkdir()
    chosen = str(uuid.uuid4())
    session = await live.create(
        session_id=chosen,
        working_directory=str(folder),
        available_tools=["view"],
        system_message=SystemMessageConfig(content="Speak like a gardener."),
    )
    live.says(Reply("Hello."))
    await session.send("Hi.")
    (request,) = live.model.requests
    assert session.id == chosen
    assert session.workspace_path is not None
    assert session.workspace_path.startswith(str(live.folder / "home"))
    assert session.capabilities is not None
    assert request.body["model"] == MODEL_ID
    assert request.tool_names == ["view"]
    assert any("Speak like a gardener." in text for text in texts(request, "system"))
    assert (await session.rpc.metadata.snapshot()).working_directory == str(folder)


async def test_a_callback_sees_the_events_of_a_session_from_its_first_one(live: ClientStage) -> None:
    seen: list[str] = []
    live.says(Reply("Hello."))
    created = await live.create(on_event=lambda event: seen.append(event.type))
    await created.send("Hi.")
    logged = [event.type for event in (await created.rpc.get_messages()).events]
    assert logged[0] == "session.start"
    # What is sent before it is not stored.
    assert set(seen[: seen.index("session.start")]) <= {"session.managed_settings_resolved"}
    await created.close()
    seen.clear()
    resumed = await live.resume(created.id, on_event=lambda event: seen.append(event.type))
    async with resumed.events() as events:
        live.says(Reply("Hello again."))
        await resumed.send("Hi.")
        await first(events, lambda event: event.type == "session.idle")
    assert seen[0] == "session.resume"


async def test_a_session_is_resumed_with_its_history_after_the_runtime_was_stopped(
    live: ClientStage,
) -> None:
    live.says(Reply("Seven is remembered."), Reply("It was seven."))
    async with live.new_client() as earlier:
        before = await live.create(client=earlier)
        await before.send("Remember the number seven.")
    after = await live.resume(before.id)
    answer = await after.send("Which number was it?")
    assert answer.text == "It was seven."
    request = live.model.requests[1]
    asked = texts(request, "user")
    assert any("Remember the number seven." in text for text in asked)
    assert "Seven is remembered." in texts(request, "assistant")
    events = (await after.rpc.get_messages()).events
    kept = [event.data.content for event in events if isinstance(event, UserMessage)]
    assert kept == ["Remember the number seven.", "Which number was it?"]


@pytest.mark.parametrize("runtime", [CLI], ids=["cli"])
async def test_a_damaged_log_is_repaired_and_the_session_tells_how(live: ClientStage) -> None:
    live.says(Reply("Hello."))
    async with live.new_client() as earlier:
        session = await live.create(client=earlier)
        await session.send("Hi.")
    assert session.workspace_path is not None
    log = Path(session.workspace_path) / "events.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join([*lines[:3], "{broken\n", *lines[3:]]))
    repaired = await live.resume(session.id, allow_transcript_recovery=True)
    report = repaired.transcript_recovery
    assert report is not None
    assert report.invalid_line_numbers == [4]
    assert report.session_start_moved is False
    assert report.planned_backup_path.startswith(str(log))


async def test_a_session_that_was_closed_is_taken_up_by_the_same_client(live: ClientStage) -> None:
    live.says(Reply("One."), Reply("Two."))
    session = await live.create()
    await session.send("First.")
    await session.close()
    with pytest.raises(UsageError, match="closed"):
        await session.send("Too late.").accepted()
    again = await live.resume(session.id)
    await again.send("Second.")
    assert "One." in texts(live.model.requests[1], "assistant")


async def test_a_session_with_a_turn_is_listed_until_it_is_deleted(live: ClientStage) -> None:
    live.says(Reply("Hello."))
    session = await live.create()
    await session.send("Plant a tree.")
    (listed,) = await live.client.list_sessions()
    assert listed.session_id == session.id
    assert listed.summary == "Plant a tree."
    assert await live.client.last_session_id() == session.id
    await session.close()
    await live.client.delete_session(session.id)
    assert await live.client.list_sessions() == []
    with pytest.raises(SessionNotFound, match=session.id):
        await live.resume(session.id)


async def test_a_session_that_never_was_cannot_be_resumed(live: ClientStage) -> None:
    nobody = str(uuid.uuid4())
    with pytest.raises(SessionNotFound, match=nobody):
        await live.resume(nobody)


async def test_two_clients_of_a_session_see_the_same_events(live: ClientStage) -> None:
    live.says(Reply(["Hel", "lo."]), Reply("Still here."))
    async with (
        listening(live) as address,
        CopilotClient.connect(address) as host,
        CopilotClient.connect(address) as guest,
    ):
        hosted = await live.create(client=host)
        joined = await live.resume(hosted.id, client=guest)
        async with joined.events() as events:
            seen = await turn(hosted, "Say hello.")
            also = [await first(events)]
            while also[-1].type != "session.idle":
                also.append(await first(events))
        assert from_prompt_on(seen) == from_prompt_on(also)
        await hosted.close()
        answer = await joined.send("Are you there?")
        assert answer.text == "Still here."


async def test_the_first_answer_to_a_permission_request_counts_for_all_clients(live: ClientStage) -> None:
    undecided = asyncio.Event()

    async def hesitate(request: PermissionRequest) -> PermissionDecision:
        try:
            await asyncio.Event().wait()
        finally:
            undecided.set()
        raise AssertionError("nothing ends this wait but its cancellation")

    live.says(Reply(tool_calls=[ROME]), Reply("Sun."))
    async with (
        listening(live) as address,
        CopilotClient.connect(address) as host,
        CopilotClient.connect(address) as guest,
    ):
        hosted = await live.create(client=host, tools=[weather], on_permission=hesitate)
        joined = await live.resume(hosted.id, client=guest)
        async with joined.events(PermissionRequested) as requests:
            answering = hosted.send("Rome?")
            request = await first(requests)
        decided = await joined.rpc.permissions.handle_pending_permission_request(
            request_id=request.data.request_id, result=approve_once()
        )
        late = await hosted.rpc.permissions.handle_pending_permission_request(
            request_id=request.data.request_id, result=reject()
        )
        answer = await answering
        async with asyncio.timeout(5):
            await undecided.wait()
    assert (decided.success, late.success) == (True, False)
    assert answer.text == "Sun."
    assert tool_texts(live.model.requests[1]) == ["Sun in Rome for 1 days."]
