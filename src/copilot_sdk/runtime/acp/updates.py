"""What happens in a session, as updates of the protocol: live, and once more when a session is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from copilot_sdk._generated.acp.types import (
    AgentMessageChunk,
    AgentThoughtChunk,
    CompactionUpdate,
    ContentBlock,
    ImageContent,
    Plan,
    PlanEntry,
    SessionInfoUpdate,
    SessionUpdate,
    Terminal,
    TextContent,
    ToolCall,
    ToolCallUpdate,
    UsageUpdate,
    UserMessageChunk,
)
from copilot_sdk._model.json_values import is_object, objects_in
from copilot_sdk.runtime.acp.tool_looks import look_of, result_content, text_content
from copilot_sdk.runtime.core.clock import stamp
from copilot_sdk.runtime.core.log import Event

Json = Mapping[str, object]
Tell = Callable[[Event], Iterator[SessionUpdate]]

_PLAN_STATUS = {"in_progress": "in_progress", "done": "completed"}
_COMPACTED = {"applied": "completed", "cancelled": "cancelled"}


class Updates:
    """Tells of the events of one session. What background agents say and do is left to them.

    Args:
        folder: Gives the working directory of the session.
        compaction: Whether the client wants to know of compactions.
    """

    def __init__(self, folder: Callable[[], Path], *, compaction: bool = False) -> None:
        self._folder = folder
        self._compaction = compaction
        self._calls: dict[str, tuple[str, object]] = {}
        self._in_terminals: set[str] = set()
        self._live: Mapping[str, Tell] = {
            "assistant.message_delta": self._said,
            "assistant.reasoning_delta": self._thought,
            "tool.execution_start": self._call_begins,
            "tool.execution_progress": self._call_goes_on,
            "tool.execution_partial_result": self._call_prints,
            "tool.execution_complete": self._call_ends,
            "permission.completed": self._permitted,
            "session.error": self._failed,
            "session.warning": self._warned,
            "session.info": self._informed,
            "session.title_changed": self._titled,
            "session.usage_info": self._weighed,
            "session.compaction_start": self._compacting,
            "session.compaction_complete": self._compacted,
        }
        self._replayed: Mapping[str, Tell] = {
            "user.message": self._user_said,
            "assistant.message": self._agent_said,
            "tool.execution_start": self._call_begins,
            "tool.execution_complete": self._call_ends,
            "session.error": self._failed,
        }

    def of(self, event: Event) -> Iterator[SessionUpdate]:
        """The updates for an event that has just happened."""
        tell = self._live.get(event.type)
        if tell is not None and event.agent_id is None:
            yield from tell(event)

    def remark(self, text: str) -> SessionUpdate:
        """The update for what the runtime itself has to say."""
        return AgentMessageChunk(content=_text(text))

    def running(self, name: str) -> str | None:
        """The id of the call of a tool that is under way; None if there is none."""
        return next((call_id for call_id, (tool, _) in self._calls.items() if tool == name), None)

    def in_terminal(self, call_id: str, terminal_id: str) -> SessionUpdate:
        """The update that shows a terminal in a tool call; from then on the terminal shows what the tool gives."""
        self._in_terminals.add(call_id)
        return ToolCallUpdate(
            tool_call_id=call_id, status="in_progress", content=[Terminal(terminal_id=terminal_id)]
        )

    def replay(self, events: Sequence[Event]) -> Iterator[SessionUpdate]:
        """The updates that tell a whole conversation once more."""
        for event in events:
            tell = self._replayed.get(event.type)
            if tell is not None and event.agent_id is None:
                yield from tell(event)

    def _said(self, event: Event) -> Iterator[SessionUpdate]:
        yield AgentMessageChunk(
            content=_text(event.data.get("deltaContent")), message_id=str(event.data.get("messageId"))
        )

    def _thought(self, event: Event) -> Iterator[SessionUpdate]:
        yield AgentThoughtChunk(
            content=_text(event.data.get("deltaContent")), message_id=str(event.data.get("reasoningId"))
        )

    def _call_begins(self, event: Event) -> Iterator[SessionUpdate]:
        call_id, name = str(event.data.get("toolCallId")), str(event.data.get("toolName"))
        arguments = event.data.get("arguments")
        self._calls[call_id] = (name, arguments)
        look = look_of(name, arguments, self._folder())
        call = ToolCall(
            tool_call_id=call_id,
            title=look.title,
            name=name,
            kind=look.kind,
            status="pending",
            raw_input=arguments,
        )
        if look.locations:
            call.locations = list(look.locations)
        if look.content:
            call.content = list(look.content)
        yield call

    def _call_goes_on(self, event: Event) -> Iterator[SessionUpdate]:
        yield ToolCallUpdate(
            tool_call_id=str(event.data.get("toolCallId")),
            status="in_progress",
            content=[text_content(str(event.data.get("progressMessage")))],
        )

    def _call_prints(self, event: Event) -> Iterator[SessionUpdate]:
        call_id = str(event.data.get("toolCallId"))
        if call_id in self._calls and call_id not in self._in_terminals:
            shown = text_content(str(event.data.get("partialOutput")))
            yield ToolCallUpdate(tool_call_id=call_id, content=[shown])

    def _call_ends(self, event: Event) -> Iterator[SessionUpdate]:
        call_id = str(event.data.get("toolCallId"))
        name, arguments = self._calls.pop(call_id, ("", None))
        result, error = event.data.get("result"), event.data.get("error")
        if event.data.get("success") is True and is_object(result):
            update = ToolCallUpdate(tool_call_id=call_id, status="completed", raw_output=result)
            if call_id not in self._in_terminals:
                update.content = result_content(name, arguments, result, self._folder())
            self._in_terminals.discard(call_id)
            yield update
            return
        self._in_terminals.discard(call_id)
        message = str(error.get("message", "")) if is_object(error) else ""
        yield ToolCallUpdate(
            tool_call_id=call_id, status="failed", content=[text_content(message)], raw_output=error
        )

    def _permitted(self, event: Event) -> Iterator[SessionUpdate]:
        result = event.data.get("result")
        call_id = str(event.data.get("toolCallId"))
        if is_object(result) and str(result.get("kind")).startswith("approved") and call_id in self._calls:
            yield ToolCallUpdate(tool_call_id=call_id, status="in_progress")

    def _failed(self, event: Event) -> Iterator[SessionUpdate]:
        yield self.remark(f"Error: {event.data.get('message')}")

    def _warned(self, event: Event) -> Iterator[SessionUpdate]:
        yield self.remark(f"Warning: {event.data.get('message')}")

    def _informed(self, event: Event) -> Iterator[SessionUpdate]:
        yield self.remark(f"Info: {event.data.get('message')}")

    def _titled(self, event: Event) -> Iterator[SessionUpdate]:
        yield SessionInfoUpdate(title=str(event.data.get("title")), updated_at=stamp(event.at))

    def _weighed(self, event: Event) -> Iterator[SessionUpdate]:
        used, size = event.data.get("currentTokens"), event.data.get("tokenLimit")
        if isinstance(used, int) and isinstance(size, int):
            yield UsageUpdate(used=used, size=size)

    def _compacting(self, event: Event) -> Iterator[SessionUpdate]:
        if self._compaction:
            yield CompactionUpdate(
                compaction_id=str(event.data.get("compactionAttemptId")), status="in_progress"
            )

    def _compacted(self, event: Event) -> Iterator[SessionUpdate]:
        if not self._compaction:
            return
        update = CompactionUpdate(
            compaction_id=str(event.data.get("compactionAttemptId")),
            status=_COMPACTED.get(str(event.data.get("outcome")), "failed"),
        )
        if isinstance(summary := event.data.get("summaryContent"), str):
            update.summary = [_text(summary)]
        if isinstance(error := event.data.get("error"), str):
            update.error = error
        yield update

    def _user_said(self, event: Event) -> Iterator[SessionUpdate]:
        if event.data.get("isAutopilotContinuation") is True:
            return
        message_id = str(event.data.get("messageId", event.id))
        content = str(event.data.get("content", ""))
        blocks = [_text(content)] if content else []
        blocks += [_picture(one) for one in objects_in(event.data.get("attachments")) if _is_picture(one)]
        yield from (UserMessageChunk(content=block, message_id=message_id) for block in blocks)

    def _agent_said(self, event: Event) -> Iterator[SessionUpdate]:
        message_id = str(event.data.get("messageId", event.id))
        if thought := event.data.get("reasoningText"):
            yield AgentThoughtChunk(content=_text(thought), message_id=f"{message_id}-thought")
        if text := event.data.get("content"):
            yield AgentMessageChunk(content=_text(text), message_id=message_id)


def plan_of(todos: Sequence[Json]) -> Plan:
    """The todos of an agent as a plan."""
    return Plan(
        entries=[
            PlanEntry(
                content=str(todo.get("title")),
                priority="medium",
                status=_PLAN_STATUS.get(str(todo.get("status")), "pending"),
            )
            for todo in todos
        ]
    )


def _text(text: object) -> ContentBlock:
    return TextContent(text=str(text))


def _is_picture(attachment: Json) -> bool:
    return attachment.get("type") == "blob" and str(attachment.get("mimeType")).startswith("image/")


def _picture(attachment: Json) -> ContentBlock:
    return ImageContent(data=str(attachment.get("data", "")), mime_type=str(attachment.get("mimeType")))
