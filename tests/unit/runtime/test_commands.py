"""Slash commands: those of the runtime, those of clients, and those that wait in the queue."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from copilot_sdk.errors import InternalError
from copilot_sdk.runtime import Reply
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of

DEPLOY = {"name": "deploy", "description": "Deploys."}
EXECUTE = "session.commands.execute"
INVOKE = "session.commands.invoke"
HANDLE = "session.commands.handlePendingCommand"
QUEUED = "command.queued"


async def _opened(start: Start, join: Join, **options: object) -> Client:
    client = await join(start())
    await client.open(**options)
    return client


async def _run_by_client(client: Client, method: str, params: Json, **end: object) -> Json:
    """Calls a method that has the client run a command, and plays the client."""
    running = asyncio.create_task(client.call(method, **params))
    request = (await client.until("command.execute"))["data"]
    assert await client.call(HANDLE, requestId=request["requestId"], **end) == {"success": True}
    assert (await client.until("command.completed"))["data"] == {"requestId": request["requestId"]}
    try:
        await running
    except InternalError as error:
        return {**request, "failure": str(error)}
    return {**request, "result": running.result()}


# ------------------------------------------------------------------ of the clients


async def test_commands_of_the_runtime_and_of_clients_are_listed(start: Start, join: Join) -> None:
    client = await _opened(start, join, commands=[DEPLOY])
    listed = (await client.call("session.commands.list"))["commands"]
    by_name = {command["name"]: command for command in listed}
    assert by_name["deploy"] == {**DEPLOY, "kind": "client", "allowDuringAgentExecution": False}
    assert by_name["allow-all"]["aliases"] == ["yolo"]
    assert by_name["add-dir"]["input"] == {"hint": "directory", "required": True}
    own = await client.call("session.commands.list", includeBuiltins=False)
    assert [command["name"] for command in own["commands"]] == ["deploy"]
    others = await client.call("session.commands.list", includeClientCommands=False)
    assert {command["kind"] for command in others["commands"]} == {"builtin"}


async def test_a_client_runs_its_command(start: Start, join: Join) -> None:
    client = await _opened(start, join, commands=[DEPLOY])
    ran = await _run_by_client(client, EXECUTE, {"commandName": "deploy", "args": "now please"})
    assert (ran["command"], ran["commandName"], ran["args"]) == ("/deploy now please", "deploy", "now please")
    assert ran["result"] == {}
    failed = await _run_by_client(client, EXECUTE, {"commandName": "deploy", "args": ""}, error="no tests")
    assert failed["result"] == {"error": "no tests"}


async def test_only_the_client_a_command_belongs_to_is_asked(start: Start, join: Join) -> None:
    runtime = start()
    first, second = await join(runtime), await join(runtime)
    await first.open(commands=[DEPLOY])
    second.session_id = first.session_id
    await second.call("session.resume", commands=[{"name": "undo"}])
    assert (await first.until("commands.changed"))["data"] == {"commands": [DEPLOY, {"name": "undo"}]}
    await _run_by_client(second, EXECUTE, {"commandName": "undo", "args": ""})
    assert not first.of("command.execute")


async def test_a_command_nobody_has_is_an_answer_not_an_error(start: Start, join: Join) -> None:
    client = await _opened(start, join)
    answer = await client.call(EXECUTE, commandName="deploy", args="")
    assert answer == {"error": "No client found for command: deploy"}
    assert await client.call(HANDLE, requestId="unknown") == {"success": False}


async def test_the_wait_for_a_command_ends_when_its_client_leaves(start: Start, join: Join) -> None:
    runtime = start()
    gone, stays = await join(runtime), await join(runtime)
    await gone.open(commands=[DEPLOY])
    stays.session_id = gone.session_id
    await stays.call("session.resume")
    running = asyncio.create_task(stays.call(EXECUTE, commandName="deploy", args=""))
    await gone.until("command.execute")
    await gone.peer.aclose()
    assert "has left" in (await running)["error"]


async def test_the_wait_for_a_command_ends_when_the_session_does(start: Start, join: Join) -> None:
    client = await _opened(start, join, commands=[DEPLOY])
    running = asyncio.create_task(client.call(EXECUTE, commandName="deploy", args=""))
    await client.until("command.execute")
    await client.call("session.shutdown")
    with pytest.raises(InternalError, match="aborted"):
        await running


async def test_invoking_a_command_of_a_client_runs_it_there(start: Start, join: Join) -> None:
    client = await _opened(start, join, commands=[DEPLOY])
    ran = await _run_by_client(client, INVOKE, {"name": "/deploy", "input": "x"})
    assert ran["result"] == {"kind": "completed"}
    failed = await _run_by_client(client, INVOKE, {"name": "deploy"}, error="no")
    assert "Command /deploy failed: no" in failed["failure"]


# ------------------------------------------------------------------- in the queue


async def test_a_queued_command_is_run_by_whoever_takes_an_interest(start: Start, join: Join) -> None:
    client = await _opened(start, join)
    await client.call("session.eventLog.registerInterest", eventType=QUEUED)
    queued = await client.call("session.commands.enqueue", command="/deploy now")
    assert queued["queued"] is True
    request = (await client.until(QUEUED))["data"]
    assert request["command"] == "/deploy now"
    answered = await client.call(
        "session.commands.respondToQueuedCommand", requestId=request["requestId"], result={"handled": True}
    )
    assert answered == {"success": True}
    await client.until("command.completed", requestId=request["requestId"])
    await client.until("session.idle")


async def test_a_queued_command_can_stop_the_queue(start: Start, join: Join) -> None:
    runtime = start([Reply("a", hold=(hold := asyncio.Event()), hold_after=0), Reply("never")])
    client = await join(runtime)
    await client.open()
    await client.call("session.eventLog.registerInterest", eventType=QUEUED)
    await client.send("first")
    await client.call("session.commands.enqueue", command="/stop", displayText="Stop!")
    await client.send("second")
    items = (await client.call("session.queue.pendingItems"))["items"]
    assert [(item["kind"], item["displayText"]) for item in items] == [
        ("command", "Stop!"),
        ("message", "second"),
    ]
    hold.set()
    request = (await client.until(QUEUED))["data"]
    await client.call(
        "session.commands.respondToQueuedCommand",
        requestId=request["requestId"],
        result={"handled": True, "stopProcessingQueue": True},
    )
    await client.until("session.idle")
    assert len(asked_of(runtime)) == 1


async def test_a_queued_command_that_nobody_would_run_is_warned_of(start: Start, join: Join) -> None:
    client = await _opened(start, join)
    await client.call("session.commands.enqueue", command="/deploy")
    await client.until("session.idle")
    assert client.of("session.warning")[0]["warningType"] == "command_not_run"
    assert not client.of(QUEUED)


async def test_the_wait_for_a_queued_command_ends_when_the_interest_does(start: Start, join: Join) -> None:
    client = await _opened(start, join)
    handle = (await client.call("session.eventLog.registerInterest", eventType=QUEUED))["handle"]
    await client.call("session.commands.enqueue", command="/deploy")
    await client.until(QUEUED)
    assert await client.call("session.eventLog.releaseInterest", handle=handle) == {"success": True}
    await client.until("session.idle")


# ------------------------------------------------------------------ of the runtime


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("rename", "Mine", "Mine"),
        ("session", "", "ID: "),
        ("session", "rename Other", "Other"),
        ("session", "plan", "no plan"),
        ("usage", "", "Tokens: input 0"),
        ("context", "", "System message: "),
        ("cwd", "", "Current working directory: "),
        ("list-dirs", "", "may use"),
        ("permissions", "", "manual"),
        ("yolo", "show", "manual"),
        ("reset-allowed-tools", "", "forgotten"),
    ],
)
async def test_a_command_of_the_runtime_answers_with_a_text(
    start: Start, join: Join, name: str, text: str, shown: str
) -> None:
    client = await _opened(start, join)
    result = await client.call(INVOKE, name=name, input=text)
    assert result["kind"] == "text"
    assert shown in result["text"]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("nope", "", "Unknown slash command: /nope"),
        ("rename", "", "Usage: /rename"),
        ("add-dir", "", "Usage: /add-dir"),
        ("add-dir", "/not/there", "does not exist"),
        ("allow-all", "maybe", "Usage: /allow-all"),
        ("permissions", "maybe", "Usage: /permissions"),
        ("session", "burn", "Usage: /session"),
        ("cwd", "/not/there", "does not exist"),
    ],
)
async def test_a_command_that_cannot_be_run_says_how_it_can(
    start: Start, join: Join, name: str, text: str, problem: str
) -> None:
    client = await _opened(start, join)
    with pytest.raises(InternalError, match=problem):
        await client.call(INVOKE, name=name, input=text)


async def test_commands_switch_the_mode_and_the_model(start: Start, join: Join) -> None:
    client = await _opened(start, join)
    assert await client.call(INVOKE, name="plan") == {"kind": "completed", "mode": "plan"}
    assert await client.call("session.mode.get") == "interactive"
    planned = await client.call(INVOKE, name="plan", input="a pond")
    assert (planned["kind"], planned["prompt"], planned["mode"]) == ("agent-prompt", "a pond", "plan")
    for text, mode in (("", "autopilot"), ("", "interactive"), ("on", "autopilot"), ("off", "interactive")):
        done = await client.call(INVOKE, name="autopilot", input=text)
        assert done == {"kind": "completed", "message": f"Switched to {mode} mode."}
        assert await client.call("session.mode.get") == mode
    await client.call(INVOKE, name="model", input="other")
    assert (await client.call("session.model.getCurrent"))["modelId"] == "other"
    reviewed = await client.call(INVOKE, name="review", input="the pump")
    assert (reviewed["kind"], reviewed["displayPrompt"]) == ("agent-prompt", "Review: the pump")


async def test_commands_open_directories_and_switch_permissions(
    start: Start, join: Join, tmp_path: Path
) -> None:
    client = await _opened(start, join)
    await client.call(INVOKE, name="add-dir", input=str(tmp_path))
    assert str(tmp_path) in (await client.call("session.permissions.paths.list"))["directories"]
    await client.call(INVOKE, name="allow-all")
    assert await client.call("session.permissions.getMode") == {"mode": "allow-all"}
    await client.call(INVOKE, name="permissions", input="default")
    assert await client.call("session.permissions.getMode") == {"mode": "manual"}
    await client.call(INVOKE, name="cd", input=str(tmp_path))
    snapshot = await client.call("session.metadata.snapshot")
    assert snapshot["workingDirectory"] == str(tmp_path)


async def test_some_commands_wait_for_the_agent_to_rest(start: Start, join: Join) -> None:
    client = await join(start([Reply("a", hold=asyncio.Event(), hold_after=0)]))
    await client.open()
    await client.send("go")
    with pytest.raises(InternalError, match="while the agent is active"):
        await client.call(INVOKE, name="cwd")
    assert (await client.call(INVOKE, name="usage"))["kind"] == "text"


async def test_commands_that_open_a_session_are_listed_without_one(start: Start, join: Join) -> None:
    client = await join(start())
    commands = (await client.call("commands.list"))["commands"]
    names = {command["name"] for command in commands}
    assert {"add-dir", "plan", "review"} <= names
    assert not {"context", "session", "usage"} & names
