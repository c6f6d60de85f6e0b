"""The schema files keep to their dialect, and a file that does not is refused with the place of the fault."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from tests.support.schema_files import (
    SCHEMA,
    Document,
    as_of,
    event_types,
    faults,
    methods,
    read_documents,
    read_meta,
    walk,
)

Break = Callable[[Document], object]

SKY = {"$ref": "#/definitions/Sky"}


def small_document() -> Document:
    """A conforming document that uses every part of the layout."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Weather",
        "description": "A protocol to test with.",
        "$ref": "#/definitions/SessionEvent",
        "runtimes": ["1.0.0", "1.0.9", "1.0.10"],
        "server": {"sky": {"look": method("sky.look", result={"$ref": "#/definitions/Sky"})}},
        "clientSession": {"umbrella": {"open": method("umbrella.open")}},
        "broadcasts": [{"event": "rain.started", "answer": "umbrella.open", "completed": "rain.ended"}],
        "definitions": {
            "Sky": {
                "description": "What is above.",
                "type": "object",
                "properties": {
                    "color": {"description": "Color of the sky.", "$ref": "#/definitions/Color"},
                    "clouds": {"description": "Number of clouds.", "type": "integer", "minimum": 0},
                    "stars": {"description": "Names.", "type": "array", "minItems": 1, "since": "1.0.9"},
                    "moon": {"description": "True if up.", "type": "boolean", "until": "1.0.9"},
                },
                "required": ["color"],
            },
            "Color": {
                "description": "A color.",
                "type": "string",
                "enum": ["blue", "gray", "pink"],
                "x-enumDescriptions": {"blue": "Clear.", "gray": "Clouded.", "pink": "Dawn."},
                "x-enumSince": {"gray": "1.0.10"},
                "x-enumUntil": {"pink": "1.0.9"},
            },
            "SessionEventEnvelope": {"description": "What all events carry.", "type": "object"},
            "RainStartedEvent": event("rain.started"),
            "RainEndedEvent": event("rain.ended"),
            "WindEvent": {**event("wind.hasTurned"), "since": "1.0.9", "until": "1.0.9"},
            "SessionEvent": {
                "description": "Any event.",
                "anyOf": [
                    {"$ref": "#/definitions/RainStartedEvent"},
                    {"$ref": "#/definitions/RainEndedEvent"},
                    {"$ref": "#/definitions/WindEvent"},
                ],
            },
        },
    }


def method(name: str, **members: object) -> Document:
    base = {"rpcMethod": name, "description": "Does it.", "params": None, "result": {"type": "null"}}
    return {**base, "stability": "stable", **members}


def event(name: str) -> Document:
    return {
        "description": "Sent when it rains.",
        "allOf": [{"$ref": "#/definitions/SessionEventEnvelope"}],
        "type": "object",
        "properties": {"type": {"type": "string", "const": name}, "data": {"$ref": "#/definitions/Sky"}},
        "required": ["type", "data"],
    }


def at(document: Document, pointer: str) -> Any:
    node: Any = document
    for step in pointer.split("/")[1:]:
        node = node[step]
    return node


def delete(pointer: str) -> Break:
    parent, _, key = pointer.rpartition("/")
    return lambda document: at(document, parent).pop(key)


def put(pointer: str, value: object) -> Break:
    parent, _, key = pointer.rpartition("/")
    return lambda document: at(document, parent).update({key: value})


BREAKS: dict[str, tuple[Break, str]] = {
    "a method without a description": (
        delete("/server/sky/look/description"),
        "/server/sky/look: 'description' is a required property",
    ),
    "a method without a wire name": (
        delete("/server/sky/look/rpcMethod"),
        "/server/sky/look: 'rpcMethod' is a required property",
    ),
    "a method with an unknown word for its stability": (
        put("/server/sky/look/stability", "solid"),
        "/server/sky/look/stability: 'solid' is not one of",
    ),
    "a method with an unknown keyword": (
        put("/server/sky/look/color", "blue"),
        "/server/sky/look: Additional properties are not allowed ('color' was unexpected)",
    ),
    "a wire name with a space": (
        put("/server/sky/look/rpcMethod", "sky look"),
        "/server/sky/look/rpcMethod: 'sky look' does not match",
    ),
    "a notification that is marked with a word": (
        put("/clientSession/umbrella/open/notification", "yes"),
        "/clientSession/umbrella/open/notification: True was expected",
    ),
    "a type without a description": (
        delete("/definitions/Sky/description"),
        "/definitions/Sky: 'description' is a required property",
    ),
    "a type with a blank description": (
        put("/definitions/Sky/description", " "),
        "/definitions/Sky/description: ' ' does not match",
    ),
    "a type with an unknown keyword": (
        put("/definitions/Sky/oneOf", []),
        "/definitions/Sky: Additional properties are not allowed ('oneOf' was unexpected)",
    ),
    "a type whose name starts small": (
        put("/definitions/sky", {"description": "Low."}),
        "/definitions: 'sky' does not match",
    ),
    "a field without a description": (
        delete("/definitions/Sky/properties/clouds/description"),
        "/definitions/Sky/properties/clouds: 'description' is a required property",
    ),
    "a length limit on a number": (
        put("/definitions/Sky/properties/clouds/minLength", 1),
        "/definitions/Sky/properties/clouds/type: 'string' was expected",
    ),
    "an enum value without a description": (
        delete("/definitions/Color/x-enumDescriptions/gray"),
        "/definitions/Color/x-enumDescriptions: differs from enum in ['gray']",
    ),
    "a description of an enum value that does not exist": (
        put("/definitions/Color/x-enumDescriptions/green", "Ill."),
        "/definitions/Color/x-enumDescriptions: differs from enum in ['green']",
    ),
    "an enum without descriptions": (
        delete("/definitions/Color/x-enumDescriptions"),
        "/definitions/Color: 'x-enumDescriptions' is a dependency of 'enum'",
    ),
    "an event without data": (
        delete("/definitions/RainEndedEvent/properties/data"),
        "/definitions/RainEndedEvent/properties: 'data' is a required property",
    ),
    "a reference to nothing": (
        put("/definitions/Sky/properties/color/$ref", "#/definitions/Paint"),
        "/definitions/Sky/properties/color/$ref: nothing stands at #/definitions/Paint",
    ),
    "a reference into a file that does not exist": (
        put("/server/sky/look/result", {"$ref": "sea.schema.json#/definitions/Sky"}),
        "/server/sky/look/result/$ref: nothing stands at sea.schema.json#/definitions/Sky",
    ),
    "a wire name that stands twice": (
        put("/server/sky/see", method("sky.look")),
        "/server/sky/see/rpcMethod: sky.look is also at weather.schema.json#/server/sky/look",
    ),
    "two types that differ in case alone": (
        put("/definitions/SKY", {"description": "High."}),
        "/definitions/SKY: the name is taken by weather.schema.json#/definitions/Sky",
    ),
    "a required field that does not exist": (
        put("/definitions/Sky/required", ["sun"]),
        "/definitions/Sky/required: no such properties: ['sun']",
    ),
    "a broadcast of an event that does not exist": (
        put("/broadcasts", [{"event": "snow", "answer": "umbrella.open", "completed": "rain.ended"}]),
        "/broadcasts/0/event: snow is not known",
    ),
    "a broadcast with an answer that does not exist": (
        put("/broadcasts", [{"event": "rain.started", "answer": "run", "completed": "rain.ended"}]),
        "/broadcasts/0/answer: run is not known",
    ),
    "a runtime that is no version": (
        put("/runtimes", ["1.0"]),
        "/runtimes/0: '1.0' does not match",
    ),
    "runtimes out of order": (put("/runtimes", ["1.0.0", "1.0.10", "1.0.9"]), "/runtimes: not in order"),
    "a mark with the first runtime": (
        put("/server/sky/look/since", "1.0.0"),
        "/server/sky/look/since: 1.0.0 is the first runtime",
    ),
    "an end at a runtime that is not known": (
        put("/server/sky/look/until", "1.0.5"),
        "/server/sky/look/until: 1.0.5 is no runtime that another one came after",
    ),
    "an end at the last runtime": (
        put("/definitions/Sky/properties/clouds/until", "1.0.10"),
        "/definitions/Sky/properties/clouds/until: 1.0.10 is no runtime that another one came after",
    ),
    "an end before the start": (
        put("/definitions/WindEvent/until", "1.0.0"),
        "/definitions/WindEvent/until: 1.0.0 is before 1.0.9",
    ),
    "a required field that later runtimes do not have": (
        put("/definitions/Sky/required", ["color", "moon"]),
        "/definitions/Sky/required: later runtimes do not have ['moon']",
    ),
    "a version of a value that does not exist": (
        put("/definitions/Color/x-enumSince", {"green": "1.0.9"}),
        "/definitions/Color/x-enumSince: no such values: ['green']",
    ),
    "an end of a value that does not exist": (
        put("/definitions/Color/x-enumUntil", {"green": "1.0.9"}),
        "/definitions/Color/x-enumUntil: no such values: ['green']",
    ),
    "a value that ends at the last runtime": (
        put("/definitions/Color/x-enumUntil", {"pink": "1.0.10"}),
        "/definitions/Color/x-enumUntil/pink: 1.0.10 is no runtime that another one came after",
    ),
    "a value that ends before it starts": (
        put("/definitions/Color/x-enumUntil", {"gray": "1.0.9"}),
        "/definitions/Color/x-enumUntil/gray: 1.0.9 is before 1.0.10",
    ),
    "a value with the first runtime": (
        put("/definitions/Color/x-enumSince", {"pink": "1.0.0"}),
        "/definitions/Color/x-enumSince/pink: 1.0.0 is the first runtime",
    ),
    "versions of values without values": (
        put("/definitions/Sky/x-enumSince", {"blue": "1.0.9"}),
        "/definitions/Sky: 'enum' is a dependency of 'x-enumSince'",
    ),
    "an event that the union lacks": (
        put("/definitions/SnowEvent", event("snow")),
        "/definitions/SnowEvent: SessionEvent does not name this event",
    ),
    "two events of one type": (
        put("/definitions/WindEvent/properties/type/const", "rain.started"),
        "/definitions/WindEvent/properties/type/const: rain.started is also RainStartedEvent",
    ),
}


def test_the_meta_schema_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(read_meta())


@pytest.mark.parametrize("name", ["api", "lifecycle", "observed", "session-events"])
def test_each_file_is_a_valid_draft_07_schema(name: str) -> None:
    Draft7Validator.check_schema(read_documents()[f"{name}.schema.json"])


def test_the_schema_files_conform_to_the_dialect() -> None:
    assert faults(read_documents()) == []


def test_a_small_document_conforms_to_the_dialect() -> None:
    assert faults({"weather.schema.json": small_document()}) == []


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_document_is_refused_with_the_place_of_the_fault(name: str) -> None:
    breaks, fault = BREAKS[name]
    document = small_document()
    breaks(document)
    found = faults({"weather.schema.json": document})
    assert len(found) == 1, found
    assert found[0].startswith(f"weather.schema.json#{fault}")


def test_a_fault_in_a_real_file_is_found() -> None:
    documents = copy.deepcopy(read_documents())
    del documents["api.schema.json"]["definitions"]["SendMode"]["description"]
    assert faults(documents) == [
        "api.schema.json#/definitions/SendMode: 'description' is a required property"
    ]


def test_the_schema_as_of_a_runtime_has_what_that_runtime_has() -> None:
    document = small_document()
    document["server"]["sky"]["see"] = method("sky.see", since="1.0.10")
    document["definitions"]["Rain"] = {"description": "Water.", "type": "null", "since": "1.0.9"}
    document["definitions"]["Weather"] = {
        "description": "One.",
        "anyOf": [{"$ref": "#/definitions/Rain"}, SKY],
    }
    document["definitions"]["Sky"]["required"] = ["color", "stars"]
    seen = {runtime: as_of({"weather.schema.json": document}, runtime) for runtime in document["runtimes"]}
    first, second, third = (documents["weather.schema.json"] for documents in seen.values())

    looked = [[name["rpcMethod"] for _, _, name in methods(past)] for past in (first, second, third)]
    assert looked == [["sky.look", "umbrella.open"]] * 2 + [["sky.look", "sky.see", "umbrella.open"]]
    fields = [list(past["definitions"]["Sky"]["properties"]) for past in (first, second, third)]
    assert fields == [
        ["color", "clouds", "moon"],
        ["color", "clouds", "stars", "moon"],
        ["color", "clouds", "stars"],
    ]
    assert first["definitions"]["Sky"]["required"] == ["color"]
    values = [past["definitions"]["Color"]["enum"] for past in (first, second, third)]
    assert values == [["blue", "pink"], ["blue", "pink"], ["blue", "gray"]]
    assert ["WindEvent" in past["definitions"] for past in (first, second, third)] == [False, True, False]
    assert [len(event_types(past)) for past in (first, second, third)] == [2, 3, 2]
    assert first["definitions"]["Weather"]["anyOf"] == [SKY]
    assert second["definitions"]["Weather"] == document["definitions"]["Weather"]


def test_a_reference_that_a_later_type_took_over_stays() -> None:
    document = small_document()
    document["definitions"]["Rain"] = {"description": "Water.", "type": "null", "since": "1.0.9"}
    result = {"anyOf": [{"$ref": "#/definitions/Rain"}, {"type": "null"}]}
    document["server"]["sky"]["look"]["result"] = result
    past = as_of({"weather.schema.json": document}, "1.0.0")["weather.schema.json"]
    assert past["server"]["sky"]["look"]["result"] == result


def test_the_readme_explains_every_keyword_of_the_dialect() -> None:
    meta = read_meta()
    parts = [meta, *(meta["$defs"][part] for part in ("method", "broadcast", "event", "schema"))]
    keywords = {keyword for part in parts for keyword in part["properties"]}
    readme = (SCHEMA / "README.md").read_text("utf-8")
    unexplained = [word for word in keywords if f"`{word}`" not in readme and f'"{word}"' not in readme]
    assert unexplained == []


def test_a_method_of_the_session_tree_names_its_session() -> None:
    target = "api.schema.json#/definitions/SessionTarget"
    without = [
        method["rpcMethod"]
        for name, document in read_documents().items()
        for tree, _, method in methods(document)
        if tree == "session"
        and target
        not in [absolute(name, node["$ref"]) for _, node in walk(method["params"]) if "$ref" in node]
    ]
    assert without == []


def test_a_method_of_the_session_tree_has_the_session_prefix_on_the_wire() -> None:
    trees = [
        (tree, pointer, method["rpcMethod"])
        for document in read_documents().values()
        for tree, pointer, method in methods(document)
    ]
    odd = [name for tree, pointer, name in trees if tree == "session" and name != dotted(pointer)]
    assert odd == []


def test_every_description_is_a_sentence() -> None:
    texts = [
        (f"{name}#{pointer}", text)
        for name, document in read_documents().items()
        for pointer, node in walk(document)
        for text in described(pointer, node)
    ]
    odd = [(place, text) for place, text in texts if text != text.strip() or not text.endswith(".")]
    assert odd == []


def test_the_name_of_an_event_definition_follows_from_its_type() -> None:
    events = event_types(read_documents()["session-events.schema.json"])
    assert {kind: pascal(kind) + "Event" for kind in events} == events


def absolute(file: str, reference: str) -> str:
    return reference if not reference.startswith("#") else file + reference


def dotted(pointer: str) -> str:
    return pointer.strip("/").replace("/", ".")


def pascal(event_type: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in event_type.replace(".", "_").split("_"))


def described(pointer: str, node: Document) -> list[str]:
    """The texts of a node; a map of properties may have a property called `description`, which is none."""
    texts = [node["description"]] if isinstance(node.get("description"), str) else []
    return [*texts, *node.values()] if pointer.endswith("/x-enumDescriptions") else texts
