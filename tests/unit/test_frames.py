"""The recorded frames hold what the tests that read them rely on."""

from __future__ import annotations

import json

from tests.support.frames import recorded_frames, turn_lines

_KINDS = {"event", "notification", "request", "result", "error"}


def test_every_kind_of_frame_was_recorded() -> None:
    assert {frame.kind for frame in recorded_frames()} == _KINDS


def test_the_events_show_most_of_what_a_session_can_do() -> None:
    types = {
        frame.payload["event"]["type"]
        for frame in recorded_frames()
        if frame.kind == "event" and isinstance(frame.payload, dict)
    }
    assert len(types) > 90
    assert types > {
        "abort",
        "assistant.message_delta",
        "elicitation.requested",
        "external_tool.requested",
        "hook.end",
        "permission.completed",
        "session.compaction_complete",
        "session.error",
        "session.idle",
        "session.resume",
        "subagent.completed",
        "tool.execution_complete",
    }


def test_the_results_and_the_requests_cover_the_surface() -> None:
    frames = recorded_frames()
    assert len({frame.method for frame in frames if frame.kind == "result"}) > 190
    asked = {frame.method for frame in frames if frame.kind == "request"}
    assert asked > {"hooks.invoke", "userInput.request", "canvas.open", "sessionFs.readFile"}


def test_the_streamed_turn_is_whole() -> None:
    events = [json.loads(line)["params"]["event"] for line in turn_lines()]
    deltas = [e["data"]["deltaContent"] for e in events if e["type"] == "assistant.message_delta"]
    (message,) = [e["data"]["content"] for e in events if e["type"] == "assistant.message"]
    assert len(deltas) == 200
    assert "".join(deltas) == message
    assert (events[0]["type"], events[-1]["type"]) == ("session.start", "session.idle")
    assert len({e["id"] for e in events}) == len(events)
