"""Types of another version come into our files, and ours become wide enough for both."""

from __future__ import annotations

from typing import Any

import pytest

from codegen.ir import Choice, Const, EnumDef, Nullable, Ref, Scalar, TypeExpr, UnionDef
from tests.support.small_schema import STRING, put, record, reference
from tests.support.versions import (
    API,
    EVENTS,
    FIRST,
    INTEGER,
    NULL,
    SECOND,
    THIRD,
    absorbed,
    definitions,
    member_type,
    ours,
    read,
    theirs,
    with_member,
)


def test_a_new_type_stands_with_what_needs_it() -> None:
    other = theirs()
    definitions(other)["Snow"] = record(("deep",), deep=INTEGER)
    definitions(other, EVENTS)["RainEndedData"]["properties"]["pool"] = reference("Pool")
    definitions(other, EVENTS)["Pool"] = record(("deep",), deep=INTEGER)
    files, report = absorbed(ours(), other)
    assert definitions(files)["Snow"]["since"] == SECOND
    assert definitions(files, EVENTS)["Pool"] == {**record(("deep",), deep=INTEGER), "since": SECOND}
    assert report == ["type Pool is new", "RainEndedData.pool is new", "type Snow is new"]


def test_a_new_member_comes_in_with_its_version_and_is_never_required() -> None:
    other = with_member("wind", {"type": "integer", "minimum": 1, "deprecated": True})
    definitions(other)["Sky"]["required"].append("wind")
    sky = definitions(absorbed(ours(), other)[0])["Sky"]
    assert sky["properties"]["wind"] == {"type": "integer", "minimum": 1, "deprecated": True, "since": SECOND}
    assert sky["required"] == ["color", "height"]


def test_new_values_of_an_enum_join_the_old_ones() -> None:
    other = put(theirs(), f"/{API}/definitions/Color/enum", ["pink", "gray"])
    files, report = absorbed(ours(), other)
    color = read(files).types["Color"]
    assert isinstance(color, EnumDef)
    assert [value for value, _ in color.values] == ["blue", "gray", "pink"]
    assert definitions(files)["Color"]["x-enumSince"] == {"pink": SECOND}
    assert "type Color has the values pink more" in report


def test_new_branches_of_a_union_join_the_old_ones() -> None:
    other = put(theirs(), f"/{API}/definitions/Cloud/anyOf", [reference("Stratus"), reference("Fog")])
    definitions(other)["Fog"] = record(("kind",), kind={"type": "string", "const": "fog"})
    cloud = read(absorbed(ours(), other)[0]).types["Cloud"]
    assert isinstance(cloud, UnionDef)
    assert cloud.members == (Ref("Cirrus"), Ref("Stratus"), Ref("Fog"))
    assert cloud.discriminator == "kind"


def test_a_member_that_may_be_left_out_is_no_longer_required() -> None:
    files, report = absorbed(ours(), put(theirs(), f"/{API}/definitions/Sky/required", []))
    assert "required" not in definitions(files)["Sky"]
    assert report == ["Sky.color may be left out", "Sky.height may be left out"]


@pytest.mark.parametrize(
    ("name", "schema", "wide"),
    [
        ("note", {"type": ["string", "null"]}, Nullable(Scalar("string"))),
        ("note", INTEGER, Choice((Scalar("string"), Scalar("integer")))),
        ("note", reference("Color"), Scalar("string")),
        ("color", STRING, Ref("Color")),
        ("color", {"anyOf": [reference("Color"), NULL]}, Nullable(Ref("Color"))),
        ("height", {"type": "number", "minimum": 0}, Scalar("number", None, (("minimum", 0),))),
        ("mood", {"type": "string", "enum": ["calm", "wild"]}, Ref("SkyMood")),
        ("mood", {"type": "string", "const": "wild"}, Choice((Const("calm"), Const("wild")))),
        ("cloud", reference("Cloud"), Ref("Cloud")),
        ("cloud", reference("Stratus"), Ref("SkyCloud")),
        ("cloud", record((), deep=INTEGER), Ref("SkyCloudUnion")),
        ("extra", reference("Cirrus"), Scalar("any")),
        ("cloud", {"x-opaque-json": True}, Scalar("any")),
    ],
)
def test_a_member_that_changed_takes_what_both_versions_send(
    name: str, schema: object, wide: TypeExpr
) -> None:
    files, _ = absorbed(ours(), with_member(name, schema))
    assert member_type(files, name) == wide
    said = definitions(ours())["Sky"]["properties"][name]["description"]
    assert definitions(files)["Sky"]["properties"][name]["description"] == said


def test_two_named_types_become_a_union_that_grows_with_a_third() -> None:
    files, _ = absorbed(ours(), with_member("cloud", reference("Stratus")))
    assert definitions(files)["SkyCloud"]["since"] == SECOND
    files, _ = absorbed(files, with_member("cloud", reference("PingRequest")), THIRD)
    union = read(files).types["SkyCloud"]
    assert isinstance(union, UnionDef)
    assert union.members == (Ref("Cirrus"), Ref("Stratus"), Ref("PingRequest"))
    assert member_type(files, "cloud") == Ref("SkyCloud")


def test_a_type_written_in_place_does_not_take_the_name_of_its_union() -> None:
    files, _ = absorbed(ours(), put(theirs(), f"/{API}/server/ping/result", record((), deep=INTEGER)))
    union = read(files).types["PingResultUnion"]
    assert isinstance(union, UnionDef)
    assert union.members == (Ref("Sky"), Ref("PingResult"))
    assert files[API]["server"]["ping"]["result"] == reference("PingResultUnion")


@pytest.mark.parametrize(
    ("name", "schema", "wide"),
    [
        ("Label", {"type": "string", "maxLength": 9}, {"description": "A label.", "type": "string"}),
        (
            "Color",
            {"type": "string", "const": "pink"},
            {
                **definitions(ours())["Color"],
                "enum": ["blue", "gray", "pink"],
                "x-enumSince": {"pink": SECOND},
                "x-enumUntil": {"blue": FIRST, "gray": FIRST},
            },
        ),
        ("Color", STRING, definitions(ours())["Color"]),
        (
            "Label",
            {"type": "string", "enum": ["a"]},
            {"description": "A label.", "type": "string", "enum": ["a"]},
        ),
        ("Label", {"x-opaque-json": True}, {"description": "A label.", "x-opaque-json": True}),
    ],
)
def test_a_type_that_changed_serves_both_versions(name: str, schema: object, wide: object) -> None:
    files, _ = absorbed(ours(), put(theirs(), f"/{API}/definitions/{name}", schema))
    assert definitions(files)[name] == wide


def test_a_constant_that_becomes_an_enum_is_a_value_of_it() -> None:
    mine = put(ours(), f"/{API}/definitions/Label", {"type": "string", "const": "a"})
    files, _ = absorbed(
        mine, put(theirs(), f"/{API}/definitions/Label", {"type": "string", "enum": ["b", "c"]})
    )
    label = definitions(files)["Label"]
    assert label["enum"] == ["a", "b", "c"]
    assert label["x-enumSince"] == {"b": SECOND, "c": SECOND}
    assert label["x-enumUntil"] == {"a": FIRST}


@pytest.mark.parametrize(
    ("old", "new", "wide"),
    [
        (STRING, INTEGER, {"anyOf": [STRING, INTEGER]}),
        (INTEGER, {"type": "number"}, {"type": "number"}),
        (STRING, STRING, STRING),
        (STRING, None, None),
        (None, STRING, None),
        ({"type": "number"}, INTEGER, {"type": "number"}),
    ],
)
def test_members_without_a_name_take_what_both_versions_send(old: object, new: object, wide: object) -> None:
    mine, other = ours(), theirs()
    for files, rest in ((mine, old), (other, new)):
        if rest is not None:
            definitions(files)["Sky"]["additionalProperties"] = rest
    files, report = absorbed(mine, other)
    assert definitions(files)["Sky"].get("additionalProperties") == wide
    assert (report == []) == (wide == old)


@pytest.mark.parametrize(
    ("place", "what"),
    [
        (("definitions", "Sky"), "type Sky"),
        (("definitions", "Color"), "type Color"),
        (("definitions", "Cloud"), "type Cloud"),
        (("definitions", "Sky", "properties", "note"), "Sky.note"),
        (("server", "ping"), "method ping"),
    ],
)
def test_what_is_said_beside_the_shape_is_what_the_newer_version_says(
    place: tuple[str, ...], what: str
) -> None:
    other = theirs()
    node: Any = other[API]
    for key in place:
        node = node[key]
    node.update(stability="experimental", visibility="internal", deprecated=True)
    files, report = absorbed(ours(), other)
    assert report == [f"{what} is experimental now", f"{what} is internal now", f"{what} is deprecated"]
    files, report = absorbed(files, theirs(), THIRD)
    assert report == [f"{what} is stable now", f"{what} is public now", f"{what} is no longer deprecated"]
    node = files[API]
    for key in place:
        node = node[key]
    assert (node["stability"], "visibility" in node, "deprecated" in node) == ("stable", False, False)
