"""What MCP servers hold besides tools: resources, prompts, and the views of apps."""

from __future__ import annotations

import pytest

from copilot_sdk.errors import InternalError
from copilot_sdk.runtime import Reply
from tests.support.mcp_forge import Forge
from tests.unit.runtime.harness import Client, Join, Start, asked_of
from tests.unit.runtime.mcp_stage import forge, opened, server

__all__ = ["forge"]


@pytest.fixture
async def client(start: Start, join: Join, forge: Forge) -> Client:
    servers = {"shop": server(forge), "old": server(forge, "--as-before")}
    return await opened(start, join, [], mcpServers=servers, requestMcpApps=True)


@pytest.mark.parametrize("name", ["shop", "old"])
async def test_resources_are_listed_and_read(client: Client, name: str) -> None:
    found = (await client.call("session.mcp.resources.list", serverName=name))["resources"]
    assert {resource["uri"] for resource in found} == {"memo://one", "memo://blob", "ui://board"}
    (template,) = (await client.call("session.mcp.resources.listTemplates", serverName=name))[
        "resourceTemplates"
    ]
    assert template["uriTemplate"] == "memo://day/{day}"
    result = await client.call("session.mcp.resources.read", serverName=name, uri="memo://day/mon")
    assert result == {
        "contents": [{"uri": "memo://day/mon", "mimeType": "text/plain", "text": "memo of mon"}]
    }
    (blob,) = (await client.call("session.mcp.resources.read", serverName=name, uri="memo://blob"))[
        "contents"
    ]
    assert blob["blob"]


async def test_prompts_are_listed_and_filled_in(client: Client) -> None:
    (prompt,) = (await client.call("session.mcp.prompts.list", serverName="shop"))["prompts"]
    assert (prompt["name"], prompt["title"]) == ("review", "Review")
    assert prompt["arguments"][0]["required"] is True
    filled = await client.call(
        "session.mcp.prompts.get", serverName="shop", promptName="review", arguments={"code": "x=1"}
    )
    (message,) = filled["messages"]
    assert message == {"role": "user", "content": {"type": "text", "text": "Review this: x=1"}}


async def test_what_is_not_there_is_told_of(client: Client) -> None:
    with pytest.raises(InternalError, match="MCP server not connected: nope"):
        await client.call("session.mcp.resources.list", serverName="nope")
    with pytest.raises(InternalError, match=r"MCP resources/read failed for shop \(memo://zip\): MCP error"):
        await client.call("session.mcp.resources.read", serverName="shop", uri="memo://zip")
    with pytest.raises(InternalError, match="MCP prompts/get failed for shop: MCP error"):
        await client.call("session.mcp.prompts.get", serverName="shop", promptName="nope")


async def test_an_app_has_tools_and_a_view(client: Client) -> None:
    both = {"serverName": "shop", "originServerName": "shop"}
    names = {tool["name"] for tool in (await client.call("session.mcp.apps.listTools", **both))["tools"]}
    assert {"board", "echo"} <= names
    assert "advise" not in names
    result = await client.call("session.mcp.apps.callTool", **both, toolName="board", arguments={"size": 3})
    assert result["content"] == [{"type": "text", "text": "a board of 3"}]
    view = await client.call("session.mcp.apps.readResource", serverName="shop", uri="ui://board")
    assert view["contents"][0]["text"] == "<p>board</p>"


async def test_an_app_may_not_call_what_is_not_its_own(client: Client) -> None:
    with pytest.raises(InternalError, match='"advise" of MCP server "shop" is not open to apps'):
        await client.call(
            "session.mcp.apps.callTool", serverName="shop", originServerName="shop", toolName="advise"
        )
    with pytest.raises(InternalError, match='app loaded from "old" cannot call board on "shop"'):
        await client.call(
            "session.mcp.apps.callTool", serverName="shop", originServerName="old", toolName="board"
        )
    with pytest.raises(InternalError, match="Cross-server MCP App tools/list is not allowed"):
        await client.call("session.mcp.apps.listTools", serverName="shop", originServerName="old")


async def test_apps_are_told_where_they_are_shown(client: Client) -> None:
    assert await client.call("session.mcp.apps.getHostContext") == {"context": {}}
    context = {"theme": "dark", "locale": "de"}
    await client.call("session.mcp.apps.setHostContext", context=context)
    assert await client.call("session.mcp.apps.getHostContext") == {"context": context}


async def test_apps_can_be_diagnosed(client: Client) -> None:
    found = await client.call("session.mcp.apps.diagnose", serverName="shop")
    assert found["capability"] == {"sessionHasMcpApps": True, "featureFlagEnabled": True, "advertised": True}
    assert found["server"]["connected"] is True
    assert found["server"]["sampleToolNames"] == ["board", "advise"]
    nothing = {"connected": False, "toolCount": 0, "toolsWithUiMeta": 0, "sampleToolNames": []}
    assert (await client.call("session.mcp.apps.diagnose", serverName="zz"))["server"] == nothing


@pytest.mark.parametrize("apps", [True, False])
async def test_tools_of_apps_are_offered_to_the_model_only_where_there_are_no_apps(
    start: Start, join: Join, forge: Forge, apps: bool
) -> None:
    runtime = start([Reply("ok")])
    client = await join(runtime)
    opened = await client.open(mcpServers={"shop": server(forge)}, requestMcpApps=apps)
    assert opened["capabilities"]["ui"]["mcpApps"] is apps
    await client.turn("go")
    names = {tool.name for tool in asked_of(runtime)[0].tools}
    assert ("shop-board" in names) is not apps
    assert "shop-advise" in names
    if not apps:
        with pytest.raises(InternalError, match='The "mcp-apps" capability is not available'):
            await client.call("session.mcp.apps.readResource", serverName="shop", uri="ui://board")
