"""Conversations over the Copilot protocol."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, TypeAlias

from copilot_sdk.agents._conversation import Conversation
from copilot_sdk.agents.events import Done, Other, Text, Thinking, Tool
from copilot_sdk.client import CopilotClient
from copilot_sdk.permissions import approve_once, reject
from copilot_sdk.session import Session

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.events import SessionEvent
    from copilot_sdk._generated.copilot.types import PermissionRequest
    from copilot_sdk.agents._prompt import Emit
    from copilot_sdk.agents.events import AgentEvent, ToolStatus
    from copilot_sdk.options import SessionCreateOptions
    from copilot_sdk.permissions import PermissionAnswer, PermissionInvocation

_Event: TypeAlias = "AgentEvent[SessionEvent]"
_DENIED = "Permission was refused."


class CopilotConversation(Conversation[Session, "SessionEvent"]):
    """A session of a Copilot runtime.

    Args:
        client: The client, an open one; the Copilot CLI is started when it is left out.
        options: How to create the session.
        session_id: The session to take up instead.
    """

    def __init__(
        self, client: CopilotClient | None, options: SessionCreateOptions, *, session_id: str | None = None
    ) -> None:
        super().__init__()
        self._client = client
        self._options = options
        self._session_id = session_id

    async def _open(self, resources: AsyncExitStack) -> Session:
        if self._client is None:
            self._client = await resources.enter_async_context(CopilotClient())
        options: Any = {"on_permission": self._decide, "streaming": True, **self._options}
        if self._session_id is None:
            opening = self._client.create_session(**options)
        else:
            opening = self._client.resume_session(self._session_id, **options)
        return await resources.enter_async_context(await opening)

    async def _decide(self, request: PermissionRequest, invocation: PermissionInvocation) -> PermissionAnswer:
        shown: Any = invocation.prompt_request or request
        title = getattr(shown, "intention", None) or getattr(shown, "tool_title", None) or shown.kind
        if not await self._permit(str(title), request):
            return reject(_DENIED)
        return approve_once(interactively=invocation.managed_approval_required)

    async def _run(self, native: Session, text: str, emit: Emit[SessionEvent]) -> Done:
        turn = native.send(text)
        reading = _Reading()
        async for event in turn:
            await emit(reading.told(event))
        result = await turn
        return Done(result.text, "aborted" if result.aborted else "end_turn", result)

    async def _fork(self, native: Session) -> Conversation[Session, SessionEvent]:
        assert self._client is not None  # noqa: S101 - the conversation is open
        forked = await self._client.rpc.sessions.fork(session_id=native.id)
        options: Any = {name: value for name, value in self._options.items() if name != "session_id"}
        fork = CopilotConversation(self._client, options, session_id=forked.session_id)
        await fork.start()
        return fork

    async def _abort(self, native: Session) -> None:
        await native.abort()


class _Reading:
    """Tells the events of a turn alike: a message that was streamed is not told again when it is whole."""

    def __init__(self) -> None:
        self._streamed: set[str] = set()

    def told(self, event: SessionEvent) -> _Event:
        """What an event is in the words of this package."""
        from copilot_sdk import events

        if event.agent_id is not None:
            return Other(event)
        match event:
            case events.AssistantMessageDelta(data=data):
                self._streamed.add(data.message_id)
                return Text(data.delta_content, event)
            case events.AssistantMessage(data=data) if data.content and data.message_id not in self._streamed:
                return Text(data.content, event)
            case events.AssistantReasoningDelta(data=data):
                self._streamed.add(data.reasoning_id)
                return Thinking(data.delta_content, event)
            case events.AssistantReasoning(data=data) if data.reasoning_id not in self._streamed:
                return Thinking(data.content, event)
            case events.ToolExecutionStart(data=data):
                return Tool(data.tool_call_id, data.tool_name, "running", data.arguments, None, event)
            case events.ToolExecutionPartialResult(data=data):
                return Tool(data.tool_call_id, "", "running", None, data.partial_output, event)
            case events.ToolExecutionComplete(data=data):
                output = data.result.content if data.result else data.error.message if data.error else None
                status: ToolStatus = "completed" if data.success else "failed"
                return Tool(data.tool_call_id, "", status, None, output, event)
            case _:
                return Other(event)
