"""One way over agents: a session of the Copilot protocol, told in the words of all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from copilot_sdk import CopilotClient, UsageError
from copilot_sdk.agents import (
    AgentEvent,
    Conversation,
    Done,
    Other,
    Permission,
    Text,
    Thinking,
    Tool,
    connect,
)
from copilot_sdk.errors import ConnectionClosed, SessionError
from copilot_sdk.runtime import Call, ModelFault, Reply, ScriptedModel
from copilot_sdk.session import Session

if TYPE_CHECKING:
    from copilot_sdk.events import SessionEvent

WRITE = Call("create", {"path": "out.txt", "file_text": "written"})


@asynccontextmanager
async def talking(
    *replies: Reply, folder: Path | None = None
) -> AsyncIterator[Conversation[Session, SessionEvent]]:
    async with CopilotClient.embedded(ScriptedModel(replies)) as client:
        where = str(folder or Path.cwd())
        async with connect("copilot", client=client, working_directory=where) as agent:
            yield agent


async def told(events: AsyncIterator[AgentEvent[SessionEvent]]) -> Sequence[AgentEvent[SessionEvent]]:
    return [event async for event in events if not isinstance(event, Other)]


async def test_what_the_agent_says_and_thinks_comes_in_pieces_and_then_it_is_done() -> None:
    async with talking(Reply(["one ", "two"], reasoning="hm")) as agent:
        events = await told(agent.prompt("go"))
    assert [(event.kind, event.text) for event in events if isinstance(event, Text | Thinking)] == [
        ("thinking", "hm"), ("text", "one "), ("text", "two"),
    ]  # fmt: skip
    assert isinstance(events[0], Thinking)
    assert events[0].native.type == "assistant.reasoning_delta"
    assert isinstance(events[-1], Done)
    assert (events[-1].text, events[-1].reason, events[-1].native.text) == ("one two", "end_turn", "one two")


async def test_what_is_allowed_is_done_and_what_is_not_answered_is_not(tmp_path: Path) -> None:
    async with talking(
        Reply(calls=[WRITE]), Reply("did"), Reply(calls=[WRITE]), Reply("did not"), folder=tmp_path
    ) as agent:
        seen = []
        async for event in agent.prompt("write"):
            seen.append(event)
            if isinstance(event, Permission):
                assert not (tmp_path / "out.txt").exists()
                event.allow()
        assert (tmp_path / "out.txt").read_text() == "written"
        tools = [event for event in seen if isinstance(event, Tool)]
        assert [(tool.name, tool.status) for tool in tools] == [("create", "running"), ("", "completed")]
        assert tools[0].input == WRITE.arguments
        assert tools[0].id == tools[1].id
        (tmp_path / "out.txt").unlink()
        events = await told(agent.prompt("again"))
        assert [event.status for event in events if isinstance(event, Tool)] == ["running", "failed"]
        assert not (tmp_path / "out.txt").exists()


async def test_a_prompt_that_is_only_awaited_denies_what_is_asked(tmp_path: Path) -> None:
    async with talking(Reply(calls=[WRITE]), Reply("no"), folder=tmp_path) as agent:
        done = await agent.prompt("write")
    assert done.text == "no"
    assert not (tmp_path / "out.txt").exists()


async def test_an_aborted_prompt_ends_and_another_may_follow() -> None:
    held = Reply(["some ", "more"], hold=asyncio.Event(), hold_after=1)
    async with talking(held, Reply("next")) as agent:
        reasons = []
        prompt = agent.prompt("go")
        async for event in prompt:
            if isinstance(event, Text):
                await agent.abort()
            if isinstance(event, Done):
                reasons.append(event.reason)
        assert reasons == ["aborted"]
        assert (await agent.prompt("go on")).text == "next"


async def test_a_fork_knows_what_was_said_and_goes_its_own_way() -> None:
    model = ScriptedModel(lambda request: Reply(f"{len(request.messages)}"))
    async with CopilotClient.embedded(model) as client, connect("copilot", client=client) as agent:
        await agent.prompt("first")
        fork = await agent.fork()
        assert fork.native.id != agent.native.id
        await fork.prompt("second")
        assert "first" in str(model.requests[-1].messages)
        await agent.prompt("third")
        assert "second" not in str(model.requests[-1].messages)


async def test_one_prompt_at_a_time() -> None:
    async with talking(Reply(["a", "b"], hold=asyncio.Event(), hold_after=1)) as agent:
        agent.prompt("go")
        with pytest.raises(UsageError, match="a prompt is under way"):
            agent.prompt("more")
        await agent.abort()


async def test_a_failure_is_raised_to_who_iterates_and_to_who_waits() -> None:
    fault = Reply(error=ModelFault("no such model", status=404))
    async with talking(fault) as agent:
        prompt = agent.prompt("go")
        with pytest.raises(SessionError, match="no such model"):
            await told(prompt)
        with pytest.raises(SessionError, match="no such model"):
            await prompt


async def test_closing_ends_a_prompt_that_nobody_reads() -> None:
    async with talking(Reply(["a", "b"], hold=asyncio.Event(), hold_after=1)) as agent:
        prompt = agent.prompt("go")
    with pytest.raises(ConnectionClosed, match="the conversation was closed"):
        await prompt
    with pytest.raises(UsageError, match="not open"):
        agent.prompt("more")


def test_an_unknown_kind_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="kind has to be one of copilot"):
        connect("telepathy")  # type: ignore[call-overload]
