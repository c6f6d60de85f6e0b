"""One answer of a model: told piece by piece while it comes, and as a whole at its end."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import ModelFault
from copilot_sdk.runtime.core.mcp.tool import MCPTool
from copilot_sdk.runtime.core.model_choice import AUTO
from copilot_sdk.runtime.core.models.base import (
    Completed,
    ModelEvent,
    ReasoningDelta,
    TextDelta,
    Thought,
    ToolCall,
    ToolCallDelta,
    Usage,
)

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.agent import Agent
    from copilot_sdk.runtime.core.session import Session
    from copilot_sdk.runtime.core.tools.base import Tool


_ORIGIN = ("toolTitle", "mcpServerName", "mcpToolName")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model answered."""

    text: str
    tool_calls: Sequence[ToolCall]
    finish_reason: str
    usage: Usage
    thought: Thought | None = None


class AnswerStream:
    """Takes the pieces of one answer and emits their events."""

    def __init__(self, agent: Agent, turn_id: str) -> None:
        self._agent = agent
        self._turn_id = turn_id
        self._message_id = new_id()
        self._reasoning_id = new_id()
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._named: set[str] = set()
        self._started = time.monotonic()
        self._first_token: float | None = None
        self._end: Completed | None = None

    def take(self, event: ModelEvent) -> None:
        """Takes in one piece."""
        if self._first_token is None:
            self._first_token = time.monotonic()
        match event:
            case TextDelta(text):
                self._say(text)
            case ReasoningDelta(text):
                self._think(text)
            case ToolCallDelta():
                self._write(event)
            case Completed():
                self._end = event

    def _say(self, text: str) -> None:
        agent, first = self._agent, not self._text
        self._text.append(text)
        if not agent.streams:
            return
        self._grow(text)
        if first:
            agent.emit(types.AssistantMessageStartData(message_id=self._message_id))
        agent.emit(
            types.AssistantMessageDeltaData(
                message_id=self._message_id, delta_content=text, parent_tool_call_id=agent.parent_call_id
            )
        )

    def _think(self, text: str) -> None:
        self._reasoning.append(text)
        if self._agent.streams:
            self._grow(text)
            self._agent.emit(
                types.AssistantReasoningDeltaData(reasoning_id=self._reasoning_id, delta_content=text)
            )

    def _write(self, piece: ToolCallDelta) -> None:
        if self._agent.streams:
            self._grow(piece.text if piece.id in self._named else piece.name + piece.text)
            self._named.add(piece.id)
            self._agent.emit(
                types.AssistantToolCallDeltaData(
                    tool_call_id=piece.id,
                    tool_name=piece.name,
                    tool_type="function",
                    input_delta=piece.text,
                )
            )

    def _grow(self, text: str) -> None:
        exchange = self._agent.exchange
        exchange.response_bytes += len(text.encode("utf-8", "surrogatepass"))
        told = types.AssistantStreamingDeltaData(total_response_size_bytes=exchange.response_bytes)
        self._agent.emit(told)

    def finish(self) -> Answer:
        """Emits what is told at the end and returns the whole.

        Raises:
            ModelFault: There is no answer.
        """
        end = self._end
        if end is None:
            raise ModelFault("the model broke off its answer", retryable=True)
        text = "".join(self._text)
        thought = self._thought(end)
        if not text and not end.tool_calls and not self._reasoning:
            raise ModelFault("The model returned an empty response", retryable=False)
        self._report_usage(end)
        self._report_message(text, end)
        if self._reasoning:
            told = types.AssistantReasoningData(
                reasoning_id=self._reasoning_id, content="".join(self._reasoning)
            )
            self._agent.session.emit(told, agent_id=self._agent.id, ephemeral=True)
        return Answer(text, end.tool_calls, end.finish_reason, end.usage, thought)

    def _thought(self, end: Completed) -> Thought | None:
        if not (self._reasoning or end.opaque or end.encrypted):
            return None
        return Thought("".join(self._reasoning), end.opaque, end.encrypted)

    def _report_usage(self, end: Completed) -> None:
        agent = self._agent
        milliseconds = int((time.monotonic() - self._started) * 1000)
        first = self._first_token or self._started
        of_user = agent.exchange.of_user and self._turn_id == "0" and not agent.exchange.asked_again
        agent.session.usage.record_call(agent.model_id, end.usage, milliseconds, main_agent=agent.id is None)
        agent.session.credits.note(end.usage.ai_credits)
        told = usage_data(end, agent.session, agent.model_id, milliseconds)
        told.time_to_first_token_ms = int((first - self._started) * 1000) if agent.streams else None
        told.initiator = "sub-agent" if agent.id is not None else "user" if of_user else "agent"
        told.is_auto = agent.session.model_id == AUTO
        told.parent_tool_call_id = agent.parent_call_id
        agent.emit(told)
        if agent.id is None:
            tokens = end.usage.input_tokens + end.usage.output_tokens
            agent.session.modes.objective.note_use(tokens, end.usage.ai_credits)

    def _report_message(self, text: str, end: Completed) -> None:
        agent = self._agent
        origin = agent.exchange.message_id
        tools = agent.tools() if end.tool_calls else {}
        agent.emit(
            types.AssistantMessageData(
                message_id=self._message_id,
                model=agent.model_id,
                content=text,
                tool_requests=[_request(call, tools.get(call.name)) for call in end.tool_calls],
                reasoning_text="".join(self._reasoning) or None,
                reasoning_opaque=end.opaque,
                encrypted_content=end.encrypted,
                interaction_id=agent.exchange.id,
                api_call_id=end.call_id,
                turn_id=self._turn_id,
                parent_tool_call_id=agent.parent_call_id,
            ),
            extra=None if origin is None else {"originatingMessageId": origin},
        )


def usage_data(end: Completed, session: Session, model: str, milliseconds: int) -> types.AssistantUsageData:
    """What is told of any call of a model that took so long."""
    usage = end.usage
    measured = usage != Usage()
    return types.AssistantUsageData(
        model=model,
        input_tokens=usage.input_tokens if measured else None,
        output_tokens=usage.output_tokens if measured else None,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.reasoning_tokens or None,
        duration=milliseconds,
        cost=0,
        is_byok=session.config.provider is not None,
        num_tool_calls=len(end.tool_calls),
        tool_counts=dict(Counter(call.name for call in end.tool_calls)),
        api_call_id=end.call_id,
        api_endpoint=end.api_endpoint,
        finish_reason=end.finish_reason or None,
    )


def _request(call: ToolCall, tool: Tool | None) -> types.AssistantMessageToolRequest:
    origin: Mapping[str, object] = tool.origin if isinstance(tool, MCPTool) else {}
    return types.AssistantMessageToolRequest.model_validate(
        {
            "toolCallId": call.id,
            "name": call.name,
            "arguments": readable_arguments(call.arguments),
            "type": "function",
            **{name: origin[name] for name in _ORIGIN if name in origin},
        }
    )


def readable_arguments(text: str) -> object:
    """The arguments of a tool call as JSON; the text itself if it is none."""
    try:
        return json.loads(text or "{}")
    except ValueError:
        return text
