"""What is written as a schema reads as the type it was."""

from __future__ import annotations

import pytest

from codegen.absorb.dialect import definition_of, marks, schema_of
from codegen.ir import (
    AliasDef,
    Array,
    Choice,
    Const,
    EnumDef,
    EventRef,
    Field,
    Map,
    Meta,
    Null,
    Nullable,
    ObjectDef,
    Ref,
    Scalar,
    TypeDef,
    TypeExpr,
    UnionDef,
)
from tests.support.small_schema import Document, method, protocol_from, record, small_schema

STRING = Scalar("string")
TEXT = "A sentence of another's."


def locate(target: Ref | EventRef) -> str:
    match target:
        case EventRef(None):
            return "#/definitions/SessionEvent"
        case EventRef("RainStarted"):
            return "#/definitions/RainStartedEvent"
        case _:
            return f"#/definitions/{target.name}"


def holding(schema: object) -> Document:
    document = small_schema()
    document["definitions"]["Holder"] = record((), it=schema)
    return document


@pytest.mark.parametrize(
    "expr",
    [
        Scalar("any"),
        STRING,
        Scalar("string", "uri", (("minLength", 1), ("pattern", "^a"))),
        Scalar("integer", None, (("minimum", 0), ("maximum", 7))),
        Scalar("number"),
        Scalar("boolean"),
        Const("a"),
        Const(value=False),
        Const(7),
        Ref("Task"),
        EventRef(),
        EventRef("RainStarted"),
        Array(Ref("Task")),
        Array(STRING, 2),
        Map(Ref("Task")),
        Map(Scalar("any")),
        Map(Scalar("any"), Ref("Color")),
        Nullable(STRING),
        Nullable(Array(Nullable(Ref("Task")))),
        Choice((STRING, Scalar("integer"))),
        Nullable(Choice((STRING, Ref("Task")))),
        Null(),
    ],
    ids=repr,
)
def test_an_expression_reads_as_it_was(expr: TypeExpr) -> None:
    definition = protocol_from(holding(schema_of(expr, locate))).types["Holder"]
    assert isinstance(definition, ObjectDef)
    assert definition.fields[0].type == expr


@pytest.mark.parametrize(
    "definition",
    [
        ObjectDef("New", "New", ()),
        ObjectDef(
            "New",
            "New",
            (Field("a", "a", STRING, required=True), Field("b", "b", Ref("Task"), required=False)),
            rest=STRING,
        ),
        EnumDef("New", "New", (("x", ""), ("y", ""))),
        UnionDef("New", "New", (Ref("Task"), Ref("Sky")), None),
        AliasDef("New", "New", Array(Ref("Task"))),
        AliasDef("New", "New", Map(STRING)),
        AliasDef("New", "New", Const("one")),
    ],
    ids=repr,
)
def test_a_definition_reads_as_it_was(definition: TypeDef) -> None:
    document = small_schema()
    document["definitions"]["New"] = definition_of(definition, locate)
    assert protocol_from(document).types["New"] == definition


def test_no_text_of_a_definition_is_written() -> None:
    meta = Meta(description=TEXT, stability="experimental")
    made = [
        definition_of(
            ObjectDef("New", "New", (Field("a", "a", STRING, required=True, meta=meta),), meta), locate
        ),
        definition_of(EnumDef("New", "New", (("x", TEXT),), meta), locate),
        definition_of(AliasDef("New", "New", STRING, meta), locate),
    ]
    assert TEXT not in str(made)
    assert all(schema["stability"] == "experimental" for schema in made)


def test_marks_come_back_when_a_method_with_them_is_read() -> None:
    meta = Meta(stability="experimental", internal=True, deprecated=True)
    document = small_schema()
    document["server"]["stop"] = method("stop", None, None, **marks(meta))
    read = next(m for m in protocol_from(document).methods if m.wire == "stop").meta
    assert (read.stability, read.internal, read.deprecated) == ("experimental", True, True)


def test_what_has_no_mark_gets_no_keyword() -> None:
    assert marks(Meta(description=TEXT, since="1.0.0", until="2.0.0")) == {}
