"""Messages in batches and from the runtime, interrupting, and the settings of background agents."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from copilot_sdk.errors import RpcError
from copilot_sdk.runtime import Call, Reply
from tests.unit.runtime.harness import Join, Json, Start, asked_of, tool

AGENT = {"agentType": "explore", "prompt": "find it", "name": "x"}


async def test_messages_that_are_sent_together_make_one_turn(start: Start, join: Join) -> None:
    runtime = start(lambda _: Reply("done"))
    client = await join(runtime)
    await client.open()
    messages = [{"prompt": "A"}, {"prompt": "B", "displayPrompt": "shown"}]
    sent = await client.call("session.sendMessages", messages=messages, wait=True)
    assert [message["messageId"] for message in client.of("user.message")] == sent["messageIds"]
    assert [message["content"] for message in client.of("user.message")] == ["A", "shown"]
    assert len(client.of("assistant.message")) == 1
    assert client.of("assistant.message")[0]["originatingMessageId"] == sent["messageIds"][1]
    assert [message.text for message in asked_of(runtime)[0].messages[1:]] == ["A", "B"]


async def test_a_turn_without_messages_goes_on_with_what_was_said(start: Start, join: Join) -> None:
    runtime = start(lambda _: Reply("done"))
    client = await join(runtime)
    await client.open()
    await client.turn("hi")
    assert await client.call("session.sendMessages", messages=[], wait=True) == {"messageIds": []}
    assert len(client.of("user.message")) == 1
    assert "originatingMessageId" not in client.of("assistant.message")[1]
    assert [message.text for message in asked_of(runtime)[1].messages[1:]] == ["hi", "done"]


async def test_messages_that_were_sent_together_cannot_be_withdrawn(start: Start, join: Join) -> None:
    client = await join(start([Reply("never", hold=asyncio.Event())]))
    await client.open()
    messages = [{"prompt": "A"}, {"prompt": "B"}]
    sent = await client.call("session.sendMessages", messages=messages)
    await client.until("assistant.turn_start")
    params = {"messageId": sent["messageIds"][1], "expectedPrompt": "B"}
    assert (await client.call("session.queue.withdrawMessage", **params))["removed"] is False


async def test_a_system_notification_starts_a_turn(start: Start, join: Join) -> None:
    runtime = start(lambda _: Reply("noted"))
    client = await join(runtime)
    await client.open()
    kind = {"type": "agent_completed", "agentId": "a", "agentType": "x", "status": "completed"}
    await client.call("session.sendSystemNotification", message="it is done", kind=kind)
    await client.until("session.idle")
    assert client.of("system.notification")[0]["kind"] == kind
    assert "it is done" in asked_of(runtime)[0].messages[-1].text


async def test_a_system_notification_of_no_kind_is_a_message_of_the_system(start: Start, join: Join) -> None:
    client = await join(start(lambda _: Reply("noted")))
    await client.open()
    await client.call("session.sendSystemNotification", message="look out")
    await client.until("session.idle")
    (message,) = client.of("user.message")
    assert (message["source"], "look out" in message["content"]) == ("system", True)


async def test_an_interrupted_turn_can_leave_the_queue_alone(start: Start, join: Join) -> None:
    never = asyncio.Event()
    client = await join(start([Reply("one", hold=never), Reply("two", hold=never), Reply("three")]))
    await client.open()
    assert await client.call("session.interruptMainTurn") == {"interrupted": False}
    await client.send("First.")
    await client.until("assistant.turn_start")
    await client.send("Second.")
    assert await client.call("session.interruptMainTurn", flushQueued=True) == {"interrupted": True}
    await client.until("assistant.turn_start")
    assert client.of("user.message")[-1]["content"] == "Second."
    await client.send("Third.")
    assert await client.call("session.interruptMainTurn") == {"interrupted": True}
    await client.until("session.idle", aborted=True)
    assert await client.call("session.queue.hasPending") == {"hasPending": False}
    assert [abort["reason"] for abort in client.of("abort")] == ["user_abort", "user_abort"]


async def test_all_background_agents_are_stopped_at_once(start: Start, join: Join) -> None:
    client = await join(start(lambda _: Reply("never", hold=asyncio.Event())))
    await client.open()
    for _ in range(2):
        await client.call("session.tasks.startAgent", **AGENT)
    assert await client.call("session.cancelAllBackgroundAgents") == 2
    assert await client.call("session.cancelAllBackgroundAgents") == 0
    statuses = [task["status"] for task in (await client.call("session.tasks.list"))["tasks"]]
    assert statuses == ["cancelled", "cancelled"]


async def test_background_agents_are_turned_off_and_get_other_models(start: Start, join: Join) -> None:
    runtime = start(lambda _: Reply("done"))
    client = await join(runtime)
    await client.open()
    settings = {"disabledSubagents": ["explore"], "agents": {"task": {"model": "model-t"}}}
    await client.call("session.tools.updateSubagentSettings", subagents=settings)
    with pytest.raises(RpcError, match='The "explore" subagent is turned off'):
        await client.call("session.tasks.startAgent", **AGENT)
    await client.call("session.tasks.startAgent", **{**AGENT, "agentType": "task"})
    await client.until("subagent.completed")
    assert [request.model for request in asked_of(runtime) if request.agent_id] == ["model-t"]
    await client.call("session.tools.updateSubagentSettings", subagents=None)
    await client.call("session.tasks.startAgent", **AGENT)


async def test_calls_that_wait_for_a_client_are_listed(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[Call("deploy", {"to": "prod"})]), Reply("done")]))
    await client.open(tools=[tool("deploy", skipPermission=True)])
    assert await client.call("session.tools.listPendingRequests") == {"items": []}
    await client.send("go")
    request = (await client.until("external_tool.requested"))["data"]
    (item,) = (await client.call("session.tools.listPendingRequests"))["items"]
    assert item == {
        "requestId": request["requestId"],
        "toolCallId": request["toolCallId"],
        "toolName": "deploy",
        "arguments": {"to": "prod"},
    }
    answer = {"requestId": request["requestId"], "result": "deployed"}
    await client.call("session.tools.handlePendingToolCall", **answer)
    assert await client.call("session.tools.listPendingRequests") == {"items": []}
    await client.until("session.idle")


async def test_a_client_runs_a_tool_of_the_session(start: Start, join: Join, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello\n")
    client = await join(start())
    await client.open(workingDirectory=str(tmp_path))

    async def execute(name: str, **arguments: object) -> Json:
        result: Json = await client.call("session.tools.execute", name=name, arguments=arguments)
        return result

    assert (await execute("view", path="a.txt"))["resultType"] == "denied"
    await client.call("session.permissions.setApproveAll", enabled=True)
    shown = await execute("view", path="a.txt")
    assert (shown["resultType"], "hello" in shown["textResultForLlm"]) == ("success", True)
    assert (await execute("view"))["resultType"] == "failure"
    assert (await execute("nothing"))["error"] == "Tool 'nothing' does not exist."
    with pytest.raises(RpcError, match="name: expected the name of a tool"):
        await execute("")
    assert not client.of("tool.execution_start")


async def test_the_built_in_tools_are_described(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    tools = {
        tool["name"]: tool for tool in (await client.call("session.tools.getBuiltinDescriptors"))["tools"]
    }
    assert tools["view"]["inputSchema"]["required"] == ["path"]
    assert (tools["task_complete"]["isTerminal"], tools["bash"]["isTerminal"]) == (True, False)


async def test_a_local_session_has_no_host_that_completes_and_no_copy_to_show(
    start: Start, join: Join
) -> None:
    client = await join(start())
    await client.open()
    assert await client.call("session.completions.getTriggerCharacters") == {"triggerCharacters": []}
    assert await client.call("session.completions.request", text="@a", offset=2) == {"items": []}
    assert await client.call("session.visibility.get") == {"synced": False}
    assert await client.call("session.visibility.set", status="repo") == {"synced": False}
    with pytest.raises(RpcError, match="Session not found"):
        await client.call("session.visibility.get", sessionId="nobody")
