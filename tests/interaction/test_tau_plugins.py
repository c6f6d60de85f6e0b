"""Plugins of a daemon of tau: real processes that bring tools and hooks, and what becomes of those that misbehave."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk.errors import RequestRefused
from copilot_sdk.runtime import Call, Reply, ScriptedModel
from copilot_sdk.runtime.tau.daemon import Daemon
from copilot_sdk.runtime.tau.plugins.requests import REFUSED
from copilot_sdk.tau import Client
from copilot_sdk.tau.events import StatusEvent, ToolOutputDeltaEvent, ToolResultEvent, UserMessageResponse
from copilot_sdk.tau.types import (
    ArchiveTaskSessionsAction,
    ImageContent,
    InfoMessage,
    TextContent,
    ToolResultMessage,
)
from tests.support.tau_stage import PATIENCE, session, stage, until

Json = dict[str, Any]
PROGRAM = Path(__file__).parents[1] / "support" / "tau_plugin.py"


def plugin(scope: str = "session", **settings: Any) -> Json:
    return {"command": [sys.executable, "-IS", str(PROGRAM), json.dumps(settings)], "scope": scope}


def configure(home: Path, *, idle_seconds: float = 60.0, **plugins: Any) -> None:
    config = {"plugins": plugins, "plugin_idle_seconds": idle_seconds}
    (home / "tau-config.json").write_text(json.dumps(config))


@asynccontextmanager
async def plugged(
    home: Path, model: ScriptedModel | None = None, *, seconds: float = PATIENCE, **plugins: Any
) -> AsyncIterator[tuple[Daemon, Client]]:
    configure(home, **plugins)
    async with stage(model, home=home, plugin_seconds=seconds) as (daemon, client):
        yield daemon, client


def runs(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    return True


async def run(client: Client, session_id: str, tool: str, /, **arguments: Any) -> str:
    """What a tool answers to a client."""
    done = await client.rpc.execute_tool(session_id=session_id, tool_name=tool, arguments=arguments)
    return done.content


async def heard(client: Client, session_id: str, kind: str) -> list[Json]:
    """What a plugin was told so far."""
    frames: list[Json] = json.loads((await run(client, session_id, "heard")).partition("\n")[0])
    return [frame for frame in frames if frame["type"] == kind]


async def asked(client: Client, asker: str, request: str, /, **members: Any) -> Json:
    """What the daemon answers to a plugin that asks during a tool call."""
    response: Json = json.loads(await run(client, asker, "ask", type=request, **members))
    return response


async def notes(client: Client, session_id: str) -> list[str]:
    messages = (await client.rpc.get_messages(session_id=session_id)).messages
    return [message.text for message in messages if isinstance(message, InfoMessage)]


async def test_the_model_calls_a_tool_of_a_plugin(tmp_path: Path) -> None:
    model = ScriptedModel([Reply(calls=[Call("echo", {"x": 1}), Call("picture")]), Reply("Done.")])
    async with plugged(tmp_path, model, helper=plugin()) as (_, client):
        name = await session(client, project_name="site")
        turn = client.chat(name, "Go")
        events = [event async for event in turn]
        assert (await turn).text == "Done."
        messages = (await client.rpc.get_messages(session_id=name)).messages
        [call, *_] = await heard(client, name, "tool_call")
    assert [e.delta for e in events if isinstance(e, ToolOutputDeltaEvent)] == ["thinking\n"]
    results = {e.tool_name: e for e in events if isinstance(e, ToolResultEvent)}
    echo = results["echo"]
    assert (echo.content, echo.summary, echo.is_error) == ('{"x": 1}', "an echo", False)
    assert results["picture"].content == "Look:\n[a picture: image/png]"
    stored = {m.tool_name: m for m in messages if isinstance(m, ToolResultMessage)}
    assert stored["echo"].summary == "an echo"
    assert stored["picture"].content == [
        TextContent(text="Look:\n[a picture: image/png]"),
        ImageContent(data="AA==", mime_type="image/png"),
    ]
    assert (call["cwd"], call["session_id"], call["project_name"]) == ("/tmp", name, "site")
    assert (call["name"], call["arguments"]) == ("echo", {"x": 1})
    offered = {tool.name: tool.description for tool in model.requests[0].tools}
    assert offered["echo"] == "Does echo."
    told = model.requests[0].messages[0].text
    assert "Use echo well." in told
    assert told.count("- Be brief.") == 1


async def test_a_tool_whose_turn_is_aborted_is_cancelled_and_its_plugin_goes_on(tmp_path: Path) -> None:
    model = ScriptedModel([Reply(calls=[Call("slow")]), Reply("again")])
    async with plugged(tmp_path, model, helper=plugin()) as (_, client):
        name = await session(client)
        async with client.subscribe(name) as events:
            turn = client.chat(name, "Go")
            await until(events, lambda e: getattr(e, "phase", None) == "ToolExec")
            while not await heard(client, name, "tool_call"):
                pass
            await turn.abort()
            assert (await turn).cancelled
        [cancelled] = await heard(client, name, "cancel_tool_call")
        [call] = [c for c in await heard(client, name, "tool_call") if c["name"] == "slow"]
        assert cancelled["tool_call_id"] == call["tool_call_id"]
        assert (await client.chat(name, "Once more")).text == "again"


async def test_a_plugin_that_dies_fails_its_call_alone_and_is_started_again(tmp_path: Path) -> None:
    model = ScriptedModel([Reply(calls=[Call("die")]), Reply("I see.")])
    async with plugged(tmp_path, model, helper=plugin()) as (_, client):
        name = await session(client)
        before = await run(client, name, "pid")
        assert (await client.chat(name, "Go")).text == "I see."
        assert model.requests[-1].messages[-1].text == "the plugin helper has ended with exit code 3"
        assert await run(client, name, "pid") != before
        assert "tool_result of the plugin helper is none: content" in await run(client, name, "broken")
        failed = await client.rpc.execute_tool(session_id=name, tool_name="echo", arguments={"fails": True})
        assert (failed.is_error, failed.content) == (True, '{"fails": true}')


async def test_plugins_that_do_not_register_are_named_and_harm_nobody(tmp_path: Path) -> None:
    plugins: dict[str, Any] = {
        "mute": plugin(opening=None),
        "rude": plugin(opening={"kind": "hook_result"}),
        "vague": plugin(opening={"kind": "register", "tools": 3, "name": "x"}),
        "gone": {"command": ["/nowhere/plugin"]},
        "hasty": {"command": [sys.executable, "-IS", "-c", "raise SystemExit('with my token')"]},
        "well": plugin(tools=["pid"]),
        "shared": plugin("global", opening={"kind": "idle"}),
    }
    async with plugged(tmp_path, seconds=2.0, **plugins) as (_, client):
        name = await session(client)
        assert (await run(client, name, "pid")).isdecimal()
        told = sorted(await notes(client, name))
        assert (await client.chat(name, "!say hello")).text == "hello"
    assert [text.partition(":")[0] for text in told] == [
        "the plugin gone does not start",
        *(f"the plugin {name} is rejected" for name in ("hasty", "mute", "rude", "shared", "vague")),
    ]
    assert told[1].endswith("it has ended with exit code 1")
    assert "it did not register within 2 s" in told[2]
    assert "it began with hook_result" in told[3]


async def test_hooks_add_to_the_conversation_and_to_results_and_change_the_system_prompt(
    tmp_path: Path,
) -> None:
    hooks = {
        "session_start": {"message": {"content": "The garden is wet."}},
        "before_agent_start": {"message": {"content": "It is Monday."}, "system_prompt": "Be a gardener."},
        "after_tool_result": {"tool_result_append": "(checked)"},
    }
    model = ScriptedModel([Reply(calls=[Call("echo", {"x": 1})]), Reply("Done.")])
    async with plugged(tmp_path, model, helper=plugin(hooks=hooks)) as (_, client):
        name = await session(client, project_name="site")
        await client.chat(name, "Go")
        start, before, after = [
            frame
            for kind in ("session_start", "hook")
            for frame in await heard(client, name, kind)
            if frame.get("data", {}).get("tool_name") != "heard"
        ]
    first, second = model.requests
    assert first.messages[0].text == "Be a gardener."
    said = [message.text for message in first.messages[1:]]
    assert any("It is Monday." in text and "Go" in text for text in said)
    assert "The garden is wet." in said
    assert second.messages[-1].text == '{"x": 1}\n\n(checked)'
    assert start == {"type": "session_start", "cwd": "/tmp", "session_id": name, "project_name": "site"}
    data = {"session_id": name, "cwd": "/tmp", "project_name": "site"}
    assert before["data"].pop("system_prompt").startswith("You are a coding agent.")
    assert (before["name"], before["data"]) == ("before_agent_start", {**data, "prompt": "Go"})
    called = {"tool_name": "echo", "arguments": {"x": 1}, "content": '{"x": 1}', "is_error": False}
    assert (after["name"], after["data"]) == ("after_tool_result", {**data, **called})


@pytest.mark.parametrize("answer", [None, "die"])
async def test_a_hook_without_an_answer_holds_no_turn_up(tmp_path: Path, answer: str | None) -> None:
    broken = plugin(hooks={"before_agent_start": answer}, tools=["pid"])
    hooks = {"before_agent_start": {"message": {"content": "Heed this."}}}
    model = ScriptedModel(lambda _: Reply("Fine."))
    async with plugged(tmp_path, model, seconds=2.0, broken=broken, well=plugin(hooks=hooks, tools=[])) as (
        _,
        client,
    ):
        name = await session(client)
        before = await run(client, name, "pid")
        assert (await client.chat(name, "Go")).text == "Fine."
        assert "Heed this." in model.requests[0].messages[-1].text
        assert await run(client, name, "pid") != before


async def test_requests_that_are_for_clients_are_refused_and_others_answered(tmp_path: Path) -> None:
    async with plugged(tmp_path, helper=plugin()) as (_, client):
        name, other = await session(client), await session(client, tagline="other")
        for kind in REFUSED:
            assert await asked(client, name, kind) == {
                "type": "error",
                "message": f"{kind} is intentionally not supported in plugin context",
            }
        assert len(REFUSED) == 15
        listed = await asked(client, name, "list_sessions")
        assert [info["id"] for info in listed["sessions"]] == [name, other]
        unknown = await asked(client, name, "unheard_of")
        assert (unknown["type"], unknown["message"][:11]) == ("error", "bad request")
        created = await asked(client, name, "create_session", cwd="/tmp", model=None)
        assert created["type"] == "session_created"
        async with client.subscribe(other) as events:
            assert await asked(client, name, "chat", session_id=other, text="!say hi") == {"type": "ok"}
            await until(events, lambda e: isinstance(e, UserMessageResponse) and e.text == "!say hi")


async def test_a_plugin_of_one_session_asks_during_tool_calls_only_and_one_of_all_at_any_time(
    tmp_path: Path,
) -> None:
    request = {"type": "list_sessions"}
    own, shared = plugin(asks=[request], tools=["heard"]), plugin("global", asks=[request], tools=["pid"])
    async with plugged(tmp_path, own=own, shared=shared) as (_, client):
        first, second = await session(client), await session(client)
        [refused] = await heard(client, first, "server_response")
        assert refused["response"]["message"] == (
            "a plugin of one session may ask for something during a tool call only"
        )
        assert await run(client, first, "pid") == await run(client, second, "pid")
        configure(tmp_path, shared=plugin("global", asks=[request], tools=["heard"]))
        await client.rpc.reload_plugins(session_id=first)
        while not (answers := await heard(client, first, "server_response")):
            pass
        assert answers[0]["response"]["type"] == "sessions"


async def test_a_hook_that_a_plugin_fires_reaches_those_that_want_it(tmp_path: Path) -> None:
    listener = plugin("global", hooks={"task_state_changed": {}}, tools=["heard"])
    async with plugged(tmp_path, listener=listener, teller=plugin(tools=["ask"])) as (_, client):
        name = await session(client)
        fired = await asked(client, name, "fire_hook", name="task_state_changed", data={"id": 3})
        assert fired == {"type": "ok"}
        while not (frames := await heard(client, name, "hook")):
            pass
    assert frames == [{"type": "hook", "name": "task_state_changed", "data": {"id": 3}}]


async def test_sessions_of_a_task_are_put_away_once_a_session_is_idle(tmp_path: Path) -> None:
    async with plugged(tmp_path, helper=plugin(tools=["ask"])) as (daemon, client):
        boss, worker = await session(client), await session(client)
        task = (await client.rpc.task_create(project="p", title="Work")).task.id
        await client.rpc.task_assign(id=task, session_id=worker)
        request = {"session_id": boss, "action": {"type": "archive_task_sessions", "task_id": task}}
        asks = {"type": "enqueue_post_idle_action", **request}
        async with client.subscribe(worker):
            turn = client.chat(boss, f"!call ask {json.dumps(asks)}")
            assert '{"type": "ok"}' in (await turn).text
        async with asyncio.timeout(PATIENCE):
            while not (await client.rpc.get_session_info(session_id=worker)).info.archived:
                await daemon.sessions.rested.wait()
        assert not (await client.rpc.get_session_info(session_id=boss)).info.archived
        with pytest.raises(RequestRefused, match="only available to plugins"):
            await client.rpc.enqueue_post_idle_action(
                session_id=boss, action=ArchiveTaskSessionsAction(task_id=task)
            )


async def test_a_plugin_that_takes_its_leave_when_idle_is_there_when_it_is_needed(tmp_path: Path) -> None:
    configure(tmp_path, idle_seconds=0.1, helper=plugin(leaves=True, hooks={"before_agent_start": {}}))
    async with stage(home=tmp_path) as (daemon, client):
        name = await session(client)
        before = await run(client, name, "pid")
        async with asyncio.timeout(PATIENCE):
            while runs(before):  # noqa: ASYNC110 - its end is nobody's event
                await asyncio.sleep(0.01)
        after = await run(client, name, "pid")
        assert after != before
        assert (await client.chat(name, "!say hello")).text == "hello"
    assert daemon.draining is False


async def test_reloading_takes_up_what_is_configured_now(tmp_path: Path) -> None:
    model = ScriptedModel(lambda _: Reply("Fine."))
    async with plugged(
        tmp_path, model, old=plugin(tools=["pid"]), kept=plugin("global", tools=["heard"])
    ) as (
        _,
        client,
    ):
        name = await session(client)
        before = await run(client, name, "pid")
        hooks = {"session_start": {}, "before_agent_start": {"message": {"content": "New!"}}}
        configure(tmp_path, new=plugin(tools=["echo"], hooks=hooks), kept=plugin("global", tools=["heard"]))
        await client.rpc.reload_plugins(session_id=name)
        assert "does not exist" in await run(client, name, "pid")
        assert not runs(before)
        await client.chat(name, "Go")
        assert "New!" in model.requests[0].messages[-1].text
        assert "Use echo well." in model.requests[0].messages[0].text
        assert "Use pid well." not in model.requests[0].messages[0].text
        (tmp_path / "tau-config.json").write_text("{")
        await client.rpc.reload_plugins(session_id=name)
        assert "does not exist" in await run(client, name, "echo")
        assert "tau-config.json" in (await notes(client, name))[-1]


async def test_a_result_may_let_the_agent_rest_and_leave_a_note(tmp_path: Path) -> None:
    async with plugged(tmp_path, helper=plugin(tools=["stop"])) as (_, client):
        name, other = await session(client), await session(client)
        async with client.subscribe(other) as events:
            turn = client.chat(name, f'!say Wait. \n!call stop {{"note_to": "{other}"}}')
            seen = [event async for event in turn]
            assert (await turn).text == "Wait. "
            await until(events, lambda e: isinstance(e, StatusEvent))
        assert await notes(client, other) == ["Enough."]
    assert [e.message for e in seen if isinstance(e, StatusEvent)] == ["the agent rests: all is said"]


async def test_plugins_end_with_their_session_and_with_the_daemon(tmp_path: Path) -> None:
    async with plugged(tmp_path, own=plugin(tools=["pid"]), shared=plugin("global", tools=["echo"])) as (
        _,
        client,
    ):
        first, second = await session(client), await session(client)
        gone, kept = await run(client, first, "pid"), await run(client, second, "pid")
        await client.rpc.archive_session(session_id=first)
        assert not runs(gone)
        assert runs(kept)
    assert not runs(kept)
