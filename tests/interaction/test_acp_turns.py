"""Turns of the Agent Client Protocol: prompts, updates, and cancelling."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from copilot_sdk import acp
from copilot_sdk.acp.permissions import approve_once
from copilot_sdk.acp.types import (
    AgentMessageChunk,
    ResourceLink,
    TextContent,
    ToolCall,
    ToolCallUpdate,
    UnknownVariant,
)
from copilot_sdk.errors import EventBufferOverflow, RequestTimeout, RpcError, UsageError
from copilot_sdk.transports.memory import memory_pair
from tests.support.acp_agent import Json, RawAgent, Refusal, connected


def saying(agent: RawAgent, *words: str, reason: str = "end_turn") -> Any:
    async def prompt(_: Json) -> Json:
        for word in words:
            await agent.say(word)
        return {"stopReason": reason}

    return prompt


async def test_a_turn_gives_its_updates_and_its_end() -> None:
    async with connected() as (client, agent):
        agent.answers["session/prompt"] = saying(agent, "Good ", "morning")
        session = await client.new_session("/src")
        turn = session.prompt("hi")
        updates = [update async for update in turn]
        assert [type(update) for update in updates] == [AgentMessageChunk] * 2
        assert (await turn).stop_reason == "end_turn"
        assert turn.done
        assert agent.params("session/prompt") == [
            {"sessionId": "s", "prompt": [{"type": "text", "text": "hi"}]}
        ]
        assert [text async for text in session.prompt("again").text()] == ["Good ", "morning"]


async def test_a_prompt_is_made_of_texts_and_blocks() -> None:
    async with connected({}) as (client, agent):
        session = await client.new_session("/src")
        await session.prompt(["look at", ResourceLink(name="a.py", uri="file:///src/a.py")])
        await session.prompt(TextContent(text="alone"))
        assert [
            [block["type"] for block in params["prompt"]] for params in agent.params("session/prompt")
        ] == [
            ["text", "resource_link"],
            ["text"],
        ]
        with pytest.raises(UsageError, match="a text or at least one content block"):
            session.prompt([])


async def test_what_does_not_fit_is_kept_and_holds_nothing_up(caplog: pytest.LogCaptureFixture) -> None:
    strange: list[Json] = [
        {"sessionUpdate": "brand_new", "anything": [1]},
        {"sessionUpdate": "tool_call", "toolCallId": 7, "title": None, "status": "paused"},
        {"sessionUpdate": "agent_message_chunk", "content": {"type": "hologram", "data": "x"}},
        {"no": "tag"},
    ]

    async with connected() as (client, agent):

        async def prompt(_: Json) -> Json:
            for update in strange:
                await agent.send(method="session/update", params={"sessionId": "s", "update": update})
            useless: list[Json] = [{}, {"sessionId": "s"}, {"sessionId": "s", "update": 7}, {"update": {}}]
            for params in useless:
                await agent.send(method="session/update", params=params)
            return {"stopReason": "because"}

        agent.answers["session/prompt"] = prompt
        session = await client.new_session("/src")
        turn = session.prompt("hi")
        updates = [update async for update in turn]
        assert [update.to_wire() for update in updates] == strange
        assert [type(update) for update in updates] == [
            UnknownVariant,
            ToolCall,
            AgentMessageChunk,
            UnknownVariant,
        ]
        assert (await turn).stop_reason == "because"
    assert caplog.text.count("an update tool_call does not fit") == 1


async def test_absent_and_null_are_kept_apart() -> None:
    async with connected() as (client, agent):

        async def prompt(_: Json) -> Json:
            for update in ({"title": None}, {"updatedAt": "2026-01-01"}):
                await agent.update("s", "session_info_update", **update)
            return {"stopReason": "end_turn"}

        agent.answers["session/prompt"] = prompt
        session = await client.new_session("/src")
        seen = [update.to_wire() async for update in session.prompt("hi")]
        assert seen == [
            {"sessionUpdate": "session_info_update", "title": None},
            {"sessionUpdate": "session_info_update", "updatedAt": "2026-01-01"},
        ]


async def test_updates_outside_of_turns_reach_the_session() -> None:
    async with connected() as (client, agent):
        agent.answers["session/prompt"] = saying(agent, "inside")
        session = await client.new_session("/src")
        async with session.updates() as everything, session.updates(ToolCall, ToolCallUpdate) as tools:
            await agent.say("before")
            await agent.update("s", "tool_call", toolCallId="c", title="t")
            await session.prompt("hi")
            await agent.say("after")
            seen = [(await anext(everything)).to_wire().get("content", {}).get("text") for _ in range(4)]
            assert seen == ["before", None, "inside", "after"]
            assert (await anext(tools)).to_wire()["toolCallId"] == "c"
        with pytest.raises(UsageError, match="no class of a single event type"):
            session.updates(TextContent)


async def test_updates_are_for_the_session_that_they_name() -> None:
    async def new(_: Json) -> Json:
        return {"sessionId": next(names)}

    names = iter(["a", "b"])
    async with connected(answers={"session/new": new}) as (client, agent):
        first, second = await client.new_session("/src"), await client.new_session("/src")
        both = asyncio.Barrier(2)

        async def prompt(params: Json) -> Json:
            await both.wait()
            await agent.say(f"to {params['sessionId']}", params["sessionId"])
            return {"stopReason": "end_turn"}

        agent.answers["session/prompt"] = prompt
        turns = first.prompt("hi"), second.prompt("hi")
        assert [[text async for text in turn.text()] for turn in turns] == [["to a"], ["to b"]]


async def test_a_reader_that_falls_behind_is_told() -> None:
    async with connected() as (client, agent):
        agent.answers["session/prompt"] = saying(agent, *"abc")
        session = await client.new_session("/src")
        turn = session.prompt("hi", buffer=2)
        assert (await turn).stop_reason == "end_turn"
        assert (await anext(turn.text())) == "a"
        with pytest.raises(EventBufferOverflow):
            [update async for update in turn]


async def test_a_refused_prompt_is_raised_where_somebody_waits(caplog: pytest.LogCaptureFixture) -> None:
    async def refuse(_: Json) -> Json:
        raise Refusal(-32602, "no such session")

    async with connected(answers={"session/prompt": refuse}) as (client, agent):
        session = await client.new_session("/src")
        turn = session.prompt("hi")
        for _ in range(2):
            with pytest.raises(RpcError, match="no such session"):
                await turn
        with pytest.raises(RpcError, match="no such session"):
            await anext(turn)
        assert "nobody has waited" not in caplog.text
        session.prompt("unwatched")
        await agent.called("session/prompt", 2)
        await agent.ask("_nobody")
        gc.collect()
    assert "a turn failed, and nobody has waited for it" in caplog.text


async def test_a_cancelled_turn_ends_with_that_reason() -> None:
    stopped = asyncio.Event()

    async def prompt(_: Json) -> Json:
        await stopped.wait()
        return {"stopReason": "cancelled"}

    async with connected(answers={"session/prompt": prompt}) as (client, agent):
        session = await client.new_session("/src")
        turn = session.prompt("hi")
        await agent.called("session/prompt")
        await turn.cancel()
        await agent.called("session/cancel")
        assert agent.params("session/cancel") == [{"sessionId": "s"}]
        await agent.say("still tidying up")
        stopped.set()
        assert [text async for text in turn.text()] == ["still tidying up"]
        assert (await turn).stop_reason == "cancelled"
        await turn.cancel()
        await session.prompt("a last word")
        assert agent.methods().count("session/cancel") == 1


async def test_cancelling_answers_what_waits_for_permission() -> None:
    asked, undecided, outcomes = asyncio.Event(), asyncio.Event(), list[Json]()

    async def decide(_: object) -> Any:
        asked.set()
        if not undecided.is_set():
            await asyncio.Event().wait()
        return approve_once()

    async with connected(on_permission=decide) as (client, agent):

        async def prompt(_: Json) -> Json:
            outcomes.append(await agent.ask_permission())
            outcomes.append(await agent.ask_permission())
            return {"stopReason": "cancelled"}

        agent.answers["session/prompt"] = prompt
        session = await client.new_session("/src")
        turn = session.prompt("hi")
        await asked.wait()
        await turn.cancel()
        assert (await turn).stop_reason == "cancelled"
        assert outcomes == [{"outcome": "cancelled"}] * 2
        undecided.set()
        await session.prompt("hi again")
        assert outcomes[2:] == [{"outcome": "selected", "optionId": "yes"}] * 2


async def test_a_prompt_behind_a_cancelled_one_is_asked_for_permission() -> None:
    stopped, begun, outcomes = asyncio.Event(), asyncio.Event(), list[Json]()

    async with connected(on_permission=acp.approve_all) as (client, agent):

        async def prompt(params: Json) -> Json:
            if params["prompt"][0]["text"] == "first":
                await begun.wait()
                return {"stopReason": "cancelled"}
            begun.set()
            await stopped.wait()
            outcomes.append(await agent.ask_permission())
            return {"stopReason": "end_turn"}

        agent.answers["session/prompt"] = prompt
        session = await client.new_session("/src")
        first = session.prompt("first")
        await first.cancel()
        second = session.prompt("second")
        assert (await first).stop_reason == "cancelled"
        stopped.set()
        await second
        assert outcomes == [{"outcome": "selected", "optionId": "yes"}]


async def test_a_turn_that_takes_too_long_is_stopped() -> None:
    async def never(_: Json) -> Json:
        await asyncio.Event().wait()
        raise AssertionError

    async with connected(answers={"session/prompt": never}) as (client, agent):
        session = await client.new_session("/src")
        with pytest.raises(UsageError, match="timeout has to be above zero"):
            session.prompt("hi", timeout=0)
        with pytest.raises(RequestTimeout):
            await session.prompt("hi", timeout=0.01)
        await agent.called("session/cancel")


async def test_an_agent_that_does_not_read_puts_no_end_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("copilot_sdk.acp.turn._CANCEL_SECONDS", 0.01)
    near, far = memory_pair(1000)
    serving = asyncio.create_task(RawAgent(far).serve())
    async with acp.connect(near, request_timeout=0.05) as client:
        session = await client.new_session("/src")
        serving.cancel()
        await asyncio.wait({serving})
        with pytest.raises(RequestTimeout, match="session/prompt"):
            await session.prompt("x" * 2000, timeout=0.01)
        for telling in (session.cancel(), client.notify("_vendor/thing")):
            with pytest.raises(RequestTimeout):
                await telling
        await far.aclose()


async def test_a_turn_goes_on_when_somebody_stops_waiting() -> None:
    go_on = asyncio.Event()

    async def prompt(_: Json) -> Json:
        await go_on.wait()
        return {"stopReason": "end_turn"}

    async with connected(answers={"session/prompt": prompt}) as (client, _):
        turn = (await client.new_session("/src")).prompt("hi")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await turn
        assert not turn.done
        go_on.set()
        assert (await turn).stop_reason == "end_turn"
