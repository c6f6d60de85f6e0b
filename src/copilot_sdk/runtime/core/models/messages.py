"""The messages API of Anthropic."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from copilot_sdk._model.json_values import is_object, objects_in
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
from copilot_sdk.runtime.core.models.wire import Json, count, fault_in_stream, text

VERSION = "2023-06-01"
_OUTPUT_TOKENS = 8_192
_ADAPTIVE_OUTPUT_TOKENS = 32_000
_THINKING_TOKENS = 1_024
_CACHED: Json = {"cache_control": {"type": "ephemeral"}}
_CLAUDE_VERSION = re.compile(r"claude-[a-z]+-(\d+)(?:[.-](\d{1,2})(?!\d))?")
_FIRST_ADAPTIVE = (4, 6)
_STOP_REASONS = {"max_tokens": "length", "refusal": "content_filter", "tool_use": "tool_calls"}


class Messages:
    """See `Wire`."""

    path = "/v1/messages"
    always_streams = True

    def body(self, request: ModelRequest, model: str, *, stream: bool, max_output_tokens: int | None) -> Json:
        """See `Wire.body`."""
        claude = "claude" in model
        body: Json = {
            "model": model,
            "max_tokens": max_output_tokens or _OUTPUT_TOKENS,
            "messages": _turns(request.messages),
            "stream": stream,
        }
        system: list[Json] = [
            {"type": "text", "text": message.text}
            for message in request.messages
            if message.role == "system" and message.text
        ]
        tools: list[Json] = [
            {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}
            for tool in request.tools
        ]
        if claude:
            body |= _thinking(request, model, max_output_tokens)
            _mark_for_cache(body, system, tools)
        if system:
            body["system"] = system
        if tools:
            body["tools"] = tools
        return body

    def answer(self) -> MessagesAnswer:
        """See `Wire.answer`."""
        return MessagesAnswer()


def _thinking(request: ModelRequest, model: str, max_output_tokens: int | None) -> Json:
    version = _CLAUDE_VERSION.search(model)
    if version and (int(version[1]), int(version[2] or 0)) >= _FIRST_ADAPTIVE:
        thinking: Json = {"thinking": {"type": "adaptive", "display": "summarized"}}
        if request.reasoning_effort:
            thinking["output_config"] = {"effort": request.reasoning_effort}
        return {**thinking, "max_tokens": max_output_tokens or _ADAPTIVE_OUTPUT_TOKENS}
    if request.reasoning_effort and (max_output_tokens or _OUTPUT_TOKENS) > _THINKING_TOKENS:
        return {"thinking": {"type": "enabled", "budget_tokens": _THINKING_TOKENS}}
    return {}


def _mark_for_cache(body: Json, system: list[Json], tools: list[Json]) -> None:
    """Marks the end of each part that the next request begins with again."""
    turns = objects_in(body["messages"])
    blocks = objects_in(turns[-1]["content"]) if turns else []
    for part in (system, tools, blocks):
        if part:
            part[-1].update(_CACHED)


class MessagesAnswer:
    """See `Answer`."""

    def __init__(self) -> None:
        self.ended = False
        self._calls: dict[object, list[str]] = {}
        self._signatures: list[str] = []
        self._finish_reason = ""
        self._usage: Json = {}
        self._id: str | None = None

    def take(self, payload: Mapping[str, object]) -> list[ModelEvent]:
        """See `Answer.take`."""
        match payload.get("type"):
            case "message_start" if is_object(message := payload.get("message")):
                self._id = text(message, "id") or None
                self._count(message.get("usage"))
            case "content_block_start" if is_object(block := payload.get("content_block")):
                return self._start(payload.get("index"), block)
            case "content_block_delta" if is_object(delta := payload.get("delta")):
                return self._take_delta(payload.get("index"), delta)
            case "message_delta":
                self._count(payload.get("usage"))
                if is_object(delta := payload.get("delta")) and delta.get("stop_reason"):
                    self._finish_reason = _STOP_REASONS.get(text(delta, "stop_reason"), "stop")
            case "message_stop":
                self.ended = True
            case "error":
                raise fault_in_stream(payload.get("error"))
            case _:
                pass
        return []

    def take_whole(self, payload: Mapping[str, object]) -> Sequence[ModelEvent]:
        """See `Answer.take_whole`: an answer in one piece is told as its stream would have been."""
        events = self.take({"type": "message_start", "message": dict(payload)})
        for index, block in enumerate(objects_in(payload.get("content"))):
            arguments = {"type": "input_json_delta", "partial_json": json.dumps(block.get("input"))}
            events += self._start(index, block)
            if block.get("type") == "tool_use":
                events += self._take_delta(index, arguments)
        self.take({"type": "message_delta", "delta": dict(payload)})
        self.take({"type": "message_stop"})
        return events

    def completed(self) -> Completed:
        """See `Answer.completed`."""
        usage = self._usage
        read, written = count(usage, "cache_read_input_tokens"), count(usage, "cache_creation_input_tokens")
        return Completed(
            tuple(ToolCall(*call) for call in self._calls.values()),
            self._finish_reason,
            Usage(
                input_tokens=count(usage, "input_tokens") + read + written,
                output_tokens=count(usage, "output_tokens"),
                cache_read_tokens=read,
                cache_write_tokens=written,
            ),
            self._id,
            # A signature holds for one block of thoughts, and several cannot be told apart any more later.
            opaque=self._signatures[0] if len(self._signatures) == 1 else None,
        )

    def _count(self, usage: object) -> None:
        if is_object(usage):
            self._usage |= {name: value for name, value in usage.items() if value is not None}

    def _start(self, index: object, block: Mapping[str, object]) -> list[ModelEvent]:
        match block.get("type"):
            case "tool_use":
                self._calls[index] = [text(block, "id"), text(block, "name"), ""]
            case "thinking":
                return self._take_delta(index, {**block, "type": "thinking_delta"}) + self._take_delta(
                    index, {**block, "type": "signature_delta"}
                )
            case "text":
                return self._take_delta(index, {**block, "type": "text_delta"})
            case _:
                pass
        return []

    def _take_delta(self, index: object, delta: Mapping[str, object]) -> list[ModelEvent]:
        match delta.get("type"):
            case "text_delta" if said := text(delta, "text"):
                return [TextDelta(said)]
            case "thinking_delta" if thought := text(delta, "thinking"):
                return [ReasoningDelta(thought)]
            case "signature_delta" if signature := text(delta, "signature"):
                self._signatures.append(signature)
            case "input_json_delta" if index in self._calls and (piece := text(delta, "partial_json")):
                call = self._calls[index]
                call[2] += piece
                return [ToolCallDelta(call[0], call[1], piece)]
            case _:
                pass
        return []


def _turns(messages: Sequence[Message]) -> list[Json]:
    """The conversation as turns of user and assistant; what follows on the same side is one turn."""
    turns: list[tuple[str, list[Json]]] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "assistant" if message.role == "assistant" else "user"
        if not turns or turns[-1][0] != role:
            turns.append((role, []))
        turns[-1][1].extend(_blocks(message))
    return [{"role": role, "content": blocks} for role, blocks in turns if blocks]


def _blocks(message: Message) -> list[Json]:
    if message.role == "tool":
        result = {"type": "tool_result", "tool_use_id": message.tool_call_id or ""}
        return [{**result, "content": message.text}]
    return [*_thoughts(message), *_said(message), *_calls(message)]


def _thoughts(message: Message) -> Iterator[Json]:
    thought = message.thought
    if thought is not None and thought.opaque is not None and thought.encrypted is None:
        yield {"type": "thinking", "thinking": thought.text, "signature": thought.opaque}


def _said(message: Message) -> Iterator[Json]:
    for image in message.images:
        source = {"type": "base64", "media_type": image.mime_type, "data": image.data}
        yield {"type": "image", "source": source}
    if message.text:
        yield {"type": "text", "text": message.text}


def _calls(message: Message) -> Iterator[Json]:
    for call in message.tool_calls:
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": _input(call.arguments)}


def _input(arguments: str) -> Json:
    """The arguments as an object, which is all that this API takes."""
    try:
        value: object = json.loads(arguments or "{}")
    except ValueError:
        value = None
    return value if is_object(value) else {}
