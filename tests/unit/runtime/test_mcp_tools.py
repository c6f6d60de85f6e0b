"""MCP servers of a session: how they are started, what their tools give, and how they end."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from copilot_sdk.errors import InternalError
from copilot_sdk.runtime import Call, Reply
from copilot_sdk.runtime.core.mcp import host
from tests.support import mcp_server
from tests.support.mcp_forge import Forge
from tests.support.mcp_workshop import INSTRUCTIONS, WorkshopOverHTTP
from tests.unit.runtime.harness import Join, Start, asked_of, is_alive, types
from tests.unit.runtime.mcp_stage import called, calling, forge, listed, opened, server

__all__ = ["forge"]


async def test_the_tools_of_a_server_run(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(
        start, join, calling("my-shop-echo", text="hey"), mcpServers={"my shop": server(forge)}
    )
    done = await called(client)
    assert done["success"]
    assert done["result"]["content"] == "hey"
    assert done["result"]["contents"] == [{"type": "text", "text": "hey"}]
    (begun,) = client.of("tool.execution_start")
    assert begun["mcpServerName"] == "my shop"
    assert begun["mcpToolName"] == "echo"
    assert begun["toolTitle"] == "Echo"
    assert begun["mcpTransport"] == "stdio"
    (loaded,) = client.of("session.mcp_servers_loaded")
    (shown,) = loaded["servers"]
    assert shown["status"] == "connected"
    assert shown["displayName"] == "The Workshop"
    assert shown["serverMetadata"] == {"instructions": INSTRUCTIONS}


async def test_servers_are_started_when_they_are_first_needed(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(start, join, [], mcpServers={"shop": server(forge)})
    assert not client.of("session.mcp_server_status_changed")
    assert (await listed(client))["shop"]["status"] == "connected"
    changes = [data["status"] for data in client.of("session.mcp_server_status_changed")]
    assert changes == ["pending", "connected"]
    (tools,) = client.of("session.mcp_server_tools_loaded")
    assert tools["serverName"] == "shop"
    assert tools["toolCount"] > 10


@pytest.mark.parametrize("transport", ["http", "sse"])
async def test_servers_are_reached_over_http_too(start: Start, join: Join, transport: str) -> None:
    with WorkshopOverHTTP(transport) as remote:
        settings = {"type": transport, "url": remote.url, "headers": {"X-Who": "me"}, "tools": ["*"]}
        client = await opened(start, join, calling("web-echo", text="hey"), mcpServers={"web": settings})
        assert (await called(client))["result"]["content"] == "hey"
        assert (await listed(client))["web"]["url"] == remote.url
        assert {request.get("x-who") for request in remote.requests} == {"me"}
        await client.call("session.destroy")


async def test_only_the_tools_that_are_wanted_are_offered(start: Start, join: Join, forge: Forge) -> None:
    servers = {
        "some": server(forge, tools=["echo", "note"], excludeTools=["note"]),
        "none": server(forge, tools=[]),
    }
    runtime = start([Reply("ok")])
    client = await join(runtime)
    await client.open(mcpServers=servers, excludedTools=["view"])
    await client.turn("go")
    offered = {tool.name for tool in asked_of(runtime)[0].tools}
    assert {name for name in offered if name.startswith(("some-", "none-"))} == {"some-echo"}


async def test_results_of_every_kind_are_told(start: Start, join: Join, forge: Forge) -> None:
    runtime = start(calling("shop-show"))
    client = await join(runtime)
    await client.open(mcpServers={"shop": server(forge)})
    result = (await called(client))["result"]
    assert result["content"] == 'all kindsfirst memo\n\n{"kinds":6}'
    assert result["structuredContent"] == {"kinds": 6}
    kinds = [block["type"] for block in result["contents"]]
    assert kinds == ["text", "image", "audio", "resource", "resource", "resource_link"]
    assert [binary["type"] for binary in result["binaryResultsForLlm"]] == ["image", "resource"]
    assert asked_of(runtime)[1].messages[-1].text == result["content"]


async def test_an_error_of_a_tool_is_a_failure(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(
        start, join, calling("shop-fail", reason="bad wood"), mcpServers={"shop": server(forge)}
    )
    done = await called(client)
    assert not done["success"]
    assert done["error"] == {"message": "MCP server 'shop': bad wood", "code": "failure"}
    assert done["result"]["contents"] == [{"type": "text", "text": "bad wood"}]


async def test_an_error_of_the_protocol_is_a_failure(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(
        start, join, calling("shop-ask_color"), mcpServers={"shop": server(forge)}, requestElicitation=True
    )
    assert "MCP error" in (await called(client))["error"]["message"]


async def test_progress_is_told(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(start, join, calling("shop-work"), mcpServers={"shop": server(forge)})
    await called(client)
    told = [data["progressMessage"] for data in client.of("tool.execution_progress")]
    assert told == ["1.0/2.0 (50%): half way", "2.0/2.0 (100%)"]


async def test_a_call_that_takes_too_long_is_given_up(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(
        start, join, calling("shop-wait"), mcpServers={"shop": server(forge, timeout=3_000)}
    )
    message = (await called(client))["error"]["message"]
    assert message == "MCP server 'shop': MCP request timed out after 3000 ms"


async def test_a_turn_can_be_aborted_in_the_middle_of_a_call(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(start, join, calling("shop-wait"), mcpServers={"shop": server(forge)})
    await client.send("go")
    await client.until("tool.execution_start")
    await client.call("session.abort")
    assert client.of("tool.execution_complete")[0]["error"]["code"] == "aborted"
    assert (await listed(client))["shop"]["status"] == "connected"


async def test_a_server_gets_variables_and_a_folder(
    start: Start, join: Join, forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHO", "joiner")
    (tmp_path / "bench").mkdir()
    settings = server(forge, env={"GREETING": "hi ${WHO}"}, cwd="bench")
    client = await opened(
        start,
        join,
        calling("shop-surroundings", name="GREETING"),
        mcpServers={"shop": settings},
        workingDirectory=str(tmp_path),
    )
    assert (await called(client))["result"]["content"] == f"hi joiner in {tmp_path / 'bench'}"


async def test_variables_can_be_looked_up(
    start: Start, join: Join, forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHO", "joiner")
    monkeypatch.setenv("GH_TOKEN", "secret")
    client = await opened(
        start,
        join,
        [*calling("shop-surroundings", name="GREETING"), *calling("shop-variables")],
        mcpServers={"shop": server(forge, env={"GREETING": "WHO"})},
        envValueMode="indirect",
    )
    assert (await called(client))["result"]["content"].startswith("joiner in ")
    assert "GH_TOKEN" not in (await called(client))["result"]["content"].split()
    assert await client.call("session.mcp.setEnvValueMode", mode="direct") == {"mode": "direct"}
    with pytest.raises(InternalError, match="direct, indirect"):
        await client.call("session.mcp.setEnvValueMode", mode="bogus")


async def test_servers_that_fail_say_why(start: Start, join: Join) -> None:
    dying = [sys.executable, "-S", "-c", "import sys; sys.exit('no wood')"]
    client = await opened(
        start,
        join,
        [],
        mcpServers={
            "gone": {"command": "/no/such", "args": []},
            "dead": {"command": dying[0], "args": dying[1:]},
            "late": {"command": "sleep", "args": ["1000"], "timeout": 200},
            "refused": {"type": "http", "url": "http://127.0.0.1:9/mcp"},
        },
    )
    errors = {name: found["error"] for name, found in (await listed(client)).items()}
    assert errors["gone"] == "failed to spawn MCP server process: No such file or directory (os error 2)"
    assert errors["dead"].endswith("the MCP initialize handshake; last stderr: no wood")
    assert errors["late"] == "MCP request timed out after 200 ms"
    assert errors["refused"].startswith("failed to initialize MCP client: ")
    host_state = (await client.call("session.mcp.list"))["host"]
    assert set(host_state["failedServers"]) == {"gone", "dead", "late", "refused"}
    assert host_state["clients"] == []


async def test_a_server_that_dies_is_told_of(start: Start, join: Join, forge: Forge) -> None:
    replies = [*calling("shop-crash"), *calling("shop-echo", text="hey")]
    client = await opened(
        start,
        join,
        replies,
        mcpServers={"shop": server(forge)},
        managedSettings={"permissions": {"allow": ["Mcp(shop)"]}},
    )
    message = (await called(client))["error"]["message"]
    assert message == "MCP server 'shop': MCP request failed: MCP transport closed before the tool responded"
    (removed,) = client.of("session.mcp_server_removed")
    assert removed == {"serverName": "shop"}
    assert (await listed(client))["shop"]["error"] == "MCP connection closed unexpectedly"
    assert (await called(client))["error"]["message"] == "Tool 'shop-echo' does not exist."
    await client.call("session.mcp.startServer", serverName="shop")
    assert (await client.call("session.mcp.isServerRunning", serverName="shop")) == {"running": True}


async def test_a_server_ends_with_all_that_it_started(start: Start, join: Join, tmp_path: Path) -> None:
    note = tmp_path / "pids"
    script = f'sleep 1000 & echo $$ $! > "{note}"; exec {sys.executable} -S "{mcp_server.__file__}"'
    client = await opened(
        start,
        join,
        calling("old-echo", text="hey"),
        mcpServers={"old": {"command": "sh", "args": ["-c", script]}},
    )
    assert (await called(client))["result"]["content"] == "hey"
    processes = [int(text) for text in note.read_text().split()]
    assert all(is_alive(process) for process in processes)
    await client.call("session.destroy")
    for process in processes:
        await client.until_dead(process)


async def test_a_session_can_end_while_servers_are_starting(start: Start, join: Join, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = f'echo $$ > "{note}"; exec sleep 1000'
    client = await opened(
        start, join, [Reply("ok")], mcpServers={"late": {"command": "sh", "args": ["-c", script]}}
    )
    await client.send("go")
    await client.until("session.mcp_server_status_changed", status="pending")
    while not note.exists() or not note.read_text():
        await client.call("ping")
    await client.call("session.destroy")
    await client.until_dead(int(note.read_text()))


async def test_turns_can_go_on_without_servers_that_are_slow(start: Start, join: Join) -> None:
    late = {"command": "sleep", "args": ["1000"]}
    client = await opened(start, join, [Reply("ok")], mcpServers={"late": late})
    assert await client.call("session.mcp.moveLoadingToBackground") == {"movedToBackground": False}
    await client.send("go")
    await client.until("session.mcp_server_status_changed", status="pending")
    assert await client.call("session.mcp.moveLoadingToBackground") == {"movedToBackground": True}
    await client.until("session.idle")
    assert client.of("session.mcp_servers_loaded")[0]["servers"][0]["status"] == "pending"


async def test_new_tools_are_offered_from_the_next_model_call_on(
    start: Start, join: Join, forge: Forge
) -> None:
    runtime = start([Reply(calls=[Call("old-grow")]), Reply(calls=[Call("old-fresh")]), Reply("Done.")])
    client = await join(runtime)
    await client.open(mcpServers={"old": server(forge, "--as-before")}, requestPermission=True)
    await client.send("go")
    asked = (await client.until("permission.requested"))["data"]
    await client.call(
        "session.permissions.handlePendingPermissionRequest",
        requestId=asked["requestId"],
        result={"kind": "approve-once"},
    )
    await client.until("session.idle")
    assert client.of("tool.execution_complete")[1]["result"]["content"] == "fresh"
    told = [kind for kind in types(client.events) if kind.endswith("list_changed")]
    assert told == ["mcp.tools.list_changed", "mcp.resources.list_changed", "mcp.prompts.list_changed"]


async def test_the_configuration_of_the_user_counts_too(
    start: Start, join: Join, forge: Forge, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    config = {
        "mcpServers": {"mine": server(forge), "both": server(forge, tools=["echo"]), "off": server(forge)}
    }
    (home / "mcp-config.json").write_text(json.dumps(config))
    (home / "settings.json").write_text(json.dumps({"disabledMcpServers": ["off"]}))
    runtime = start([Reply("ok")])
    client = await join(runtime)
    await client.open(mcpServers={"both": server(forge, tools=["note"])}, disabledMcpServers=["other"])
    await client.turn("go")
    offered = {tool.name for tool in asked_of(runtime)[0].tools}
    assert {name for name in offered if name.startswith("both-")} == {"both-note"}
    assert "mine-echo" in offered
    states = {name: found["status"] for name, found in (await listed(client)).items()}
    assert states == {"mine": "connected", "both": "connected", "off": "disabled", "other": "disabled"}


async def test_an_agent_of_the_application_has_servers_of_its_own(
    start: Start, join: Join, forge: Forge
) -> None:
    start_agent = Call(
        "task", {"agent_type": "joiner", "prompt": "go", "name": "j", "description": "d", "mode": "sync"}
    )
    runtime = start(
        [
            Reply(calls=[start_agent]),
            Reply(calls=[Call("bench-echo", {"text": "hey"})]),
            Reply("Sawn."),
            Reply("Done."),
        ]
    )
    client = await join(runtime)
    agent = {"name": "joiner", "prompt": "saw", "mcpServers": {"bench": server(forge)}}
    await client.open(customAgents=[agent])
    await client.turn("go")
    results = [data["result"]["content"] for data in client.of("tool.execution_complete")]
    assert results[0] == "hey"
    requests = asked_of(runtime)
    assert not any(tool.name.startswith("bench-") for tool in requests[0].tools)
    assert any(tool.name == "bench-echo" for tool in requests[1].tools)
    assert await listed(client) == {}


async def test_without_the_package_servers_are_refused(
    start: Start, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "find_spec", lambda name: None)
    client = await join(start())
    with pytest.raises(InternalError, match=r"install copilot-sdk\[mcp\]"):
        await client.open(mcpServers={"shop": {"command": "true"}})
    await client.open()
    with pytest.raises(InternalError, match=r"install copilot-sdk\[mcp\]"):
        await client.call("session.mcp.startServer", serverName="shop", config={"command": "true"})


async def test_settings_that_say_nothing_are_refused(start: Start, join: Join) -> None:
    client = await join(start())
    with pytest.raises(InternalError, match=r"mcpServers\.bad: server config must define command or url"):
        await client.open(mcpServers={"bad": {"tools": ["*"]}})


async def test_no_task_is_left_behind(start: Start, join: Join, forge: Forge, stack: AsyncExitStack) -> None:
    before = asyncio.all_tasks()
    runtime = start(calling("shop-echo", text="hey"))
    client = await join(runtime)
    await client.open(mcpServers={"shop": server(forge)})
    await called(client)
    await stack.aclose()
    assert asyncio.all_tasks() <= before
