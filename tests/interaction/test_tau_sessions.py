"""The sessions of a daemon of tau: their tree, their messages, what is told of them, their end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk._generated.tau.types import SessionInfo
from copilot_sdk.errors import DaemonShuttingDown, RequestRefused
from copilot_sdk.runtime import Call, Reply, ScriptedModel
from copilot_sdk.runtime.core.models.base import ModelRequest
from copilot_sdk.tau import Client
from copilot_sdk.tau.events import AgentDoneResponse, PhaseEvent, SessionSucceededResponse, TextDeltaEvent
from copilot_sdk.tau.types import InfoMessage, MessageReplyResponse, OkResponse
from tests.support.tau_stage import session, stage, until, until_idle


async def info(client: Client, name: str) -> SessionInfo:
    return (await client.rpc.get_session_info(session_id=name)).info


async def names(client: Client, *, archived: bool = False) -> list[str]:
    found = await client.rpc.list_sessions(include_archived=archived)
    return [listed.id for listed in found.sessions]


async def test_sessions_form_a_tree_with_a_budget() -> None:
    async with stage() as (_, client):
        top = await session(client, child_budget=1, tagline="top", project_name="p")
        child = await session(client, parent_id=top)
        with pytest.raises(RequestRefused, match=r"child budget of s1 exhausted \(1 of 1\)"):
            await session(client, parent_id=top)
        with pytest.raises(RequestRefused, match="child budget of s2 exhausted"):
            await session(client, parent_id=child)
        found = (await client.rpc.get_session_ancestors(session_id=child)).sessions
        assert [above.id for above in found] == [child, top]
        assert (await client.rpc.get_session_ancestors(session_id="s77")).sessions == []
        told = await info(client, top)
        assert (told.child_count, told.child_budget, told.tagline, told.project_name) == (1, 1, "top", "p")
        assert (await info(client, child)).project_name == "p"
        await client.rpc.delete_session(session_id=top)
        assert await names(client, archived=True) == []


async def test_a_session_can_be_put_away_and_brought_back() -> None:
    async with stage() as (_, client):
        top = await session(client, child_budget=2)
        child = await session(client, parent_id=top)
        await client.chat(child, "!say I was here")
        with pytest.raises(RequestRefused, match="s2 is not above s1"):
            await client.rpc.archive_session(session_id=top, require_ancestor=child)
        await client.rpc.archive_session(session_id=child, require_ancestor=top)
        assert (await names(client), await names(client, archived=True)) == ([top], [top, child])
        assert (await info(client, top)).child_count == 0
        with pytest.raises(RequestRefused, match="archived; restore it first"):
            await client.chat(child, "Still there?")
        await client.rpc.restore_session(session_id=child)
        await client.chat(child, "!say I am back")
        assert (await info(client, child)).message_count == 4


async def test_children_can_get_another_parent_but_no_circle() -> None:
    async with stage() as (_, client):
        one, two = await session(client, child_budget=1), await session(client)
        child = await session(client, parent_id=one)
        with pytest.raises(RequestRefused, match="s3 is below s1"):
            await client.rpc.reparent_children(old_parent_id=one, new_parent_id=child)
        await client.rpc.reparent_children(old_parent_id=one, new_parent_id=two)
        assert (await info(client, child)).parent_id == two


async def test_a_successor_is_told_to_those_who_follow_and_found_along_the_chain() -> None:
    async with stage() as (_, client):
        old = await session(client, tagline="work")
        async with client.subscribe(old) as follower:
            await anext(follower)
            new = (await client.rpc.succeed_session(session_id=old)).session_id
            assert await anext(follower) == SessionSucceededResponse(successor_id=new)
        newest = (await client.rpc.succeed_session(session_id=new, tagline="more work")).session_id
        assert ((await info(client, new)).tagline, (await info(client, newest)).tagline) == (
            "work",
            "more work",
        )
        assert (await client.rpc.resolve_successor(session_id=old)).session_id == newest
        with pytest.raises(RequestRefused, match="leads back"):
            await client.rpc.set_session_successor(session_id=newest, successor_id=old)
        await client.rpc.archive_session(session_id=new)
        assert (await client.rpc.resolve_successor(session_id=old)).session_id == old
        await client.rpc.set_session_successor(session_id=old)
        assert (await info(client, old)).successor_id is None


async def test_a_parent_is_told_when_a_child_has_done_its_work_and_it_may_go_away_then() -> None:
    async with stage() as (_, client):
        top = await session(client, child_budget=2)
        loud = await session(client, parent_id=top, auto_archive=True)
        quiet = await session(client, parent_id=top, notify_parent=False)
        await client.chat(loud, "!say done")
        await client.chat(quiet, "!say done")
        notes = (await client.rpc.get_messages(session_id=top)).messages
        assert [n.text for n in notes if isinstance(n, InfoMessage)] == [
            "session s2 has ended its work: completed"
        ]
        assert await names(client) == [top, quiet]


async def test_a_session_can_change_its_model_its_folder_and_its_line(tmp_path: Path) -> None:
    model = ScriptedModel(lambda _: Reply("Hi."), models=["small", "large"])
    async with stage(model) as (_, client):
        assert [known.id for known in (await client.rpc.list_models()).models] == ["small", "large"]
        name = await session(client, model="small")
        changed = await client.rpc.set_model(session_id=name, model_id="copilot-sdk/large")
        assert changed.model.id == "large"
        await client.rpc.set_cwd(session_id=name, cwd=str(tmp_path))
        await client.rpc.set_tagline(session_id=name, tagline="new")
        await client.chat(name, "Hello!")
        told = await info(client, name)
        assert (told.model, told.cwd, told.tagline) == ("large", str(tmp_path), "new")
        for wrong in (
            client.rpc.set_model(session_id=name, model_id="none"),
            client.rpc.create_session(model="none"),
            client.rpc.set_cwd(session_id=name, cwd=str(tmp_path / "none")),
        ):
            with pytest.raises(RequestRefused, match="none"):
                await wrong
    assert model.requests[0].model == "large"


async def test_a_message_that_wants_no_reply_starts_a_turn() -> None:
    async with stage() as (_, client):
        name = await session(client)
        async with client.subscribe(name) as follower:
            sent = await client.rpc.queue_message(
                target_session_id=name, content="!say ok", sender_info="cli"
            )
            assert sent == OkResponse()
            events = await until_idle(follower)
        assert events[1].text == "[message m1 from cli]\n!say ok"


async def test_a_message_gets_the_reply_that_a_client_or_the_agent_gives() -> None:
    def answer(request: ModelRequest) -> Reply:
        if request.messages[-1].role == "tool" or "m2" in request.prompt:
            return Reply("Well.")
        return Reply("", calls=[Call("reply_to_message", {"msg_id": "m1", "content": "from the agent"})])

    async with stage(ScriptedModel(answer)) as (_, client):
        name = await session(client)
        ask: dict[str, Any] = {
            "target_session_id": name,
            "content": "How is it?",
            "sender_info": "cli",
            "await_reply": True,
        }
        assert await client.rpc.queue_message(**ask) == MessageReplyResponse(content="from the agent")
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(client.rpc.queue_message(**ask))
            async with client.subscribe(name) as follower:
                await until(follower, lambda event: isinstance(event, AgentDoneResponse))
            await client.rpc.reply_to_message(msg_id="m2", content="from a person")
        assert waiting.result() == MessageReplyResponse(content="from a person")
        with pytest.raises(RequestRefused, match="no message m2 waits"):
            await client.rpc.reply_to_message(msg_id="m2", content="twice")


async def test_a_message_without_a_reply_is_given_up() -> None:
    async with stage(reply_seconds=0.01) as (_, client):
        name = await session(client)
        with pytest.raises(RequestRefused, match=r"await_reply timed out \(msg_id=m1\)"):
            await client.rpc.queue_message(
                target_session_id=name, content="Hello?", sender_info="cli", await_reply=True
            )


async def test_the_end_of_work_can_be_waited_for() -> None:
    async with stage() as (_, client):
        one, two = await session(client), await session(client)
        await client.chat(one, "!say first")
        chat = client.chat(two, "!say second\n!hold")
        await until(client.subscribe(two), lambda event: isinstance(event, TextDeltaEvent))
        some = (await client.rpc.wait_any_sessions(session_ids=[one, two])).results
        assert [(r.session_id, r.status, r.summary) for r in some] == [(one, "done", "first")]
        late = (await client.rpc.wait_sessions(session_ids=[one, two, "s9"], timeout_secs=0)).results
        assert [result.status for result in late] == ["done", "timeout", "deleted"]
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(client.rpc.wait_sessions(session_ids=[one, two]))
            await chat.abort()
        assert [result.status for result in waiting.result().results] == ["done", "done"]


async def test_a_tool_can_be_run_for_a_session() -> None:
    async with stage() as (_, client):
        name = await session(client)
        done = await client.rpc.execute_tool(
            session_id=name, tool_name="bash", arguments={"command": "echo here"}
        )
        assert (done.is_error, done.content.splitlines()[0]) == (False, "here")
        wrong = await client.rpc.execute_tool(session_id=name, tool_name="nothing", arguments={})
        assert (wrong.is_error, wrong.content) == (True, "Tool 'nothing' does not exist.")


async def test_old_sessions_are_collected_unless_what_is_below_them_is_in_use() -> None:
    async with stage() as (daemon, client):
        top = await session(client, child_budget=1)
        child, other = await session(client, parent_id=top), await session(client)
        for name in (top, other):
            daemon.sessions.tree[name].last_activity -= 3 * 86_400
        assert (await client.rpc.gc_sessions(older_than_days=2)).deleted == 1
        assert await names(client) == [top, child]
        daemon.sessions.tree[child].last_activity -= 3 * 86_400
        assert (await client.rpc.gc_sessions(older_than_days=2)).deleted == 2


async def test_projects_are_known_by_their_sessions() -> None:
    async with stage() as (_, client):
        assert (await client.rpc.get_project_info(project_name="p")).project is None
        name = await session(client, project_name="p")
        await client.chat(name, "!say hi")
        project = (await client.rpc.get_project_info(project_name="p")).project
        assert project is not None
        assert (project.name, project.path) == ("p", "/tmp")
        stats = (await client.rpc.project_stats(project_name="p")).stats
        assert (stats.session_count, stats.message_count) == (1, 2)
        assert stats.tokens_output > 0
        assert (await client.rpc.project_stats(project_name="q")).stats.last_activity is None
        [listed] = (await client.rpc.list_sessions(project_name="p")).sessions
        assert listed.id == name


async def test_what_needs_an_account_or_a_plugin_is_refused_as_the_daemon_of_tau_does() -> None:
    async with stage() as (_, client):
        name = await session(client)
        assert (await client.rpc.auth_status()).providers == []
        usage = (await client.rpc.get_subscription_usage()).usage
        assert (usage.five_hour, usage.extra_usage) == (None, None)
        aliases = await client.rpc.list_aliases()
        assert (aliases.global_, aliases.project) == ([], [])
        await client.rpc.reload_config()
        await client.rpc.reload_plugins(session_id=name)
        with pytest.raises(RequestRefused, match="login failed"):
            await client.rpc.login(provider="anthropic")
        with pytest.raises(RequestRefused, match="only available to plugins"):
            await client.rpc.fire_hook(name="x", data=None)


async def test_sessions_and_their_histories_survive_the_daemon(tmp_path: Path) -> None:
    async with stage(home=tmp_path) as (_, client):
        name = await session(client, tagline="kept")
        await client.chat(name, "!say before")
        tokens = (await info(client, name)).stats.tokens
    async with stage(home=tmp_path) as (_, client):
        told = await info(client, name)
        assert (told.tagline, told.message_count, told.stats.tokens) == ("kept", 2, tokens)
        await client.chat(name, "!say after")
        told = await info(client, name)
        assert told.message_count == 4
        assert told.stats.tokens.output > tokens.output
        assert await session(client) == "s2"


async def test_a_shutdown_tells_idle_clients_at_once_and_lets_agents_finish() -> None:
    hold = asyncio.Event()
    async with stage(ScriptedModel([Reply("Finished.", hold=hold)])) as (daemon, client):
        name = await session(client)
        async with client.subscribe(name) as follower, client.subscribe("s9") as other:
            chat = client.chat(name, "Work.")
            await until(follower, lambda e: isinstance(e, PhaseEvent) and e.phase == "Connecting")
            await anext(other)
            await client.rpc.shutdown(restart=True)
            with pytest.raises(DaemonShuttingDown) as caught:
                await anext(other)
            assert caught.value.restart is True
            refused = client.chat("s9", "More?")
            with pytest.raises(DaemonShuttingDown):
                await refused
            hold.set()
            assert (await chat).text == "Finished."
            assert await daemon.ended() is True


async def test_agents_that_take_too_long_are_left_behind_at_a_shutdown() -> None:
    async with stage(drain_seconds=0.01) as (daemon, client):
        name = await session(client)
        chat = client.chat(name, "!say Go\n!hold")
        await until(client.subscribe(name), lambda event: isinstance(event, TextDeltaEvent))
        await client.rpc.shutdown()
        with pytest.raises(DaemonShuttingDown):
            await chat
        assert await daemon.ended() is False
