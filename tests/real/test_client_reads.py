"""What the methods of a session tell about it, and what setting them changes."""

from __future__ import annotations

from copilot_sdk import Session
from copilot_sdk.events import AssistantMessageDelta, SessionModeChanged, SessionTitleChanged
from tests.real.support.client_stage import ClientStage, first, turn
from tests.real.support.stage import MODEL_ID
from tests.support.model_server import Reply, Usage

PAGE = 5


async def read_log(session: Session, cursor: str | None = None) -> list[str]:
    """The types of all events in the log of a session, read page by page."""
    types = []
    while True:
        page = await session.rpc.event_log.read(cursor=cursor, max=PAGE)
        assert len(page.events) <= PAGE
        types += [event.type for event in page.events]
        cursor = page.cursor
        if not page.has_more:
            return types


async def test_the_mode_can_be_read_and_set(live: ClientStage) -> None:
    session = await live.create()
    assert await session.rpc.mode.get() == "interactive"
    async with session.events(SessionModeChanged) as changes:
        await session.rpc.mode.set(mode="plan")
        change = await first(changes)
    assert (change.data.previous_mode, change.data.new_mode) == ("interactive", "plan")
    assert await session.rpc.mode.get() == "plan"


async def test_the_model_can_be_read_and_switched(live: ClientStage) -> None:
    session = await live.create()
    assert (await session.rpc.model.get_current()).model_id == MODEL_ID
    switched = await session.rpc.model.switch_to(model_id="other-model")
    assert switched.model_id == "other-model"
    assert (await session.rpc.model.get_current()).model_id == "other-model"
    live.says(Reply("Hello."))
    await session.send("Hi.")
    assert live.model.requests[0].body["model"] == "other-model"


async def test_a_session_is_named_after_its_prompt_or_by_its_user(live: ClientStage) -> None:
    session = await live.create()
    assert (await session.rpc.name.get()).name is None
    live.says(Reply("It is planted."))
    titles = [
        event for event in await turn(session, "Plant a tree.") if isinstance(event, SessionTitleChanged)
    ]
    assert [event.data.title for event in titles] == ["Plant a tree."]
    assert (await session.rpc.name.get()).name == "Plant a tree."
    await session.rpc.name.set(name="The garden")
    assert (await session.rpc.name.get()).name == "The garden"


async def test_a_session_tells_where_and_with_what_it_works(live: ClientStage) -> None:
    session = await live.create()
    snapshot = await session.rpc.metadata.snapshot()
    assert snapshot.session_id == session.id
    assert snapshot.working_directory == str(live.work)
    assert snapshot.current_mode == "interactive"
    assert snapshot.selected_model == MODEL_ID
    assert snapshot.workspace_path == session.workspace_path
    assert snapshot.is_remote is False


async def test_a_session_tells_whether_it_is_at_work(live: ClientStage) -> None:
    hold = live.hold()
    live.says(Reply(["Hel", "lo."], hold=hold, hold_after=1))
    session = await live.create()
    metadata = session.rpc.metadata
    assert (await metadata.is_processing()).processing is False
    async with session.events("session.idle") as idle, session.events(AssistantMessageDelta) as deltas:
        await session.send("Say hello.").accepted()
        await first(deltas)
        busy, activity = await metadata.is_processing(), await metadata.activity()
        hold.set()
        await first(idle)
    assert busy.processing is True
    assert (activity.has_active_work, activity.abortable) == (True, True)
    activity = await metadata.activity()
    assert (activity.has_active_work, activity.abortable) == (False, False)


async def test_the_use_of_the_model_is_added_up(live: ClientStage) -> None:
    live.says(Reply("One.", usage=Usage(100, 10)), Reply("Two.", usage=Usage(120, 12)))
    session = await live.create()
    await session.send("First.")
    await session.send("Second.")
    metrics = await session.rpc.usage.get_metrics()
    used = metrics.model_metrics[MODEL_ID]
    assert used.requests.count == 2
    assert (used.usage.input_tokens, used.usage.output_tokens) == (220, 22)
    assert metrics.total_user_requests == 2
    assert metrics.current_model == MODEL_ID


async def test_the_log_is_read_page_by_page_and_from_its_end(live: ClientStage) -> None:
    live.says(Reply("Hello."), Reply("Again."))
    session = await live.create()
    await session.send("Hi.")
    before = await read_log(session)
    assert before.count("session.start") == 1
    assert before.count("user.message") == 1
    assert before.index("user.message") < before.index("assistant.message") < before.index("session.idle")
    end = (await session.rpc.event_log.tail()).cursor
    assert await read_log(session, end) == []
    await session.send("Once more.")
    later = await read_log(session, end)
    assert later.count("user.message") == 1
    assert later[-1] == "session.idle"


async def test_a_cursor_that_the_log_does_not_know_starts_over(live: ClientStage) -> None:
    session = await live.create()
    page = await session.rpc.event_log.read(cursor="nowhere")
    assert page.cursor_status == "expired"
    assert "session.start" in {event.type for event in page.events}
