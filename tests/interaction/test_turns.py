"""Turns: where they begin and end, and what does not disturb them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from copilot_sdk import EventBufferOverflow, InvalidParams, RequestTimeout, RpcError, SessionError, UsageError
from copilot_sdk.errors import InternalError, MethodNotFound, QuotaExceeded
from copilot_sdk.session import Session
from tests.support.fake_runtime import SESSION, FakeRuntime
from tests.support.turns import begun, types

pytestmark = pytest.mark.usefixtures("hardly_any_quiet")


async def test_awaiting_a_turn_gives_what_came_of_it(session: Session, runtime: FakeRuntime) -> None:
    turn = session.send("go")
    await turn.accepted()
    await runtime.prompt("m1")
    await runtime.event("assistant.usage", {"model": "m", "inputTokens": 3, "outputTokens": 2, "cost": 1})
    await runtime.message("done", "m1")
    await runtime.event("session.idle")
    result = await turn
    assert (result.message_id, result.text, result.aborted) == ("m1", "done", False)
    assert (result.usage.total.input_tokens, result.usage.total.cost) == (3, 1)
    assert result.message is not None
    assert [message.data.content for message in result.messages] == [result.message.data.content] == ["done"]
    assert result.duration > 0
    assert (turn.done, turn.usage) == (True, result.usage)
    assert await turn is result


async def test_iterating_gives_all_events_and_ends_with_idle(session: Session, runtime: FakeRuntime) -> None:
    turn = session.send("go")
    await turn.accepted()
    await runtime.turn("m1", "done")
    assert await types(turn) == [
        "user.message",
        "assistant.turn_start",
        "assistant.message",
        "assistant.turn_end",
        "session.idle",
    ]
    assert (await turn).text == "done"


async def test_a_prompt_is_on_its_way_without_anybody_waiting(session: Session, runtime: FakeRuntime) -> None:
    turn = session.send("go")
    assert (turn.message_id, turn.done) == (None, False)
    await runtime.asked("session.send")
    await turn.accepted()
    assert turn.message_id == "m1"
    assert repr(turn) == "<Turn m1>"


async def test_events_that_come_before_the_reply_to_send_are_not_lost(
    session: Session, runtime: FakeRuntime
) -> None:
    async def send(params: Any) -> dict[str, str]:
        await runtime.turn("m1", "quick")
        return {"messageId": "m1"}

    runtime.answers["session.send"] = send
    turn = session.send("go")
    assert (await turn).text == "quick"
    assert (await types(turn))[0] == "user.message"


async def test_idle_and_errors_of_sub_agents_do_not_end_the_turn(
    session: Session, runtime: FakeRuntime
) -> None:
    turn = await begun(session, runtime)
    await runtime.event("session.error", {"errorType": "query", "message": "sub"}, agentId="sub")
    await runtime.message("from the sub-agent", agentId="sub")
    await runtime.event("session.idle", agentId="sub")
    await runtime.message("from the agent")
    await runtime.message("again from the sub-agent", agentId="sub")
    await runtime.event("session.idle")
    assert (await turn).text == "from the agent"


async def test_a_failed_turn_raises_after_its_last_event(session: Session, runtime: FakeRuntime) -> None:
    turn = session.send("go")
    await turn.accepted()
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
        "originatingMessageId": "m1",
        "providerErrorType": "insufficient",
        "providerErrorParam": "model",
        "remediation": "show_account",
    }
    await runtime.event("session.error", data)
    await runtime.event("session.idle")
    assert [(await anext(turn)).type for _ in range(2)] == ["session.error", "session.idle"]
    with pytest.raises(QuotaExceeded, match="no more today"):
        await anext(turn)
    with pytest.raises(SessionError) as caught:
        await turn
    error = caught.value
    assert (error.message, error.error_type, error.error_code) == ("no more today", "quota", "quota_exceeded")
    assert (error.status_code, error.provider_call_id, error.service_request_id) == (402, "p1", "r1")
    assert (error.url, error.eligible_for_auto_switch, error.stack) == (data["url"], True, "at line 1")
    assert (error.originating_message_id, error.remediation) == ("m1", "show_account")
    assert (error.provider_error_type, error.provider_error_param) == ("insufficient", "model")
    assert error.raw == data


async def test_an_error_that_cannot_be_read_whole_still_fails_the_turn(
    session: Session, runtime: FakeRuntime
) -> None:
    turn = session.send("go")
    await turn.accepted()
    await runtime.event("session.error", {"message": "odd", "statusCode": "many"})
    await runtime.event("session.idle")
    with pytest.raises(SessionError, match="odd") as caught:
        await turn
    assert (caught.value.error_type, caught.value.status_code) == ("unknown", None)


async def test_a_turn_that_says_nothing_has_no_text(session: Session, runtime: FakeRuntime) -> None:
    turn = await begun(session, runtime)
    await runtime.event("session.idle", {"aborted": True})
    result = await turn
    assert (result.text, result.message, result.aborted) == ("", None, True)


async def test_the_text_comes_in_pieces_and_whole(session: Session, runtime: FakeRuntime) -> None:
    turn = await begun(session, runtime)
    await runtime.delta("Hel")
    await runtime.delta("aside", agentId="sub")
    await runtime.delta("lo.")
    await runtime.message("Hello.")
    await runtime.event("assistant.message", {"messageId": "a2", "content": " Whole."})
    await runtime.event("session.idle")
    assert [piece async for piece in turn.text()] == ["Hel", "lo.", " Whole."]


# ------------------------------------------------------------------- whose idle


async def test_the_idle_of_an_earlier_turn_does_not_end_the_next_one(
    session: Session, runtime: FakeRuntime
) -> None:
    await begun(session, runtime)
    second = session.send("two")
    await second.accepted()
    await runtime.message("late", "m1")
    await runtime.event(
        "session.error", {"errorType": "query", "message": "late", "originatingMessageId": "m1"}
    )
    await runtime.event("session.idle")
    await runtime.turn("m2", "second")
    assert (await second).text == "second"


async def test_a_second_idle_of_an_ended_turn_does_not_end_the_next_one(
    session: Session, runtime: FakeRuntime
) -> None:
    first = await begun(session, runtime)
    await runtime.event("session.idle")
    await first
    second = session.send("two")
    await second.accepted()
    await runtime.event("session.idle")
    await runtime.asked("session.metadata.activity")
    await runtime.turn("m2", "second")
    assert (await second).text == "second"


async def test_a_prompt_that_was_dropped_ends_when_the_runtime_has_no_work_left(
    session: Session, runtime: FakeRuntime
) -> None:
    runtime.answers["session.metadata.activity"] = {"hasActiveWork": False, "abortable": False}
    turn = session.send("go")
    await turn.accepted()
    await runtime.event("session.warning", {"warningType": "x", "message": "blocked"})
    await runtime.event("session.idle")
    assert (await turn).text == ""
    assert await types(turn) == ["session.warning", "session.idle"]


async def test_events_that_come_late_keep_a_turn_from_being_taken_for_dropped(
    session: Session, runtime: FakeRuntime
) -> None:
    async def activity(params: Any) -> dict[str, bool]:
        if runtime.count("session.metadata.activity") == 1:
            await runtime.event("session.title_changed", {"title": "t"})
            await runtime.turn("m1", "late")
        return {"hasActiveWork": False, "abortable": False}

    runtime.answers["session.metadata.activity"] = activity
    turn = session.send("go")
    await turn.accepted()
    await runtime.event("session.idle")
    assert (await turn).text == "late"


async def test_idle_ends_a_turn_of_a_runtime_that_cannot_tell_whether_it_works(
    session: Session, runtime: FakeRuntime
) -> None:
    runtime.answers["session.metadata.activity"] = MethodNotFound("Unhandled method")
    turn = session.send("go")
    await turn.accepted()
    await runtime.event("session.idle")
    assert (await turn).text == ""


async def test_a_turn_that_nobody_here_began_does_not_end_ours(
    session: Session, runtime: FakeRuntime
) -> None:
    # Background work and other clients start turns, too.
    await runtime.event("assistant.turn_start", {"turnId": "0"})
    await session.rpc.abort()
    turn = session.send("go")
    await turn.accepted()
    await runtime.message("about the background")
    await runtime.event("session.idle")
    await runtime.turn("m1", "ours")
    assert (await turn).text == "ours"
    assert "assistant.message" in await types(turn)


async def test_an_old_runtime_that_names_no_prompts_still_ends_turns(
    session: Session, runtime: FakeRuntime
) -> None:
    for text in ("one", "two"):
        turn = session.send(text)
        await turn.accepted()
        await runtime.turn(None, text)
        assert (await turn).text == text


async def test_queued_prompts_end_one_after_the_other_each_with_its_own_answer(
    session: Session, runtime: FakeRuntime
) -> None:
    turns = [session.send(text) for text in ("one", "two", "three")]
    await turns[-1].accepted()
    for number in (1, 2, 3):
        await runtime.prompt(f"m{number}")
        await runtime.message(f"answer {number}", f"m{number}")
    assert [(await turn).text for turn in turns[:2]] == ["answer 1", "answer 2"]
    assert not turns[2].done
    await runtime.event("session.idle")
    assert (await turns[2]).text == "answer 3"
    assert [await types(turn) for turn in turns] == [
        ["user.message", "assistant.message"],
        ["user.message", "assistant.message"],
        ["user.message", "assistant.message", "session.idle"],
    ]


async def test_a_steering_prompt_shares_the_turn_that_it_joins(
    session: Session, runtime: FakeRuntime
) -> None:
    first = await begun(session, runtime)
    second = session.send("faster", mode="immediate")
    await second.accepted()
    await runtime.event("user.message", {"content": "x", "messageId": "m2", "delivery": "steering"})
    await runtime.message("both", "m2")
    await runtime.event("session.idle")
    assert ((await first).text, (await second).text) == ("both", "both")


# ------------------------------------------------------------------- sending


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
    turns = [session.send(text) for text in "abc"]
    await runtime.asked("session.send")
    free.set()
    assert [await turn.accepted() for turn in turns] == ["a", "b", "c"]
    assert order == ["a", "b", "c"]


async def test_a_refused_prompt_is_an_error_of_its_turn_and_the_next_one_goes_well(
    session: Session, runtime: FakeRuntime
) -> None:
    runtime.answers["session.send"] = InternalError("the session is on fire")
    refused = session.send("go")
    with pytest.raises(RpcError, match="on fire"):
        await refused.accepted()
    with pytest.raises(RpcError, match="on fire"):
        await refused
    with pytest.raises(RpcError, match="on fire"):
        await types(refused)
    with pytest.raises(InvalidParams, match=r"session\.send: prompt"):
        await session.send(5)  # type: ignore[arg-type]
    runtime.answers["session.send"] = {"messageId": "m1"}
    turn = session.send("go")
    await turn.accepted()
    await runtime.turn("m1", "well")
    assert (await turn).text == "well"


async def test_everything_that_can_go_with_a_prompt_is_sent(session: Session, runtime: FakeRuntime) -> None:
    await session.send(
        "go",
        mode="immediate",
        agent_mode="plan",
        display_prompt="Go!",
        request_headers={"x": "y"},
        source="agent-7",
        attachments=[{"type": "file", "path": "/a", "displayName": "a"}],  # type: ignore[list-item]
    ).accepted()
    assert await runtime.asked("session.send") == {
        "sessionId": SESSION,
        "prompt": "go",
        "mode": "immediate",
        "agentMode": "plan",
        "displayPrompt": "Go!",
        "requestHeaders": {"x": "y"},
        "source": "agent-7",
        "attachments": [{"type": "file", "path": "/a", "displayName": "a"}],
    }


async def test_a_request_that_times_out_is_not_taken_for_a_slow_turn(runtime: FakeRuntime) -> None:
    runtime.answers["session.send"] = lambda _: asyncio.Event().wait()
    async with runtime.client(request_timeout=0.02) as client, await client.create_session() as session:
        with pytest.raises(RequestTimeout, match=r"session\.send"):
            await session.send("go")


# ------------------------------------------------------------------- events


async def test_repeated_events_are_dropped(session: Session, runtime: FakeRuntime) -> None:
    turn = await begun(session, runtime)
    await runtime.delta("a", id="same")
    await runtime.delta("a", id="same")
    await runtime.delta("b", id="other")
    await runtime.delta("a", id="same")
    await runtime.event("session.idle")
    assert (await types(turn))[1:] == ["assistant.message_delta", "assistant.message_delta", "session.idle"]
    assert (await turn).text == "ab"


async def test_a_reader_that_falls_behind_is_told_and_the_result_is_whole(
    session: Session, runtime: FakeRuntime
) -> None:
    turn = await begun(session, runtime, buffer=2)
    await runtime.delta("a")
    await runtime.delta("b")
    await runtime.message("ab")
    await runtime.event("session.idle")
    assert (await turn).text == "ab"
    assert (await anext(turn)).type == "user.message"
    with pytest.raises(EventBufferOverflow):
        await types(turn)
    with pytest.raises(UsageError, match="buffer"):
        session.send("go", buffer=0)


async def test_a_loop_that_is_left_does_not_end_the_turn(session: Session, runtime: FakeRuntime) -> None:
    turn = await begun(session, runtime)
    async for _ in turn:
        break
    await runtime.message("done")
    await runtime.event("session.idle")
    assert (await turn).text == "done"


async def test_a_wait_for_an_event_can_be_cancelled_and_taken_up_again(
    session: Session, runtime: FakeRuntime
) -> None:
    turn = await begun(session, runtime)
    await anext(turn)
    waiting = asyncio.ensure_future(anext(turn))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await runtime.event("session.idle")
    assert await types(turn) == ["session.idle"]


async def test_two_tasks_cannot_share_the_events_of_a_turn_but_its_result(
    session: Session, runtime: FakeRuntime
) -> None:
    turn = await begun(session, runtime)
    await anext(turn)
    first = asyncio.ensure_future(anext(turn))
    await asyncio.sleep(0)
    with pytest.raises(UsageError, match="another task"):
        await anext(turn)
    results = asyncio.gather(turn, turn)
    await runtime.event("session.idle")
    assert (await first).type == "session.idle"
    one, two = await results
    assert one is two
