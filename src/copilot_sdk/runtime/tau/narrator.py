"""Tells what the agent of a session does in the events of tau: each has the whole answer as far as it has come."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from copilot_sdk._generated.tau.types import (
    AgentDoneResponse,
    AgentPhase,
    AssistantMessage,
    CancelledResponse,
    DoneEvent,
    ErrorEvent,
    ErrorResponse,
    PhaseEvent,
    StartEvent,
    StatusEvent,
    StopReason,
    StreamEvent,
    StreamResponse,
    TextContent,
    TextDeltaEvent,
    TextEndEvent,
    TextStartEvent,
    ThinkingContent,
    ThinkingDeltaEvent,
    ThinkingEndEvent,
    ThinkingStartEvent,
    ToolCall,
    ToolCallContent,
    ToolCallDeltaEvent,
    ToolCallEndEvent,
    ToolCallStartEvent,
    ToolOutputDeltaEvent,
    ToolResultEvent,
    Usage,
    UserMessageResponse,
)
from copilot_sdk._model.json_values import is_object, objects_in
from copilot_sdk.runtime.core.log import Event
from copilot_sdk.runtime.tau.channel import Channel
from copilot_sdk.runtime.tau.history import assistant_message, no_usage, usage_of

Part = TextContent | ThinkingContent | ToolCallContent
Json = Mapping[str, object]


class Narrator:
    """Follows one session and tells its listeners.

    Attributes:
        phase: What the agent does.
        exit_status: How its last work ended; None before its first.
        usages: What each answer has used, by the id of its message.
        turn_started: When the turn began, in milliseconds since 1970; None while there is none.
        phase_started: When the phase began; None while there is no turn.
    """

    def __init__(self, channel: Channel) -> None:
        self.phase: AgentPhase = "Idle"
        self.exit_status: str | None = None
        self.usages: dict[str, Usage] = {}
        self.turn_started: int | None = None
        self.phase_started: int | None = None
        self._channel = channel
        self._model = ""
        self._parts: list[Part] = []
        self._open: TextContent | ThinkingContent | None = None
        self._usage = no_usage()
        self._cut_off = False
        self._tools: dict[str, str] = {}
        self._error: str | None = None

    @property
    def phase_event(self) -> PhaseEvent:
        """The event that says what the agent does."""
        event = PhaseEvent(phase=self.phase)
        if self.turn_started is not None:
            event.turn_started_at_ms = self.turn_started
        if self.phase_started is not None:
            event.phase_started_at_ms = self.phase_started
        return event

    def take(self, event: Event, model: str) -> None:
        """Take notice of an event of the session."""
        if event.agent_id is not None:
            return
        self._model = model
        data = event.data
        match event.type:
            case "user.message":
                self._begin(data)
            case "assistant.turn_start":
                self._parts, self._open, self._usage = [], None, no_usage()
                self._enter("Connecting")
            case "assistant.reasoning_delta":
                self._think(str(data.get("deltaContent", "")))
            case "assistant.message_delta":
                self._say(str(data.get("deltaContent", "")))
            case "assistant.usage":
                self._usage, self._cut_off = usage_of(data), data.get("finishReason") == "length"
            case "assistant.message":
                self._finish(data)
            case "assistant.turn_retry":
                self._enter("RateLimited")
            case "session.idle":
                self._rest(aborted=data.get("aborted") is True)
            case "session.error":
                self._fail(str(data.get("message", "")))
            case _:
                self._work(event.type, data)

    def note(self, text: str) -> None:
        """Tell people something."""
        self._stream(StatusEvent(message=text))

    def tool_output(self, call_id: str, text: str) -> None:
        """Tell what a tool has written while it runs."""
        self._stream(ToolOutputDeltaEvent(tool_call_id=call_id, delta=text))

    def _work(self, kind: str, data: Json) -> None:
        call = str(data.get("toolCallId", ""))
        match kind:
            case "tool.execution_start":
                self._tools[call] = str(data.get("toolName", ""))
                self._enter("ToolExec")
            case "tool.shell_output":
                self.tool_output(call, str(data.get("text", "")))
            case "tool.execution_complete":
                self._stream(_tool_result(call, self._tools.pop(call, ""), data))
            case "session.compaction_start":
                self._enter("Compacting")
            case "session.compaction_complete":
                self.note(_compaction(data))
                self._enter("Idle" if self.turn_started is None else "Preparing")
            case _:
                pass

    def _begin(self, data: Json) -> None:
        text, prompt = str(data.get("content", "")), data.get("messageId")
        self._channel.tell(UserMessageResponse(text=text), prompt=None if prompt is None else str(prompt))
        if self.turn_started is None:
            self.turn_started = _now()
            self._error = None
            self._enter("Preparing")

    def _enter(self, phase: AgentPhase) -> None:
        if phase != self.phase:
            self.phase, self.phase_started = phase, None if phase == "Idle" else _now()
            self._stream(self.phase_event, followers_only=phase == "Idle")

    def _stream(self, event: StreamEvent, *, followers_only: bool = False) -> None:
        self._channel.tell(StreamResponse(event=event), followers_only=followers_only)

    # ------------------------------------------------------------- an answer

    def _partial(self) -> AssistantMessage:
        return assistant_message(self._parts, self._model, self._usage)

    def _think(self, text: str) -> None:
        if not isinstance(self._open, ThinkingContent):
            self._open_part(ThinkingContent(thinking=""))
            self._enter("Thinking")
            self._stream(ThinkingStartEvent(content_index=self._index, partial=self._partial()))
        part = self._replace(ThinkingContent(thinking=self._text + text))
        self._open = part
        self._stream(ThinkingDeltaEvent(content_index=self._index, delta=text, partial=self._partial()))

    def _say(self, text: str) -> None:
        if not isinstance(self._open, TextContent):
            self._open_part(TextContent(text=""))
            self._enter("Responding")
            self._stream(TextStartEvent(content_index=self._index, partial=self._partial()))
        self._open = self._replace(TextContent(text=self._text + text))
        self._stream(TextDeltaEvent(content_index=self._index, delta=text, partial=self._partial()))

    @property
    def _index(self) -> int:
        return len(self._parts) - 1

    @property
    def _text(self) -> str:
        return (
            self._open.text
            if isinstance(self._open, TextContent)
            else self._open.thinking
            if self._open
            else ""
        )

    def _replace(self, part: TextContent | ThinkingContent) -> TextContent | ThinkingContent:
        self._parts[-1] = part
        return part

    def _open_part(self, part: TextContent | ThinkingContent) -> None:
        self._begin_answer()
        self._close_part()
        self._parts.append(part)
        self._open = part

    def _begin_answer(self) -> None:
        if not self._parts:
            self._stream(StartEvent(partial=self._partial()))

    def _close_part(self) -> None:
        index, partial = self._index, self._partial()
        match self._open:
            case TextContent(text=text):
                self._stream(TextEndEvent(content_index=index, content=text, partial=partial))
            case ThinkingContent(thinking=text):
                self._stream(ThinkingEndEvent(content_index=index, content=text, partial=partial))
            case None:
                pass
        self._open = None

    def _finish(self, data: Json) -> None:
        """The answer is whole; what was not streamed comes now."""
        reasoning, content = data.get("reasoningText"), data.get("content")
        kinds = {type(part) for part in self._parts}
        if isinstance(reasoning, str) and reasoning and ThinkingContent not in kinds:
            self._think(reasoning)
        if isinstance(content, str) and content and TextContent not in kinds:
            self._say(content)
        calls = objects_in(data.get("toolRequests"))
        self._begin_answer()
        self._close_part()
        for call in calls:
            self._call(call)
        message_id = str(data.get("messageId", ""))
        self.usages[message_id] = self._usage
        reason: StopReason = "tool_use" if calls else "length" if self._cut_off else "stop"
        message = assistant_message(self._parts, self._model, self._usage, reason)
        self._stream(DoneEvent(reason=reason, message=message))

    def _call(self, request: Json) -> None:
        arguments = request.get("arguments")
        call = ToolCall(
            id=str(request.get("toolCallId", "")), name=str(request.get("name", "")), arguments=arguments
        )
        self._parts.append(ToolCallContent(id=call.id, name=call.name, arguments=arguments))
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        index, partial = self._index, self._partial()
        self._stream(ToolCallStartEvent(content_index=index, partial=partial))
        self._stream(ToolCallDeltaEvent(content_index=index, delta=text, partial=partial))
        self._stream(ToolCallEndEvent(content_index=index, tool_call=call, partial=partial))

    # ---------------------------------------------------------------- the end

    def _fail(self, text: str) -> None:
        self._error = text
        message = assistant_message(self._parts, self._model, self._usage, "error")
        message.error_message = text
        self._stream(ErrorEvent(reason="error", error=message))

    def cut_off(self) -> None:
        """Tell that the work has ended with the session, which says so itself no more."""
        self._rest(aborted=True)

    def _rest(self, *, aborted: bool) -> None:
        error, self._error = self._error, None
        self.turn_started = None
        if aborted:
            self.exit_status = "cancelled"
            self._channel.tell(CancelledResponse())
        else:
            self.exit_status = "completed" if error is None else "error"
            if error is not None:
                self._channel.tell(ErrorResponse(message=f"agent error: {error}"))
            self._channel.tell(AgentDoneResponse())
        self._enter("Idle")


def _tool_result(call: str, name: str, data: Json) -> ToolResultEvent:
    result, error = data.get("result"), data.get("error")
    text = result.get("content") if is_object(result) else error.get("message") if is_object(error) else ""
    summary = result.get("summary") if is_object(result) else None
    return ToolResultEvent(
        tool_call_id=call,
        tool_name=name,
        is_error=data.get("success") is not True,
        content=str(text),
        summary=None if summary is None else str(summary),
    )


def _compaction(data: Json) -> str:
    if data.get("success") is True:
        return f"compacted: {data.get('messagesRemoved', 0)} messages gave way to a summary"
    return f"compaction failed: {data.get('error', 'nobody said why')}"


def _now() -> int:
    return int(time.time() * 1000)
