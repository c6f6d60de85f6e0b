"""The responses API, used without state at the provider: each request carries the whole conversation."""

from __future__ import annotations

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

_ENDS = frozenset({"response.completed", "response.incomplete"})
_TEXT_DELTAS = frozenset({"response.output_text.delta", "response.refusal.delta"})
_REASONING_DELTAS = frozenset({"response.reasoning_summary_text.delta", "response.reasoning_text.delta"})
_FINISH_REASONS = {"max_output_tokens": "length", "content_filter": "content_filter"}


class Responses:
    """See `Wire`."""

    path = "/responses"
    always_streams = False

    def body(self, request: ModelRequest, model: str, *, stream: bool, max_output_tokens: int | None) -> Json:
        """See `Wire.body`."""
        system = "\n\n".join(message.text for message in request.messages if message.role == "system")
        reasoning: Json = {"summary": request.reasoning_summary or "auto"}
        if reasoning["summary"] == "none":
            del reasoning["summary"]
        if request.reasoning_effort:
            reasoning["effort"] = request.reasoning_effort
        body: Json = {
            "model": model,
            "instructions": system,
            "input": [item for message in request.messages for item in _items(message)],
            "store": False,
            "include": ["reasoning.encrypted_content"],
            "parallel_tool_calls": True,
        }
        if reasoning:
            body["reasoning"] = reasoning
        if request.session_id:
            body["prompt_cache_key"] = request.session_id
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": dict(tool.parameters),
                    "strict": False,
                }
                for tool in request.tools
            ]
        if max_output_tokens:
            body["max_output_tokens"] = max_output_tokens
        if stream:
            body["stream"] = True
        return body

    def answer(self) -> ResponsesAnswer:
        """See `Wire.answer`."""
        return ResponsesAnswer()


class ResponsesAnswer:
    """See `Answer`."""

    def __init__(self) -> None:
        self.ended = False
        self._calls: list[ToolCall] = []
        self._begun: dict[object, tuple[str, str]] = {}
        self._opaque: str | None = None
        self._encrypted: str | None = None
        self._summaries: set[object] = set()
        self._finish_reason = ""
        self._usage = Usage()
        self._id: str | None = None

    def take(self, payload: Mapping[str, object]) -> list[ModelEvent]:
        """See `Answer.take`."""
        kind = text(payload, "type")
        if kind in _TEXT_DELTAS:
            return [TextDelta(text(payload, "delta"))]
        if kind in _REASONING_DELTAS:
            return [ReasoningDelta(self._gap(payload) + text(payload, "delta"))]
        if kind == "response.function_call_arguments.delta":
            call_id, name = self._begun.get(payload.get("output_index"), ("", ""))
            return [ToolCallDelta(call_id, name, text(payload, "delta"))] if call_id else []
        if kind == "response.output_item.added" and is_object(item := payload.get("item")):
            self._begun[payload.get("output_index")] = _call(item)
        elif kind == "response.output_item.done" and is_object(item := payload.get("item")):
            self._take_item(item)
        elif kind == "error":
            # Some send the error as a member, others as the event itself.
            raise fault_in_stream(payload["error"] if is_object(payload.get("error")) else dict(payload))
        elif kind == "response.failed" or kind in _ENDS:
            response = payload.get("response")
            self._finish(response if is_object(response) else {})
        return []

    def take_whole(self, payload: Mapping[str, object]) -> Sequence[ModelEvent]:
        """See `Answer.take_whole`."""
        events: list[ModelEvent] = []
        for item in objects_in(payload.get("output")):
            events += _said_in(item)
            self._take_item(item)
        self._finish(payload)
        return events

    def completed(self) -> Completed:
        """See `Answer.completed`."""
        return Completed(
            tuple(self._calls),
            self._finish_reason,
            self._usage,
            self._id,
            opaque=self._opaque,
            encrypted=self._encrypted,
        )

    def _gap(self, payload: Mapping[str, object]) -> str:
        """What stands between two parts of the thoughts, before the first piece of the second."""
        part = (payload.get("output_index"), payload.get("summary_index", payload.get("content_index")))
        gap = "\n\n" if self._summaries and part not in self._summaries else ""
        self._summaries.add(part)
        return gap

    def _take_item(self, item: Mapping[str, object]) -> None:
        match item.get("type"):
            case "function_call":
                self._calls.append(ToolCall(*_call(item), text(item, "arguments")))
            case "reasoning":
                self._opaque = text(item, "id") or None
                self._encrypted = text(item, "encrypted_content") or None
            case _:
                pass

    def _finish(self, response: Mapping[str, object]) -> None:
        if response.get("status") == "failed" or is_object(response.get("error")):
            raise fault_in_stream(response.get("error"))
        self.ended = True
        self._id = text(response, "id") or None
        details = response.get("incomplete_details")
        reason = text(details, "reason") if is_object(details) else ""
        self._finish_reason = _FINISH_REASONS.get(reason) or ("tool_calls" if self._calls else "stop")
        usage = response.get("usage")
        if is_object(usage):
            self._usage = Usage(
                input_tokens=count(usage, "input_tokens"),
                output_tokens=count(usage, "output_tokens"),
                cache_read_tokens=count(usage.get("input_tokens_details"), "cached_tokens"),
                reasoning_tokens=count(usage.get("output_tokens_details"), "reasoning_tokens"),
            )


def _call(item: Mapping[str, object]) -> tuple[str, str]:
    """The id of a call, and its tool; empty for another item."""
    return text(item, "call_id") or text(item, "id"), text(item, "name")


def _said_in(item: Mapping[str, object]) -> Iterator[ModelEvent]:
    match item.get("type"):
        case "message":
            for part in objects_in(item.get("content")):
                if said := text(part, "text") or text(part, "refusal"):
                    yield TextDelta(said)
        case "reasoning":
            parts = objects_in(item.get("summary")) or objects_in(item.get("content"))
            if thought := "\n\n".join(text(part, "text") for part in parts):
                yield ReasoningDelta(thought)
        case _:
            pass


def _items(message: Message) -> Iterator[Json]:
    match message.role:
        case "system":
            return
        case "tool":
            yield {
                "type": "function_call_output",
                "call_id": message.tool_call_id or "",
                "output": message.text,
            }
        case "user":
            images = (f"data:{image.mime_type};base64,{image.data}" for image in message.images)
            content = [
                {"type": "input_text", "text": message.text},
                *({"type": "input_image", "image_url": image} for image in images),
            ]
            yield {"type": "message", "role": "user", "content": content}
        case "assistant":
            yield from _own_items(message)


def _own_items(message: Message) -> Iterator[Json]:
    thought = message.thought
    if thought is not None and thought.encrypted is not None:
        summary = [{"type": "summary_text", "text": thought.text}] if thought.text else []
        reasoning: Json = {
            "type": "reasoning",
            "summary": summary,
            "encrypted_content": thought.encrypted,
        }
        yield {**reasoning, "id": thought.opaque} if thought.opaque else reasoning
    if message.text:
        content = [{"type": "output_text", "text": message.text}]
        yield {"type": "message", "role": "assistant", "content": content}
    for call in message.tool_calls:
        yield {
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments or "{}",
        }
