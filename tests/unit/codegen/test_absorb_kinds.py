"""A type that is of another kind in another version takes what either version sends."""

from __future__ import annotations

import pytest

from codegen.errors import SchemaError
from codegen.ir import Array, Map, Nullable, ObjectDef, Ref, Scalar, UnionDef
from tests.support.small_schema import STRING, Document, record, reference
from tests.support.versions import (
    FIRST,
    INTEGER,
    NULL,
    SECOND,
    THIRD,
    Files,
    absorbed,
    definitions,
    member_type,
    ours,
    read,
    theirs,
)

BOOLEAN: Document = {"type": "boolean"}


def mine_with(**types: Document) -> Files:
    files = ours()
    definitions(files).update(types)
    return files


def theirs_with(**types: Document) -> Files:
    files = theirs()
    definitions(files).update(types)
    return files


def tagged(tag: object, required: tuple[str, ...], **members: object) -> Document:
    kind = {"type": "boolean" if isinstance(tag, bool) else "string", "const": tag}
    return record(("ok", *required), ok=kind, **members)


def answer(*required: str) -> Document:
    return {
        "description": "What came of it.",
        **record(("ok", *required), ok=BOOLEAN, id=STRING, old={"description": "Past.", **STRING}),
    }


def split() -> Files:
    """The answer as a union of two cases."""
    return theirs_with(
        Answer={"anyOf": [reference("Accepted"), reference("Refused")]},
        Accepted=tagged(True, ("id", "queue"), id=INTEGER, queue=STRING),
        Refused=tagged(False, (), reason=STRING),
    )


def members(files: Files, union: str) -> tuple[object, ...]:
    definition = read(files).types[union]
    assert isinstance(definition, UnionDef)
    return definition.members


def test_an_object_that_becomes_a_union_leaves_out_of_each_branch_what_it_left_out() -> None:
    files, report = absorbed(mine_with(Answer=answer()), split())
    assert members(files, "Answer") == (Ref("Accepted"), Ref("Refused"))
    assert definitions(files)["Answer"]["description"] == "What came of it."
    assert definitions(files)["Accepted"]["required"] == ["ok"]
    assert definitions(files)["Refused"]["required"] == ["ok"]
    assert {
        "type Answer was object and is union, whose branches take the object",
        "Accepted.id may be left out",
        "Accepted.queue may be left out",
    } <= set(report)


def test_a_branch_goes_on_to_require_what_the_object_required() -> None:
    files, _ = absorbed(mine_with(Answer=answer("id")), split())
    assert definitions(files)["Accepted"]["required"] == ["ok", "id"]


def test_a_branch_keeps_the_members_of_the_object_and_takes_what_they_held() -> None:
    files, _ = absorbed(mine_with(Answer=answer()), split())
    for branch in ("Accepted", "Refused"):
        old = definitions(files)[branch]["properties"]["old"]
        assert old == {"description": "Past.", **STRING, "until": FIRST}
    assert str(member_type(files, "id", "Accepted")).count("Scalar") == 2


def test_an_object_without_the_constant_of_the_branches_becomes_a_branch() -> None:
    mine = mine_with(Answer={"description": "What came of it.", **record(("id",), id=STRING)})
    files, report = absorbed(mine, split())
    assert members(files, "Answer") == (Ref("Accepted"), Ref("Refused"), Ref("AnswerObject"))
    assert definitions(files)["AnswerObject"] == {**definitions(mine)["Answer"], "until": FIRST}
    assert definitions(files)["Accepted"]["required"] == ["ok", "id", "queue"]
    assert "type Answer was object and is union: a union of both" in report
    again = theirs_with(Answer=record((), id=STRING, late=STRING))
    files, report = absorbed(files, again, THIRD)
    assert "type AnswerObject is back" in report
    assert definitions(files)["AnswerObject"]["properties"]["late"]["since"] == THIRD
    assert members(files, "Answer") == (Ref("Accepted"), Ref("Refused"), Ref("AnswerObject"))


def test_a_union_that_becomes_an_object_has_it_as_a_branch_that_follows_it() -> None:
    files, report = absorbed(ours(), theirs_with(Cloud=record(("size",), size=INTEGER)))
    assert members(files, "Cloud") == (Ref("Cirrus"), Ref("Stratus"), Ref("CloudObject"))
    assert report == ["type Cloud was union and is object, which is a branch more"]
    assert definitions(files)["CloudObject"] == {**record(("size",), size=INTEGER), "since": SECOND}
    files, report = absorbed(files, theirs_with(Cloud=record((), size=INTEGER, far=INTEGER)), THIRD)
    assert set(report) == {"CloudObject.far is new", "CloudObject.size may be left out"}
    files, report = absorbed(files, theirs(), "1.3.0")
    assert report == ["type CloudObject is gone"]
    assert definitions(files)["CloudObject"]["until"] == THIRD


def test_an_enum_that_becomes_an_object_is_a_union_of_both() -> None:
    files, report = absorbed(ours(), theirs_with(Color=record((), red=INTEGER)))
    assert members(files, "Color") == (Ref("ColorObject"), Ref("ColorValue"))
    assert definitions(files)["ColorValue"]["x-enumDescriptions"] == {"blue": "Clear.", "gray": "Dull."}
    assert definitions(files)["ColorValue"]["until"] == FIRST
    assert "type Color was enum and is object: a union of both" in report
    files, report = absorbed(files, theirs_with(Color={"type": "string", "enum": ["blue"]}), THIRD)
    assert definitions(files)["ColorValue"]["x-enumUntil"] == {"gray": FIRST}
    assert definitions(files)["ColorObject"]["until"] == SECOND


ALIASES: list[tuple[Document, tuple[object, ...]]] = [
    ({"type": "array", "items": STRING}, (Array(Scalar("string")),)),
    ({"type": "object", "additionalProperties": INTEGER}, (Map(Scalar("integer")),)),
    (reference("Label"), (Ref("Label"),)),
]


@pytest.mark.parametrize(("alias", "branches"), ALIASES)
@pytest.mark.parametrize("later", [True, False])
def test_an_object_and_what_has_no_members_are_a_union_whichever_was_first(
    alias: Document, branches: tuple[object, ...], later: bool
) -> None:
    thing = record(("id",), id=STRING)
    mine = mine_with(Thing=thing if later else alias)
    files, _ = absorbed(mine, theirs_with(Thing=alias if later else thing))
    found = members(files, "Thing")
    assert set(found) == {Ref("ThingObject"), *branches}
    # An object with members is tried before one that takes any.
    assert isinstance(found[0], Ref)
    definition = read(files).types["ThingObject"]
    assert isinstance(definition, ObjectDef)
    assert [field.required for field in definition.fields] == [True]


def test_a_type_that_could_be_null_still_may_when_it_becomes_an_object() -> None:
    mine = mine_with(Thing={"anyOf": [{"type": "array", "items": STRING}, NULL]})
    definitions(mine)["Sky"]["properties"]["thing"] = reference("Thing")
    other = theirs_with(Thing=record(("id",), id=STRING))
    definitions(other)["Sky"]["properties"]["thing"] = reference("Thing")
    files, _ = absorbed(mine, other)
    assert member_type(files, "thing") == Nullable(Ref("Thing"))


def test_an_object_that_becomes_any_json_takes_any() -> None:
    files, report = absorbed(ours(), theirs_with(Cirrus={"x-opaque-json": True}))
    assert definitions(files)["Cirrus"] == {"x-opaque-json": True}
    assert report == ["type Cirrus was object and is alias: the newer one serves both"]


def test_a_name_that_is_taken_is_refused_with_what_needs_it() -> None:
    mine = mine_with(CloudObject=record((), size=INTEGER))
    other = theirs_with(Cloud=record((), size=INTEGER), CloudObject=record((), size=INTEGER))
    with pytest.raises(SchemaError, match="CloudObject: is taken: Cloud needs a type of that name"):
        absorbed(mine, other)
