"""The frames of tau: what is written in ways of its own, and what is known of none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot_sdk._generated.tau import types
from copilot_sdk._generated.tau.frames import decode_request, decode_response, decode_subscription_event
from copilot_sdk._generated.tau.methods import OUTBOUND
from copilot_sdk._model import UnknownVariant
from copilot_sdk.errors import ProtocolError, UnknownFrame
from tests.support.tau import RESPONSES, TAU

# Facts of the wire: one frame for each thing that is written in a way of its own.
ODD_FRAMES: list[dict[str, Any]] = [
    {"type": "project_info", "project": None},
    {"type": "task_tree", "tasks": []},
    {"type": "ok"},
    {"type": "aliases", "global": [{"name": "fast", "target": "p/m"}], "project": []},
    {"type": "stream", "event": {"type": "phase", "phase": "ToolExec", "turn_started_at_ms": 1_700_000_000_000}},
    {"type": "stream", "event": {"type": "tool_output_delta", "tool_call_id": "c", "delta": "x"}},
    {"type": "task_session_role", "is_worker": False, "task_id": 3, "role": "creator"},
    {
        "type": "messages",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "hi"}], "timestamp": 1},
            {"role": "info", "text": "note", "timestamp": 2},
            {"role": "compaction_summary", "summary": "s", "tokens_before": 9, "timestamp": 3},
        ],
    },
    {
        "type": "task_overview",
        **{
            bucket: []
            for bucket in (
                "active", "queued_ready", "queued_planning", "blocked", "held", "recently_merged", "recently_done",
                "recently_closed",
            )
        },
        "inflight_count": 0,
        "max_concurrent": 4,
        "wait_reasons": [
            {
                "task_id": 7,
                "reasons": [
                    "NotScheduled",
                    {"Dependency": {"task_id": 1, "title": "t", "state": "active", "project_name": "p"}},
                    {"FileConflict": {"files": ["a"], "with_task_id": 2}},
                    {"BudgetExhausted": {"used": 8, "max": 8}},
                    {"MergeTargetNotFound": {"branch": "b"}},
                ],
            }
        ],
    },
]  # fmt: skip


def test_the_schema_has_every_request_response_and_event_of_the_daemon() -> None:
    events = TAU.definitions["StreamEvent"]["anyOf"]
    assert (len(TAU.protocol.methods), len(RESPONSES), len(events)) == (49, 38, 17)
    assert len(OUTBOUND) == 49


@pytest.mark.parametrize("frame", ODD_FRAMES, ids=lambda frame: frame["type"])
def test_what_is_written_in_a_way_of_its_own_is_read_and_written(frame: dict[str, Any]) -> None:
    read = decode_response(frame)
    assert TAU.faults("Response", frame) == []
    assert not isinstance(read, UnknownVariant)
    assert read.misfits() == []
    assert read.to_wire() == frame


def test_what_plugins_say_is_read_and_written() -> None:
    register = {"type": "register", "name": "p"}
    empty: dict[str, object] = {"tools": [], "hooks": [], "commands": []}
    assert TAU.written("PluginOutput", register) == {**register, **empty}
    asked = {"type": "server_request", "request_id": "r1", "request": {"type": "list_models"}}
    read = TAU.adapter("PluginOutput").validate_python(asked)
    assert isinstance(read, types.PluginServerRequest)
    assert isinstance(read.request, types.ListModelsRequest)
    assert TAU.written("PluginOutput", asked) == asked


@settings(max_examples=60)
@given(st.data())
def test_a_frame_that_lacks_a_member_or_has_null_there_is_read_all_the_same(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(RESPONSES.values())))
    frame = data.draw(TAU.values(name))
    for member in frame.keys() - {"type"}:
        for other in ({k: v for k, v in frame.items() if k != member}, {**frame, member: None}):
            assert decode_response(other).type == frame["type"]


def test_what_a_peer_leaves_out_means_its_default_and_is_written() -> None:
    read = decode_response({"type": "aliases"})
    assert isinstance(read, types.AliasesResponse)
    assert (read.global_, read.project) == ([], [])
    assert read.to_wire() == {"type": "aliases", "global": [], "project": []}


@pytest.mark.parametrize("decode", [decode_request, decode_response, decode_subscription_event])
def test_a_frame_of_an_unknown_kind_is_an_error(decode: Any) -> None:
    with pytest.raises(UnknownFrame, match="unheard_of") as caught:
        decode({"type": "unheard_of", "x": 1})
    assert caught.value.raw == {"type": "unheard_of", "x": 1}
    for nonsense in ({}, {"type": 1}, "text", None):
        with pytest.raises(ProtocolError):
            decode(nonsense)
