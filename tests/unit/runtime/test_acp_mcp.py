"""MCP servers that a client of the Agent Client Protocol brings along."""

from __future__ import annotations

from pathlib import Path

import pytest

from copilot_sdk._generated.acp.types import (
    EnvVariable,
    HTTPHeader,
    MCPServerHTTP,
    MCPServerSSE,
    MCPServerStdio,
    NewSessionRequest,
)
from copilot_sdk.acp import Agent
from copilot_sdk.runtime import Call, Reply, ScriptedModel
from copilot_sdk.runtime.acp.settings import config_of
from copilot_sdk.runtime.acp.terminals import Show
from tests.support.acp_stage import stage
from tests.support.acp_wire import EVERYTHING
from tests.support.mcp_forge import Forge
from tests.support.mcp_workshop import WorkshopOverHTTP
from tests.unit.runtime.mcp_stage import forge

__all__ = ["forge"]


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        ({"action": "accept", "content": {"color": "red"}}, "accept: red"),
        ({"action": "decline"}, "decline: None"),
    ],
)
async def test_a_server_of_the_client_is_used_and_may_ask_the_user(
    answer: dict[str, object], result: str, forge: Forge, tmp_path: Path
) -> None:
    command, *arguments = forge.command("--as-before")
    server = {"name": "shop", "command": command, "args": arguments, "env": []}
    model = ScriptedModel([Reply(calls=[Call("shop-ask_color")]), Reply("Done.")])
    async with stage(tmp_path, model, capabilities=EVERYTHING) as client:
        client.answers["elicitation/create"] = lambda _: answer
        await client.prompt(await client.open(mcpServers=[server]), "Ask")
        (form,) = client.asked_for("elicitation/create")
        assert form["message"] == "Which color?"
        assert form["requestedSchema"]["properties"]["color"]["type"] == "string"
        assert client.told("tool_call_update")[-1]["content"][0]["content"]["text"] == result


@pytest.mark.parametrize("transport", ["http", "sse"])
async def test_a_server_of_the_client_is_reached_over_the_network(transport: str, tmp_path: Path) -> None:
    model = ScriptedModel([Reply(calls=[Call("shop-echo", {"text": "over there"})]), Reply("Done.")])
    with WorkshopOverHTTP(transport) as workshop:
        headers = [{"name": "X-Shop", "value": "ours"}]
        server = {"type": transport, "name": "shop", "url": workshop.url, "headers": headers}
        async with stage(tmp_path, model) as client:
            client.allow()
            await client.prompt(await client.open(mcpServers=[server]), "Ask")
            (call,) = client.told("tool_call")
            assert (call["name"], call["rawInput"]) == ("shop-echo", {"text": "over there"})
            assert client.told("tool_call_update")[-1]["content"][0]["content"]["text"] == "over there"
        assert workshop.requests
        assert all(request.get("x-shop") == "ours" for request in workshop.requests)


async def _show(call_id: str, terminal_id: str) -> None:
    """Shows nothing."""


def test_servers_are_reached_as_the_client_says(tmp_path: Path) -> None:
    show: Show = _show
    params = NewSessionRequest(
        cwd=str(tmp_path),
        mcp_servers=[
            MCPServerStdio(name="a", command="/a", args=["b"], env=[EnvVariable(name="C", value="d")]),
            MCPServerHTTP(name="e", url="http://e", headers=[HTTPHeader(name="F", value="g")]),
            MCPServerSSE(name="h", url="http://h", headers=[]),
        ],
    )
    servers = config_of(Agent(), "s", params, show).mcp_servers
    assert [(name, spec.transport, spec.url) for name, spec in servers.items()] == [
        ("a", "stdio", ""),
        ("e", "http", "http://e"),
        ("h", "sse", "http://h"),
    ]
    assert (servers["a"].command, servers["a"].arguments, servers["a"].environment) == (
        "/a",
        ("b",),
        {"C": "d"},
    )
    assert servers["e"].headers == {"F": "g"}
