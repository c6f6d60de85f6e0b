"""The frames of synaps as they were seen: each is read as its own class and written as it came."""

from __future__ import annotations

from typing import Any

import pytest

from copilot_sdk._generated.synaps import types
from copilot_sdk._generated.synaps.frames import decode_event, decode_request, decode_response
from copilot_sdk._generated.synaps.methods import OUTBOUND
from copilot_sdk._model import UnknownVariant
from copilot_sdk.errors import ProtocolError
from tests.support.tagged import tagged_protocol

SYNAPS = tagged_protocol("synaps")

REQUESTS: list[dict[str, Any]] = [
    {"type": "prompt", "id": "p1", "message": "hi", "attachments": []},
    {"type": "prompt", "id": "p2", "message": "", "attachments": [{"path": "/a", "name": "a", "mime": "image/png"}]},
    {"type": "follow_up", "id": "f", "message": "go on"},
    {"type": "compact", "id": "c"},
    {"type": "new_session", "id": "n"},
    {"type": "get_messages", "id": "g"},
    {"type": "set_model", "id": "m", "model": "anthropic/claude-sonnet-4-6"},
    {"type": "get_available_models", "id": "a"},
    {"type": "abort", "id": "b"},
    {"type": "get_session_stats", "id": "s"},
    {"type": "get_state", "id": "t"},
    {"type": "tools_list", "id": "l"},
    {"type": "tools_list"},
    {"type": "tools_list", "op": "tools_list"},
    {"type": "shutdown"},
]  # fmt: skip
DISCLOSURE: dict[str, Any] = {
    "mode": "remote", "provider": "groq", "model": "m", "approx_conversation_bytes": 10, "message_count": 2,
    "included_classes": ["user_text", "event_data"], "excluded_classes": ["thinking"],
}  # fmt: skip


def response(command: str, **body: Any) -> dict[str, Any]:
    """The answer to a command, whose body stands beside its name."""
    return {"type": "response", "id": "p1", "command": command, **body}


def failed(**outcome: Any) -> dict[str, Any]:
    """The end of a turn that failed."""
    return response("prompt", ok=False, error="no", outcome=outcome)


RESPONSES: list[dict[str, Any]] = [
    response("prompt", ok=True),
    response("prompt", ok=True, cancelled=True),
    response("prompt", ok=False, error="stream ended without Done"),
    failed(kind="completed"),
    failed(kind="canceled"),
    failed(kind="provider_failed", code="overloaded", correlation_id="turn-1-2"),
    failed(kind="tool_failed", tool_id="t", correlation_id="turn-1-2"),
    failed(kind="budget_exceeded", dimension="wall_clock"),
    failed(kind="interrupted_after_side_effect", call_id="c"),
    {**response("auto_turn", ok=True), "id": "auto:post-flush-1700000000000"},
    response("attachments.disclosure", count=2, message="sent to the provider"),
    response("compact.disclosure", **DISCLOSURE),
    response("compact", summary="s"),
    response("compact", summary="s", disclosure=DISCLOSURE),
    response("new_session", session_id="20260101-120000-ab12"),
    response("get_messages", messages=[
        {"role": "user", "content": "<event id=\"1\">x</event>"},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "t", "signature": "s"},
            {"type": "text", "text": "x"},
            {"type": "tool_use", "id": "u", "name": "bash", "input": {"command": "ls"}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "u", "content": [{"type": "text", "text": "a"}]},
            {"type": "tool_result", "tool_use_id": "v", "content": "b"},
            {"type": "image", "source": {"type": "base64"}},
            {"type": "document", "source": {"type": "base64"}},
        ]},
    ]),
    response("set_model", model="m"),
    response("get_available_models", models=[{"provider": "groq", "model_id": "x", "model_name": "X"}]),
    response("get_available_models", models=[]),
    response("abort", ok=True),
    response("get_session_stats", input_tokens=1, output_tokens=2, cost=0.5, message_count=3, model="m",
             session_id="s"),
    response("get_state", streaming=True, model="m", session_id="s", message_count=0),
    {**response("tools_list", ok=True, tools=[
        {"name": "bash", "description": "d", "input_schema": {"type": "object"}},
    ]), "id": ""},
]  # fmt: skip


def update(kind: str, **members: Any) -> dict[str, Any]:
    """An event of a turn."""
    return {"type": "message_update", "event": {"type": kind, **members}}


PAYLOAD: dict[str, Any] = {
    "id": "123e4567-e89b-42d3-a456-426614174000", "source": "cron", "severity": "high", "content_type": "alert",
    "text": "t", "timestamp": "2026-01-02T03:04:05Z", "formatted": "<event>t</event>",
}  # fmt: skip
USAGE: dict[str, Any] = {
    "input_tokens": 812, "output_tokens": 97, "cache_read_input_tokens": 640, "cache_creation_input_tokens": 0,
}  # fmt: skip
EVENTS: list[dict[str, Any]] = [
    {"type": "ready", "session_id": "20260101-120000-ab12", "model": "m", "protocol_version": 1},
    update("text_delta", delta="x"),
    update("thinking_delta", delta="x"),
    update("toolcall_start", tool_id="t", tool_name="bash"),
    update("toolcall_input_delta", tool_id="t", delta='{"a'),
    update("toolcall_input", tool_id="t", input={"a": [1, None]}),
    update("toolcall_input", tool_id="t", input=None),
    update("toolcall_result", tool_id="t", result="r"),
    {"type": "subagent_start", "subagent_id": 2**63, "agent_name": "a", "task_preview": "p"},
    {"type": "subagent_update", "subagent_id": 1, "agent_name": "a", "status": "running"},
    {
        "type": "subagent_done",
        "subagent_id": 1,
        "agent_name": "a",
        "result_preview": "r",
        "duration_secs": 1.5,
    },
    {"type": "agent_end", "usage": {**USAGE, "model": "groq/llama-3.3-70b-versatile"}},
    {"type": "agent_end", "usage": {**USAGE, "cache_creation_5m": 1, "cache_creation_1h": 2}},
    {"type": "error", "message": "frame exceeds 1 MiB limit"},
    {"type": "error", "id": None, "message": "x"},
    {"type": "error", "id": "p1", "message": "another prompt is in flight; abort first"},
    {"type": "event", "payload": PAYLOAD},
    {"type": "event", "payload": {**PAYLOAD, "disclosure": "local_only"}},
    {"type": "event", "payload": {**PAYLOAD, "disclosure": None}},
]


def named(frame: dict[str, Any]) -> str:
    return str(frame.get("command", frame["type"]))


@pytest.mark.parametrize("frame", REQUESTS, ids=named)
def test_a_request_is_read_and_written_as_it_came(frame: dict[str, Any]) -> None:
    read = decode_request(frame)
    assert not isinstance(read, UnknownVariant)
    assert (read.misfits(), read.to_wire(), SYNAPS.faults("Request", frame)) == ([], frame, [])


@pytest.mark.parametrize("frame", RESPONSES, ids=named)
def test_a_response_is_read_and_written_as_it_came(frame: dict[str, Any]) -> None:
    read = decode_response(frame)
    assert not isinstance(read, UnknownVariant)
    assert (read.misfits(), read.to_wire(), SYNAPS.faults("Response", frame)) == ([], frame, [])


@pytest.mark.parametrize("frame", EVENTS, ids=named)
def test_an_event_is_read_and_written_as_it_came(frame: dict[str, Any]) -> None:
    read = decode_event(frame)
    assert not isinstance(read, UnknownVariant)
    assert (read.misfits(), read.to_wire(), SYNAPS.faults("Event", frame)) == ([], frame, [])


def test_the_samples_have_every_kind_of_frame() -> None:
    unions = {"Request": REQUESTS, "Response": RESPONSES, "Event": EVENTS}
    for union, frames in unions.items():
        members = SYNAPS.definitions[union]["anyOf"]
        assert len({named(frame) for frame in frames}) == len(members), union
    assert {frame["type"] for frame in REQUESTS} == set(OUTBOUND)


def test_the_tag_stands_first() -> None:
    request = types.PromptRequest(id="1", message="hi")
    assert [*request.to_wire()] == ["type", "attachments", "id", "message"]


def test_what_a_peer_leaves_out_means_its_default() -> None:
    read = decode_request({"type": "prompt", "id": "1", "message": "hi"})
    assert isinstance(read, types.PromptRequest)
    assert read.attachments == []
    assert types.TurnUsage(input_tokens=1, output_tokens=2).to_wire() == {
        "input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0,
    }  # fmt: skip


@pytest.mark.parametrize("decode", [decode_request, decode_event])
def test_a_frame_of_an_unknown_kind_is_kept(decode: Any) -> None:
    raw = {"type": "response_reset", "x": [1]}
    read = decode(raw)
    assert isinstance(read, UnknownVariant)
    assert read.to_wire() == raw


def test_an_unknown_event_of_a_turn_is_kept_and_so_is_an_unknown_answer() -> None:
    raw = update("response_start", n=1)
    read = decode_event(raw)
    assert isinstance(read, types.MessageUpdateEvent)
    assert isinstance(read.event, UnknownVariant)
    assert read.to_wire() == raw
    assert isinstance(decode_response(response("weather")), UnknownVariant)


def test_what_is_no_frame_is_an_error() -> None:
    with pytest.raises(ProtocolError):
        decode_event({"no": "type"})
