"""Conversations with agents that speak `synaps rpc`."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from copilot_sdk.agents._conversation import Conversation
from copilot_sdk.agents.events import Done, Other, Text, Thinking, Tool
from copilot_sdk.synaps import Client

if TYPE_CHECKING:
    from copilot_sdk.agents._prompt import Emit
    from copilot_sdk.agents.events import AgentEvent
    from copilot_sdk.synaps.events import SynapsEvent


class SynapsConversation(Conversation[Client, "SynapsEvent"]):
    """The session of an agent. Such agents do as they see fit: no permission is asked.

    Args:
        client: The client, which is not started yet.
    """

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client

    async def _open(self, resources: AsyncExitStack) -> Client:
        return await resources.enter_async_context(self._client)

    async def _run(self, native: Client, text: str, emit: Emit[SynapsEvent]) -> Done:
        turn = native.prompt(text)
        async for event in turn:
            await emit(_told(event))
        result = await turn
        return Done(result.text, "aborted" if result.cancelled else "end_turn", result)

    async def _abort(self, native: Client) -> None:
        await native.abort()


def _told(event: SynapsEvent) -> AgentEvent[SynapsEvent]:
    from copilot_sdk.synaps import events

    match event:
        case events.TextDelta(delta=text):
            return Text(text, event)
        case events.ThinkingDelta(delta=text):
            return Thinking(text, event)
        case events.ToolcallStart(tool_id=tool_id, tool_name=name):
            return Tool(tool_id, name, "running", None, None, event)
        case events.ToolcallInput(tool_id=tool_id, input=arguments):
            return Tool(tool_id, "", "running", arguments, None, event)
        case events.ToolcallResult(tool_id=tool_id, result=output):
            return Tool(tool_id, "", "completed", None, output, event)
        case _:
            return Other(event)
