"""The conversation of a stored session, rebuilt from its events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from copilot_sdk._model.json_values import is_object, objects_in
from copilot_sdk.runtime.core.log import Event
from copilot_sdk.runtime.core.models.base import Message, Thought, ToolCall
from copilot_sdk.runtime.core.prompts import describe_attachments, notification_text
from copilot_sdk.runtime.core.skills import skill_context

_NO_RESULT = "The session ended before this tool call had a result. Do not assume that it succeeded."


def rebuild(events: Iterable[Event]) -> list[Message]:
    """The messages of the main agent; tool calls that never got a result get one that says so."""
    history: list[Message] = []
    results: dict[str, str] = {}
    prompts: list[str] = []
    summarized, summarized_prompts = 0, tuple[str, ...]()
    for event in events:
        if event.agent_id is not None:
            continue
        data = event.data
        if is_prompt(event):
            prompts.append(str(data.get("content", "")))
        match event.type:
            case "user.message":
                text = str(data.get("transformedContent") or data.get("content", ""))
                _, images = describe_attachments(objects_in(data.get("attachments")))
                history.append(Message("user", text, images=tuple(images)))
            case "system.notification":
                history.append(Message("user", notification_text(str(data.get("content", "")))))
            case "skill.invoked" if data.get("trigger") != "user-invoked":
                history.append(Message("user", _skill(data)))
            case "assistant.message":
                said = str(data.get("content", ""))
                history.append(Message("assistant", said, _calls(data), thought=_thought(data)))
            case "tool.execution_complete":
                results[str(data.get("toolCallId"))] = _result(data)
            case "session.context_cleared":
                history = []
            case "session.compaction_start":
                summarized, summarized_prompts = len(history), tuple(prompts)
            case "session.compaction_complete" if compacted(event):
                summary = summary_message(summarized_prompts, str(data.get("summaryContent", "")))
                history = [summary, *history[summarized:]]
            case _:
                continue
    return _with_results(history, results)


def prompt_id(event: Event) -> str:
    """The id that sending the prompt of an event returned."""
    return str(event.data.get("messageId") or event.id)


def is_prompt(event: Event) -> bool:
    """Whether an event is a prompt to the main agent."""
    return event.type == "user.message" and event.agent_id is None


def prompts_in(events: Iterable[Event]) -> list[str]:
    """What the user told the main agent."""
    return [str(event.data.get("content", "")) for event in events if is_prompt(event)]


def compacted(event: Event) -> bool:
    """Whether an event says that the conversation gave way to a summary."""
    return event.type == "session.compaction_complete" and event.data.get("success") is True


def summary_message(prompts: Sequence[str], summary: str) -> Message:
    """What stands for a conversation that was summarized: what the user said in it, and the summary."""
    said = "\n".join(f"<user_message>\n{prompt}\n</user_message>" for prompt in prompts)
    return Message(
        "user",
        "The conversation so far was summarized to make room. In it the user said:\n"
        f"{said}\n\nThis is the summary of what came of it:\n<summary>\n{summary}\n</summary>",
    )


def _skill(data: Mapping[str, object]) -> str:
    path = data.get("path")
    file = Path(path) if isinstance(path, str) and path else None
    return skill_context(str(data.get("name", "")), str(data.get("content", "")), file)


def _with_results(history: Iterable[Message], results: Mapping[str, str]) -> list[Message]:
    complete: list[Message] = []
    for message in history:
        complete.append(message)
        complete += [
            Message("tool", results.get(call.id, _NO_RESULT), tool_call_id=call.id)
            for call in message.tool_calls
        ]
    return complete


def _calls(data: Mapping[str, object]) -> tuple[ToolCall, ...]:
    return tuple(
        ToolCall(str(request["toolCallId"]), str(request["name"]), _text(request.get("arguments", {})))
        for request in objects_in(data.get("toolRequests"))
    )


def _thought(data: Mapping[str, object]) -> Thought | None:
    text, opaque, encrypted = (
        value if isinstance(value := data.get(name), str) else None
        for name in ("reasoningText", "reasoningOpaque", "encryptedContent")
    )
    return Thought(text or "", opaque, encrypted) if text or opaque or encrypted else None


def _text(arguments: object) -> str:
    return (
        arguments
        if isinstance(arguments, str)
        else json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
    )


def _result(data: Mapping[str, object]) -> str:
    result, error = data.get("result"), data.get("error")
    if is_object(result):
        return str(result.get("content", ""))
    return str(error.get("message", "")) if is_object(error) else ""
