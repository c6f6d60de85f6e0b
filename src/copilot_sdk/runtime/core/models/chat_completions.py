"""The chat-completions API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from copilot_sdk._model.json_values import is_object, objects_in
from copilot_sdk.runtime.core.faults import ModelFault
from copilot_sdk.runtime.core.models.base import (
    Completed,
    Message,
    ModelEvent,
    ModelRequest,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from copilot_sdk.runtime.core.models.wire import Json, count, fault_in_stream

_NANO = 1_000_000_000


class ChatCompletions:
    """See `Wire`."""

    path = "/chat/completions"
    always_streams = False

    def body(self, request: ModelRequest, model: str, *, stream: bool, max_output_tokens: int | None) -> Json:
        """See `Wire.body`."""
        messages = [_wire_message(message) for message in _joined(request.messages)]
        body: Json = {"model": model, "messages": messages}
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": dict(tool.parameters),
                    },
                }
                for tool in request.tools
            ]
        if request.reasoning_effort:
            body["reasoning_effort"] = request.reasoning_effort
        if max_output_tokens:
            body["max_tokens"] = max_output_tokens
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body

    def answer(self) -> ChatAnswer:
        """See `Wire.answer`."""
        return ChatAnswer()


class ChatAnswer:
    """See `Answer`."""

    def __init__(self) -> None:
        self.ended = False
        self._finish_reason = ""
        self._usage = Usage()
        self._call_id: str | None = None
        self._calls: dict[int, list[str]] = {}

    def take(self, payload: Mapping[str, object]) -> list[ModelEvent]:
        """See `Answer.take`."""
        if "error" in payload:
            raise fault_in_stream(payload["error"])
        if self._call_id is None and isinstance(payload.get("id"), str):
            self._call_id = str(payload["id"])
        if is_object(usage := payload.get("usage")):
            self._usage = _usage(usage, payload.get("copilot_usage"))
        events: list[ModelEvent] = []
        for choice in objects_in(payload.get("choices")):
            if is_object(delta := choice.get("delta")):
                events += self._take_delta(delta)
            if choice.get("finish_reason"):
                self._finish_reason = str(choice["finish_reason"])
                self.ended = True
        return events

    def _take_delta(self, delta: Mapping[str, object]) -> list[ModelEvent]:
        events: list[ModelEvent] = []
        if text := delta.get("reasoning_content") or delta.get("reasoning"):
            events.append(ReasoningDelta(str(text)))
        if text := delta.get("content"):
            events.append(TextDelta(str(text)))
        for part in objects_in(delta.get("tool_calls")):
            index = part.get("index")
            call = self._calls.setdefault(index if isinstance(index, int) else len(self._calls), ["", "", ""])
            function = part.get("function")
            named = function if is_object(function) else {}
            call[0] = call[0] or str(part.get("id") or "")
            call[1] = call[1] or str(named.get("name") or "")
            if arguments := str(named.get("arguments") or ""):
                call[2] += arguments
                events += [ToolCallDelta(call[0], call[1], arguments)] if call[0] else []
        return events

    def take_whole(self, payload: Mapping[str, object]) -> Sequence[ModelEvent]:
        """See `Answer.take_whole`; several choices make one message."""
        choices = objects_in(payload.get("choices"))
        if not choices:
            raise ModelFault("the model provider answered without a choice", retryable=True)
        events: list[ModelEvent] = []
        number = 0
        for choice in choices:
            message = choice.get("message")
            delta = dict(message) if is_object(message) else {}
            calls = objects_in(delta.get("tool_calls"))
            delta["tool_calls"] = [{**call, "index": number + index} for index, call in enumerate(calls)]
            number += len(calls)
            events += self.take({"choices": [{**choice, "delta": delta}]})
        self.take({key: payload.get(key) for key in ("id", "usage", "copilot_usage")})
        return events

    def completed(self) -> Completed:
        """See `Answer.completed`."""
        calls = tuple(ToolCall(*self._calls[index]) for index in sorted(self._calls))
        return Completed(calls, self._finish_reason, self._usage, self._call_id)


def _joined(messages: Sequence[Message]) -> list[Message]:
    """What the model said twice in a row is one message of it."""
    joined: list[Message] = []
    for message in messages:
        before = joined[-1] if joined else None
        if before is not None and before.role == message.role == "assistant" and not before.tool_calls:
            joined[-1] = replace(message, text=before.text + message.text)
        else:
            joined.append(message)
    return joined


def _wire_message(message: Message) -> Json:
    wire: Json = {"role": message.role, "content": message.text}
    if message.images:
        wire["content"] = [
            {"type": "text", "text": message.text},
            *(
                {"type": "image_url", "image_url": {"url": f"data:{image.mime_type};base64,{image.data}"}}
                for image in message.images
            ),
        ]
    if message.tool_calls:
        wire["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        wire["tool_call_id"] = message.tool_call_id
    # Some models lose the thread without their thoughts; those that tell none are sent none.
    thought = message.thought
    if thought is not None and thought.text and thought.opaque is None and thought.encrypted is None:
        wire["reasoning_content"] = thought.text
    return wire


def _usage(usage: Mapping[str, object], billed: object) -> Usage:
    return Usage(
        input_tokens=count(usage, "prompt_tokens"),
        output_tokens=count(usage, "completion_tokens"),
        cache_read_tokens=count(usage.get("prompt_tokens_details"), "cached_tokens"),
        reasoning_tokens=count(usage.get("completion_tokens_details"), "reasoning_tokens"),
        ai_credits=count(billed, "total_nano_aiu") / _NANO,
    )
