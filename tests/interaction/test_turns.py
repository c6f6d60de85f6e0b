"""Turns: where they begin and end, what they fail with, and what does not disturb them."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from copilot_sdk import (
    ConnectionClosed,
    CopilotClient,
    InvalidParams,
    RequestTimeout,
    RpcError,
    SessionError,
    TurnTimeout,
    UsageError,
)
from copilot_sdk.errors import InternalError
from copilot_sdk.session import Session
from tests.support.fake_runtime import SESSION, FakeRuntime


async def collect(session: Session, prompt: str = "go", **options: Any) -> list[str]:
    return [event.type async for event in session.stream(prompt, **options)]


def texts(message: Any) -> str:
    return str(message.data.content)


async def test_a_stream_gives_all_events_and_ends_with_idle(session: Session, runtime: FakeRuntime) -> None:
    turn = asyncio.create_task(collect(session))
    await runtime.asked("session.send")
    await runtime.turn("m1", "done")
    assert await turn == [
        "user.message",
        "assistant.turn_start",
        "assistant.message",
        "assistant.turn_end",
        "session.idle",
    ]


async def test_events_that_come_before_the_reply_to_send_are_not_lost(
    session: Session, runtime: FakeRuntime
) -> None:
    async def send(params: Any) -> dict[str, str]:
        await runtime.turn("m1", "quick")
        return {"messageId": "m1"}

    runtime.answers["session.send"] = send
    message = await session.send_and_wait("go", timeout=5)
    assert texts(message) == "quick"


async def test_idle_and_errors_of_sub_agents_do_not_end_the_turn(
    session: Session, runtime: FakeRuntime
) -> None:
    turn = asyncio.create_task(session.send_and_wait("go"))
    await runtime.asked("session.send")
    await runtime.prompt("m1")
    await runtime.event("session.error", {"errorType": "query", "message": "sub"}, agentId="sub")
    await runtime.message("from the sub-agent", agentId="sub")
    await runtime.event("session.idle", agentId="sub")
    await runtime.message("from the agent")
    await runtime.message("again from the sub-agent", agentId="sub")
    await runtime.event("session.idle")
    assert texts(await turn) == "from the agent"


async def test_a_failed_turn_raises_after_its_last_event(session: Session, runtime: FakeRuntime) -> None:
    seen = []

    async def consume() -> None:
        async for event in session.stream("go"):
            seen.append(event.type)  # noqa: PERF401 - what was seen before the error counts

    turn = asyncio.create_task(consume())
    await runtime.asked("session.send")
    data = {
        "errorType": "quota",
        "message": "no more today",
        "errorCode": "quota_exceeded",
        "statusCode": 402,
        "providerCallId": "p1",
        "serviceRequestId": "r1",
        "url": "https://example.com/quota",
        "eligibleForAutoSwitch": True,
        "stack": "at line 1",
    }
    await runtime.event("session.error", data)
    await runtime.event("session.idle")
    with pytest.raises(SessionError, match="no more today") as caught:
        await turn
    assert seen == ["session.error", "session.idle"]
    error = caught.value
    assert (error.message, error.error_type, error.error_code) == ("no more today", "quota", "quota_exceeded")
    assert (error.status_code, error.provider_call_id, error.service_request_id) == (402, "p1", "r1")
    assert (error.url, error.eligible_for_auto_switch, error.stack) == (data["url"], True, "at line 1")
    assert error.raw == data


async def test_an_error_that_cannot_be_read_whole_still_fails_the_turn(
    session: Session, runtime: FakeRuntime
) -> None:
    turn = asyncio.create_task(collect(session))
    await runtime.asked("session.send")
    await runtime.event("session.error", {"message": "odd", "statusCode": "many"})
    await runtime.event("session.idle")
    with pytest.raises(SessionError, match="odd") as caught:
        await turn
    assert (caught.value.error_type, caught.value.status_code) == ("unknown", None)


async def test_a_turn_that_says_nothing_gives_none(session: Session, runtime: FakeRuntime) -> None:
    turn = asyncio.create_task(session.send_and_wait("go"))
    await runtime.asked("session.send")
    await runtime.event("session.idle", {"aborted": True})
    assert await turn is None


async def test_the_end_of_a_turn_that_was_left_does_not_end_the_next_one(
    session: Session, runtime: FakeRuntime
) -> None:
    first = session.stream("one")
    step = asyncio.create_task(anext(first))
    await runtime.asked("session.send")
    await runtime.prompt("m1")
    await step
    await first.aclose()

    second = asyncio.create_task(session.send_and_wait("two"))
    await runtime.asked("session.send", 2)
    await runtime.message("late", "m1")
    await runtime.event(
        "session.error", {"errorType": "query", "message": "late", "originatingMessageId": "m1"}
    )
    await runtime.event("session.idle")
    await runtime.turn("m2", "second")
    assert texts(await second) == "second"


async def test_a_turn_that_nobody_here_began_does_not_end_ours(
    session: Session, runtime: FakeRuntime
) -> None:
    # Background work and other clients start turns, too.
    await runtime.event("assistant.turn_start", {"turnId": "0"})
    await session.rpc.abort()
    turn = asyncio.create_task(session.send_and_wait("go"))
    await runtime.asked("session.send")
    await runtime.message("about the background")
    await runtime.event("session.idle")
    await runtime.turn("m1", "ours")
    assert texts(await turn) == "ours"


async def test_an_old_runtime_that_names_no_prompts_still_ends_turns(
    session: Session, runtime: FakeRuntime
) -> None:
    for text in ("one", "two"):
        turn = asyncio.create_task(session.send_and_wait(text))
        await runtime.asked("session.send", 1 if text == "one" else 2)
        await runtime.turn(None, text)
        assert texts(await turn) == text


async def test_queued_prompts_end_together_and_each_gets_its_own_answer(
    session: Session, runtime: FakeRuntime
) -> None:
    turns = []
    for number, text in enumerate(("one", "two", "three"), 1):
        turns.append(asyncio.create_task(session.send_and_wait(text)))
        await runtime.asked("session.send", number)
    for number in (1, 2, 3):
        await runtime.prompt(f"m{number}")
        await runtime.message(f"answer {number}", f"m{number}")
    await runtime.event("session.idle")
    assert [texts(message) for message in await asyncio.gather(*turns)] == [
        "answer 1",
        "answer 2",
        "answer 3",
    ]


async def test_prompts_are_sent_one_at_a_time_in_order(session: Session, runtime: FakeRuntime) -> None:
    free, order, running = asyncio.Event(), [], 0

    async def send(params: Any) -> dict[str, str]:
        nonlocal running
        running += 1
        assert running == 1
        order.append(params["prompt"])
        await free.wait()
        running -= 1
        return {"messageId": params["prompt"]}

    runtime.answers["session.send"] = send
    sending = [asyncio.create_task(session.send(text)) for text in "abc"]
    await runtime.asked("session.send")
    free.set()
    assert await asyncio.gather(*sending) == ["a", "b", "c"]
    assert order == ["a", "b", "c"]


async def test_repeated_events_are_dropped(session: Session, runtime: FakeRuntime) -> None:
    turn = asyncio.create_task(collect(session))
    await runtime.asked("session.send")
    await runtime.delta("a", id="same")
    await runtime.delta("a", id="same")
    await runtime.delta("b", id="other")
    await runtime.delta("a", id="same")
    await runtime.event("session.idle")
    assert await turn == ["assistant.message_delta", "assistant.message_delta", "session.idle"]


async def test_a_slow_turn_times_out_with_its_last_events(session: Session, runtime: FakeRuntime) -> None:
    async def send(params: Any) -> dict[str, str]:
        for number in range(30):
            await runtime.delta(str(number))
        return {"messageId": "m1"}

    runtime.answers["session.send"] = send
    with pytest.raises(TurnTimeout, match=r"within 0\.05 s .*assistant.message_delta") as caught:
        await session.send_and_wait("go", timeout=0.05)
    assert [event.data.delta_content for event in caught.value.last_events] == [str(n) for n in range(10, 30)]


async def test_the_time_limit_holds_for_sending_too(session: Session, runtime: FakeRuntime) -> None:
    runtime.answers["session.send"] = lambda _: asyncio.Event().wait()
    with pytest.raises(TurnTimeout, match="not accepted yet"):
        await session.send_and_wait("go", timeout=0.02)
    with pytest.raises(UsageError, match="above zero"):
        session.stream("go", timeout=0)


async def test_a_request_that_times_out_is_not_taken_for_a_slow_turn(runtime: FakeRuntime) -> None:
    runtime.answers["session.send"] = lambda _: asyncio.Event().wait()
    async with runtime.client(request_timeout=0.02) as client, await client.create_session() as session:
        with pytest.raises(RequestTimeout, match=r"session\.send"):
            await session.send_and_wait("go")


async def test_a_refused_prompt_is_an_error_of_the_call_and_the_next_one_goes_well(
    session: Session, runtime: FakeRuntime
) -> None:
    runtime.answers["session.send"] = InternalError("the session is on fire")
    with pytest.raises(RpcError, match="on fire"):
        await session.send_and_wait("go")
    with pytest.raises(InvalidParams, match=r"session\.send: prompt"):
        await session.send_and_wait(5)  # type: ignore[arg-type]
    runtime.answers["session.send"] = {"messageId": "m1"}
    turn = asyncio.create_task(collect(session))
    await runtime.asked("session.send", 2)
    await runtime.event("session.idle")
    assert await turn == ["session.idle"]


async def test_a_lost_connection_ends_a_turn_at_once(session: Session, runtime: FakeRuntime) -> None:
    turns = [asyncio.create_task(collect(session)), asyncio.create_task(session.send_and_wait("go"))]
    await runtime.asked("session.send", 2)
    await runtime.drop()
    for turn in turns:
        with pytest.raises(ConnectionClosed):
            await turn
    with pytest.raises(ConnectionClosed):
        await session.send("more")
    with pytest.raises(ConnectionClosed):
        session.events()
    with pytest.raises(ConnectionClosed):
        await session.rpc.abort()


async def test_a_session_that_is_closed_during_a_turn_ends_it(session: Session, runtime: FakeRuntime) -> None:
    turn = asyncio.create_task(collect(session))
    await runtime.asked("session.send")
    await session.close()
    with pytest.raises(ConnectionClosed, match="session was closed before the turn ended"):
        await turn


async def test_a_session_that_the_runtime_shuts_down_ends_its_turn(
    session: Session, runtime: FakeRuntime
) -> None:
    seen = []

    async def consume() -> None:
        async for event in session.stream("go"):
            seen.append(event.type)  # noqa: PERF401 - what was seen before the error counts

    turn = asyncio.create_task(consume())
    await runtime.asked("session.send")
    await runtime.event("session.shutdown", {"shutdownType": "routine"}, agentId="sub")
    await runtime.event("session.shutdown", {"shutdownType": "routine"})
    with pytest.raises(ConnectionClosed, match="has shut session s1 down"):
        await turn
    assert seen == ["session.shutdown", "session.shutdown"]
    with pytest.raises(ConnectionClosed, match="shut"):
        await session.send("more")
    await session.close()
    assert runtime.count("session.destroy") == 0


async def test_a_loop_that_is_left_by_break_ends_its_subscription_at_once(
    session: Session, runtime: FakeRuntime
) -> None:
    async def leave_early() -> None:
        async for _ in session.stream("go"):
            break

    leaving = asyncio.create_task(leave_early())
    await runtime.asked("session.send")
    await runtime.delta("a")
    await leaving
    gc.collect()
    assert not session._core._subscriptions._streams


async def test_a_stream_that_is_never_read_sends_nothing(
    client: CopilotClient, session: Session, runtime: FakeRuntime
) -> None:
    turn = session.stream("go")
    await client.ping()
    assert runtime.count("session.send") == 0
    await turn.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(turn)
    assert runtime.count("session.send") == 0


async def test_a_wait_for_an_event_can_be_cancelled_and_taken_up_again(
    session: Session, runtime: FakeRuntime
) -> None:
    async with session.stream("go") as turn:
        first = asyncio.create_task(anext(turn))
        await runtime.asked("session.send")
        await runtime.delta("a")
        await first
        second = asyncio.create_task(anext(turn))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        await runtime.event("session.idle")
        assert [event.type async for event in turn] == ["session.idle"]
    assert runtime.count("session.send") == 1


async def test_a_prompt_whose_sending_was_cancelled_is_not_sent_twice(
    session: Session, runtime: FakeRuntime
) -> None:
    runtime.answers["session.send"] = lambda _: asyncio.Event().wait()
    turn = session.stream("go")
    first = asyncio.create_task(anext(turn))
    await runtime.asked("session.send")
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    with pytest.raises(StopAsyncIteration):
        await anext(turn)
    assert runtime.count("session.send") == 1


async def test_two_tasks_cannot_share_a_turn(session: Session, runtime: FakeRuntime) -> None:
    turn = session.stream("go")
    first = asyncio.create_task(anext(turn))
    await runtime.asked("session.send")
    with pytest.raises(UsageError, match="another task"):
        await anext(turn)
    await runtime.event("session.idle")
    assert (await first).type == "session.idle"


async def test_an_aborted_turn_ends_with_idle(session: Session, runtime: FakeRuntime) -> None:
    turn = asyncio.create_task(collect(session))
    await runtime.asked("session.send")
    await session.abort("user_initiated")
    assert await runtime.asked("session.abort") == {"sessionId": SESSION, "reason": "user_initiated"}
    await runtime.event("session.idle", {"aborted": True})
    assert await turn == ["session.idle"]


async def test_everything_that_can_go_with_a_prompt_is_sent(session: Session, runtime: FakeRuntime) -> None:
    assert (
        await session.send(
            "go",
            mode="immediate",
            agent_mode="plan",
            display_prompt="Go!",
            request_headers={"x": "y"},
            attachments=[{"type": "file", "path": "/a", "displayName": "a"}],  # type: ignore[list-item]
        )
        == "m1"
    )
    assert await runtime.asked("session.send") == {
        "sessionId": SESSION,
        "prompt": "go",
        "mode": "immediate",
        "agentMode": "plan",
        "displayPrompt": "Go!",
        "requestHeaders": {"x": "y"},
        "attachments": [{"type": "file", "path": "/a", "displayName": "a"}],
    }
