"""A malformed schema is refused with the place of the fault, never with a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen import ownership
from codegen.errors import SchemaError
from codegen.ir import Protocol
from tests.support.small_schema import Document, method, protocol_from, put, record, reference, small_schema

LEAF = "/server/ping"
SKY = "/definitions/Sky"
COLOR = f"{SKY}/properties/color"
EVENT = "/definitions/RainStartedEvent"


def removed(pointer: str) -> Callable[[Document], Document]:
    def change(document: Document) -> Document:
        node: Any = document
        *steps, last = pointer.split("/")[1:]
        for step in steps:
            node = node[step]
        del node[last]
        return document

    return change


def set_to(pointer: str, value: object) -> Callable[[Document], Document]:
    return lambda document: put(document, pointer, value)


FAULTS: dict[str, tuple[Callable[[Document], Document], str, str]] = {
    "definitions that are no object": (
        set_to("/definitions", []),
        "/definitions",
        "must be an object, not an array",
    ),
    "a definition that is no object": (set_to(SKY, "blue"), SKY, "must be an object, not a string"),
    "a member that is no object": (set_to(COLOR, 5), COLOR, "must be an object, not a number"),
    "properties that are no object": (
        set_to(f"{SKY}/properties", []),
        f"{SKY}/properties",
        "must be an object",
    ),
    "a tree that is no object": (set_to("/server", None), "/server", "must be an object, not null"),
    "a branch of a tree that is no object": (
        set_to("/server/clouds", 1),
        "/server/clouds",
        "must be an object",
    ),
    "a reference to nothing": (set_to(COLOR, reference("Paint")), f"{COLOR}/$ref", "points to nothing"),
    "a reference to no definition": (
        set_to(COLOR, {"$ref": "#/x/y"}),
        f"{COLOR}/$ref",
        "no reference to a definition",
    ),
    "a reference that is no string": (
        set_to(COLOR, {"$ref": 1}),
        f"{COLOR}/$ref",
        "must be a string, not a number",
    ),
    "a required member that is unknown": (
        set_to(f"{SKY}/required", ["color", "depth"]),
        f"{SKY}/required/1",
        "'depth' is not among the properties",
    ),
    "required that is no array": (set_to(f"{SKY}/required", "color"), f"{SKY}/required", "must be an array"),
    "a required name that is no string": (
        set_to(f"{SKY}/required", [1]),
        f"{SKY}/required/0",
        "must be a string",
    ),
    "a leaf without params": (removed(f"{LEAF}/params"), LEAF, "ping has no params"),
    "a leaf without a result": (removed(f"{LEAF}/result"), LEAF, "ping has no result"),
    "a leaf without a wire name": (removed(f"{LEAF}/rpcMethod"), LEAF, "no rpcMethod"),
    "an empty wire name": (set_to(f"{LEAF}/rpcMethod", ""), f"{LEAF}/rpcMethod", "must not be empty"),
    "a wire name that is no string": (
        set_to(f"{LEAF}/rpcMethod", 1),
        f"{LEAF}/rpcMethod",
        "must be a string",
    ),
    "a successor that is no method": (
        set_to(f"{LEAF}/replacedBy", "pong"),
        f"{LEAF}/replacedBy",
        "is the name of no method",
    ),
    "a namespace with the name of the internal one": (
        set_to("/server/internal", {"pong": method("internal.pong")}),
        "/server/internal/pong",
        "makes the name 'internal'",
    ),
    "a wire name used twice": (set_to("/server/pong", method("ping")), "/server/pong", "a second time"),
    "a const of the wrong kind": (set_to(COLOR, {"const": [1]}), f"{COLOR}/const", "must be a string"),
    "a const that is null": (set_to(COLOR, {"const": None}), f"{COLOR}/const", "must be a string"),
    "a type that is none": (set_to(COLOR, {"type": "text"}), f"{COLOR}/type", "'text' is none of"),
    "a type of the wrong kind": (set_to(COLOR, {"type": 5}), f"{COLOR}/type", "5 is none of"),
    "no type at all": (set_to(COLOR, {"type": []}), COLOR, "must name a type"),
    "items that are no object": (
        set_to(COLOR, {"type": "array", "items": []}),
        f"{COLOR}/items",
        "must be an object",
    ),
    "branches that are no array": (set_to(COLOR, {"anyOf": {}}), f"{COLOR}/anyOf", "must be an array"),
    "a branch that is no object": (set_to(COLOR, {"anyOf": [1]}), f"{COLOR}/anyOf/0", "must be an object"),
    "parts that are no array": (set_to(COLOR, {"allOf": 1}), f"{COLOR}/allOf", "must be an array"),
    "an enum that is no array": (set_to(COLOR, {"enum": 1}), f"{COLOR}/enum", "must be an array"),
    "an enum without a value": (set_to(COLOR, {"enum": []}), COLOR, "must have a value"),
    "an enum of nothing but null": (set_to(COLOR, {"enum": [None]}), COLOR, "must have a value"),
    "an enum of objects": (set_to(COLOR, {"enum": [{}]}), COLOR, "must hold strings"),
    "a named enum of numbers": (
        set_to("/definitions/Color", {"enum": [1, 2]}),
        "/definitions/Color/enum/0",
        "string",
    ),
    "a text for a value that is no string": (
        set_to("/definitions/Color/x-enumDescriptions", {"blue": 1}),
        "/definitions/Color/x-enumDescriptions/blue",
        "must be a string",
    ),
    "a description that is no string": (
        set_to(f"{SKY}/description", 1),
        f"{SKY}/description",
        "must be a string",
    ),
    "a limit that is no number": (
        set_to(COLOR, {"type": "integer", "minimum": "1"}),
        f"{COLOR}/minimum",
        "must be a number",
    ),
    "a pattern that is no string": (
        set_to(COLOR, {"type": "string", "pattern": 1}),
        f"{COLOR}/pattern",
        "must be a string",
    ),
    "a count below zero": (
        set_to(COLOR, {"type": "array", "minItems": -1}),
        f"{COLOR}/minItems",
        "must be a whole number",
    ),
    "further members of no type": (
        set_to(COLOR, {"type": "object", "additionalProperties": 1}),
        f"{COLOR}/additionalProperties",
        "must be an object",
    ),
    "members named after something else than an enum": (
        set_to(COLOR, {"type": "object", "propertyNames": {"$ref": "#/definitions/Sky"}}),
        f"{COLOR}/propertyNames",
        "must be those of an enum",
    ),
    "an event without a type": (
        removed(f"{EVENT}/properties/type"),
        f"{EVENT}/properties/type",
        "is missing",
    ),
    "an event without data": (removed(f"{EVENT}/properties/data"), f"{EVENT}/properties/data", "is missing"),
    "an event of any type": (
        set_to(f"{EVENT}/properties/type", {"type": "string"}),
        f"{EVENT}/properties/type",
        "must be a constant string",
    ),
    "an event type that names no module": (
        set_to(f"{EVENT}/properties/type", {"const": "import.x"}),
        f"{EVENT}/properties/type",
        "cannot name a module",
    ),
    "an event whose data is no object": (
        set_to(f"{EVENT}/properties/data", {"type": "string"}),
        f"{EVENT}/properties/data",
        "must be an object",
    ),
    "an event with a member of its own": (
        set_to(f"{EVENT}/properties/extra", {"type": "string"}),
        f"{EVENT}/properties/extra",
        "no member of the event envelope",
    ),
    "two events of one type": (
        set_to("/definitions/RainEndedEvent/properties/type/const", "rain.started"),
        "/definitions/RainEndedEvent",
        "makes the class RainStarted",
    ),
    "a list of events without one": (
        set_to("/definitions/SessionEvent", {}),
        "/definitions/SessionEvent",
        "no event",
    ),
    "an event in place": (
        set_to("/definitions/SessionEvent/anyOf/0", record()),
        "/definitions/SessionEvent/anyOf/0/$ref",
        "no reference",
    ),
    "a broadcast of no event": (
        set_to("/broadcasts/0/event", "snow"),
        "/broadcasts/0/event",
        "'snow' is not known",
    ),
    "a broadcast without an answer": (removed("/broadcasts"), "", ""),
}
FAULTS["a broadcast without an answer"] = (
    set_to("/broadcasts/0", {"event": "rain.started", "completed": "rain.ended"}),
    "/broadcasts/0/answer",
    "'' is not known",
)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_with_its_place(fault: str) -> None:
    change, place, problem = FAULTS[fault]
    with pytest.raises(SchemaError) as caught:
        protocol_from(change(small_schema()))
    assert (caught.value.file, caught.value.pointer) == ("api.schema.json", place)
    assert problem in caught.value.problem
    assert str(caught.value) == f"api.schema.json#{place}: {caught.value.problem}"


def places(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path to each thing in a document."""
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in steps:
        yield (*path, step)
        yield from places(value, (*path, step))


PLACES = list(places(small_schema()))
KEYWORDS = [
    "$ref", "allOf", "anyOf", "oneOf", "not", "type", "enum", "const", "properties", "required", "items",
    "additionalProperties", "description", "title", "format", "x-enumDescriptions", "minItems", "minimum", "pattern",
    "rpcMethod", "params", "result", "", "model_config", "a b", "self", "1x", "class",
]  # fmt: skip
FRAGMENTS: list[Any] = [
    None, True, 0, -1, 1.5, "", "x", "string", "null", [], ["x"], [None], {}, [{}], {"x": 1}, ["string", "null"],
    {"type": "null"}, {"not": {}}, {"const": 1}, {"enum": ["a"]}, {"properties": {"a": {}}}, {"type": "array"},
    reference("Sky"), reference("SessionEvent"), reference("Color"), reference("Cloud"), reference("Nothing"),
    [reference("Sky")], [{"type": "string"}, {"type": "null"}], [{"properties": {"kind": {"const": "a"}}}, {}],
]  # fmt: skip
CHANGES = st.tuples(
    st.sampled_from(PLACES),
    st.sampled_from(["replace", "remove", "add", "copy"]),
    st.sampled_from(KEYWORDS),
    st.sampled_from(FRAGMENTS),
    st.sampled_from(PLACES),
)


def follow(document: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


def changed(
    document: Document, place: tuple[str | int, ...], how: str, key: str, value: Any, other: Any
) -> None:
    """Change a document at a place, which an earlier change may have taken away."""
    try:
        owner, target, copied = follow(document, place[:-1]), follow(document, place), follow(document, other)
    except (KeyError, IndexError, TypeError):
        return
    if how == "remove":
        del owner[place[-1]]
    elif how == "add" and isinstance(target, dict):
        target[key] = copy.deepcopy(value)
    else:
        owner[place[-1]] = copy.deepcopy(copied if how == "copy" else value)


def outcome_of(document: Document) -> Protocol | SchemaError:
    try:
        return protocol_from(document)
    except SchemaError as error:
        return error


@settings(max_examples=400)
@given(st.lists(CHANGES, min_size=1, max_size=3))
def test_any_change_of_a_schema_is_read_or_refused_with_a_place(changes: list[Any]) -> None:
    document = small_schema()
    for change in changes:
        changed(document, *change)
    outcome = outcome_of(json.loads(json.dumps(document)))
    if isinstance(outcome, SchemaError):
        assert outcome.file == "api.schema.json"
        assert outcome.problem
    else:
        assert set(ownership.assign(outcome).modules) == set(outcome.types)
