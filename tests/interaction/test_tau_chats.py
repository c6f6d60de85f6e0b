"""Chats with a daemon of tau, and what those who follow the session see of them."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from copilot_sdk.errors import EventBufferOverflow, RequestRefused, TurnTimeout
from copilot_sdk.runtime import Call, Reply, ScriptedModel, fault_of_status
from copilot_sdk.tau.events import (
    AgentDoneResponse,
    CancelledResponse,
    DoneEvent,
    ErrorEvent,
    ErrorResponse,
    PhaseEvent,
    StatusEvent,
    TextDeltaEvent,
    ToolOutputDeltaEvent,
    ToolResultEvent,
    UserMessageResponse,
)
from copilot_sdk.tau.types import (
    AssistantHistoryMessage,
    CompactionSummaryMessage,
    ImageAttachment,
    ImageContent,
    InfoMessage,
    TextContent,
    ToolResultMessage,
    UserHistoryMessage,
)
from tests.support.tau_stage import session, stage, until, until_idle

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


async def test_a_chat_whose_session_is_put_away_is_cancelled() -> None:
    async with stage() as (_, client):
        name = await session(client)
        async with client.subscribe(name) as events:
            chat = client.chat(name, "!say wait\n!hold")
            await until(events, lambda event: isinstance(event, TextDeltaEvent))
            await client.rpc.archive_session(session_id=name)
            assert (await chat).cancelled
        info = (await client.rpc.get_session_info(session_id=name)).info
        assert (info.archived, info.is_live) == (True, False)


async def test_a_chat_gives_its_events_and_its_result() -> None:
    script = ScriptedModel(
        [
            Reply(["Let me ", "look."], reasoning="Hm", calls=[Call("bash", {"command": "echo hi"})]),
            Reply("Done."),
        ]
    )
    async with stage(script) as (_, client):
        chat = client.chat(await session(client), "What is there?")
        events = [event async for event in chat]
        result = await chat
    assert (result.text, result.cancelled, len(result.messages)) == ("Done.", False, 2)
    assert [e.type for e in events if e.type != "phase"] == [
        "start",
        *("thinking_start", "thinking_delta", "thinking_end"),
        *("text_start", "text_delta", "text_delta", "text_end"),
        *("toolcall_start", "toolcall_delta", "toolcall_end", "done"),
        *("tool_output_delta", "tool_result"),
        *("start", "text_start", "text_delta", "text_end", "done"),
    ]
    phases = [event.phase for event in events if isinstance(event, PhaseEvent)]
    assert phases == [
        "Preparing",
        "Connecting",
        "Thinking",
        "Responding",
        "ToolExec",
        "Connecting",
        "Responding",
    ]
    deltas = [event for event in events if isinstance(event, TextDeltaEvent)]
    assert [delta.partial.content[-1] for delta in deltas] == [
        TextContent(text="Let me "),
        TextContent(text="Let me look."),
        TextContent(text="Done."),
    ]
    assert [event.delta for event in events if isinstance(event, ToolOutputDeltaEvent)] == ["hi\n"]
    [outcome] = [event for event in events if isinstance(event, ToolResultEvent)]
    assert (outcome.tool_name, outcome.is_error) == ("bash", False)
    assert result.messages[0].stop_reason == "tool_use"


async def test_the_text_of_a_chat_comes_in_pieces() -> None:
    async with stage(ScriptedModel([Reply(["a", "b", "c"])])) as (_, client):
        chat = client.chat(await session(client), "Spell.")
        assert [piece async for piece in chat.text()] == ["a", "b", "c"]


async def test_all_who_follow_a_session_see_the_same_and_the_message_that_began_it() -> None:
    async with stage() as (_, client):
        name = await session(client)
        async with client.subscribe(name) as first, client.subscribe(name) as second:
            assert (await anext(first), await anext(second)) == (PhaseEvent(phase="Idle"),) * 2
            chat = client.chat(name, "Hello!")
            own = [event async for event in chat]
            seen, also = await until_idle(first), await until_idle(second)
    assert seen == also
    assert seen[0] == UserMessageResponse(text="Hello!")
    assert UserMessageResponse(text="Hello!") not in own
    assert [*seen[1:-2]] == own


async def test_a_session_that_nobody_made_can_be_followed_before_it_is_there() -> None:
    async with stage() as (_, client), client.subscribe("s1") as early:
        assert await anext(early) == PhaseEvent(phase="Idle")
        assert await session(client) == "s1"
        await client.chat("s1", "Hello!")
        assert (await until_idle(early))[-2] == AgentDoneResponse()


async def test_an_aborted_chat_ends_with_a_result_that_says_so() -> None:
    async with stage() as (_, client):
        name = await session(client)
        async with client.subscribe(name) as follower:
            chat = client.chat(name, "!say Wait\n!hold")
            await until(follower, lambda event: isinstance(event, TextDeltaEvent))
            assert (await client.rpc.get_session_info(session_id=name)).info.state == "working"
            await chat.abort()
            result = await chat
            assert result.cancelled
            assert (await until_idle(follower))[-2] == CancelledResponse()
        await chat.abort()
        info = (await client.rpc.get_session_info(session_id=name)).info
        assert (info.last_exit_status, info.is_live, info.state) == ("cancelled", False, "idle")
        assert (await client.chat(name, "!say And again")).text == "And again"


async def test_a_chat_that_is_forgotten_goes_on() -> None:
    async with stage() as (_, client):
        forgotten = weakref.ref(client.chat(await session(client), "!say one"))
        gc.collect()
        chat = forgotten()
        assert chat is not None
        assert (await chat).text == "one"


async def test_a_message_that_is_steered_in_reaches_the_model_and_the_chat() -> None:
    hold = asyncio.Event()
    model = ScriptedModel([Reply("Thinking.", hold=hold), Reply("Changed.")])
    async with stage(model) as (_, client):
        name = await session(client)
        with pytest.raises(RequestRefused, match="no chat runs"):
            await client.rpc.steer(session_id=name, text="Now?")
        chat = client.chat(name, "Go.")
        await until(client.subscribe(name), lambda e: isinstance(e, PhaseEvent) and e.phase == "Connecting")
        await client.rpc.steer(session_id=name, text="Rather go left.")
        hold.set()
        events = [event async for event in chat]
        assert UserMessageResponse(text="Rather go left.") in events
        assert (await chat).text == "Changed."
    assert model.requests[-1].prompt == "Rather go left."


async def test_a_model_that_fails_fails_the_chat_and_the_session_goes_on() -> None:
    model = ScriptedModel([Reply(error=fault_of_status(400, "no such model")), Reply("Better.")])
    async with stage(model) as (_, client):
        name = await session(client)
        async with client.subscribe(name) as follower:
            chat = client.chat(name, "Hello!")
            with pytest.raises(RequestRefused, match="agent error: no such model"):
                await chat
            seen = await until_idle(follower)
        assert [type(event) for event in seen[-4:]] == [
            ErrorEvent, ErrorResponse, AgentDoneResponse, PhaseEvent,
        ]  # fmt: skip
        assert (await client.rpc.get_session_info(session_id=name)).info.last_exit_status == "error"
        assert (await client.chat(name, "Again?")).text == "Better."


async def test_a_chat_can_have_pictures() -> None:
    model = ScriptedModel([Reply("A dot.")])
    async with stage(model) as (_, client):
        name = await session(client)
        picture = ImageAttachment(data=PIXEL, mime_type="image/png")
        await client.chat(name, "What is it?", attachments=[picture])
        [asked, _] = (await client.rpc.get_messages(session_id=name)).messages
        assert isinstance(asked, UserHistoryMessage)
        assert asked.content[1:] == [ImageContent(data=PIXEL, mime_type="image/png")]
        for wrong, why in (("image/tiff", "unsupported image type"), ("image/png", "not base64")):
            with pytest.raises(RequestRefused, match=why):
                await client.chat(name, "And this?", attachments=[ImageAttachment(data="?", mime_type=wrong)])
    assert model.requests[0].messages[-1].images[0].data == PIXEL


async def test_a_chat_that_takes_too_long_is_given_up_and_the_agent_goes_on() -> None:
    async with stage() as (_, client):
        name = await session(client)
        with pytest.raises(TurnTimeout, match=r"did not end within 0\.01 s"):
            await client.chat(name, "!hold", timeout=0.01)
        assert (await client.rpc.wait_sessions(session_ids=[name], timeout_secs=0)).results[
            0
        ].status == "timeout"
        await client.rpc.cancel_chat(session_id=name)


async def test_who_reads_too_slowly_is_told_and_the_chat_ends_all_the_same() -> None:
    async with stage() as (_, client):
        chat = client.chat(await session(client), "!say one\n!say two", buffer=3)
        assert (await chat).text == "onetwo"
        with pytest.raises(EventBufferOverflow):
            [event async for event in chat]


async def test_the_history_has_all_messages_and_notes() -> None:
    model = ScriptedModel(
        [Reply("", calls=[Call("bash", {"command": "exit 3"})]), Reply("It failed."), Reply("Sum.")]
    )
    async with stage(model) as (_, client):
        name = await session(client)
        await client.chat(name, "Try.")
        await client.rpc.queue_info(target_session_id=name, text="For people.")
        await client.rpc.compact(session_id=name, keep_hint="the failure")
        messages = (await client.rpc.get_messages(session_id=name)).messages
        kinds = [type(message) for message in messages]
        assert kinds == [
            UserHistoryMessage, AssistantHistoryMessage, ToolResultMessage, AssistantHistoryMessage, InfoMessage,
            CompactionSummaryMessage, InfoMessage,
        ]  # fmt: skip
        answer = messages[3]
        assert isinstance(answer, AssistantHistoryMessage)
        assert answer.usage.output > 0
        summary = messages[5]
        assert isinstance(summary, CompactionSummaryMessage)
        assert summary.summary == "Sum."
    assert "the failure" in model.requests[-1].prompt
    assert all("For people." not in message.text for message in model.requests[-1].messages)


async def test_compaction_is_answered_with_nothing_unless_a_turn_runs_or_it_fails() -> None:
    async with stage() as (_, client):
        name = await session(client)
        async with client.subscribe(name) as follower:
            await client.rpc.compact(session_id=name)
            assert await until(follower, lambda event: isinstance(event, StatusEvent)) == StatusEvent(
                message="nothing to compact"
            )
            chat = client.chat(name, "!say Go\n!hold")
            await until(follower, lambda event: isinstance(event, TextDeltaEvent))
            await client.rpc.compact(session_id=name)
            await chat.abort()
            await until(follower, lambda e: isinstance(e, StatusEvent) and e.message.startswith("compacted"))
        with pytest.raises(RequestRefused, match="session not found: s9"):
            await client.rpc.compact(session_id="s9")


async def test_a_second_chat_waits_for_the_first_and_both_end_with_the_work() -> None:
    hold = asyncio.Event()
    async with stage(ScriptedModel([Reply("one", hold=hold), Reply("two")])) as (_, client):
        name = await session(client)
        first = client.chat(name, "first")
        await until(client.subscribe(name), lambda e: isinstance(e, PhaseEvent) and e.phase == "Connecting")
        second = client.chat(name, "second")
        hold.set()
        events = [event async for event in first]
        assert UserMessageResponse(text="second") in events
        assert (await first).text == (await second).text == "two"
        assert [event.message.content for event in events if isinstance(event, DoneEvent)] == [
            [TextContent(text="one")],
            [TextContent(text="two")],
        ]
