"""Events are decoded by their type; whatever else comes is kept and explained."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from pydantic import TypeAdapter

from copilot_sdk._model import EventBase, EventDecoder, UnknownEvent, WireModel, event_annotation


class Amount(WireModel):
    amount: float


class RainStarted(EventBase):
    type: Literal["rain.started"] = "rain.started"
    data: Amount


def raw(**members: object) -> dict[str, Any]:
    event = {"id": "e1", "timestamp": "2026-01-02T03:04:05.678Z", "parentId": None, "type": "rain.started"}
    return {**event, "data": {"amount": 0.5}, **members}


DECODER = EventDecoder({"rain.started": RainStarted})


SomeEvents: Any = dict.__class_getitem__((str, event_annotation(DECODER)))


def test_an_event_is_read_as_the_class_of_its_type() -> None:
    event = DECODER.decode(raw(ephemeral=True, agentId="a"))
    assert isinstance(event, RainStarted)
    assert (event.data.amount, event.parent_id, event.ephemeral, event.agent_id) == (0.5, None, True, "a")


def test_a_class_is_looked_up_once_and_by_the_first_event_of_its_type() -> None:
    looked_up = []

    class Classes(dict[str, type[EventBase]]):
        def get(self, key: str, default: Any = None) -> Any:
            looked_up.append(key)
            return super().get(key, default)

    decoder = EventDecoder(Classes({"rain.started": RainStarted}))
    assert looked_up == []
    for _ in range(3):
        decoder.decode(raw())
    assert looked_up == ["rain.started"]


def test_an_event_is_written_as_it_came() -> None:
    came = raw(newer=[1], agentId="a")
    assert DECODER.decode(came).to_wire() == came


def test_the_time_of_an_event_is_aware() -> None:
    event = DECODER.decode(raw())
    assert event.time == datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    assert event.time.utcoffset() == timedelta(0)


def test_the_time_of_an_event_that_has_none_is_an_error_of_its_own() -> None:
    with pytest.raises(ValueError, match="Invalid isoformat"):
        _ = DECODER.decode(raw(timestamp="soon")).time


@pytest.mark.parametrize("kind", ["rain.ended", "snow.started", "rain", "", "rain."])
def test_an_unknown_type_keeps_the_event_and_has_no_problem(kind: str) -> None:
    event = DECODER.decode(raw(type=kind, agentId="a", ephemeral=True))
    assert isinstance(event, UnknownEvent)
    assert (event.type, event.id, event.data, event.problem) == (kind, "e1", {"amount": 0.5}, None)
    assert (event.agent_id, event.ephemeral, event.raw) == (
        "a",
        True,
        raw(type=kind, agentId="a", ephemeral=True),
    )


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"data": {"amount": "hunter2"}}, "data.amount: "),
        ({"id": 5}, "id: "),
        ({"parentId": ["hunter2"]}, "parentId: "),
    ],
)
def test_an_event_that_does_not_fit_is_of_its_class_and_says_where_without_the_value(
    members: dict[str, Any], problem: str
) -> None:
    told: list[str] = []
    event = DECODER.decode(raw(**members), told.append)
    assert type(event) is type(DECODER.decode(raw()))
    assert event.to_wire() == raw(**members)
    assert event.misfits() == told
    assert told[0].startswith(problem)
    assert "hunter2" not in told[0]


@pytest.mark.parametrize("data", [None, 5, []])
def test_an_event_without_data_is_unknown_and_says_so(data: object) -> None:
    event = DECODER.decode(raw(data=data))
    assert isinstance(event, UnknownEvent)
    assert event.problem is not None
    assert event.problem.startswith("data: ")
    assert event.raw == raw(data=data)


@pytest.mark.parametrize("value", [None, 5, "rain.started", [], {}, {"type": 5}, {"type": None}])
def test_what_is_no_event_at_all_is_kept(value: object) -> None:
    event = DECODER.decode(value)
    assert isinstance(event, UnknownEvent)
    assert event.raw == value
    assert event.problem == "is not an object with a string `type`"
    assert (event.id, event.timestamp, event.parent_id) == ("", "", None)
    assert (event.ephemeral, event.agent_id) == (None, None)


def test_a_member_that_holds_any_event_reads_and_writes_each_as_it_is() -> None:
    kind: TypeAdapter[Any] = TypeAdapter(SomeEvents)
    unknown = raw(type="snow.started", newer=1)
    events = kind.validate_python({"known": raw(), "unknown": unknown})
    assert isinstance(events["known"], RainStarted)
    assert isinstance(events["unknown"], UnknownEvent)
    assert kind.validate_python(events) == events
    assert kind.dump_python(events, mode="json", exclude_unset=True)["known"] == raw()


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_a_member_that_holds_any_event_has_a_json_schema(
    mode: Literal["validation", "serialization"],
) -> None:
    schema = TypeAdapter(SomeEvents).json_schema(mode=mode)
    assert schema["$defs"]["EventBase"]["type"] == "object"


def test_the_class_of_a_type_can_be_asked_for() -> None:
    assert DECODER.class_of("rain.started") is RainStarted
    assert DECODER.class_of("rain.ended") is None
    assert DECODER.class_of("snow.started") is None
