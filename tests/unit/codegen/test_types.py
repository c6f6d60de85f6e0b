"""Definitions become types: shapes in place are lifted, null and absence are told apart, unions find their tag."""

from __future__ import annotations

import pytest

from codegen.errors import SchemaError
from codegen.ir import (
    AliasDef,
    Array,
    Choice,
    Const,
    EnumDef,
    EventRef,
    Map,
    Null,
    Nullable,
    ObjectDef,
    Ref,
    Scalar,
    TypeDef,
    TypeExpr,
    UnionDef,
)
from tests.support.small_schema import STRING, Document, protocol_from, record, reference, with_definitions

TEXT = Scalar("string")


def types_of(**definitions: object) -> dict[str, TypeDef]:
    return dict(protocol_from(with_definitions(**definitions)).types)


def member(schema: object) -> TypeExpr:
    """What the schema of a member is read as."""
    definition = types_of(Thing=record((), part=schema))["Thing"]
    assert isinstance(definition, ObjectDef)
    return definition.fields[0].type


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (STRING, TEXT),
        ({"type": "integer", "minimum": 1}, Scalar("integer", None, (("minimum", 1),))),
        ({"type": "string", "format": "uuid"}, Scalar("string", "uuid")),
        ({}, Scalar("any")),
        (True, Scalar("any")),
        ({"x-opaque-json": True}, Scalar("any")),
        ({"type": "null"}, Null()),
        ({"type": "array", "items": STRING, "minItems": 2}, Array(TEXT, 2)),
        ({"type": "array"}, Array(Scalar("any"))),
        ({"type": "object"}, Map(Scalar("any"))),
        ({"type": "object", "additionalProperties": STRING}, Map(TEXT)),
        ({"additionalProperties": reference("Sky")}, Map(Ref("Sky"))),
        (
            {"additionalProperties": STRING, "propertyNames": reference("Color")},
            Map(TEXT, Ref("Color")),
        ),
        ({"type": "object", "propertyNames": {"minLength": 1}}, Map(Scalar("any"))),
        ({"type": ["string", "null"]}, Nullable(TEXT)),
        ({"type": ["string", "boolean"]}, Choice((TEXT, Scalar("boolean")))),
        ({"anyOf": [STRING, {"type": "null"}]}, Nullable(TEXT)),
        ({"oneOf": [STRING, {"type": "integer"}]}, Choice((TEXT, Scalar("integer")))),
        ({"anyOf": [STRING, STRING]}, TEXT),
        ({"anyOf": [STRING, {"not": {}}]}, TEXT),
        ({"anyOf": [{"type": "null"}]}, Null()),
        ({"const": "x"}, Const("x")),
        ({"const": False}, Const(value=False)),
        ({"enum": ["x"]}, Const("x")),
        ({"enum": ["x", None]}, Nullable(Const("x"))),
        ({"enum": [1, "x"]}, Choice((Const(1), Const("x")))),
        (reference("Sky"), Ref("Sky")),
        ({**reference("Color"), "const": "blue"}, Const("blue")),
        ({"allOf": [reference("Sky")]}, Ref("ThingPart")),
        (reference("SessionEvent"), EventRef()),
        (reference("RainEndedEvent"), EventRef("RainEnded")),
        (reference("Perhaps"), Nullable(Ref("Perhaps"))),
    ],
)
def test_a_schema_is_read_as_a_type(schema: object, expected: TypeExpr) -> None:
    perhaps = {"anyOf": [record((), x=STRING), {"type": "null"}]}
    definition = types_of(Perhaps=perhaps, Thing=record((), part=schema))["Thing"]
    assert isinstance(definition, ObjectDef)
    assert definition.fields[0].type == expected


def test_an_object_in_place_is_lifted_and_named_after_its_owner() -> None:
    found = types_of(Thing=record((), partOf={"type": "array", "items": record(("x",), x=STRING)}))
    lifted = found["ThingPartOfItem"]
    assert isinstance(lifted, ObjectDef)
    assert [(field.name, field.required) for field in lifted.fields] == [("x", True)]


def test_an_object_in_place_is_named_by_its_title() -> None:
    assert member({**record(("x",), x=STRING), "title": "McpPart"}) == Ref("MCPPart")


def test_an_enum_in_place_is_lifted_and_keeps_its_texts() -> None:
    enum = {"type": "string", "enum": ["a", "b"], "x-enumDescriptions": {"a": "First."}}
    found = types_of(Thing=record((), mode=enum))["ThingMode"]
    assert isinstance(found, EnumDef)
    assert found.values == (("a", "First."), ("b", ""))


def test_a_union_in_place_is_lifted() -> None:
    found = types_of(Thing=record((), part={"anyOf": [reference("Sky"), reference("Task")]}))["ThingPart"]
    assert isinstance(found, UnionDef)
    assert found.members == (Ref("Sky"), Ref("Task"))


def test_the_branches_of_a_union_are_named_by_their_tag() -> None:
    step = {
        "oneOf": [record(("kind",), kind={"const": "wait-long"}), record(("kind",), kind={"const": "done"})]
    }
    found = types_of(Step=step)["Step"]
    assert isinstance(found, UnionDef)
    assert found.members == (Ref("StepWaitLong"), Ref("StepDone"))
    assert found.discriminator == "kind"


def test_a_definition_with_null_is_nullable_wherever_it_is_used() -> None:
    for schema in (
        {"anyOf": [record((), x=STRING), {"type": "null"}]},
        {**record((), x=STRING), "type": ["object", "null"]},
    ):
        found = types_of(Perhaps=schema, Thing=record((), part=reference("Perhaps")))
        assert isinstance(found["Perhaps"], ObjectDef)
        assert isinstance(found["Thing"], ObjectDef)
        assert found["Thing"].fields[0].type == Nullable(Ref("Perhaps"))


def test_what_may_be_absent_is_optional_even_if_it_is_required() -> None:
    found = types_of(Thing=record(("part",), part={"anyOf": [STRING, {"not": {}}]}))["Thing"]
    assert isinstance(found, ObjectDef)
    assert not found.fields[0].required


def test_the_type_of_members_without_a_name_is_kept_beside_those_with_one() -> None:
    found = types_of(Thing={**record((), x=STRING), "additionalProperties": {"type": "integer"}})["Thing"]
    assert isinstance(found, ObjectDef)
    assert found.rest == Scalar("integer")


def test_alternatives_that_only_require_members_leave_an_object_an_object() -> None:
    found = types_of(
        Thing={**record((), x=STRING, y=STRING), "anyOf": [{"required": ["x"]}, {"required": ["y"]}]}
    )["Thing"]
    assert isinstance(found, ObjectDef)
    assert [field.wire for field in found.fields] == ["x", "y"]


def tagged(tag: object, name: str = "kind", *, required: bool = True) -> Document:
    return record((name,) if required else (), **{name: {"const": tag}, "other": {"const": "same"}})


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (tagged("a"), tagged("b"), "kind"),
        (tagged(tag=True, name="isRemote"), tagged(tag=False, name="isRemote"), "isRemote"),
        (tagged("a"), tagged("a"), None),
        (tagged("a"), tagged("b", required=False), None),
        (tagged("a"), record((), kind=STRING), None),
        (tagged("a"), STRING, None),
    ],
)
def test_a_union_is_told_apart_by_a_constant_that_every_branch_requires(
    one: Document, two: Document, expected: str | None
) -> None:
    found = types_of(One=one, Two=two, Both={"anyOf": [reference("One"), reference("Two")]})["Both"]
    assert isinstance(found, UnionDef)
    assert found.discriminator == expected


def test_a_union_in_a_union_is_told_apart_with_it() -> None:
    nest = {"anyOf": [reference("Cloud"), reference("Nimbus")]}
    found = types_of(Nimbus=tagged("nimbus"), Nest=nest)["Nest"]
    assert isinstance(found, UnionDef)
    assert found.discriminator == "kind"


def test_a_name_for_another_type_is_an_alias() -> None:
    found = types_of(Heaven=reference("Sky"))["Heaven"]
    assert isinstance(found, AliasDef)
    assert found.type == Ref("Sky")


@pytest.mark.parametrize(
    ("definitions", "place", "problem"),
    [
        ({"Thing": record((), aB=STRING, a_b=STRING)}, "/definitions/Thing/properties/aB", "a second time"),
        ({"SkyWind": record((), x=STRING)}, "/definitions/SkyWind", "makes the class SkyWind"),
        ({"Mcp": STRING, "MCP": {}}, "/definitions/MCP", "makes the class MCP"),
        ({"Any": STRING}, "/definitions/Any", "cannot be used"),
        ({"1st": STRING}, "/definitions/1st", "cannot be used"),
        (
            {"Loop": {"anyOf": [STRING, {"type": "array", "items": reference("Loop")}]}},
            "/definitions/Loop",
            "itself",
        ),
        (
            {"Loop": record((), x={"allOf": [reference("Loop")]})},
            "/definitions/Loop/properties/x/properties/x",
            "itself",
        ),
    ],
)
def test_names_that_clash_and_types_that_never_end_are_refused(
    definitions: dict[str, object], place: str, problem: str
) -> None:
    with pytest.raises(SchemaError, match=problem) as caught:
        types_of(**definitions)
    assert caught.value.pointer == place


def test_two_places_may_lift_the_same_shape_under_one_name() -> None:
    part = {**record((), x=STRING), "title": "Part"}
    assert "Part" in types_of(One=record((), part=part), Two=record((), part=part))
