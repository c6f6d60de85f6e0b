"""Subscriptions: what a stream gives, in which order, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import weakref
from typing import Any

import pytest

from copilot_sdk import ConnectionClosed, CopilotClient, EventBufferOverflow, UsageError
from copilot_sdk._generated.copilot.events import decoder
from copilot_sdk._model import EventBase
from copilot_sdk.events import AssistantMessage, AssistantMessageDelta, SessionIdle, UnknownEvent
from copilot_sdk.session import EventStream, Session
from tests.support.fake_runtime import FakeRuntime


async def take(stream: EventStream[Any], count: int) -> list[Any]:
    return [await anext(stream) for _ in range(count)]


async def test_a_stream_of_everything_has_every_event_in_order(
    session: Session, runtime: FakeRuntime
) -> None:
    async with session.events() as events:
        await runtime.turn("m1", "x")
        assert [event.type for event in await take(events, 5)][::2] == [
            "user.message",
            "assistant.message",
            "session.idle",
        ]


async def test_a_stream_can_be_of_classes_and_of_wire_types(session: Session, runtime: FakeRuntime) -> None:
    by_class = session.events(AssistantMessage, SessionIdle)
    by_name = session.events("user.message", "new.kind")
    await runtime.turn("m1", "x")
    await runtime.event("new.kind", {"a": 1})
    assert [type(event) for event in await take(by_class, 2)] == [AssistantMessage, SessionIdle]
    known, unknown = await take(by_name, 2)
    assert known.type == "user.message"
    assert isinstance(unknown, UnknownEvent)
    assert (unknown.type, unknown.data, unknown.problem) == ("new.kind", {"a": 1}, None)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The types of the events that are decoded, in order."""
    types: list[str] = []
    decode = decoder.decode

    def watched(raw: Any, *rest: Any) -> EventBase:
        types.append(raw["type"])
        return decode(raw, *rest)

    monkeypatch.setattr(decoder, "decode", watched)
    return types


async def test_an_event_that_nobody_wants_is_not_decoded(
    session: Session, runtime: FakeRuntime, decoded: list[str]
) -> None:
    async with session.events(AssistantMessage), session.events(SessionIdle) as ends:
        await runtime.event("system.message", {"content": "long"})
        await runtime.turn("m1", "x")
        await take(ends, 1)
    assert decoded == ["assistant.message", "session.idle"]


async def test_a_turn_that_is_only_awaited_decodes_nothing(
    session: Session, runtime: FakeRuntime, decoded: list[str]
) -> None:
    turn = session.send("go")
    await runtime.asked("session.send")
    await runtime.turn("m1", "hello")
    assert (await turn).text == "hello"
    assert decoded == []


async def test_an_event_is_decoded_once_for_all_subscribers(
    session: Session, runtime: FakeRuntime, decoded: list[str]
) -> None:
    async with session.events(SessionIdle) as some, session.events("session.idle") as others:
        await runtime.event("session.idle")
        assert await take(some, 1) == await take(others, 1)
    assert decoded == ["session.idle"]


async def test_a_turn_that_nobody_iterates_over_keeps_no_event_that_subscribers_are_done_with(
    session: Session, runtime: FakeRuntime
) -> None:
    async with session.events("session.info") as events:
        turn = session.send("go")
        await turn.accepted()
        # The last few are kept for the error of a turn that takes too long.
        for _ in range(50):
            await runtime.event("session.info")
        first = weakref.ref((await take(events, 50))[0])
        assert first() is None
        await runtime.turn("m1", "hello")
        assert [event.type async for event in turn].count("session.info") == 50


async def test_a_class_brings_no_events_that_could_not_be_read(
    session: Session, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    by_class, by_name = session.events(AssistantMessage), session.events("assistant.message")
    for _ in range(2):
        await runtime.event("assistant.message", "sk-no")
    await runtime.message("good")
    assert [event.data.content for event in await take(by_class, 1)] == ["good"]
    bad, worse, good = await take(by_name, 3)
    assert isinstance(bad, UnknownEvent)
    assert "data" in str(bad.problem)
    assert isinstance(worse, UnknownEvent)
    assert isinstance(good, AssistantMessage)
    assert caplog.text.count("assistant.message does not fit its description") == 1
    assert "sk-no" not in caplog.text


async def test_a_class_of_many_events_is_refused(session: Session) -> None:
    with pytest.raises(UsageError, match="UnknownEvent is no class of a single event type"):
        session.events(UnknownEvent)
    with pytest.raises(UsageError, match="5 is no class of a single event type"):
        session.events(5)  # type: ignore[call-overload]
    with pytest.raises(UsageError, match="the callback has to be a function, not 5"):
        session.on("*", 5)  # type: ignore[call-overload]
    with pytest.raises(UsageError, match="buffer"):
        session.events(buffer=0)


async def test_events_of_sessions_that_are_not_open_are_ignored(
    session: Session, runtime: FakeRuntime
) -> None:
    async with session.events() as events:
        await runtime.delta("no", session="elsewhere")
        await runtime.peer.notify("session.event", {"sessionId": 5, "event": {}})
        await runtime.peer.notify("session.event", {"sessionId": "s1", "event": "text"})
        await runtime.peer.notify("session.lifecycle", {"type": "session.created", "sessionId": "s1"})
        await runtime.delta("yes")
        assert (await anext(events)).data.delta_content == "yes"  # type: ignore[union-attr]


async def test_what_is_no_event_at_all_is_data(session: Session, runtime: FakeRuntime) -> None:
    async with session.events() as events:
        await runtime.peer.notify("session.event", {"sessionId": "s1", "event": {"odd": 1}})
        event = await anext(events)
    assert isinstance(event, UnknownEvent)
    assert event.raw == {"odd": 1}


async def test_a_subscriber_that_is_too_slow_is_told_after_what_it_has(
    session: Session, client: CopilotClient, runtime: FakeRuntime
) -> None:
    slow, quick = session.events(buffer=3), session.events()
    for number in range(5):
        await runtime.delta(str(number))
    await client.ping()
    assert [event.data.delta_content for event in await take(slow, 3)] == ["0", "1", "2"]
    for _ in range(2):
        with pytest.raises(EventBufferOverflow, match="more than 3 events"):
            await anext(slow)
    assert len(await take(quick, 5)) == 5
    assert session._core._subscriptions._streams == (quick,)


async def test_several_subscribers_get_the_same_event_objects(session: Session, runtime: FakeRuntime) -> None:
    streams = [session.events() for _ in range(3)]
    await runtime.delta("a")
    first, second, third = [await anext(stream) for stream in streams]
    assert first is second is third


async def test_a_closed_stream_is_empty_and_gets_nothing_more(
    session: Session, client: CopilotClient, runtime: FakeRuntime
) -> None:
    async with session.events() as events:
        await runtime.delta("a")
        await client.ping()
    await runtime.delta("b")
    await client.ping()
    assert [event async for event in events] == []
    assert not session._core._subscriptions._streams


async def test_closing_wakes_the_task_that_waits(session: Session) -> None:
    events = session.events()
    waiting = asyncio.create_task(anext(events, None))
    await asyncio.sleep(0)
    events.close()
    assert await waiting is None


async def test_two_tasks_cannot_wait_for_one_stream(session: Session, runtime: FakeRuntime) -> None:
    events = session.events()
    waiting: asyncio.Task[Any] = asyncio.create_task(anext(events))
    await asyncio.sleep(0)
    with pytest.raises(UsageError, match="own stream"):
        await anext(events)
    await runtime.delta("a")
    assert (await waiting).data.delta_content == "a"


async def test_a_cancelled_wait_loses_no_event(session: Session, runtime: FakeRuntime) -> None:
    events = session.events(AssistantMessageDelta)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await anext(events)
    await runtime.delta("a")
    assert (await anext(events)).data.delta_content == "a"


async def test_the_session_ends_its_streams(
    session: Session, client: CopilotClient, runtime: FakeRuntime
) -> None:
    events = session.events()
    await runtime.delta("a")
    await client.ping()
    await session.close()
    assert [event.type async for event in events] == ["assistant.message_delta"]
    with pytest.raises(UsageError, match="is closed"):
        session.events()


async def test_a_lost_connection_ends_streams_with_its_reason_after_the_last_event(
    session: Session, client: CopilotClient, runtime: FakeRuntime
) -> None:
    first, second = session.events(), session.events()
    await runtime.delta("a")
    await client.ping()
    await runtime.drop()
    errors = []
    for events in (first, second):
        assert (await anext(events)).type == "assistant.message_delta"
        for _ in range(2):
            with pytest.raises(ConnectionClosed) as caught:
                await anext(events)
            errors.append(caught.value)
    # Each is an exception of its own: tracebacks grow with every raise.
    assert len({id(error) for error in errors}) == 4


# ------------------------------------------------------------------- callbacks


async def test_callbacks_get_events_in_order_and_one_at_a_time(
    session: Session, runtime: FakeRuntime
) -> None:
    seen: list[str] = []
    plain: list[str] = []
    done = asyncio.Event()

    async def slowly(event: AssistantMessageDelta) -> None:
        seen.append("begin " + event.data.delta_content)
        await asyncio.sleep(0)
        seen.append("end " + event.data.delta_content)

    session.on(AssistantMessageDelta, slowly)
    session.on("assistant.message_delta", lambda event: plain.append(event.data.delta_content))
    session.on("*", lambda event: done.set() if event.type == "session.idle" else None)
    for text in "abc":
        await runtime.delta(text)
    await runtime.event("session.idle")
    await done.wait()
    await session.close()
    assert seen == [f"{step} {text}" for text in "abc" for step in ("begin", "end")]
    assert plain == ["a", "b", "c"]


@pytest.mark.parametrize("kind", ["plain", "async", "cancelled"])
async def test_a_callback_that_raises_is_logged_and_gets_the_next_event(
    session: Session, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    seen: list[str] = []
    second = asyncio.Event()

    def fail(event: Any) -> None:
        seen.append(event.data.delta_content)
        if len(seen) == 2:
            second.set()
        raise ValueError("the callback is broken")

    async def fail_later(event: Any) -> None:
        fail(event)

    async def wait_for_a_cancelled_task(event: Any) -> None:
        seen.append(event.data.delta_content)
        if len(seen) == 2:
            second.set()
        gone = asyncio.create_task(asyncio.Event().wait())
        gone.cancel()
        await gone

    callbacks = {"plain": fail, "async": fail_later, "cancelled": wait_for_a_cancelled_task}
    session.on("assistant.message_delta", callbacks[kind])
    await runtime.delta("a")
    await runtime.delta("b")
    await second.wait()
    await session.close()
    assert seen == ["a", "b"]
    raised = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(raised) == 2
    assert all(record.exc_info for record in raised)
    assert "the handler of assistant.message_delta raised" in caplog.text


async def test_a_callback_can_be_taken_off_also_by_itself(
    session: Session, client: CopilotClient, runtime: FakeRuntime
) -> None:
    seen: list[str] = []

    def once(event: Any) -> None:
        seen.append(event.data.delta_content)
        off()

    off = session.on("assistant.message_delta", once)
    for text in "ab":
        await runtime.delta(text)
    await client.ping()
    off()
    assert seen == ["a"]


async def test_a_callback_may_use_the_session(session: Session, runtime: FakeRuntime) -> None:
    answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def ask_again(event: SessionIdle) -> None:
        if not answered.done():
            answered.set_result(await session.send("again"))

    session.on(SessionIdle, ask_again)
    await runtime.event("session.idle")
    await runtime.asked("session.send")
    await runtime.turn("m1", "from within")
    assert (await answered).text == "from within"


async def test_callbacks_get_what_came_before_the_connection_was_lost(
    session: Session, client: CopilotClient, runtime: FakeRuntime
) -> None:
    seen: list[str] = []

    async def slowly(event: Any) -> None:
        await asyncio.sleep(0)
        seen.append(event.data.delta_content)

    session.on("assistant.message_delta", slowly)
    for text in "abc":
        await runtime.delta(text)
    await client.ping()
    await runtime.drop()
    await client.close()
    assert seen == ["a", "b", "c"]


async def test_a_callback_that_is_too_slow_is_reported(
    session: Session, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = asyncio.Event()
    stream = session.events(buffer=1)
    monkeypatch.setattr(session._core, "subscribe", lambda *_: stream)

    async def slowly(event: Any) -> None:
        await go.wait()

    session.on("*", slowly)
    for text in "abcd":
        await runtime.delta(text)
        await session.rpc.abort()
    go.set()
    await session.close()
    assert "the callback gets no more events: more than 1 events" in caplog.text
