"""The client against the reference runtime, through the public names alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from copilot_sdk import CopilotClient, SessionNotFound, approve_all, deny_all, tool
from copilot_sdk.events import (
    AssistantMessage,
    AssistantMessageDelta,
    PermissionCompleted,
    SessionIdle,
    ToolExecutionComplete,
)
from copilot_sdk.runtime import Call, Reply, ScriptedModel
from copilot_sdk.types import UserInputRequest, UserInputResponse


@tool
def population(city: str) -> int:
    """Number of people who live in a city."""
    return {"Lisbon": 567_131}[city]


@pytest.fixture
async def nothing_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    assert not {task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()}


def client(*script: Reply) -> CopilotClient:
    return CopilotClient.embedded(ScriptedModel(list(script)))


async def test_a_turn_streams_its_text_and_ends(nothing_left: None) -> None:
    async with client(Reply("one two three")) as opened:
        session = await opened.create_session(streaming=True)
        events = [event async for event in session.send("go")]
    deltas = [event.data.delta_content for event in events if isinstance(event, AssistantMessageDelta)]
    assert "".join(deltas) == "one two three"
    assert isinstance(events[-1], SessionIdle)


async def test_a_tool_is_called_with_permission_and_its_answer_comes_back(nothing_left: None) -> None:
    call = Call("population", {"city": "Lisbon"})
    async with client(Reply(calls=[call]), Reply("many")) as opened:
        session = await opened.create_session(tools=[population], on_permission=approve_all)
        outcomes = session.events(ToolExecutionComplete)
        message = await session.send("how many?")
        assert message.text == "many"
        assert (await anext(outcomes)).data.success


async def test_a_refusal_keeps_the_tool_from_running(nothing_left: None) -> None:
    call = Call("population", {"city": "Lisbon"})
    async with client(Reply(calls=[call]), Reply("then not")) as opened:
        session = await opened.create_session(tools=[population], on_permission=deny_all)
        decisions = session.events(PermissionCompleted)
        await session.send("how many?")
        decided: Any = (await anext(decisions)).data.result
        assert decided.kind != "approved"


async def test_a_tool_that_fails_does_not_end_the_turn(nothing_left: None) -> None:
    call = Call("population", {"city": "Atlantis"})
    async with client(Reply(calls=[call]), Reply("unknown")) as opened:
        session = await opened.create_session(tools=[population], on_permission=approve_all)
        outcomes = session.events(ToolExecutionComplete)
        await session.send("how many?")
        assert not (await anext(outcomes)).data.success


async def test_prompts_of_one_session_are_answered_in_order(nothing_left: None) -> None:
    async with CopilotClient.embedded() as opened:
        session = await opened.create_session()
        answers = await asyncio.gather(*(session.send(f"prompt {n}") for n in range(3)))
    for number, message in enumerate(answers):
        assert f"prompt {number}" in message.text


async def test_a_session_is_taken_up_again_with_its_history(nothing_left: None) -> None:
    async with CopilotClient.embedded() as opened:
        async with await opened.create_session() as session:
            await session.send("remember me")
        assert [item.session_id for item in await opened.list_sessions()] == [session.id]
        async with await opened.resume_session(session.id) as again:
            history = (await again.rpc.get_messages()).events
            assert any(isinstance(event, AssistantMessage) for event in history)
        await opened.delete_session(session.id)
        with pytest.raises(SessionNotFound):
            await opened.resume_session(session.id)


async def test_the_agent_asks_the_user(nothing_left: None) -> None:
    asked: list[str] = []

    def answer(request: UserInputRequest) -> UserInputResponse:
        asked.append(request.question)
        return UserInputResponse(answer="blue", was_freeform=True)

    call = Call("ask_user", {"question": "Which colour?"})
    async with client(Reply(calls=[call]), Reply("blue it is")) as opened:
        session = await opened.create_session(on_user_input=answer, on_permission=approve_all)
        await session.send("go")
    assert asked == ["Which colour?"]
