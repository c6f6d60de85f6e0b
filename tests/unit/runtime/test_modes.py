"""Modes and the plan: what each mode changes for the agent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from copilot_sdk.errors import InternalError
from copilot_sdk.runtime import Call, Reply, fault_of_status
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of, types

DONE = Call("task_complete", {"summary": "All is dug."})
SET = "session.mode.set"


async def _in_mode(start: Start, join: Join, mode: str, *replies: Reply, **options: object) -> Client:
    client = await join(start(replies))
    await client.open(**options)
    await client.call(SET, mode=mode)
    return client


# -------------------------------------------------------------------------- modes


async def test_a_mode_is_set_read_and_announced(start: Start, join: Join) -> None:
    client = await join(start())
    opened = await client.open()
    assert (opened["mode"], await client.call("session.mode.get")) == ("interactive", "interactive")
    for _ in range(2):
        answer = await client.call(SET, mode="plan")
        assert answer == {"status": "unchanged", "modelChanged": False, "modeApplied": True}
    assert client.of("session.mode_changed") == [{"previousMode": "interactive", "newMode": "plan"}]
    assert await client.call("session.mode.get") == "plan"


async def test_a_mode_is_set_only_over_the_one_that_was_expected(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    answer = await client.call(SET, mode="autopilot", expectedMode="plan")
    assert answer["modeApplied"] is False
    assert await client.call("session.mode.get") == "interactive"


@pytest.mark.parametrize("params", [{"mode": "bogus"}, {"mode": "plan", "expectedMode": "bogus"}])
async def test_an_unknown_mode_is_refused(start: Start, join: Join, params: Json) -> None:
    client = await join(start())
    await client.open()
    with pytest.raises(InternalError, match="expected one of interactive, plan, autopilot, got 'bogus'"):
        await client.call(SET, **params)


async def test_the_agent_is_told_once_of_a_mode(start: Start, join: Join) -> None:
    runtime = start([Reply("a"), Reply("b"), Reply("c")])
    client = await join(runtime)
    await client.open()
    await client.call(SET, mode="plan")
    await client.turn("first")
    await client.turn("second")
    await client.call(SET, mode="interactive")
    await client.turn("third")
    first, second, third = (request.prompt for request in asked_of(runtime))
    assert "Plan mode is active" in first
    assert first.endswith("[[PLAN]] first")
    assert second == "[[PLAN]] second"
    assert "Plan mode and autopilot mode are over" in third
    assert client.of("session.mode_notice_delivered") == [{"mode": "plan"}, {"mode": "interactive"}]


async def test_a_message_can_bring_a_mode_of_its_own(start: Start, join: Join) -> None:
    runtime = start([Reply("a"), Reply("b")])
    client = await join(runtime)
    await client.open()
    await client.turn("first", agentMode="plan")
    await client.turn("second")
    offered = [{tool.name for tool in request.tools} for request in asked_of(runtime)]
    assert ["exit_plan_mode" in names for names in offered] == [True, False]
    assert await client.call("session.mode.get") == "interactive"


@pytest.mark.parametrize(
    "call",
    [
        Call("create", {"path": "pond.txt", "file_text": "wet"}),
        Call("bash", {"command": "touch pond.txt"}),
    ],
)
async def test_in_plan_mode_nothing_is_changed_outside_the_session_folder(
    start: Start, join: Join, tmp_path: Path, call: Call
) -> None:
    client = await _in_mode(
        start, join, "plan", Reply(calls=[call]), Reply("ok"), workingDirectory=str(tmp_path)
    )
    await client.call("session.permissions.setApproveAll", enabled=True)
    await client.turn("go")
    assert "plan mode" in client.of("tool.execution_complete")[0]["error"]["message"]
    assert not (tmp_path / "pond.txt").exists()


async def test_in_plan_mode_the_plan_can_be_written(start: Start, join: Join) -> None:
    runtime = start(
        lambda request: (
            Reply("ok")
            if request.messages[-1].role == "tool"
            else Reply(calls=[Call("create", {"path": request.prompt.split()[-1], "file_text": "# Pond"})])
        )
    )
    client = await join(runtime)
    folder = Path((await client.open(requestPermission=True))["workspacePath"])
    await client.call(SET, mode="plan")
    await client.turn(str(folder / "plan.md"))
    assert (await client.call("session.plan.read"))["content"] == "# Pond"
    assert not client.of("permission.requested")


async def test_in_plan_mode_a_command_that_changes_nothing_runs(start: Start, join: Join) -> None:
    bash = Call("bash", {"command": "ls > /dev/null"})
    client = await _in_mode(start, join, "plan", Reply(calls=[bash]), Reply("ok"))
    await client.call("session.permissions.setApproveAll", enabled=True)
    await client.turn("go")
    assert client.of("tool.execution_complete")[0]["success"]


# ---------------------------------------------------------------------- autopilot


async def test_in_autopilot_mode_the_agent_is_sent_on_until_the_task_is_complete(
    start: Start, join: Join
) -> None:
    client = await _in_mode(start, join, "autopilot", Reply("thinking"), Reply(calls=[DONE]))
    await client.turn("dig")
    sent = client.of("user.message")
    assert [message.get("isAutopilotContinuation", False) for message in sent] == [False, True]
    assert client.of("session.task_complete") == [{"summary": "All is dug.", "success": True}]
    assert client.of("session.autopilot_stopped")[0]["reason"] == "task_complete"
    assert client.of("session.idle") == [{"mode": "autopilot"}]


@pytest.mark.parametrize("most", [0, 2])
async def test_the_agent_is_sent_on_only_so_often(start: Start, join: Join, most: int) -> None:
    client = await _in_mode(
        start, join, "autopilot", *[Reply("thinking")] * (most + 1), autopilot={"maxContinues": most}
    )
    await client.turn("dig")
    assert len(client.of("user.message")) == most + 1
    assert client.of("session.autopilot_stopped")[0]["reason"] == "cap_reached"


async def test_an_application_can_send_the_agent_on_itself(start: Start, join: Join) -> None:
    client = await _in_mode(start, join, "autopilot", Reply("thinking"))
    await client.call("session.options.update", autopilot={"continuationEnabled": False})
    await client.turn("dig")
    assert len(client.of("user.message")) == 1
    assert not client.of("session.autopilot_stopped")


async def test_autopilot_stops_with_an_error(start: Start, join: Join) -> None:
    client = await _in_mode(start, join, "autopilot", Reply(error=fault_of_status(400, "bad")))
    await client.turn("dig")
    assert client.of("session.autopilot_stopped")[0]["reason"] == "error"


async def test_autopilot_stops_with_the_turn(start: Start, join: Join) -> None:
    client = await _in_mode(start, join, "autopilot", Reply("a", hold=asyncio.Event(), hold_after=0))
    message_id = await client.send("dig")
    await client.until("assistant.turn_start")
    await client.call("session.abort")
    await client.until("session.idle", aborted=True)
    assert client.of("session.autopilot_stopped") == [{"reason": "aborted", "requestId": message_id}]


async def test_the_model_can_complete_a_task_in_autopilot_mode_alone(start: Start, join: Join) -> None:
    runtime = start([Reply("a"), Reply(calls=[DONE])])
    client = await join(runtime)
    await client.open()
    await client.turn("go")
    await client.turn("go", agentMode="autopilot")
    offered = [{tool.name for tool in request.tools} for request in asked_of(runtime)]
    assert ["task_complete" in names for names in offered] == [False, True]


# ----------------------------------------------------------------------- the plan


async def test_a_plan_is_written_read_and_deleted(start: Start, join: Join) -> None:
    client = await join(start())
    folder = (await client.open())["workspacePath"]
    path = str(Path(folder) / "plan.md")
    nothing = {"exists": False, "content": None, "path": path}
    assert await client.call("session.plan.read") == nothing
    await client.call("session.plan.delete")
    for content in ("# One", "# Two"):
        await client.call("session.plan.update", content=content)
    assert await client.call("session.plan.read") == {"exists": True, "content": "# Two", "path": path}
    await client.call("session.plan.delete")
    assert await client.call("session.plan.read") == nothing
    assert [data["operation"] for data in client.of("session.plan_changed")] == ["create", "update", "delete"]
    assert "session.plan_changed" in types(client.events)
