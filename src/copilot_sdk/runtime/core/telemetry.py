"""Telemetry: what happens in sessions as names and figures, without anything that was said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass, field, replace

from copilot_sdk.runtime.core.log import Event


@dataclass(frozen=True, slots=True)
class Measurement:
    """One event of telemetry."""

    session_id: str
    kind: str
    created_at: str
    properties: Mapping[str, str]
    metrics: Mapping[str, float]
    features: Mapping[str, str] = field(default_factory=dict[str, str])


Listener = Callable[[Measurement], None]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is told of a type of events: its kind, and members of its data by the names that they get."""

    kind: str
    properties: Mapping[str, str] = field(default_factory=dict[str, str])
    metrics: Mapping[str, str] = field(default_factory=dict[str, str])
    lengths: Mapping[str, str] = field(default_factory=dict[str, str])


_TURN = {"turn_id": "turnId", "interaction_id": "interactionId"}
_CALL = {"initiator": "initiator", "api_call_id": "apiCallId"}
_SHAPES: Mapping[str, _Shape] = {
    "session.start": _Shape(
        "session_start",
        {"producer": "producer", "copilot_version": "copilotVersion", "selected_model": "selectedModel"},
        {"version": "version"},
    ),
    "session.resume": _Shape(
        "session_resume", {"selected_model": "selectedModel"}, {"event_count": "eventCount"}
    ),
    "session.idle": _Shape("session_idle", {"aborted": "aborted"}),
    "session.error": _Shape("session_error", {"error_type": "errorType"}, {"status_code": "statusCode"}),
    "session.shutdown": _Shape(
        "session_shutdown",
        {"shutdown_type": "shutdownType", "current_model": "currentModel"},
        {"total_api_duration_ms": "totalApiDurationMs"},
    ),
    "user.message": _Shape(
        "user_message",
        {"interaction_id": "interactionId"},
        lengths={"content_length": "content", "attachment_count": "attachments"},
    ),
    "pending_messages.modified": _Shape("pending_messages_modified"),
    "assistant.turn_start": _Shape("assistant_turn_start", _TURN),
    "assistant.turn_end": _Shape("assistant_turn_end", _TURN),
    "assistant.message": _Shape(
        "assistant_message",
        _TURN,
        lengths={"content_length": "content", "tool_request_count": "toolRequests"},
    ),
    "assistant.usage": _Shape(
        "assistant_usage",
        _CALL,
        {
            "input_tokens": "inputTokens",
            "output_tokens": "outputTokens",
            "cache_read_tokens": "cacheReadTokens",
            "cache_write_tokens": "cacheWriteTokens",
            "duration_ms": "duration",
        },
    ),
    "model.call_failure": _Shape(
        "model_call_failure", _CALL, {"status_code": "statusCode", "duration_ms": "durationMs"}
    ),
    "tool.execution_complete": _Shape(
        "tool_call_executed", {**_TURN, "tool_call_id": "toolCallId", "success": "success"}
    ),
    "permission.requested": _Shape("permission_prompt", {"request_id": "requestId"}),
    "skill.invoked": _Shape("skill_invoked", {"source": "source", "trigger": "trigger"}),
}


class Telemetry:
    """Hands measurements to whoever listens; without listeners nothing is measured."""

    def __init__(self) -> None:
        self._listeners: dict[object, Listener] = {}

    def listen(self, owner: object, listener: Listener) -> None:
        """Tells somebody of all measurements from now on."""
        self._listeners[owner] = listener

    def drop(self, owner: object) -> None:
        """Tells somebody of nothing more."""
        self._listeners.pop(owner, None)

    def record(self, session_id: str, event: Event, features: Mapping[str, str]) -> None:
        """Measures an event, if it is of a type that is measured; `features` go with it."""
        shape = _SHAPES.get(event.type)
        if shape is None or not self._listeners:
            return
        measurement = replace(_measured(session_id, event, shape), features=features)
        for listener in list(self._listeners.values()):
            listener(measurement)


def _measured(session_id: str, event: Event, shape: _Shape) -> Measurement:
    data = event.data
    properties = {"event_id": event.id} | {
        name: _text(data[member]) for name, member in shape.properties.items() if member in data
    }
    metrics = {
        name: float(value)
        for name, member in shape.metrics.items()
        if isinstance(value := data.get(member), int | float)
    }
    for name, member in shape.lengths.items():
        value = data.get(member)
        metrics[name] = len(value) if isinstance(value, Sized) else 0
    return Measurement(session_id, shape.kind, str(event.to_wire()["timestamp"]), properties, metrics)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
