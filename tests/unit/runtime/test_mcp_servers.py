"""The methods of `session.mcp` that look after servers, and `mcp.config`."""

from __future__ import annotations

import asyncio
import gc
import json
from pathlib import Path

import pytest

from copilot_sdk.errors import InternalError
from copilot_sdk.runtime import Reply
from tests.support.mcp_forge import Forge
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of
from tests.unit.runtime.mcp_stage import called, calling, forge, listed, opened, server

__all__ = ["forge"]

LOCAL = {"type": "local", "command": "/bin/one", "args": ["a"], "tools": ["*"]}
REMOTE = {"type": "http", "url": "http://127.0.0.1:1/mcp", "tools": ["*"], "headers": {"A": "b"}}


def _changes(client: Client) -> list[tuple[str, str]]:
    told = client.of("session.mcp_server_status_changed")
    return [(data["serverName"], data["status"]) for data in told]


async def _configured(client: Client) -> dict[str, Json]:
    found = (await client.call("session.mcp.listConfigured"))["servers"]
    return {entry["name"]: entry for entry in found}


async def test_the_tools_of_a_server_are_listed_as_it_describes_them(
    start: Start, join: Join, forge: Forge
) -> None:
    client = await opened(
        start, join, [], mcpServers={"shop": server(forge), "gone": {"command": "/no/such"}}
    )
    tools = (await client.call("session.mcp.listTools", serverName="shop"))["tools"]
    (echo,) = (tool for tool in tools if tool["name"] == "echo")
    assert echo["inputSchema"]["required"] == ["text"]
    with pytest.raises(InternalError, match='MCP server "nope" is not connected'):
        await client.call("session.mcp.listTools", serverName="nope")
    with pytest.raises(InternalError, match="failed to spawn"):
        await client.call("session.mcp.listTools", serverName="gone")


async def test_nobody_complains_of_a_connection_that_nobody_waits_for_any_more(
    start: Start, join: Join
) -> None:
    complaints: list[Json] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    client = await join(start())
    mute = {"command": "sh", "args": ["-c", "cat >/dev/null"], "tools": ["*"], "timeout": 10}
    await client.open(mcpServers={"mute": mute})
    await client.turn("hi")
    assert _changes(client)[-1] == ("mute", "failed")
    gc.collect()
    assert complaints == []


async def test_a_server_can_be_stopped_and_started_again(start: Start, join: Join, forge: Forge) -> None:
    replies = [*calling("shop-echo", text="a"), *calling("shop-echo", text="b")]
    client = await opened(start, join, replies, mcpServers={"shop": server(forge)})
    await client.call("session.mcp.stopServer", serverName="shop")
    assert await client.call("session.mcp.isServerRunning", serverName="shop") == {"running": False}
    assert (await listed(client))["shop"]["status"] == "stopped"
    assert (await _configured(client))["shop"]["live"] == {"status": "stopped", "toolsLoaded": False}
    assert not (await called(client))["success"]
    await client.call("session.mcp.startServer", serverName="shop")
    assert await client.call("session.mcp.isServerRunning", serverName="shop") == {"running": True}
    assert (await called(client))["success"]
    await client.call("session.mcp.startServer", serverName="shop")
    assert [status for _, status in _changes(client)] == [
        *("pending", "connected"),
        "stopped",
        *("pending", "connected"),
    ]
    await client.call("session.mcp.stopServer", serverName="nope")
    assert _changes(client)[-1] == ("nope", "not_configured")


async def test_a_server_can_be_added(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(start, join, calling("more-echo", text="hey"))
    await client.call("session.mcp.startServer", serverName="more", config=server(forge))
    assert (await called(client))["result"]["content"] == "hey"
    with pytest.raises(InternalError, match='MCP server "nope" has no installed config to restart'):
        await client.call("session.mcp.startServer", serverName="nope")
    with pytest.raises(InternalError, match="server config must define command or url"):
        await client.call("session.mcp.startServer", serverName="bad", config={"nope": 1})
    with pytest.raises(InternalError, match="failed to spawn MCP server process"):
        await client.call("session.mcp.startServer", serverName="gone", config={"command": "/no/such"})


async def test_a_server_can_be_restarted(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(start, join, [], mcpServers={"shop": server(forge)})
    await client.call("session.mcp.restartServer", serverName="shop")
    assert [status for _, status in _changes(client)] == [
        *("pending", "connected"),
        "not_configured",
        *("pending", "connected"),
    ]
    with pytest.raises(InternalError, match='MCP server "nope" has no installed config to restart'):
        await client.call("session.mcp.restartServer", serverName="nope")


async def test_a_server_can_be_turned_off_and_on(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(start, join, [], mcpServers={"shop": server(forge)}, disabledMcpServers=["shop"])
    assert (await _configured(client))["shop"]["enabled"] is False
    await client.call("session.mcp.startServer", serverName="shop")
    assert (await client.call("session.mcp.list"))["host"]["disabledServers"] == ["shop"]
    await client.call("session.mcp.enable", serverName="shop")
    assert (await listed(client))["shop"]["status"] == "connected"
    await client.call("session.mcp.disable", serverName="shop")
    assert (await listed(client))["shop"]["status"] == "disabled"
    await client.call("session.mcp.disable", serverName="nope")
    assert (await listed(client))["nope"]["status"] == "disabled"
    await client.call("session.mcp.enable", serverName="nope")
    assert "nope" not in await listed(client)


async def test_all_servers_can_be_connected_anew(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(
        start, join, [], mcpServers={"shop": server(forge), "off": server(forge)}, disabledMcpServers=["off"]
    )
    await client.call("session.mcp.reload")
    assert {name: found["status"] for name, found in (await listed(client)).items()} == {
        "shop": "connected",
        "off": "disabled",
    }
    assert _changes(client).count(("shop", "connected")) == 2


async def test_servers_can_be_replaced(start: Start, join: Join, forge: Forge) -> None:
    runtime = start([Reply("ok")])
    client = await join(runtime)
    await client.open(mcpServers={"shop": server(forge)})
    await listed(client)
    config = {
        "mcpServers": {"only": server(forge), "gone": {"command": "/no/such"}},
        "disabledServers": ["x"],
    }
    result = await client.call("session.mcp.reloadWithConfig", config=config)
    (failed,) = result["failedServers"]
    assert failed["name"] == "gone"
    assert {name: found["status"] for name, found in (await listed(client)).items()} == {
        "only": "connected",
        "gone": "failed",
        "x": "disabled",
    }
    assert ("shop", "not_configured") in _changes(client)
    await client.turn("go")
    offered = {tool.name.partition("-")[0] for tool in asked_of(runtime)[0].tools}
    assert "only" in offered
    assert "shop" not in offered
    with pytest.raises(InternalError, match="config: expected an object"):
        await client.call("session.mcp.reloadWithConfig", config=3)


async def test_what_needs_github_or_the_same_process_is_told_apart(start: Start, join: Join) -> None:
    client = await opened(start, join, [])
    assert await client.call("session.mcp.removeGitHub") == {"removed": False}
    assert await client.call("session.mcp.configureGitHub", authInfo={}) == {"changed": False}
    for method in ("registerExternalClient", "unregisterExternalClient"):
        with pytest.raises(InternalError, match="in-process"):
            await client.call(f"session.mcp.{method}", serverName="a", client={}, transport={}, config={})


async def test_the_configuration_is_kept_in_a_file(start: Start, join: Join, tmp_path: Path) -> None:
    client = await join(start())
    assert await client.call("mcp.config.list") == {"servers": {}}
    await client.call("mcp.config.add", name="one", config=LOCAL)
    await client.call("mcp.config.add", name="web", config=REMOTE)
    stored = json.loads((tmp_path / "home" / "mcp-config.json").read_text())["mcpServers"]
    assert stored["one"]["command"] == "/bin/one"
    assert stored["web"]["headers"] == {"A": "b"}
    with pytest.raises(InternalError, match=r"MCP server 'one' already exists\. Use 'mcp\.config\.update'"):
        await client.call("mcp.config.add", name="one", config=LOCAL)
    with pytest.raises(InternalError, match=r"mcpServers\.bad: server config must define command or url"):
        await client.call("mcp.config.add", name="bad", config={"nope": 1})
    await client.call("mcp.config.update", name="one", config={**LOCAL, "command": "/bin/two"})
    servers = (await client.call("mcp.config.list"))["servers"]
    assert servers["one"]["command"] == "/bin/two"
    await client.call("mcp.config.remove", name="one")
    assert set((await client.call("mcp.config.list"))["servers"]) == {"web"}
    for method, more in (("update", {"config": LOCAL}), ("remove", {})):
        with pytest.raises(InternalError, match="MCP server 'zzz' not found"):
            await client.call(f"mcp.config.{method}", name="zzz", **more)


async def test_servers_are_found_where_they_are_configured(start: Start, join: Join, tmp_path: Path) -> None:
    client = await join(start())
    await client.call("mcp.config.add", name="a/b", config=LOCAL)
    await client.call("mcp.config.add", name="web", config=REMOTE)
    await client.call("mcp.config.disable", names=["a/b", "other"])
    settings = json.loads((tmp_path / "home" / "settings.json").read_text())
    assert settings == {"disabledMcpServers": ["a/b", "other"]}
    one, web = (await client.call("mcp.discover", includeEffectiveSource=True))["servers"]
    assert (one["name"], one["type"], one["source"], one["enabled"]) == ("a/b", "stdio", "user", False)
    assert one["effectiveSource"]["file"]["jsonPointer"] == "/mcpServers/a~1b"
    assert (web["type"], web["enabled"]) == ("http", True)
    await client.call("mcp.config.enable", names=["a/b"])
    await client.call("mcp.config.reload")
    found = (await client.call("mcp.discover"))["servers"]
    assert [entry["enabled"] for entry in found] == [True, True]
    assert "effectiveSource" not in found[0]
    assert await client.call("mcp.listBuiltinServerNames") == {"names": []}


async def test_a_configuration_that_cannot_be_read_is_told_of(
    start: Start, join: Join, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "mcp-config.json").write_text("{nope")
    client = await join(start())
    with pytest.raises(InternalError, match="Failed to read configuration from"):
        await client.call("mcp.config.list")
    await client.open()
    assert await listed(client) == {}
