"""Conversations with the daemon of tau."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from copilot_sdk.agents._conversation import Conversation
from copilot_sdk.agents.events import Done, Other, Text, Thinking, Tool
from copilot_sdk.tau import Client, connect

if TYPE_CHECKING:
    import os

    from copilot_sdk.agents._prompt import Emit
    from copilot_sdk.agents.events import AgentEvent
    from copilot_sdk.tau.events import ChatEvent


C_co = TypeVar("C_co", covariant=True)


@dataclass(frozen=True, slots=True)
class TauSession(Generic[C_co]):
    """A session of the daemon.

    Attributes:
        client: The client of the daemon.
        id: Identifier of the session.
    """

    client: C_co
    id: str


class TauConversation(Conversation[TauSession[Client], "ChatEvent"]):
    """A session of the daemon, which stays there when the conversation is closed. No permission is asked.

    Args:
        client: The client, an open one; one of the daemon on this machine is made when it is left out.
        cwd: The folder that the agent works in.
        model: Its model; the daemon's choice when left out.
    """

    def __init__(self, client: Client | None, cwd: str | os.PathLike[str], model: str | None) -> None:
        super().__init__()
        self._client = client
        self._cwd = str(Path(cwd).resolve())
        self._model = model

    async def _open(self, resources: AsyncExitStack) -> TauSession[Client]:
        client = self._client
        if client is None:
            client = await resources.enter_async_context(connect())
        created = await client.rpc.create_session(cwd=self._cwd, model=self._model)
        return TauSession(client, created.session_id)

    async def _run(self, native: TauSession[Client], text: str, emit: Emit[ChatEvent]) -> Done:
        chat = native.client.chat(native.id, text)
        async for event in chat:
            await emit(_told(event))
        result = await chat
        return Done(result.text, "aborted" if result.cancelled else "end_turn", result)

    async def _abort(self, native: TauSession[Client]) -> None:
        await native.client.rpc.cancel_chat(session_id=native.id)


def _told(event: ChatEvent) -> AgentEvent[ChatEvent]:
    from copilot_sdk.tau import events

    match event:
        case events.TextDeltaEvent(delta=text):
            return Text(text, event)
        case events.ThinkingDeltaEvent(delta=text):
            return Thinking(text, event)
        case events.ToolCallEndEvent(tool_call=call):
            return Tool(call.id, call.name, "running", call.arguments, None, event)
        case events.ToolOutputDeltaEvent(tool_call_id=call_id, delta=output):
            return Tool(call_id, "", "running", None, output, event)
        case events.ToolResultEvent(tool_call_id=call_id, tool_name=name, is_error=failed, content=output):
            return Tool(call_id, name, "failed" if failed else "completed", None, output, event)
        case _:
            return Other(event)
