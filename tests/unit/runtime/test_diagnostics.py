"""`session.diagnostics`: what happens on the connections to MCP servers is kept as far as clients want it."""

from __future__ import annotations

import asyncio
import json

import pytest

from copilot_sdk.errors import InvalidParams
from copilot_sdk.runtime.core.diagnostics import Diagnostics
from tests.support.mcp_forge import Forge
from tests.unit.runtime.harness import Client, Join, Json, Start
from tests.unit.runtime.mcp_stage import forge, opened, server

__all__ = ["forge"]


async def entries(client: Client, **params: object) -> list[Json]:
    """What is read."""
    read = await client.call("session.diagnostics.read", sources=["mcp"], **params)
    found: list[Json] = read["entries"]
    return found


async def keep(client: Client, level: str) -> None:
    """Sets how much is kept."""
    sources = {"mcp": {"level": level}}
    assert await client.call("session.diagnostics.configure", sources=sources) == {"sources": sources}


async def test_the_life_of_a_connection_and_its_messages_are_kept(
    start: Start, join: Join, forge: Forge
) -> None:
    client = await opened(start, join, [])
    await keep(client, "debug")
    await client.call("session.mcp.startServer", serverName="shop", config=server(forge))
    await client.call("session.mcp.stopServer", serverName="shop")
    kept = await entries(client)
    about = {"kind": "lifecycle", "serverName": "shop", "connectionId": "mcp-1"}
    assert [entry["message"] for entry in kept if entry["details"] == about] == [
        "starting stdio MCP connection",
        "stdio MCP connection initialized",
        "MCP connection stopped",
    ]
    frames = [json.loads(entry["details"]["data"]) for entry in kept if "data" in entry["details"]]
    assert "tools/list" in {frame.get("method") for frame in frames}
    assert any("tools" in frame.get("result", {}) for frame in frames)


async def test_what_a_server_says_on_stderr_and_why_it_failed_are_kept(start: Start, join: Join) -> None:
    client = await opened(start, join, [])
    await keep(client, "warning")
    program = "echo seeds >&2; echo rain >&2; exit 3"
    bad = {"type": "local", "command": "sh", "args": ["-c", program], "tools": ["*"]}
    with pytest.raises(Exception, match="last stderr: rain"):
        await client.call("session.mcp.startServer", serverName="bad", config=bad)
    assert [(entry["level"], entry["message"]) for entry in await entries(client)] == [
        ("warning", "seeds"),
        ("warning", "rain"),
        ("error", "MCP server process exited before completing the MCP initialize handshake"),
        ("error", 'MCP connection failed for "bad"'),
    ]
    await keep(client, "off")
    assert await entries(client) == []


async def test_a_reader_goes_on_where_it_was(start: Start, join: Join, forge: Forge) -> None:
    client = await opened(start, join, [])
    await keep(client, "info")
    await client.call("session.mcp.startServer", serverName="shop", config=server(forge))
    first = await client.call("session.diagnostics.read", sources=["mcp"], max=1)
    assert (len(first["entries"]), first["hasMore"]) == (1, True)
    rest = await client.call("session.diagnostics.read", sources=["mcp"], cursor=first["cursor"])
    assert (len(rest["entries"]), rest["hasMore"], rest["cursorStatus"]) == (1, False, "ok")
    await keep(client, "off")
    again = await client.call("session.diagnostics.read", sources=["mcp"], cursor=first["cursor"])
    assert (again["entries"], again["cursorStatus"]) == ([], "expired")


async def test_a_reader_waits_for_what_comes_next() -> None:
    diagnostics = Diagnostics()
    diagnostics.configure("info")
    reading = asyncio.create_task(diagnostics.read(None, None, 10, 60))
    await asyncio.sleep(0)
    diagnostics.note("debug", "Too much.", {})
    diagnostics.note("error", "Enough.", {})
    page = await reading
    assert [entry.message for entry in page.entries] == ["Enough."]


async def test_a_reader_that_is_too_slow_learns_what_it_has_missed() -> None:
    diagnostics = Diagnostics()
    diagnostics.configure("info")
    for number in range(1_003):
        diagnostics.note("info", str(number), {})
    page = await diagnostics.read(2, diagnostics.series, 1, 0)
    assert (page.dropped, page.expired, page.entries[0].message) == (2, True, "3")


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"sources": ["disk"]}, "sources: expected mcp, got 'disk'"),
        ({"sources": ["mcp"], "cursor": "none"}, "invalid diagnostics cursor"),
        ({"sources": ["mcp"], "max": 0}, "max must be 1 through 500"),
        ({"sources": ["mcp"], "waitMs": 30_001}, "waitMs must be 0 through 30000"),
    ],
)
async def test_a_reader_is_told_what_is_wrong(start: Start, join: Join, params: Json, problem: str) -> None:
    client = await opened(start, join, [])
    with pytest.raises(InvalidParams, match=problem):
        await client.call("session.diagnostics.read", **params)


async def test_a_level_has_to_be_known(start: Start, join: Join) -> None:
    client = await opened(start, join, [])
    for sources, problem in (({}, "at least mcp"), ({"mcp": {"level": "loud"}}, "got 'loud'")):
        with pytest.raises(InvalidParams, match=problem):
            await client.call("session.diagnostics.configure", sources=sources)
