"""Another version's facts come into our files, and what we said of ours stays."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.errors import SchemaError
from codegen.ir import Choice, Const, EnumDef, Null, Nullable, ObjectDef, Ref, Scalar, TypeExpr, UnionDef
from tests.support.small_schema import STRING, TARGET, Document, method, put, record, reference
from tests.support.versions import (
    API,
    EVENTS,
    FIRST,
    FOREIGN,
    LIFECYCLE,
    SECOND,
    THIRD,
    Files,
    absorbed,
    event,
    ours,
    read,
    theirs,
)

NULL: Document = {"type": "null"}
INTEGER: Document = {"type": "integer"}


def definitions(files: Files, file: str = API) -> Document:
    section: Document = files[file]["definitions"]
    return section


def with_member(name: str, schema: object) -> Files:
    """Their files, a member of Sky in another shape."""
    files = theirs()
    definitions(files)["Sky"]["properties"][name] = schema
    return files


def member_type(files: Files, name: str, owner: str = "Sky") -> TypeExpr:
    definition = read(files).types[owner]
    assert isinstance(definition, ObjectDef)
    return next(field.type for field in definition.fields if field.wire == name)


def without(files: Files, file: str, *path: str) -> Files:
    node: Any = files[file]
    for key in path[:-1]:
        node = node[key]
    node.pop(path[-1])
    return files


def test_the_same_facts_change_nothing_but_the_known_versions() -> None:
    files, report = absorbed(ours(), theirs())
    assert report == []
    assert files[API].pop("runtimes") == [FIRST, SECOND]
    before = ours()
    before[API].pop("runtimes")
    assert files == before


def test_our_files_are_left_as_they_are() -> None:
    mine = ours()
    absorbed(mine, with_member("new", STRING))
    assert mine == ours()


@pytest.mark.parametrize(
    ("tree", "path", "wire"),
    [
        ("server", ("clouds", "push"), "clouds.push"),
        ("session", ("tasks", "start"), "session.tasks.start"),
        ("clientSession", ("umbrella", "close"), "umbrella.close"),
        ("clientGlobal", ("alarm",), "alarm"),
    ],
)
def test_a_new_method_comes_in_with_its_version(tree: str, path: tuple[str, ...], wire: str) -> None:
    other = theirs()
    branch = other[API][tree]
    for key in path[:-1]:
        branch = branch.setdefault(key, {})
    params = reference("PingRequest")
    own = {"allOf": [reference("SessionTarget"), params]} if tree == "session" else params
    branch[path[-1]] = method(wire, own, reference("Sky"), stability="experimental", deprecated=True)
    files, report = absorbed(ours(), other)
    leaf = files[API][tree]
    for key in path:
        leaf = leaf[key]
    assert leaf == {
        "rpcMethod": wire,
        "params": own,
        "result": reference("Sky"),
        "stability": "experimental",
        "deprecated": True,
        "since": SECOND,
    }
    assert report == [f"method {wire} is new"]


def test_a_new_session_method_without_params_has_the_session_as_its_target() -> None:
    other = put(theirs(), f"/{API}/session/stop", method("session.stop", TARGET, NULL))
    files, _ = absorbed(ours(), other)
    assert files[API]["session"]["stop"]["params"] == reference("SessionTarget")


def test_a_new_notification_stays_one() -> None:
    other = put(theirs(), f"/{API}/clientGlobal/said", method("said", None, NULL, notification=True))
    assert absorbed(ours(), other)[0][API]["clientGlobal"]["said"]["notification"] is True


def test_params_and_result_written_in_place_become_types_with_names() -> None:
    made = method("count", record(("of",), of=STRING), record(("total",), total=INTEGER))
    files, report = absorbed(ours(), put(theirs(), f"/{API}/server/count", made))
    assert definitions(files)["CountRequest"] == {**record(("of",), of=STRING), "since": SECOND}
    assert definitions(files)["CountResult"] == {**record(("total",), total=INTEGER), "since": SECOND}
    assert "type CountResult is new" in report


def test_a_method_that_had_no_params_takes_them() -> None:
    files, report = absorbed(ours(), put(theirs(), f"/{API}/server/reset/params", reference("PingRequest")))
    assert files[API]["server"]["reset"]["params"] == reference("PingRequest")
    assert report == ["method reset takes params"]


def test_a_method_that_takes_other_params_is_told() -> None:
    files, report = absorbed(ours(), put(theirs(), f"/{API}/server/ping/params", reference("Sky")))
    assert files[API]["server"]["ping"]["params"] == reference("Sky")
    assert report == ["method ping takes Sky instead of PingRequest"]


def test_the_marks_of_a_method_are_those_of_the_newer_version() -> None:
    other = theirs()
    other[API]["session"]["look"].update(stability="stable", deprecated=True)
    look = absorbed(ours(), other)[0][API]["session"]["look"]
    assert (look["stability"], look["deprecated"], look["description"]) == ("stable", True, "Does it.")


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
    assert color.values == (("blue", "Clear."), ("gray", "Dull."), ("pink", ""))
    assert report == ["type Color has the values pink more"]


def test_new_branches_of_a_union_join_the_old_ones() -> None:
    other = put(theirs(), f"/{API}/definitions/Cloud/anyOf", [reference("Stratus"), reference("Fog")])
    definitions(other)["Fog"] = record(("kind",), kind={"type": "string", "const": "fog"})
    cloud = read(absorbed(ours(), other)[0]).types["Cloud"]
    assert isinstance(cloud, UnionDef)
    assert cloud.members == (Ref("Cirrus"), Ref("Stratus"), Ref("Fog"))
    assert cloud.discriminator == "kind"


@pytest.mark.parametrize("ephemeral", [True, False])
def test_a_new_event_comes_in_with_its_version(ephemeral: bool) -> None:
    other = theirs()
    section = definitions(other, EVENTS)
    section["SnowEvent"] = event("snow.fell", "RainEndedData", ephemeral=ephemeral)
    section["SessionEvent"]["anyOf"].append(reference("SnowEvent"))
    files, report = absorbed(ours(), other)
    assert report == ["event snow.fell is new"]
    made = definitions(files, EVENTS)["SnowFellEvent"]
    assert (made["since"], "description" in made) == (SECOND, False)
    found = next(e for e in read(files).events if e.wire == "snow.fell")
    assert (found.data, found.ephemeral) == (Ref("RainEndedData"), ephemeral)


def test_an_event_that_is_no_longer_ephemeral_is_stored() -> None:
    other = theirs()
    definitions(other, EVENTS)["RainStartedEvent"] = event("rain.started", "RainStartedData")
    files, report = absorbed(ours(), other)
    assert report == ["event rain.started is stored now"]
    assert definitions(files, EVENTS)["RainStartedEvent"]["required"] == ["type", "data"]
    assert not any(e.ephemeral for e in read(files).events)


def test_an_event_that_becomes_ephemeral_may_still_be_stored_by_the_older_version() -> None:
    other = theirs()
    definitions(other, EVENTS)["RainEndedEvent"] = event("rain.ended", "RainEndedData", ephemeral=True)
    assert absorbed(ours(), other)[1] == []


def test_an_event_with_other_data_takes_both() -> None:
    other = theirs()
    section = definitions(other, EVENTS)
    section["Pool"] = record(("deep",), deep=INTEGER)
    section["RainEndedEvent"] = event("rain.ended", "Pool")
    protocol = read(absorbed(ours(), other)[0])
    data = protocol.types[next(e for e in protocol.events if e.wire == "rain.ended").data.name]
    assert isinstance(data, UnionDef)
    assert data.members == (Ref("RainEndedData"), Ref("Pool"))


def test_event_data_keep_their_text_when_a_second_event_uses_them() -> None:
    mine, other = ours(), theirs()
    for files in (mine, other):
        section = definitions(files, EVENTS)
        section["DropData"] = {"description": "A drop.", **record(("size",), size=INTEGER)}
        section["DropEvent"] = event("rain.drop", "DropData")
        section["SessionEvent"]["anyOf"].append(reference("DropEvent"))
    section = definitions(other, EVENTS)
    section["SplashEvent"] = event("rain.splash", "DropData")
    section["SessionEvent"]["anyOf"].append(reference("SplashEvent"))
    files, report = absorbed(mine, other)
    assert report == ["event rain.splash is new"]
    assert definitions(files, EVENTS)["DropData"] == definitions(mine, EVENTS)["DropData"]
    assert {e.data for e in read(files).events if e.wire in ("rain.drop", "rain.splash")} == {Ref("DropData")}


@pytest.mark.parametrize(
    ("file", "path", "line"),
    [
        (API, ("session", "look"), "method session.look is gone"),
        (API, ("clientGlobal", "warn"), "method warn is gone"),
        (API, ("definitions", "Sky", "properties", "note"), "Sky.note is gone"),
    ],
)
def test_what_vanished_stays_with_the_last_version_that_had_it_until_it_is_back(
    file: str, path: tuple[str, ...], line: str
) -> None:
    files, report = absorbed(ours(), without(theirs(), file, *path))
    assert report == [line]
    node: Any = files[file]
    before: Any = ours()[file]
    for key in path:
        node, before = node[key], before[key]
    assert {key: value for key, value in node.items() if key != "stability"} == {
        **{key: value for key, value in before.items() if key != "stability"},
        "until": FIRST,
    }
    files, report = absorbed(files, theirs(), THIRD)
    assert report == [line.replace("gone", "back")]
    assert '"until"' not in json.dumps(files)


def test_an_event_that_vanished_stays_with_the_last_version_that_had_it_until_it_is_back() -> None:
    other = theirs()
    definitions(other, EVENTS)["SessionEvent"]["anyOf"].pop()
    definitions(other, EVENTS).pop("RainEndedEvent")
    files, report = absorbed(ours(), other)
    assert report == ["event rain.ended is gone"]
    assert definitions(files, EVENTS)["RainEndedEvent"]["until"] == FIRST
    files, report = absorbed(files, theirs(), THIRD)
    assert report == ["event rain.ended is back"]
    assert "until" not in definitions(files, EVENTS)["RainEndedEvent"]


def test_the_version_until_which_a_thing_was_there_does_not_move() -> None:
    other = without(theirs(), API, "server", "reset")
    files, _ = absorbed(ours(), other)
    files, report = absorbed(files, other, THIRD)
    assert report == []
    assert files[API]["server"]["reset"]["until"] == FIRST


def test_a_member_that_vanished_is_no_longer_required_and_stays_optional_when_it_is_back() -> None:
    other = without(theirs(), API, "definitions", "Sky", "properties", "height")
    definitions(other)["Sky"]["required"].remove("height")
    files, _ = absorbed(ours(), other)
    assert definitions(files)["Sky"]["required"] == ["color"]
    files, _ = absorbed(files, theirs(), THIRD)
    assert definitions(files)["Sky"]["required"] == ["color"]


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


def test_a_result_that_comes_and_goes_may_be_null() -> None:
    other = put(theirs(), f"/{API}/server/reset/result", reference("Sky"))
    put(other, f"/{API}/server/ping/result", NULL)
    results = {m.wire: m.result for m in read(absorbed(ours(), other)[0]).methods}
    assert results["reset"] == results["ping"] == Nullable(Ref("Sky"))
    assert results["umbrella.open"] == Null()


@pytest.mark.parametrize(
    ("name", "schema", "wide"),
    [
        ("Label", {"type": "string", "maxLength": 9}, {"description": "A label.", "type": "string"}),
        ("Color", {"type": "string", "const": "pink"}, definitions(ours())["Color"]),
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


def with_create() -> Files:
    other = theirs()
    made = method(
        "session.create", record((), fast={"type": "boolean"}, inner=reference("Only")), reference("Sky")
    )
    other[API]["server"]["session"] = {"create": made}
    definitions(other)["Only"] = record((), color=reference("Color"))
    return other


def test_a_method_that_we_wrote_by_hand_stays_and_the_types_only_it_uses_are_not_taken() -> None:
    files, report = absorbed(ours(), with_create())
    assert report == []
    assert files[LIFECYCLE] == ours()[LIFECYCLE]
    assert read(files).types.keys() == read(ours()).types.keys()


def test_a_type_of_a_method_by_hand_is_taken_where_another_type_needs_it() -> None:
    other = with_create()
    definitions(other)["Loose"] = record((), only=reference("Only"))
    assert absorbed(ours(), other)[1] == ["type Loose is new", "type Only is new"]


def test_a_type_that_we_wrote_by_hand_stays() -> None:
    other = put(theirs(), f"/{API}/definitions/Wish", record((), other=INTEGER))
    files, _ = absorbed(ours(), other)
    assert files[LIFECYCLE] == ours()[LIFECYCLE]


@pytest.mark.parametrize("version", ["0.9.9", "1.0.0-3"])
def test_a_version_older_than_the_newest_known_is_refused(version: str) -> None:
    with pytest.raises(SchemaError, match=rf"1\.0\.0 was absorbed before; {version} is older"):
        absorbed(ours(), theirs(), version)


def test_what_is_no_version_is_refused() -> None:
    with pytest.raises(SchemaError, match="is no version"):
        absorbed(ours(), theirs(), "latest")


def test_the_first_version_needs_no_other() -> None:
    mine = without(ours(), API, "runtimes")
    files, report = absorbed(mine, without(theirs(), API, "server", "reset"))
    assert files[API]["runtimes"] == [SECOND]
    assert report == []


SHAPES: list[Document] = [
    STRING,
    INTEGER,
    NULL,
    {"type": "number", "minimum": 0},
    {"type": "boolean"},
    {"type": ["string", "null"]},
    {"type": "string", "const": "wild", "description": FOREIGN},
    {"type": "string", "enum": ["calm", "odd"], "x-enumDescriptions": {"odd": FOREIGN}},
    {"type": "array", "items": reference("Cirrus"), "minItems": 1, "description": FOREIGN},
    {"type": "array", "items": reference("Stratus")},
    {"type": "object", "additionalProperties": reference("Color")},
    {"anyOf": [reference("Color"), INTEGER]},
    {"anyOf": [reference("Stratus"), NULL], "$comment": FOREIGN},
    {"x-opaque-json": True},
    {"description": FOREIGN, **record(("deep",), deep={"description": FOREIGN, **INTEGER})},
    *(reference(name) for name in ("Color", "Cirrus", "Stratus", "Cloud", "Label")),
]
OBJECTS = ("PingRequest", "Sky", "Cirrus", "Umbrella")


@st.composite
def variants(draw: st.DrawFn) -> Files:
    """Their files with members, values, methods and an event that came, went or changed."""
    files = theirs()
    section = definitions(files)
    shapes = st.sampled_from(SHAPES).map(copy.deepcopy)
    for name in draw(st.lists(st.sampled_from(OBJECTS), max_size=3, unique=True)):
        members = section[name]["properties"]
        kept = draw(st.lists(st.sampled_from(sorted(members)), unique=True))
        for gone in members.keys() - {*kept, "sessionId", "kind"}:
            members.pop(gone)
        members.update(draw(st.dictionaries(st.sampled_from(["note", "cloud", "new"]), shapes, max_size=3)))
        section[name]["required"] = (
            draw(st.lists(st.sampled_from(sorted(members)), unique=True)) if members else []
        )
    section["Color"]["enum"] = draw(
        st.lists(st.sampled_from(["blue", "gray", "pink"]), min_size=1, unique=True)
    )
    section["Label"] = {
        "description": FOREIGN,
        **draw(shapes.filter(lambda shape: shape != reference("Label"))),
    }
    if draw(st.booleans()):
        files[API]["server"].pop("reset")
    if draw(st.booleans()):
        files[API]["server"]["ping"]["result"] = draw(shapes)
    if draw(st.booleans()):
        files[API]["session"]["stop"] = {
            **method("session.stop", TARGET, draw(shapes)),
            "description": FOREIGN,
        }
    return files


@settings(max_examples=150, deadline=None)
@given(st.lists(variants(), min_size=1, max_size=3))
def test_absorbing_twice_is_absorbing_once_and_no_text_comes_along(versions: list[Files]) -> None:
    mine = ours()
    for number, other in enumerate(versions, start=1):
        version = f"1.{number}.0"
        mine, _ = absorbed(mine, other, version)
        again, report = absorbed(mine, other, version)
        assert report == []
        assert again == mine
    assert FOREIGN not in json.dumps(mine)
