"""What the real CLI has sent is read whole, and written as it came."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from copilot_sdk._generated.copilot.events import decode
from copilot_sdk._generated.copilot.methods import INBOUND, OUTBOUND
from copilot_sdk._model import UnknownEvent, UnknownVariant
from copilot_sdk._model.codec import decode_params, decode_result
from copilot_sdk._rpc.method import Loader, Method
from copilot_sdk.errors import InternalError, RpcError, SessionNotFound
from tests.support.frames import recorded_frames, turn_lines

FRAMES = recorded_frames()
TURN = [json.loads(line)["params"] for line in turn_lines()]

# How many types and methods the recording has: a smaller one would let the tests pass for nothing.
FEWEST_EVENT_TYPES = 98
FEWEST_RESULTS = 260


def raw_events() -> list[Any]:
    recorded = [f.payload for f in FRAMES if f.kind == "event" and isinstance(f.payload, dict)]
    return [params["event"] for params in (*recorded, *TURN)]


EVENTS = [(raw, decode(raw)) for raw in raw_events()]


def written(value: object) -> str:
    """A value as JSON text in which the order of keys does not matter, and 1 is not 1.0."""
    return json.dumps(value, sort_keys=True)


@cache
def adapter(load: Loader) -> TypeAdapter[Any]:
    return TypeAdapter(load())


def dumped(load: Loader | None, value: object) -> object:
    assert load is not None
    return adapter(load).dump_python(value, mode="json", exclude_unset=True)


def unknown_parts(value: object, place: str) -> Iterator[str]:
    """Where in a decoded value a branch of a union was not known."""
    if isinstance(value, UnknownVariant):
        yield place
    elif isinstance(value, BaseModel):
        for name in value.model_fields_set:
            yield from unknown_parts(getattr(value, name, None), f"{place}.{name}")
    elif isinstance(value, Mapping):
        yield from unknown_parts(list(value.values()), f"{place}.*")
    elif isinstance(value, list | tuple):
        for item in value:
            yield from unknown_parts(item, f"{place}[]")


def results() -> Iterator[tuple[Method[Any], object]]:
    return ((OUTBOUND[f.method], f.payload) for f in FRAMES if f.kind == "result")


def test_the_recording_is_as_rich_as_it_was() -> None:
    assert len({raw["type"] for raw, _ in EVENTS}) >= FEWEST_EVENT_TYPES
    assert len({method.name for method, _ in results() if method.result}) >= FEWEST_RESULTS


def test_every_recorded_event_is_read() -> None:
    unread = {event.type: event.problem for _, event in EVENTS if isinstance(event, UnknownEvent)}
    assert unread == {}


@pytest.mark.parametrize("kind", sorted({raw["type"] for raw, _ in EVENTS}))
def test_an_event_is_written_as_it_was_read(kind: str) -> None:
    for raw, event in EVENTS:
        if raw["type"] == kind:
            assert written(event.to_wire()) == written(raw)
            assert list(unknown_parts(event, kind)) == []


@pytest.mark.parametrize("name", sorted({method.name for method, _ in results() if method.result}))
def test_a_result_is_written_as_it_was_read(name: str) -> None:
    for method, payload in results():
        if method.name == name:
            result = decode_result(method, payload)
            assert written(dumped(method.result, result)) == written(payload)
            assert list(unknown_parts(result, name)) == []


def test_a_method_without_a_result_answers_null_or_nothing_more_than_an_empty_object() -> None:
    answers = [(method.name, payload) for method, payload in results() if method.result is None]
    assert answers
    assert [(name, payload) for name, payload in answers if payload not in (None, {})] == []


def test_what_the_runtime_asks_of_its_client_is_read_whole() -> None:
    inbound = [frame for frame in FRAMES if frame.kind in {"request", "notification"}]
    assert inbound
    for frame in inbound:
        method = INBOUND[frame.method]
        params = decode_params(method, frame.payload)
        assert written(dumped(method.params, params)) == written(frame.payload)
        assert list(unknown_parts(params, frame.method)) == []


def test_every_refusal_becomes_an_error_that_names_its_method() -> None:
    refusals = [frame for frame in FRAMES if frame.kind == "error"]
    assert refusals
    for frame in refusals:
        assert isinstance(frame.payload, dict)
        error = RpcError.from_wire(frame.payload, frame.method)
        assert isinstance(error, InternalError) == (frame.payload["code"] == InternalError.CODE)
        assert (error.code, error.method) == (frame.payload["code"], frame.method)
        assert frame.method in str(error)
    lost = [frame for frame in refusals if "Session not found" in str(frame.payload)]
    assert lost
    for frame in lost:
        assert isinstance(frame.payload, dict)
        assert isinstance(RpcError.from_wire(frame.payload, frame.method), SessionNotFound)
