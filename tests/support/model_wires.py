"""A scripted answer in the words of the wire APIs that models speak: chat completions, responses and messages.

Each is a `Wire`: an answer in one piece, or the server-sent events of a streamed one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tests.support.model_server import Reply

Json = dict[str, object]

SIGNATURE = "c2lnbmVk"
"""What a scripted model signs its thoughts with."""


@dataclass(frozen=True, slots=True)
class Frames:
    """A streamed answer; `pieces` are what the model says, thinks and calls, one by one."""

    head: Sequence[bytes]
    pieces: Sequence[bytes]
    tail: Sequence[bytes]


class Wire(Protocol):
    """One wire API."""

    def whole(self, reply: Reply, number: int, model: object) -> Json:
        """The answer in one piece to the request with a number."""
        ...

    def frames(self, reply: Reply, number: int, model: object) -> Frames:
        """The answer as server-sent events."""
        ...


def wire_of(path: str) -> Wire | None:
    """The wire API that a path belongs to."""
    place = path.partition("?")[0]
    known: dict[str, Wire] = {
        "/chat/completions": ChatCompletions(),
        "/responses": Responses(),
        "/messages": Messages(),
    }
    return next((wire for end, wire in known.items() if place.endswith(end)), None)


def pieces_of(text: str | Sequence[str]) -> Sequence[str]:
    """A text as the chunks it is streamed in."""
    if isinstance(text, str):
        return (text,) if text else ()
    return text


def _frame(payload: Mapping[str, object]) -> bytes:
    name = payload.get("type")
    prefix = b"" if name is None else f"event: {name}\n".encode()
    return prefix + b"data: " + json.dumps(payload).encode() + b"\n\n"


def _calls(reply: Reply, number: int) -> list[tuple[str, str, str]]:
    return [
        (call.id or f"call_{number}_{index}", call.name, call.arguments_text())
        for index, call in enumerate(reply.tool_calls)
    ]


class ChatCompletions:
    """The chat-completions API."""

    def whole(self, reply: Reply, number: int, model: object) -> Json:
        """See `Wire.whole`."""
        message: Json = {"role": "assistant", "content": "".join(pieces_of(reply.text))}
        if reasoning := "".join(pieces_of(reply.reasoning)):
            message["reasoning_content"] = reasoning
        if reply.tool_calls:
            message["tool_calls"] = self._tool_calls(reply, number)
        return {
            "id": "chatcmpl-scripted",
            "object": "chat.completion",
            "created": 0,
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": reply.final_reason}],
            "usage": self._usage(reply),
        }

    def frames(self, reply: Reply, number: int, model: object) -> Frames:
        """See `Wire.frames`."""
        said: list[tuple[str, object]] = [
            *(("reasoning_content", piece) for piece in pieces_of(reply.reasoning)),
            *(("content", piece) for piece in pieces_of(reply.text)),
            *(("tool_calls", [call]) for call in self._tool_calls(reply, number)),
        ]
        pieces = [self._chunk(model, {"role": "assistant", kind: piece}) for kind, piece in said]
        end = self._chunk(model, {}, reply.final_reason, self._usage(reply))
        return Frames([], pieces, [end, b"data: [DONE]\n\n"])

    def _tool_calls(self, reply: Reply, number: int) -> list[Json]:
        return [
            {
                "index": index,
                "id": call_id,
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            }
            for index, (call_id, name, arguments) in enumerate(_calls(reply, number))
        ]

    def _usage(self, reply: Reply) -> Json:
        usage = reply.usage
        return {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        }

    def _chunk(
        self, model: object, delta: Json, finish_reason: str | None = None, usage: Json | None = None
    ) -> bytes:
        return _frame(
            {
                "id": "chatcmpl-scripted",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": model,
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
                "usage": usage,
            }
        )


class Responses:
    """The responses API."""

    def whole(self, reply: Reply, number: int, model: object) -> Json:
        """See `Wire.whole`."""
        length = reply.final_reason == "length"
        return {
            "id": f"resp_{number}",
            "object": "response",
            "created_at": 0,
            "status": "incomplete" if length else "completed",
            "incomplete_details": {"reason": "max_output_tokens"} if length else None,
            "error": None,
            "model": model,
            "output": self._items(reply, number),
            "usage": self._usage(reply),
        }

    def frames(self, reply: Reply, number: int, model: object) -> Frames:
        """See `Wire.frames`."""
        whole = self.whole(reply, number, model)
        started = {**whole, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
        head = [
            _frame({"type": f"response.{name}", "response": started}) for name in ("created", "in_progress")
        ]
        pieces = [
            _frame(event)
            for index, item in enumerate(self._items(reply, number))
            for event in self._item_events(index, item, reply)
        ]
        return Frames(head, pieces, [_frame({"type": f"response.{whole['status']}", "response": whole})])

    def _items(self, reply: Reply, number: int) -> list[Json]:
        items: list[Json] = []
        if thought := "".join(pieces_of(reply.reasoning)):
            summary = [{"type": "summary_text", "text": thought}]
            items.append(
                {
                    "type": "reasoning",
                    "id": f"rs_{number}",
                    "summary": summary,
                    "encrypted_content": SIGNATURE,
                }
            )
        if said := "".join(pieces_of(reply.text)):
            content = [{"type": "output_text", "text": said, "annotations": []}]
            message = {
                "type": "message",
                "id": f"msg_{number}",
                "role": "assistant",
                "status": "completed",
            }
            items.append({**message, "content": content})
        for call_id, name, arguments in _calls(reply, number):
            call = {
                "type": "function_call",
                "id": f"fc_{call_id}",
                "call_id": call_id,
                "status": "completed",
            }
            items.append({**call, "name": name, "arguments": arguments})
        return items

    def _item_events(self, index: int, item: Json, reply: Reply) -> list[Json]:
        place: Json = {"item_id": item["id"], "output_index": index}
        added: Json = {"type": "response.output_item.added", "output_index": index}
        done: Json = {"type": "response.output_item.done", "output_index": index, "item": item}
        match item["type"]:
            case "reasoning":
                part = {**place, "summary_index": 0}
                return [
                    {**added, "item": {**item, "summary": []}},
                    {**part, "type": "response.reasoning_summary_part.added", "part": _EMPTY_SUMMARY},
                    *(
                        {**part, "type": "response.reasoning_summary_text.delta", "delta": piece}
                        for piece in pieces_of(reply.reasoning)
                    ),
                    done,
                ]
            case "message":
                part = {**place, "content_index": 0}
                return [
                    {**added, "item": {**item, "content": [], "status": "in_progress"}},
                    {**part, "type": "response.content_part.added", "part": _EMPTY_TEXT},
                    *(
                        {**part, "type": "response.output_text.delta", "delta": piece}
                        for piece in pieces_of(reply.text)
                    ),
                    done,
                ]
            case _:
                said = {"type": "response.function_call_arguments.delta", "delta": item["arguments"]}
                return [
                    {**added, "item": {**item, "arguments": "", "status": "in_progress"}},
                    {**place, **said},
                    done,
                ]

    def _usage(self, reply: Reply) -> Json:
        usage = reply.usage
        return {
            "input_tokens": usage.prompt_tokens,
            "input_tokens_details": {"cached_tokens": usage.cached_tokens},
            "output_tokens": usage.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        }


_EMPTY_SUMMARY = {"type": "summary_text", "text": ""}
_EMPTY_TEXT = {"type": "output_text", "text": "", "annotations": []}
_STOP_REASONS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"}


class Messages:
    """The messages API."""

    def whole(self, reply: Reply, number: int, model: object) -> Json:
        """See `Wire.whole`."""
        reason = reply.final_reason
        return {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": self._blocks(reply, number),
            "stop_reason": _STOP_REASONS.get(reason, reason),
            "stop_sequence": None,
            "usage": self._usage(reply),
        }

    def frames(self, reply: Reply, number: int, model: object) -> Frames:
        """See `Wire.frames`."""
        whole = self.whole(reply, number, model)
        usage = {**self._usage(reply), "output_tokens": 1}
        started = {**whole, "content": [], "stop_reason": None, "usage": usage}
        head = [_frame({"type": "message_start", "message": started}), _frame({"type": "ping"})]
        pieces = [
            _frame(event)
            for index, block in enumerate(self._blocks(reply, number))
            for event in self._block_events(index, block, reply)
        ]
        end = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
        tokens = {"output_tokens": reply.usage.completion_tokens}
        tail: list[Json] = [
            {"type": "message_delta", "delta": end, "usage": tokens},
            {"type": "message_stop"},
        ]
        return Frames(head, pieces, [_frame(event) for event in tail])

    def _blocks(self, reply: Reply, number: int) -> list[Json]:
        blocks: list[Json] = []
        if thought := "".join(pieces_of(reply.reasoning)):
            blocks.append({"type": "thinking", "thinking": thought, "signature": SIGNATURE})
        if said := "".join(pieces_of(reply.text)):
            blocks.append({"type": "text", "text": said})
        for call_id, name, arguments in _calls(reply, number):
            blocks.append(
                {"type": "tool_use", "id": call_id, "name": name, "input": json.loads(arguments or "{}")}
            )
        return blocks

    def _block_events(self, index: int, block: Json, reply: Reply) -> list[Json]:
        match block["type"]:
            case "thinking":
                empty: Json = {"type": "thinking", "thinking": "", "signature": ""}
                deltas: list[Json] = [
                    {"type": "thinking_delta", "thinking": piece} for piece in pieces_of(reply.reasoning)
                ]
                deltas.append({"type": "signature_delta", "signature": SIGNATURE})
            case "text":
                empty = {"type": "text", "text": ""}
                deltas = [{"type": "text_delta", "text": piece} for piece in pieces_of(reply.text)]
            case _:
                empty = {**block, "input": {}}
                deltas = [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
        return [
            {"type": "content_block_start", "index": index, "content_block": empty},
            *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
            {"type": "content_block_stop", "index": index},
        ]

    def _usage(self, reply: Reply) -> Json:
        usage = reply.usage
        return {
            "input_tokens": usage.prompt_tokens - usage.cached_tokens,
            "cache_read_input_tokens": usage.cached_tokens,
            "cache_creation_input_tokens": 0,
            "output_tokens": usage.completion_tokens,
        }
