"""The history of a session in the messages of tau, made of its events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from copilot_sdk._generated.tau.types import (
    AssistantHistoryMessage,
    AssistantMessage,
    CompactionSummaryMessage,
    ImageContent,
    InfoMessage,
    Message,
    StopReason,
    TextContent,
    ThinkingContent,
    ToolCallContent,
    ToolResultMessage,
    Usage,
    UsageCost,
    UserHistoryMessage,
)
from copilot_sdk._model.json_values import is_object, objects_in
from copilot_sdk.runtime.core.clock import now
from copilot_sdk.runtime.core.history import compacted
from copilot_sdk.runtime.core.log import Event

API = "copilot-sdk-runtime"
PROVIDER = "copilot-sdk"
INFO = "tau"
"""The topic of the notes that people get and models do not."""

Json = Mapping[str, object]
Part = TextContent | ThinkingContent | ToolCallContent


def messages_in(events: Iterable[Event], usages: Mapping[str, Usage], model: str) -> list[Message]:
    """The messages of the main agent, oldest first.

    Args:
        events: The events of the session.
        usages: What each answer has used, by the id of its message, as far as that is known.
        model: The model, where an event does not name it.
    """
    found: list[Message] = []
    started: dict[str, tuple[str, datetime]] = {}
    for event in events:
        if event.agent_id is not None:
            continue
        data, timestamp = event.data, milliseconds(event.at)
        match event.type:
            case "user.message":
                found.append(UserHistoryMessage(content=[*_said(data)], timestamp=timestamp))
            case "assistant.message":
                usage = usages.get(str(data.get("messageId")), no_usage())
                found.append(_answer(data, usage, str(data.get("model") or model), timestamp))
            case "tool.execution_start":
                started[str(data.get("toolCallId"))] = (str(data.get("toolName")), event.at)
            case "tool.execution_complete":
                found.append(_result(event, *started.get(str(data.get("toolCallId")), ("", event.at))))
            case "session.compaction_complete" if compacted(event):
                found.append(
                    CompactionSummaryMessage(
                        summary=str(data.get("summaryContent", "")),
                        tokens_before=count(data.get("preCompactionTokens")),
                        timestamp=timestamp,
                    )
                )
            case "session.info" if data.get("infoType") == INFO:
                found.append(InfoMessage(text=str(data.get("message", "")), timestamp=timestamp))
            case _:
                continue
    return found


def assistant_message(
    parts: Sequence[Part], model: str, usage: Usage, reason: StopReason = "stop", timestamp: int | None = None
) -> AssistantMessage:
    """An answer, as far as it has come."""
    return AssistantMessage(
        content=[*parts],
        api=API,
        provider=PROVIDER,
        model=model,
        usage=usage,
        stop_reason=reason,
        timestamp=milliseconds(now()) if timestamp is None else timestamp,
    )


def no_usage() -> Usage:
    """What an answer has used of which nothing is known."""
    return usage_of({})


def usage_of(data: Json) -> Usage:
    """What an answer has used, by the event that tells it. Nothing costs anything here."""
    read, written = count(data.get("cacheReadTokens")), count(data.get("cacheWriteTokens"))
    sent, received = count(data.get("inputTokens")), count(data.get("outputTokens"))
    return Usage(
        input=sent,
        output=received,
        cache_read=read,
        cache_write=written,
        total_tokens=sent + received,
        cost=UsageCost(input=0.0, output=0.0, cache_read=0.0, cache_write=0.0, total=0.0),
    )


def last_text(messages: Iterable[Message]) -> str:
    """What the model said last; empty if it said nothing."""
    texts = [
        "".join(part.text for part in message.content if isinstance(part, TextContent))
        for message in messages
        if isinstance(message, AssistantHistoryMessage)
    ]
    return next((text for text in reversed(texts) if text), "")


def milliseconds(moment: datetime) -> int:
    """A moment in milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def count(value: object) -> int:
    """A number that is not negative; 0 for what is none."""
    return max(0, int(value)) if isinstance(value, (int, float)) else 0


def _said(data: Json) -> Iterable[TextContent | ImageContent]:
    yield TextContent(text=str(data.get("content", "")))
    for attachment in objects_in(data.get("attachments")):
        if attachment.get("type") == "blob":
            yield ImageContent(
                data=str(attachment.get("data", "")), mime_type=str(attachment.get("mimeType", ""))
            )


def _answer(data: Json, usage: Usage, model: str, timestamp: int) -> AssistantHistoryMessage:
    parts: list[Part] = []
    if reasoning := data.get("reasoningText"):
        parts.append(ThinkingContent(thinking=str(reasoning)))
    if content := data.get("content"):
        parts.append(TextContent(text=str(content)))
    calls = objects_in(data.get("toolRequests"))
    parts += [
        ToolCallContent(
            id=str(call.get("toolCallId")), name=str(call.get("name")), arguments=call.get("arguments")
        )
        for call in calls
    ]
    return AssistantHistoryMessage(
        content=[*parts],
        api=API,
        provider=PROVIDER,
        model=model,
        usage=usage,
        stop_reason="tool_use" if calls else "stop",
        timestamp=timestamp,
    )


def _result(event: Event, name: str, started: datetime) -> ToolResultMessage:
    data = event.data
    result, error = data.get("result"), data.get("error")
    text = result.get("content") if is_object(result) else error.get("message") if is_object(error) else ""
    pictures = [
        ImageContent(data=str(block.get("data", "")), mime_type=str(block.get("mimeType", "")))
        for block in objects_in(result.get("contents") if is_object(result) else None)
        if block.get("type") == "image"
    ]
    message = ToolResultMessage(
        tool_call_id=str(data.get("toolCallId")),
        tool_name=name,
        content=[TextContent(text=str(text)), *pictures],
        is_error=data.get("success") is not True,
        timestamp=milliseconds(event.at),
        duration_ms=milliseconds(event.at) - milliseconds(started),
    )
    if is_object(result) and isinstance(summary := result.get("summary"), str):
        message.summary = summary
    return message
