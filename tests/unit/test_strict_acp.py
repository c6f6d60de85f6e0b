"""What an agent in this process sends is held to the schema, whichever test it runs in."""

from __future__ import annotations

import asyncio

from copilot_sdk import acp
from copilot_sdk.acp.types import (
    AgentMessageChunk,
    PromptRequest,
    PromptResponse,
    TextContent,
)
from copilot_sdk.transports.memory import memory_pair
from tests.support.acp_wire import WireClient, speaking
from tests.support.strict_peer import FAULTS


class Careless(acp.Agent):
    """Sends members and values that the schema does not know."""

    async def prompt(self, params: PromptRequest) -> PromptResponse:
        session = self.session(params.session_id)
        chunk = AgentMessageChunk(content=TextContent(text="Hi"))
        await session.update(chunk)
        await session.update(AgentMessageChunk.model_validate({**chunk.to_wire(), "loud": True}))
        return PromptResponse(stop_reason="tired")


async def test_what_an_agent_sends_and_the_schema_forbids_is_kept() -> None:
    ours, theirs = memory_pair()
    client = WireClient(ours)
    serving = asyncio.create_task(acp.serve(Careless(), theirs))
    async with speaking(client):
        session_id = (await client.call("session/new", {"cwd": "/", "mcpServers": []}))["sessionId"]
        await client.call("session/prompt", {"sessionId": session_id, "prompt": []})
    await serving
    found = [fault.partition(":")[0] for fault in FAULTS]
    FAULTS.clear()
    assert found == ["params of session/update", "result of session/prompt"]
    assert [fault.partition(":")[0] for fault in client.faults] == found
