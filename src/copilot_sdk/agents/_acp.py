"""Conversations over the Agent Client Protocol."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeAlias

from copilot_sdk.acp import Session, connect
from copilot_sdk.acp.permissions import approve_once, reject
from copilot_sdk.agents._conversation import Conversation
from copilot_sdk.agents.events import Done, Other, Text, Thinking, Tool

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from copilot_sdk._connect import Connector
    from copilot_sdk._generated.acp.types import (
        RequestPermissionRequest,
        SessionUpdate,
        ToolCall,
        ToolCallUpdate,
    )
    from copilot_sdk.acp.options import ClientOptions
    from copilot_sdk.acp.permissions import PermissionAnswer
    from copilot_sdk.agents._prompt import Emit
    from copilot_sdk.agents.events import AgentEvent, ToolStatus
    from copilot_sdk.transports.base import Transport

_Event: TypeAlias = "AgentEvent[SessionUpdate]"
_ABORTED = "cancelled"
_ENDED: dict[str, ToolStatus] = {"completed": "completed", "failed": "failed"}


class ACPConversation(Conversation[Session, "SessionUpdate"]):
    """A session of an agent, in which files and commands are this machine's only if the options say so.

    Args:
        agent: The command that starts the agent, or a way to one that runs.
        cwd: The folder that the agent works in.
        options: What the client takes.
        forks: The conversations that share the connection, by the identifiers of their sessions.
    """

    def __init__(
        self,
        agent: Sequence[str] | Transport | Connector,
        cwd: str | os.PathLike[str],
        options: ClientOptions,
        forks: dict[str, ACPConversation] | None = None,
    ) -> None:
        super().__init__()
        self._agent = agent
        self._cwd = cwd
        self._options = options
        self._forks = {} if forks is None else forks

    async def _open(self, resources: AsyncExitStack) -> Session:
        options: ClientOptions = {"on_permission": self._decide, **self._options}
        client = await resources.enter_async_context(connect(self._agent, **options))
        return await self._enter(await client.new_session(self._cwd), resources)

    async def _enter(self, session: Session, resources: AsyncExitStack) -> Session:
        self._forks[session.id] = self
        resources.callback(self._forks.pop, session.id)
        return await resources.enter_async_context(session)

    async def _decide(self, request: RequestPermissionRequest) -> PermissionAnswer:
        asked = self._forks.get(request.session_id)
        title = request.tool_call.title or request.tool_call.kind or request.tool_call.tool_call_id
        return approve_once() if asked is not None and await asked._permit(title, request) else reject()

    async def _run(self, native: Session, text: str, emit: Emit[SessionUpdate]) -> Done:
        turn = native.prompt(text)
        said: list[str] = []
        async for update in turn:
            event = _told(update)
            if isinstance(event, Text):
                said.append(event.text)
            await emit(event)
        response = await turn
        reason = "aborted" if response.stop_reason == _ABORTED else response.stop_reason
        return Done("".join(said), reason, response)

    async def _fork(self, native: Session) -> Conversation[Session, SessionUpdate]:
        fork = ACPConversation(self._agent, self._cwd, self._options, self._forks)
        await fork._adopt(await native.fork())
        return fork

    async def _adopt(self, session: Session) -> None:
        self._native = await self._enter(session, self._resources)

    async def _abort(self, native: Session) -> None:
        await native.cancel()


def _told(update: SessionUpdate) -> _Event:
    from copilot_sdk.acp import types

    match update:
        case types.AgentMessageChunk(content=types.TextContent(text=text)):
            return Text(text, update)
        case types.AgentThoughtChunk(content=types.TextContent(text=text)):
            return Thinking(text, update)
        case types.ToolCall() | types.ToolCallUpdate():
            status = _ENDED.get(update.status or "", "running")
            name = update.name or update.title or ""
            return Tool(update.tool_call_id, name, status, update.raw_input, _output(update), update)
        case _:
            return Other(update)


def _output(update: ToolCall | ToolCallUpdate) -> str | None:
    from copilot_sdk.acp import types

    texts = [
        item.content.text
        for item in update.content or ()
        if isinstance(item, types.Content) and isinstance(item.content, types.TextContent)
    ]
    return "\n".join(texts) if texts else None
