"""The Copilot layout becomes a protocol: methods by scope, params without the session's id, events, broadcasts."""

from __future__ import annotations

from typing import Any

import pytest

from codegen.errors import SchemaError
from codegen.ir import (
    Array,
    Broadcast,
    Method,
    Null,
    Nullable,
    ObjectDef,
    Protocol,
    Ref,
    Scope,
    UnionDef,
)
from tests.support.small_schema import (
    STRING,
    TARGET,
    Document,
    method,
    protocol_from,
    put,
    record,
    reference,
    small_schema,
    with_definitions,
)

SMALL = protocol_from(small_schema())


def found(protocol: Protocol, wire: str) -> Method:
    return next(candidate for candidate in protocol.methods if candidate.wire == wire)


def fields_of(protocol: Protocol, name: str) -> list[str]:
    definition = protocol.types[name]
    assert isinstance(definition, ObjectDef)
    return [field.wire for field in definition.fields]


def session_params(params: object, **definitions: object) -> tuple[Protocol, Method]:
    """The method that has these params in the session's tree."""
    document = with_definitions(**definitions)
    document["session"]["act"] = method("session.act", params)
    protocol = protocol_from(document)
    return protocol, found(protocol, "session.act")


def test_a_method_knows_its_scope_its_path_and_its_marks() -> None:
    assert [(m.wire, m.scope, m.path, m.name) for m in SMALL.methods] == [
        ("ping", Scope.SERVER, (), "ping"),
        ("clouds.mcpList", Scope.SERVER, ("clouds",), "mcp_list"),
        ("clouds.rename", Scope.SERVER, ("clouds",), "rename"),
        ("session.look", Scope.SESSION, (), "look"),
        ("session.tasks.start", Scope.SESSION, ("tasks",), "start"),
        ("umbrella.open", Scope.CLIENT_SESSION, ("umbrella",), "open"),
        ("umbrella.said", Scope.CLIENT_SESSION, ("umbrella",), "said"),
    ]
    look = found(SMALL, "session.look").meta
    assert (look.stability, look.since, look.description) == ("experimental", "1.2.3", "Does it.")
    assert found(SMALL, "clouds.rename").meta.deprecated
    assert [m.wire for m in SMALL.methods if m.notification] == ["umbrella.said"]
    assert [m.constant for m in SMALL.inbound()] == ["UMBRELLA_OPEN", "UMBRELLA_SAID"]


def test_params_and_results_in_place_are_named_after_their_method() -> None:
    assert found(SMALL, "ping").params == Ref("PingRequest")
    assert found(SMALL, "umbrella.open").result == Ref("UmbrellaOpenResult")


def test_a_result_is_a_type_a_list_null_or_either() -> None:
    assert found(SMALL, "ping").result == Ref("Sky")
    assert found(SMALL, "clouds.mcpList").result == Array(Ref("Cloud"))
    assert found(SMALL, "clouds.rename").result == Null()
    assert found(SMALL, "session.tasks.start").result == Nullable(Ref("Task"))


def test_a_result_that_may_be_absent_is_nullable() -> None:
    document = small_schema()
    document["server"]["ping"]["result"] = {"anyOf": [reference("Sky"), {"not": {}}]}
    assert found(protocol_from(document), "ping").result == Nullable(Ref("Sky"))


def test_the_params_of_a_session_method_are_typed_without_the_session_id() -> None:
    assert found(SMALL, "session.look").params is None
    assert found(SMALL, "session.tasks.start").params == Ref("TaskStart")
    assert fields_of(SMALL, "TaskStart") == ["name", "wait"]


@pytest.mark.parametrize(
    "params",
    [
        None,
        TARGET,
        reference("SessionTarget"),
        record(("sessionId",), sessionId=STRING),
        {"anyOf": [TARGET, {"not": {}}]},
        {"type": "object"},
        {"type": "object", "additionalProperties": False},
        {},
        {"type": "null"},
        {"not": {}},
    ],
)
def test_params_with_nothing_but_the_session_id_are_no_params(params: object) -> None:
    assert session_params(params)[1].params is None


OWN = record(("x",), x=STRING)
WITH_ID = record(("sessionId", "x"), sessionId=STRING, x=STRING)


@pytest.mark.parametrize(
    "params",
    [
        WITH_ID,
        OWN,
        {"allOf": [reference("SessionTarget"), OWN]},
        {"allOf": [OWN, reference("SessionTarget")]},
        {"allOf": [reference("SessionTarget")], **OWN},
        {"allOf": [reference("SessionTarget"), record((), x=STRING), {"required": ["x"]}]},
        {"anyOf": [OWN, {"not": {}}]},
        {"oneOf": [WITH_ID, {"not": {}}]},
    ],
)
def test_the_own_params_of_a_session_method_are_kept_however_they_are_written(params: object) -> None:
    protocol, made = session_params(params)
    assert made.params == Ref("SessionActRequest")
    assert fields_of(protocol, "SessionActRequest") == ["x"]
    definition = protocol.types["SessionActRequest"]
    assert isinstance(definition, ObjectDef)
    assert definition.fields[0].required


def test_params_by_reference_lose_the_session_id() -> None:
    protocol, made = session_params(reference("Act"), Act=WITH_ID)
    assert made.params == Ref("Act")
    assert fields_of(protocol, "Act") == ["x"]


def test_params_may_be_a_union() -> None:
    protocol, made = session_params({"anyOf": [reference("Cirrus"), reference("Stratus")]})
    assert made.params == Ref("SessionActRequest")
    assert isinstance(protocol.types["SessionActRequest"], UnionDef)


@pytest.mark.parametrize(
    "params", [STRING, reference("Color"), {"type": "object", "additionalProperties": STRING}]
)
def test_params_that_are_no_object_are_refused(params: object) -> None:
    with pytest.raises(SchemaError, match="params must be an object") as caught:
        session_params(params)
    assert caught.value.pointer.startswith("/session/act/params")


def test_the_params_of_a_served_method_keep_the_session_id() -> None:
    assert fields_of(SMALL, "UmbrellaOpen") == ["sessionId", "id"]


def test_an_event_has_a_class_a_family_and_its_data() -> None:
    ended, started = SMALL.events
    assert (started.wire, started.name, started.family, started.data) == (
        "rain.started",
        "RainStarted",
        "rain",
        Ref("RainStartedData"),
    )
    assert (started.ephemeral, ended.ephemeral, ended.data) == (True, False, Ref("Sky"))
    assert SMALL.broadcasts == (Broadcast("rain.started", "session.look", "rain.ended"),)


def test_a_type_with_the_name_of_an_event_steps_aside() -> None:
    protocol = protocol_from(with_definitions(RainEnded=record((), x=STRING)))
    assert fields_of(protocol, "RainEndedPayload") == ["x"]


def test_events_may_be_listed_in_a_file_of_their_own() -> None:
    document = small_schema()
    events = {name: document["definitions"][name] for name in document["definitions"] if "Event" in name}
    for name in events:
        del document["definitions"][name]
    sky: Any = document["definitions"]["Sky"]["properties"]
    sky["last"] = {"$ref": "events.schema.json#/definitions/SessionEvent"}
    text = str(events).replace("#/definitions/Sky", "api.schema.json#/definitions/Sky")
    protocol = protocol_from(document, events={"definitions": events})
    assert "Sky" in text
    assert protocol.events == SMALL.events


def add_methods(**methods: Document) -> Document:
    document = small_schema()
    document["server"].update(methods)
    return document


@pytest.mark.parametrize(
    ("document", "place", "problem"),
    [
        (
            add_methods(again=method("ping")),
            "/server/again",
            r"ping a second time, api\.schema\.json#/server/ping",
        ),
        (add_methods(pIng=method("x"), p_ing=method("y")), "/server/p_ing", r"server\.P_ING a second time"),
        (
            add_methods(a={"bC": method("x")}, a_b={"c": method("y")}, aB=method("z")),
            "/server/aB",
            "namespace",
        ),
    ],
)
def test_two_methods_never_share_a_name(document: Document, place: str, problem: str) -> None:
    with pytest.raises(SchemaError, match=problem) as caught:
        protocol_from(document)
    assert caught.value.pointer == place


def test_the_same_name_may_be_called_and_served() -> None:
    document = small_schema()
    document["clientSession"]["pong"] = method("ping", None, STRING)
    assert len([m for m in protocol_from(document).methods if m.wire == "ping"]) == 2


def test_an_internal_method_is_reached_over_the_internal_namespace() -> None:
    hidden = {**method("sky.paint"), "visibility": "internal"}
    paint = found(protocol_from(put(small_schema(), "/server/sky", {"paint": hidden})), "sky.paint")
    assert (paint.internal, paint.path, paint.attributes) == (True, ("sky",), ("internal", "sky", "paint"))


def test_a_method_names_the_one_that_came_in_its_place() -> None:
    document = put(small_schema(), "/server/ping/replacedBy", "clouds.mcpList")
    assert found(protocol_from(document), "ping").replaced_by == "clouds.mcpList"
