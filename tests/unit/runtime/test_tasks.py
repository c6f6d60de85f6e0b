"""Background agents and shell commands, through `session.tasks`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from copilot_sdk.errors import RpcError
from copilot_sdk.runtime import Call, ModelRequest, Reply, fault_of_status
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of, text_at

AGENT = {"agentType": "explore", "prompt": "find the bug", "name": "Bug Finder"}


def by_agent(main: list[Reply], agents: list[Reply]) -> object:
    """A script with answers for the main agent, and others for background agents."""
    left = {True: iter(main), False: iter(agents)}

    def choose(request: ModelRequest) -> Reply:
        return next(left[request.agent_id is None])

    return choose


async def _task(client: Client, task_id: str) -> Json:
    tasks = (await client.call("session.tasks.list"))["tasks"]
    found: Json = next(task for task in tasks if task["id"] == task_id)
    return found


async def test_an_agent_works_by_itself_and_the_session_hears_of_its_end(start: Start, join: Join) -> None:
    runtime = start(by_agent([Reply("noted")], [Reply("it is in line 3")]))
    client = await join(runtime)
    await client.open()
    assert await client.call("session.tasks.startAgent", **AGENT) == {"agentId": "bug-finder"}
    await client.until("session.idle")
    task = await _task(client, "bug-finder")
    assert (task["type"], task["status"], task["result"]) == ("agent", "completed", "it is in line 3")
    assert (task["prompt"], task["latestResponse"]) == ("find the bug", "it is in line 3")
    assert (task["executionMode"], task["canPromoteToBackground"]) == ("background", False)
    notification = client.of("system.notification")[0]
    assert notification["kind"]["type"] == "agent_completed"
    assert notification["kind"]["agentId"] == "bug-finder"
    assert client.of("assistant.message")[-1]["content"] == "noted"
    agent_events = {event["type"] for event in client.events if event.get("agentId") == "bug-finder"}
    assert {"subagent.started", "user.message", "assistant.message", "subagent.completed"} <= agent_events
    assert "system.notification" not in agent_events


async def test_names_are_made_unique(start: Start, join: Join) -> None:
    client = await join(start(lambda _: Reply("done")))
    await client.open()
    ids = [(await client.call("session.tasks.startAgent", **AGENT))["agentId"] for _ in range(2)]
    assert ids == ["bug-finder", "bug-finder-2"]


async def test_an_unknown_type_of_agent_is_refused(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    with pytest.raises(RpcError, match="Unknown agent type: wizard"):
        await client.call("session.tasks.startAgent", **{**AGENT, "agentType": "wizard"})


async def test_agents_of_the_application_can_be_started(start: Start, join: Join) -> None:
    runtime = start(lambda _: Reply("done"))
    client = await join(runtime)
    await client.open(customAgents=[{"name": "poet", "prompt": "You rhyme.", "tools": ["view"]}])
    await client.call("session.tasks.startAgent", **{**AGENT, "agentType": "poet"})
    await client.until("session.idle")
    request = asked_of(runtime)[0]
    assert "You rhyme." in request.messages[0].text
    assert [spec.name for spec in request.tools] == ["view"]


async def test_the_progress_of_an_agent_shows_what_it_did(start: Start, join: Join, tmp_path: Path) -> None:
    hold = asyncio.Event()
    calls = [Call("report_intent", {"intent": "Looking"}), Call("view", {"path": "."})]
    script = by_agent([Reply("ok")], [Reply(calls=calls), Reply("done", hold=hold)])
    client = await join(start(script))
    await client.open(workingDirectory=str(tmp_path))
    await client.call("session.tasks.startAgent", **AGENT)
    await client.until("assistant.turn_start", turnId="1")
    progress = (await client.call("session.tasks.getProgress", id="bug-finder"))["progress"]
    assert progress["latestIntent"] == "Looking"
    assert [line["message"] for line in progress["recentActivity"]] == ["● report_intent Looking", "● view ."]
    hold.set()
    await client.until("session.idle")


async def test_there_is_no_progress_of_what_is_not_there(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    assert (await client.call("session.tasks.getProgress", id="nobody")).get("progress") is None
    assert await client.call("session.tasks.cancel", id="nobody") == {"cancelled": False}
    assert await client.call("session.tasks.remove", id="nobody") == {"removed": False}
    assert await client.call("session.tasks.promoteToBackground", id="nobody") == {"promoted": False}
    assert await client.call("session.tasks.getCurrentPromotable") == {}
    assert await client.call("session.tasks.promoteCurrentToBackground") == {}
    answer = await client.call("session.tasks.sendMessage", id="nobody", message="hi")
    assert answer == {"sent": False, "error": "Agent not found or not accepting messages"}


async def test_a_message_steers_a_running_agent(start: Start, join: Join) -> None:
    hold = asyncio.Event()
    runtime = start(by_agent([Reply("ok")], [Reply("first", hold=hold), Reply("second")]))
    client = await join(runtime)
    await client.open()
    await client.call("session.tasks.startAgent", **AGENT)
    await client.until("assistant.turn_start")
    sent = await client.call("session.tasks.sendMessage", id="bug-finder", message="and the lexer")
    assert sent == {"sent": True}
    hold.set()
    await client.until("session.idle")
    task = await _task(client, "bug-finder")
    assert (task["result"], task["prompt"]) == ("second", "and the lexer")


async def test_a_message_puts_an_ended_agent_back_to_work(start: Start, join: Join) -> None:
    runtime = start(by_agent([Reply("ok"), Reply("ok")], [Reply("first"), Reply("second")]))
    client = await join(runtime)
    await client.open()
    await client.call("session.tasks.startAgent", **AGENT)
    await client.until("session.idle")
    assert await client.call("session.tasks.sendMessage", id="bug-finder", message="more") == {"sent": True}
    await client.until("session.idle")
    assert (await _task(client, "bug-finder"))["result"] == "second"
    agent_request = [request for request in asked_of(runtime) if request.agent_id][-1]
    assert [message.text for message in agent_request.messages[1:]] == ["find the bug", "first", "more"]


async def test_a_cancelled_agent_stops_and_can_be_removed(start: Start, join: Join) -> None:
    client = await join(start(lambda _: Reply("never", hold=asyncio.Event())))
    await client.open()
    await client.call("session.tasks.startAgent", **AGENT)
    assert await client.call("session.tasks.remove", id="bug-finder") == {"removed": False}
    assert await client.call("session.tasks.cancel", id="bug-finder") == {"cancelled": True}
    assert (await _task(client, "bug-finder"))["status"] == "cancelled"
    assert await client.call("session.tasks.cancel", id="bug-finder") == {"cancelled": False}
    assert await client.call("session.tasks.remove", id="bug-finder") == {"removed": True}
    assert await client.call("session.tasks.list") == {"tasks": []}


async def test_an_agent_whose_model_fails_has_failed(start: Start, join: Join) -> None:
    script = by_agent([Reply("noted")], [Reply(error=fault_of_status(400, "no such model"))])
    client = await join(start(script))
    await client.open()
    await client.call("session.tasks.startAgent", **AGENT)
    await client.until("session.idle")
    task = await _task(client, "bug-finder")
    assert (task["status"], task["error"]) == ("failed", "no such model")
    assert client.of("system.notification")[0]["kind"]["status"] == "failed"
    assert client.of("subagent.failed")[0]["error"] == "no such model"


async def test_wait_for_pending_returns_after_the_turn_that_follows(start: Start, join: Join) -> None:
    hold = asyncio.Event()
    client = await join(start(by_agent([Reply("noted")], [Reply("done", hold=hold)])))
    await client.open()
    await client.call("session.tasks.startAgent", **AGENT)
    waiting = asyncio.create_task(client.call("session.tasks.waitForPending"))
    await client.until("assistant.turn_start")
    assert not waiting.done()
    hold.set()
    assert await waiting == {}
    assert client.of("assistant.message")[-1]["content"] == "noted"


async def test_wait_for_pending_gives_up_in_time(start: Start, join: Join) -> None:
    client = await join(start(lambda _: Reply("never", hold=asyncio.Event()), task_wait_seconds=0.01))
    await client.open()
    await client.call("session.tasks.startAgent", **AGENT)
    assert await client.call("session.tasks.waitForPending") == {}
    assert (await _task(client, "bug-finder"))["status"] == "running"


async def test_the_session_is_idle_only_when_its_agents_are(start: Start, join: Join) -> None:
    hold = asyncio.Event()
    call = Call("task", {"agent_type": "explore", "prompt": "p", "name": "a", "mode": "background"})
    script = by_agent([Reply(calls=[call]), Reply("started"), Reply("noted")], [Reply("done", hold=hold)])
    client = await join(start(script))
    await client.open()
    await client.send("go")
    await client.until("assistant.message", content="started")
    while (activity := await client.call("session.metadata.activity"))["abortable"]:
        pass
    assert activity == {"abortable": False, "hasActiveWork": True}
    assert not client.of("session.idle")
    hold.set()
    await client.until("session.idle")
    assert client.of("assistant.message")[-1]["content"] == "noted"


async def test_an_agent_that_is_waited_for_answers_its_caller(start: Start, join: Join) -> None:
    call = Call("task", {"agent_type": "explore", "prompt": "p", "name": "helper"}, id="call-7")
    runtime = start(by_agent([Reply(calls=[call]), Reply("so it is")], [Reply("the answer")]))
    client = await join(runtime)
    await client.open()
    await client.turn("go")
    assert asked_of(runtime)[-1].messages[-1].text == "the answer"
    assert not client.of("system.notification")
    task = await _task(client, "helper")
    assert (task["executionMode"], task["toolCallId"]) == ("sync", "call-7")


async def test_a_waiting_call_is_promoted_to_the_background(start: Start, join: Join) -> None:
    hold = asyncio.Event()
    call = Call("task", {"agent_type": "explore", "prompt": "p", "name": "helper"})
    script = by_agent([Reply(calls=[call]), Reply("going on"), Reply("noted")], [Reply("late", hold=hold)])
    client = await join(start(script))
    await client.open()
    await client.send("go")
    await client.until("subagent.started")
    await client.until("assistant.turn_start")
    promotable = (await client.call("session.tasks.getCurrentPromotable"))["task"]
    assert (promotable["id"], promotable["executionMode"]) == ("helper", "sync")
    assert promotable["canPromoteToBackground"] is True
    assert await client.call("session.tasks.promoteToBackground", id="helper") == {"promoted": True}
    assert await client.call("session.tasks.promoteToBackground", id="helper") == {"promoted": False}
    await client.until("assistant.message", content="going on")
    assert (await _task(client, "helper"))["executionMode"] == "background"
    hold.set()
    await client.until("session.idle")
    assert client.of("system.notification")[0]["kind"]["agentId"] == "helper"


@pytest.fixture
async def shells(start: Start, join: Join, tmp_path: Path) -> Client:
    client = await join(start())
    await client.open(workingDirectory=str(tmp_path))
    await client.call("session.permissions.setApproveAll", enabled=True)
    return client


async def test_a_waiting_command_is_promoted_to_the_background(shells: Client, tmp_path: Path) -> None:
    await shells.send(
        '!call bash {"command": "echo begun; until [ -e go ]; do read -t 0.01 <> <(:); done; echo ended"}'
    )
    await shells.until("session.background_tasks_changed")
    while (current := (await shells.call("session.tasks.getCurrentPromotable")).get("task")) is None:
        await shells.until("session.background_tasks_changed")
    assert (current["type"], current["attachmentMode"]) == ("shell", "attached")
    promoted = (await shells.call("session.tasks.promoteCurrentToBackground"))["task"]
    assert (promoted["id"], promoted["executionMode"]) == ("shell", "background")
    complete = await shells.until("tool.execution_complete")
    assert "in the background as shell" in complete["data"]["result"]["content"]
    (tmp_path / "go").touch()
    notification = await shells.until("system.notification")
    assert notification["data"]["kind"] == {
        "type": "shell_completed",
        "shellId": "shell",
        "exitCode": 0,
        "description": notification["data"]["kind"]["description"],
    }
    await shells.until("session.idle")
    progress = (await shells.call("session.tasks.getProgress", id="shell"))["progress"]
    assert progress["recentOutput"] == "begun\nended\n"


async def test_a_background_command_reports_its_end(shells: Client) -> None:
    await shells.turn('!call bash {"command": "exit 2", "mode": "async"}')
    task = await _task(shells, "shell")
    assert (task["status"], task["executionMode"]) == ("failed", "background")
    assert shells.of("system.notification")[0]["kind"]["exitCode"] == 2


async def test_a_detached_command_writes_to_its_log(shells: Client) -> None:
    await shells.send('!call bash {"command": "echo out; echo err >&2", "mode": "async", "detach": true}')
    notification = await shells.until("system.notification")
    assert notification["data"]["kind"]["type"] == "shell_detached_completed"
    assert await shells.call("session.tasks.refresh") == {}
    task = await _task(shells, "shell")
    assert (task["attachmentMode"], text_at(task["logPath"])) == ("detached", "out\nerr\n")


async def test_a_session_is_at_rest_while_a_detached_command_runs(shells: Client) -> None:
    await shells.turn('!call bash {"command": "sleep 60", "mode": "async", "detach": true}')
    assert (await _task(shells, "shell"))["status"] == "running"
    assert await shells.call("session.tasks.cancel", id="shell") == {"cancelled": True}


async def test_a_cancelled_command_ends_with_all_its_children(shells: Client, tmp_path: Path) -> None:
    await shells.send(
        '!call bash {"command": "sleep 60 & echo $! > pid.new; mv pid.new pid; wait", "mode": "async"}'
    )
    await shells.until("assistant.turn_end", turnId="1")
    async with asyncio.timeout(5):
        while not (tmp_path / "pid").exists():
            await shells.call("session.tasks.refresh")
    assert await shells.call("session.tasks.cancel", id="shell") == {"cancelled": True}
    assert (await _task(shells, "shell"))["status"] == "cancelled"
    await shells.until_dead(int((tmp_path / "pid").read_text()))
    await shells.until("session.idle")


async def test_an_abort_ends_agents_and_the_session_rests(start: Start, join: Join) -> None:
    client = await join(start(by_agent([], [Reply("never", hold=asyncio.Event())])))
    await client.open()
    await client.call("session.tasks.startAgent", **AGENT)
    await client.until("assistant.turn_start")
    await client.call("session.queue.deferSessionIdle", aborted=False)
    await client.call("session.abort")
    assert (await client.until("session.idle"))["data"]["aborted"] is True
    assert (await _task(client, "bug-finder"))["status"] == "cancelled"
    assert client.of("system.notification") == []


async def test_an_abort_of_a_turn_ends_the_commands_that_are_attached(shells: Client) -> None:
    command = '!call bash {"command": "sleep 60", "mode": "async"'
    await shells.send(command + "}\n" + command + ', "detach": true}')
    await shells.until("assistant.idle")
    await shells.send("!hold")
    await shells.until("assistant.turn_start")
    await shells.call("session.abort")
    (left,) = (await shells.call("session.tasks.list"))["tasks"]
    assert (left["attachmentMode"], left["status"]) == ("detached", "running")
    assert shells.of("system.notification") == []
