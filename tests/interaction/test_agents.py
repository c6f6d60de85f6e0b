"""One way over agents of four kinds: the same program, the same events, each in front of the same runtime."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk import CopilotClient, CopilotError, UsageError, synaps, tau
from copilot_sdk.agents import (
    Conversation,
    Done,
    Other,
    Permission,
    Prompt,
    Text,
    Thinking,
    Tool,
    connect,
    sync,
)
from copilot_sdk.agents._connect import KINDS
from copilot_sdk.errors import ConnectionClosed
from copilot_sdk.runtime import Call, ModelFault, Reply, ScriptedModel
from copilot_sdk.runtime.acp.front import serve as serve_acp
from copilot_sdk.runtime.core.runtime import Runtime
from copilot_sdk.runtime.synaps.front import Front, Options
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.memory import memory_pair

WRITE = Call("create", {"path": "out.txt", "file_text": "written"})
ASK = ("copilot", "acp")
"""The kinds that ask for permission, and can fork."""
every_kind = pytest.mark.parametrize("kind", KINDS)
kinds_that_ask = pytest.mark.parametrize("kind", ASK)


async def in_this_process(
    resources: AsyncExitStack, serve: Callable[[Transport], Any]
) -> Callable[[], Transport]:
    """A way to something that serves one client."""
    ours, theirs = memory_pair()
    serving = asyncio.create_task(serve(theirs))

    async def end() -> None:
        await ours.aclose()
        await asyncio.wait_for(serving, 10)

    resources.push_async_callback(end)
    return lambda: ours


@asynccontextmanager
async def talk(kind: str, folder: Path, model: ScriptedModel) -> AsyncIterator[Conversation[Any, Any]]:
    """A conversation of a kind that works in a folder."""
    async with AsyncExitStack() as resources:
        enter = resources.enter_async_context
        if kind == "copilot":
            client = await enter(CopilotClient.embedded(model))
            yield await enter(connect("copilot", client=client, working_directory=str(folder)))
        elif kind == "tau":
            yield await enter(connect("tau", client=await enter(tau.embedded(model)), cwd=folder))
        elif kind == "acp":
            runtime = await enter(Runtime(model=model))
            way = await in_this_process(resources, lambda transport: serve_acp(runtime, transport))
            yield await enter(connect("acp", agent=way(), cwd=folder))
        else:
            runtime = await enter(Runtime(model=model))
            options = Options(folder)
            way = await in_this_process(resources, lambda theirs: Front(runtime, theirs, options).serve())
            yield await enter(connect("synaps", client=synaps.connect(transport=way())))


async def told(prompt: Prompt[Any]) -> list[Any]:
    return [event async for event in prompt if not isinstance(event, Other)]


@every_kind
async def test_what_the_agent_thinks_and_says_comes_in_pieces_and_then_it_is_done(
    kind: str, tmp_path: Path
) -> None:
    async with talk(kind, tmp_path, ScriptedModel([Reply(["one ", "two"], reasoning="hm")])) as agent:
        events = await told(agent.prompt("go"))
    assert [(event.kind, event.text) for event in events] == [
        ("thinking", "hm"),
        ("text", "one "),
        ("text", "two"),
        ("done", "one two"),
    ]
    assert [type(event) for event in events] == [Thinking, Text, Text, Done]
    assert all(event.native is not None for event in events)
    assert events[-1].reason == "end_turn"


@every_kind
async def test_a_tool_is_told_of_from_its_start_to_its_end(kind: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("what is in it")
    model = ScriptedModel([Reply(calls=[Call("view", {"path": "a.txt"})]), Reply("seen")])
    async with talk(kind, tmp_path, model) as agent:
        seen = []
        async for event in agent.prompt("look"):
            if isinstance(event, Permission):
                event.allow()
            seen.append(event)
    tools = [event for event in seen if isinstance(event, Tool)]
    assert len({tool.id for tool in tools}) == 1
    assert tools[0].status == "running"
    assert any(tool.name == "view" for tool in tools)
    assert any(tool.input == {"path": "a.txt"} for tool in tools)
    assert tools[-1].status == "completed"
    assert "what is in it" in (tools[-1].output or "")


@kinds_that_ask
async def test_what_is_allowed_is_done_and_what_is_not_answered_is_not(kind: str, tmp_path: Path) -> None:
    made = tmp_path / "out.txt"
    model = ScriptedModel([Reply(calls=[WRITE]), Reply("did"), Reply(calls=[WRITE]), Reply("did not")])
    async with talk(kind, tmp_path, model) as agent:
        asked = []
        async for event in agent.prompt("write"):
            if isinstance(event, Permission):
                asked.append(event)
                assert not made.exists()
                event.allow()
                event.deny()
        assert made.read_text() == "written"
        assert asked[0].title
        assert "allowed" in repr(asked[0])
        made.unlink()
        events = await told(agent.prompt("again"))
        assert [event.status for event in events if isinstance(event, Tool)][-1] == "failed"
        assert not made.exists()


@kinds_that_ask
async def test_a_prompt_that_is_only_awaited_denies_what_is_asked(kind: str, tmp_path: Path) -> None:
    async with talk(kind, tmp_path, ScriptedModel([Reply(calls=[WRITE]), Reply("no")])) as agent:
        await agent.prompt("write")
    assert not (tmp_path / "out.txt").exists()


@kinds_that_ask
async def test_a_fork_knows_what_was_said_and_goes_its_own_way(kind: str, tmp_path: Path) -> None:
    model = ScriptedModel(lambda request: Reply(calls=[WRITE] if request.prompt == "write" else (), text="."))
    async with talk(kind, tmp_path, model) as agent:
        await agent.prompt("first")
        fork = await agent.fork()
        assert fork.native.id != agent.native.id
        await fork.prompt("second")
        assert "first" in str(model.requests[-1].messages)
        await agent.prompt("third")
        assert "second" not in str(model.requests[-1].messages)


@pytest.mark.parametrize("kind", sorted({*KINDS} - {*ASK}))
async def test_a_protocol_without_forks_says_so(kind: str, tmp_path: Path) -> None:
    async with talk(kind, tmp_path, ScriptedModel([])) as agent:
        with pytest.raises(UsageError, match="its protocol has no forks"):
            await agent.fork()


@every_kind
async def test_an_aborted_prompt_ends_and_another_may_follow(kind: str, tmp_path: Path) -> None:
    held = Reply(["some ", "more"], hold=asyncio.Event(), hold_after=1)
    async with talk(kind, tmp_path, ScriptedModel([held, Reply("next")])) as agent:
        await agent.abort()
        reasons = []
        async for event in agent.prompt("go"):
            if isinstance(event, Text):
                await agent.abort()
            if isinstance(event, Done):
                reasons.append(event.reason)
        assert reasons == ["aborted"]
        assert (await agent.prompt("go on")).text == "next"


@every_kind
async def test_one_prompt_at_a_time(kind: str, tmp_path: Path) -> None:
    held = Reply(["a", "b"], hold=asyncio.Event(), hold_after=1)
    async with talk(kind, tmp_path, ScriptedModel([held])) as agent:
        prompt = agent.prompt("go")
        assert not prompt.done
        with pytest.raises(UsageError, match="a prompt is under way"):
            agent.prompt("more")


@pytest.mark.parametrize("kind", ["copilot", "synaps", "tau"])
async def test_a_failure_is_raised_to_who_iterates_and_to_who_waits(kind: str, tmp_path: Path) -> None:
    fault = Reply(error=ModelFault("no such model", status=404))
    async with talk(kind, tmp_path, ScriptedModel([fault])) as agent:
        prompt = agent.prompt("go")
        with pytest.raises(CopilotError, match="no such model"):
            await told(prompt)
        with pytest.raises(CopilotError, match="no such model"):
            await prompt
        assert prompt.done


async def test_what_an_agent_says_of_its_failure_is_what_it_says(tmp_path: Path) -> None:
    fault = Reply(error=ModelFault("no such model", status=404))
    async with talk("acp", tmp_path, ScriptedModel([fault])) as agent:
        assert "no such model" in (await agent.prompt("go")).text


@every_kind
async def test_closing_ends_a_prompt_that_nobody_reads(kind: str, tmp_path: Path) -> None:
    held = Reply(["a", "b"], hold=asyncio.Event(), hold_after=1)
    async with talk(kind, tmp_path, ScriptedModel([held])) as agent:
        prompt = agent.prompt("go")
    with pytest.raises(ConnectionClosed, match="the conversation was closed"):
        await prompt
    with pytest.raises(UsageError, match="not open"):
        agent.prompt("more")


@every_kind
async def test_who_reads_slowly_loses_nothing(kind: str, tmp_path: Path) -> None:
    pieces = [f"{number} " for number in range(600)]
    async with talk(kind, tmp_path, ScriptedModel([Reply(pieces)])) as agent:
        said = []
        async for event in agent.prompt("count"):
            for _ in range(5):
                await asyncio.sleep(0)
            if isinstance(event, Text):
                said.append(event.text)
    assert said == pieces


def test_an_unknown_kind_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="kind has to be one of copilot, acp, synaps, tau"):
        connect("telepathy")  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("kind", "options", "why"),
    [
        ("acp", {}, r"connect\('acp'\) needs agent, such as"),
        ("acp", {"agent": ["agent"], "clients": 1}, "acp.connect has no option 'clients'"),
        ("synaps", {"clients": 1}, r"connect\('synaps'\) has no option 'clients' \(did you mean 'client'"),
        ("tau", {"folder": "."}, r"connect\('tau'\) has no option 'folder'"),
        ("copilot", {"client": 5}, "client has to be a copilot_sdk.CopilotClient, not 5"),
        ("synaps", {"client": 5}, "client has to be a copilot_sdk.synaps.Client, not 5"),
        ("tau", {"client": 5}, "client has to be a copilot_sdk.tau.Client, not 5"),
    ],
)
async def test_options_that_make_no_sense_are_named(kind: Any, options: Any, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        await connect(kind, **options).start()
    if "client" in options:
        with pytest.raises(UsageError, match="client has to be a sync client"):
            sync.connect(kind, **options)
