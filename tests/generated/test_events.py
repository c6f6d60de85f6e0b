"""Every event is read as its own class, and nothing that a runtime sends as an event raises."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.ir import Event
from codegen.samples import UNKNOWN
from copilot_sdk._generated.copilot import events
from copilot_sdk._model import EventBase, UnknownEvent
from tests.support.schema_files import event_places
from tests.support.surface import DOCUMENTS, PROTOCOL, SAMPLER, drifted, faults
from tests.support.sweep import sweep

EVENTS = {event.wire: event for event in PROTOCOL.events}
PLACES = event_places(DOCUMENTS)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def small(event: Event) -> dict[str, Any]:
    value = SAMPLER.event(event)[0].value
    assert isinstance(value, dict)
    return dict(value)


@sweep("kind", EVENTS)
def test_every_sample_of_an_event_is_read_as_its_class_and_written_as_it_was(kind: str) -> None:
    event = EVENTS[kind]
    for sample in SAMPLER.event(event):
        assert isinstance(sample.value, dict)
        found = events.decode(sample.value)
        assert type(found) is getattr(events, event.name), sample.label
        assert json.dumps(found.to_wire()) == json.dumps(sample.value), sample.label


@sweep("kind", EVENTS)
def test_the_samples_of_an_event_fit_the_schema(kind: str) -> None:
    *samples, _ = SAMPLER.event(EVENTS[kind])
    found = {sample.label: faults(PLACES[kind], sample.value) for sample in samples}
    assert {label: problems for label, problems in found.items() if problems} == {}


@sweep("kind", EVENTS)
def test_an_event_of_another_version_is_read_as_its_class_and_written_as_it_was(kind: str) -> None:
    large = SAMPLER.event(EVENTS[kind])[1].value
    assert isinstance(large, dict)
    assert isinstance(large["data"], dict)
    for data in drifted(large["data"]):
        found = events.decode({**large, "data": data})
        assert type(found) is getattr(events, EVENTS[kind].name)
        assert found.to_wire() == {**large, "data": data}


@sweep("kind", EVENTS)
def test_a_malformed_event_comes_out_with_its_json_and_what_is_wrong(kind: str) -> None:
    raw = {**small(EVENTS[kind]), "data": "hunter2"}
    found = events.decode(raw)
    assert isinstance(found, UnknownEvent)
    assert (found.type, found.raw) == (kind, raw)
    assert found.problem is not None
    assert found.problem.startswith("data")
    assert "hunter2" not in found.problem


@pytest.mark.parametrize("kind", [UNKNOWN, f"session.{UNKNOWN}", f"{UNKNOWN}.start", "", "."])
def test_an_event_of_an_unknown_type_comes_out_whole_and_without_a_problem(kind: str) -> None:
    raw = {**small(EVENTS["session.idle"]), "type": kind}
    found = events.decode(raw)
    assert isinstance(found, UnknownEvent)
    assert (found.type, found.id, found.raw, found.problem) == (kind, raw["id"], raw, None)


@given(JSON)
def test_any_json_value_is_read_as_an_event_without_an_error(value: Any) -> None:
    found = events.decode(value)
    assert isinstance(found, UnknownEvent)
    assert found.raw == value
    assert isinstance(repr(found), str)


@given(
    st.sampled_from(sorted(EVENTS)), st.dictionaries(st.sampled_from(["id", "data", "parentId"]), JSON), JSON
)
def test_any_members_in_an_event_of_a_known_type_are_read_without_an_error(
    kind: str, members: dict[str, Any], extra: Any
) -> None:
    raw = {**small(EVENTS[kind]), **members, UNKNOWN: extra}
    found = events.decode(raw)
    assert isinstance(found, EventBase)
    assert found.type == kind
    if isinstance(found, UnknownEvent):
        assert (found.raw, bool(found.problem)) == (raw, True)


def test_the_package_has_the_events_of_the_schema_and_no_other() -> None:
    assert {name for name in dir(events) if name not in ("SessionEvent", "UnknownEvent", "decode")} == {
        event.name for event in PROTOCOL.events
    }
    assert set(EVENTS) == set(PLACES)
