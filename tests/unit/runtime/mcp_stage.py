"""What the tests of MCP servers share."""

from __future__ import annotations

from collections.abc import Iterator

import mcp  # noqa: F401 - loaded before a test waits for it, because that takes seconds
import pytest

from copilot_sdk.runtime import Call, Reply
from tests.support.mcp_forge import Forge
from tests.unit.runtime.harness import Client, Join, Json, Start

SHOP = "shop"


@pytest.fixture(scope="session")
def forge() -> Iterator[Forge]:
    with Forge() as started:
        yield started


def server(forge: Forge, *arguments: str, **settings: object) -> Json:
    """The settings of a server that is a process."""
    command, *rest = forge.command(*arguments)
    return {"type": "stdio", "command": command, "args": rest, "tools": ["*"], **settings}


async def opened(start: Start, join: Join, replies: list[Reply], /, **options: object) -> Client:
    """A client whose session has servers."""
    client = await join(start(replies))
    await client.open(**options)
    return client


def calling(tool: str, **arguments: object) -> list[Reply]:
    """A model that calls one tool and then says "Done."."""
    return [Reply(calls=[Call(tool, arguments)]), Reply("Done.")]


async def called(client: Client) -> Json:
    """The `tool.execution_complete` of a turn with one tool call."""
    await client.turn("go")
    done: Json = client.of("tool.execution_complete")[-1]
    return done


async def listed(client: Client) -> dict[str, Json]:
    """The servers of the session, by name."""
    result = await client.call("session.mcp.list")
    return {found["name"]: found for found in result["servers"]}
