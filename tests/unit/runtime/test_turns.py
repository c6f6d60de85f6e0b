"""Turns: what is told, and in which order."""

from __future__ import annotations

import asyncio

import pytest

from copilot_sdk.runtime import Call, Reply, fault_of_status
from tests.unit.runtime.harness import Join, Json, Start, asked_of, types


async def test_a_streamed_turn_tells_its_events_in_the_order_of_the_cli(start: Start, join: Join) -> None:
    client = await join(start([Reply(["Hel", "lo"], reasoning="Hm")]))
    await client.open(streaming=True)
    events = await client.turn("hi")
    assert types(events, "session.title_changed", "session.skills_loaded") == [
        "pending_messages.modified",
        "pending_messages.modified",
        "session.mcp_servers_loaded",
        "session.tools_updated",
        "user.message",
        "system.message",
        "assistant.turn_start",
        "session.usage_info",
        "assistant.streaming_delta",
        "assistant.reasoning_delta",
        "assistant.streaming_delta",
        "assistant.message_start",
        "assistant.message_delta",
        "assistant.streaming_delta",
        "assistant.message_delta",
        "assistant.usage",
        "assistant.message",
        "assistant.reasoning",
        "assistant.turn_end",
        "assistant.idle",
        "session.idle",
    ]
    deltas = client.of("assistant.message_delta")
    message = client.of("assistant.message")[0]
    assert "".join(delta["deltaContent"] for delta in deltas) == message["content"] == "Hello"
    assert {delta["messageId"] for delta in deltas} == {message["messageId"]}
    assert client.of("assistant.streaming_delta")[-1] == {"totalResponseSizeBytes": 7}


async def test_the_arguments_of_tool_calls_are_streamed_and_counted_with_the_rest_of_the_prompt(
    start: Start, join: Join
) -> None:
    calls = [Call("nosuch", {}, id="a"), Call("other", {"x": 1}, id="b")]
    client = await join(start([Reply("Hm", calls=calls), Reply("ok"), Reply("ok")]))
    await client.open(streaming=True)
    await client.turn("hi")
    function = {"toolType": "function"}
    assert client.of("assistant.tool_call_delta") == [
        {"toolCallId": "a", "toolName": "nosuch", "inputDelta": "{}", **function},
        {"toolCallId": "b", "toolName": "other", "inputDelta": '{"x": 1}', **function},
    ]
    sizes = [told["totalResponseSizeBytes"] for told in client.of("assistant.streaming_delta")]
    assert sizes == [2, 10, 23, 25]
    await client.turn("again")
    assert client.of("assistant.streaming_delta")[-1] == {"totalResponseSizeBytes": 2}


async def test_without_streaming_there_are_no_deltas(start: Start, join: Join) -> None:
    client = await join(start([Reply(["Hel", "lo"])]))
    await client.open()
    events = await client.turn("hi")
    assert not {"assistant.message_start", "assistant.message_delta"} & set(types(events))
    assert client.of("assistant.message")[0]["content"] == "Hello"


async def test_the_prompt_and_its_answer_carry_the_id_that_send_returned(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    message_id = await client.send("hi")
    await client.until("session.idle")
    assert client.of("user.message")[0]["messageId"] == message_id
    assert client.of("assistant.message")[0]["originatingMessageId"] == message_id


async def test_durable_events_form_a_chain_and_ephemeral_ones_hang_on_it(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open(streaming=True)
    await client.turn("hi")
    last = None
    for event in client.events:
        assert event["parentId"] == last, event["type"]
        if not event.get("ephemeral"):
            last = event["id"]
    assert len({event["id"] for event in client.events}) == len(client.events)


async def test_a_queue_is_worked_off_in_order_with_one_idle_at_its_end(start: Start, join: Join) -> None:
    hold = asyncio.Event()
    client = await join(start([Reply("one", hold=hold), Reply("two"), Reply("three")]))
    await client.open()
    for prompt in ("a", "b", "c"):
        await client.send(prompt)
    pending = await client.call("session.queue.pendingItems")
    assert [item["displayText"] for item in pending["items"]] == ["b", "c"]
    hold.set()
    await client.until("session.idle")
    assert [message["content"] for message in client.of("assistant.message")] == ["one", "two", "three"]
    assert len(client.of("session.idle")) == 1


async def test_an_immediate_message_goes_into_the_running_turn(start: Start, join: Join) -> None:
    hold = asyncio.Event()
    runtime = start(
        [Reply("looking", calls=[Call("report_intent", {"intent": "look"})], hold=hold), Reply("done")]
    )
    client = await join(runtime)
    await client.open()
    await client.send("start")
    await client.until("assistant.turn_start")
    await client.send("and be quick", mode="immediate")
    assert (await client.call("session.queue.pendingItems"))["steeringMessages"] == ["and be quick"]
    hold.set()
    await client.until("session.idle")
    assert client.of("user.message")[1]["delivery"] == "steering"
    assert len(client.of("session.idle")) == 1
    request = asked_of(runtime)[-1]
    assert [message.role for message in request.messages] == ["system", "user", "assistant", "tool", "user"]


async def test_a_steering_message_after_the_last_step_is_still_answered(start: Start, join: Join) -> None:
    hold = asyncio.Event()
    client = await join(start([Reply("first", hold=hold), Reply("second")]))
    await client.open()
    await client.send("start")
    await client.until("assistant.turn_start")
    await client.send("more", mode="immediate")
    hold.set()
    await client.until("session.idle")
    assert [message["content"] for message in client.of("assistant.message")] == ["first", "second"]


async def test_abort_ends_the_turn_and_nothing_is_streamed_after_it(start: Start, join: Join) -> None:
    hold = asyncio.Event()
    runtime = start([Reply(["par", "tial"], hold=hold, hold_after=1), Reply("fresh")])
    client = await join(runtime)
    await client.open(streaming=True)
    await client.send("go")
    await client.until("assistant.message_delta")
    assert await client.call("session.abort") == {"success": True}
    idle = await client.until("session.idle")
    assert idle["data"] == {"aborted": True, "mode": "interactive"}
    after = types(client.events)[types(client.events).index("abort") :]
    assert after == ["abort", "assistant.turn_end", "assistant.idle", "session.idle"]
    hold.set()
    await client.turn("again")
    assert "partial" not in "".join(message.text for message in asked_of(runtime)[-1].messages)


async def test_abort_drops_what_is_queued(start: Start, join: Join) -> None:
    client = await join(start([Reply("never", hold=asyncio.Event())]))
    await client.open()
    await client.send("one")
    await client.send("two")
    await client.call("session.abort")
    await client.until("session.idle", aborted=True)
    pending = await client.call("session.queue.pendingItems")
    assert (pending["items"], pending["steeringMessages"]) == ([], [])
    assert await client.call("session.metadata.isProcessing") == {"processing": False}


async def test_abort_of_an_idle_session_changes_nothing(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    before = len(client.events)
    await client.call("session.abort")
    assert len(client.events) == before


async def test_a_model_error_becomes_an_event_and_the_session_goes_on(start: Start, join: Join) -> None:
    client = await join(start([Reply(error=fault_of_status(400, "bad request")), Reply("fine")]))
    await client.open()
    events = await client.turn("hi")
    assert types(events)[-4:] == [
        "assistant.turn_end",
        "session.error",
        "assistant.idle",
        "session.idle",
    ]
    error = client.of("session.error")[0]
    assert (error["errorType"], error["message"], error["statusCode"]) == ("query", "bad request", 400)
    await client.turn("again")
    assert client.of("assistant.message")[-1]["content"] == "fine"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_passing_errors_are_tried_again(start: Start, join: Join, status: int) -> None:
    client = await join(start([Reply(error=fault_of_status(status, "busy")), Reply("there")]))
    await client.open()
    await client.turn("hi")
    assert client.of("model.call_failure")[0]["statusCode"] == status
    assert client.of("assistant.message")[0]["content"] == "there"
    assert not client.of("session.error")


async def test_tries_come_to_an_end(start: Start, join: Join) -> None:
    client = await join(start(lambda _: Reply(error=fault_of_status(500, "down"))))
    await client.open()
    await client.turn("hi")
    assert len(client.of("model.call_failure")) == 3
    assert client.of("session.error")[0]["statusCode"] == 500


async def test_a_cut_off_answer_is_continued_and_no_text_is_lost(start: Start, join: Join) -> None:
    client = await join(start([Reply("one ", finish_reason="length"), Reply("two")]))
    await client.open(streaming=True)
    await client.turn("count")
    assert [message["content"] for message in client.of("assistant.message")] == ["one ", "two"]


async def test_an_empty_answer_is_an_error(start: Start, join: Join) -> None:
    client = await join(start([Reply("")]))
    await client.open()
    await client.turn("hi")
    assert "empty" in client.of("session.error")[0]["message"]


async def test_send_with_wait_returns_after_the_turn(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    await client.send("hi", wait=True)
    assert client.of("assistant.message")


async def test_the_title_comes_from_the_first_prompt(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    await client.turn("\n  Fix the parser\nplease")
    await client.turn("and the lexer")
    assert client.of("session.title_changed") == [{"title": "Fix the parser"}]
    sessions = (await client.call("session.list"))["sessions"]
    assert [session["summary"] for session in sessions] == ["Fix the parser"]


async def test_usage_is_counted(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    await client.turn("hi")
    metrics = await client.call("session.usage.getMetrics")
    assert metrics["totalUserRequests"] == 1
    assert metrics["modelMetrics"]["scripted"]["requests"]["count"] == 1
    assert metrics["lastCallInputTokens"] == client.of("assistant.usage")[0]["inputTokens"] > 0


async def test_attachments_reach_the_model(start: Start, join: Join) -> None:
    runtime = start()
    client = await join(runtime)
    await client.open()
    attached: list[Json] = [
        {"type": "file", "path": "/a/b.py", "displayName": "b.py"},
        {"type": "blob", "data": "aGk=", "mimeType": "image/png"},
    ]
    await client.turn("look", attachments=attached)
    prompt = asked_of(runtime)[0].messages[-1]
    assert "/a/b.py" in prompt.text
    assert [image.mime_type for image in prompt.images] == ["image/png"]
    assert client.of("user.message")[0]["content"] == "look"
    assert client.of("user.message")[0]["attachments"] == attached
