"""What MCP servers, and calls of their tools, want to know: permissions, hooks, forms, the model."""

from __future__ import annotations

import asyncio

import pytest

from copilot_sdk.errors import InternalError
from copilot_sdk.runtime import Call, ModelFault, Reply
from tests.support.mcp_forge import Forge
from tests.unit.runtime.harness import Client, Join, Json, Start
from tests.unit.runtime.mcp_stage import called, calling, forge, opened, server

__all__ = ["forge"]

QUESTION = {"messages": [{"role": "user", "content": {"type": "text", "text": "sky?"}}], "maxTokens": 10}


async def _decide(client: Client, **decision: object) -> Json:
    asked: Json = (await client.until("permission.requested"))["data"]
    await client.call(
        "session.permissions.handlePendingPermissionRequest", requestId=asked["requestId"], result=decision
    )
    return asked


async def test_a_tool_that_changes_something_is_asked_about(start: Start, join: Join, forge: Forge) -> None:
    replies = [Reply(calls=[Call("my-shop-note", {"text": "a"})])] * 2 + [Reply("Done.")]
    client = await opened(start, join, replies, mcpServers={"my shop": server(forge)}, requestPermission=True)
    await client.send("go")
    approval = {"kind": "mcp", "serverName": "my shop", "toolName": "note"}
    asked = await _decide(client, kind="approve-for-session", approval=approval)
    request, prompt = asked["permissionRequest"], asked["promptRequest"]
    assert (request["kind"], request["serverName"], request["toolName"]) == ("mcp", "my shop", "my-shop-note")
    assert (request["readOnly"], request["args"]) == (False, {"text": "a"})
    assert (prompt["kind"], prompt["toolName"], prompt["toolTitle"]) == ("mcp", "note", "note")
    await client.until("session.idle")
    assert len(client.of("permission.requested")) == 1
    assert [data["success"] for data in client.of("tool.execution_complete")] == [True, True]


async def test_a_call_can_be_rejected(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(
        start,
        join,
        calling("shop-note", text="a"),
        mcpServers={"shop": server(forge)},
        requestPermission=True,
    )
    await client.send("go")
    await _decide(client, kind="reject", feedback="no")
    await client.until("session.idle")
    error = client.of("tool.execution_complete")[0]["error"]
    assert error == {"message": "The user rejected this tool call. User feedback: no", "code": "denied"}


async def test_what_only_reads_needs_no_asking_but_can_be_forbidden(
    start: Start, join: Join, forge: Forge
) -> None:
    replies = [*calling("shop-echo", text="a"), *calling("shop-echo", text="a")]
    client = await opened(start, join, replies, mcpServers={"shop": server(forge)}, requestPermission=True)
    assert (await called(client))["success"]
    await client.call(
        "session.permissions.configure",
        rules={"approved": [], "denied": [{"kind": "shop", "argument": "echo"}]},
    )
    assert (await called(client))["error"]["message"].endswith("denied by the rules `shop(echo)`")


async def test_a_hook_sees_a_call_and_gives_it_meta(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(
        start, join, calling("shop-echo", text="a"), mcpServers={"shop": server(forge)}, hooks=True
    )
    seen: list[Json] = []

    def answer(params: Json) -> Json:
        if params["hookType"] != "preMcpToolCall":
            return {}
        seen.append(params["input"])
        return {"output": {"metaToUse": {"example.org/trace": "1"}}}

    client.answers["hooks.invoke"] = answer
    assert (await called(client))["success"]
    (told,) = seen
    assert (told["serverName"], told["toolName"], told["arguments"]) == ("shop", "echo", {"text": "a"})


async def test_a_server_can_ask_the_user(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(
        start,
        join,
        calling("old-ask_color"),
        mcpServers={"old": server(forge, "--as-before")},
        requestElicitation=True,
    )
    await client.send("go")
    asked = (await client.until("elicitation.requested"))["data"]
    assert (asked["elicitationSource"], asked["mode"], asked["message"]) == ("old", "form", "Which color?")
    assert asked["requestedSchema"]["required"] == ["color"]
    await client.call(
        "session.ui.handlePendingElicitation",
        requestId=asked["requestId"],
        result={"action": "accept", "content": {"color": "blue"}},
    )
    await client.until("session.idle")
    assert client.of("tool.execution_complete")[0]["result"]["content"] == "accept: blue"


async def test_a_server_cannot_ask_a_user_who_is_not_there(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(
        start, join, calling("old-ask_color"), mcpServers={"old": server(forge, "--as-before")}
    )
    assert not (await called(client))["success"]
    assert not client.of("elicitation.requested")


async def test_a_server_can_ask_the_model_if_a_client_lets_it(start: Start, join: Join, forge: Forge) -> None:
    replies = [Reply(calls=[Call("old-ask_model", {"question": "sky?"})]), Reply("blue"), Reply("Done.")]
    runtime = start(replies)
    client = await join(runtime)
    await client.open(mcpServers={"old": server(forge, "--as-before")}, model="m1")
    await client.send("go")
    asked = (await client.until("sampling.requested"))["data"]
    assert asked["serverName"] == "old"
    assert asked["request"]["systemPrompt"] == "Answer in a word."
    outcome = await client.call(
        "session.mcp.executeSampling",
        requestId=asked["requestId"],
        serverName="old",
        mcpRequestId=asked["mcpRequestId"],
        request=asked["request"],
    )
    assert outcome["action"] == "success"
    assert outcome["result"]["content"] == {"type": "text", "text": "blue"}
    answer = {"requestId": asked["requestId"], "response": outcome["result"]}
    assert await client.call("session.ui.handlePendingSampling", **answer) == {"success": True}
    await client.until("session.idle")
    assert client.of("tool.execution_complete")[0]["result"]["content"] == "m1: blue"
    assert client.of("sampling.completed") == [{"requestId": asked["requestId"]}]
    assert await client.call("session.ui.handlePendingSampling", **answer) == {"success": False}


async def test_a_client_can_turn_sampling_down(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(
        start,
        join,
        calling("old-ask_model", question="sky?"),
        mcpServers={"old": server(forge, "--as-before")},
    )
    await client.send("go")
    asked = (await client.until("sampling.requested"))["data"]
    await client.call("session.ui.handlePendingSampling", requestId=asked["requestId"])
    await client.until("session.idle")
    assert "turned the sampling request down" in client.of("tool.execution_complete")[0]["error"]["message"]


async def test_sampling_that_fails_says_why(start: Start, join: Join) -> None:
    client = await opened(start, join, [Reply(error=ModelFault("no such model"))])
    asked = {"requestId": "q", "serverName": "old", "mcpRequestId": 7}
    outcome = await client.call("session.mcp.executeSampling", **asked, request=QUESTION)
    assert outcome == {"action": "failure", "error": "no such model"}
    with pytest.raises(InternalError, match="missing field `maxTokens`"):
        await client.call("session.mcp.executeSampling", **asked, request={"messages": []})


async def test_sampling_can_be_stopped(start: Start, join: Join) -> None:
    client = await opened(start, join, [Reply("never", hold=asyncio.Event(), hold_after=0)])
    asked = {"requestId": "q", "serverName": "old", "mcpRequestId": 7, "request": QUESTION}
    running = asyncio.ensure_future(client.call("session.mcp.executeSampling", **asked))
    while not (await client.call("session.mcp.cancelSamplingExecution", requestId="q"))["cancelled"]:
        continue
    assert await running == {"action": "cancelled"}
    assert await client.call("session.mcp.cancelSamplingExecution", requestId="q") == {"cancelled": False}


async def test_a_server_that_asks_for_roots_hears_of_none(start: Start, join: Join, forge: Forge) -> None:
    servers = {"shop": server(forge, "--as-before")}
    client = await opened(start, join, calling("shop-roots"), mcpServers=servers)
    done = await called(client)
    assert (done["success"], done["result"]["content"]) == (True, "")
