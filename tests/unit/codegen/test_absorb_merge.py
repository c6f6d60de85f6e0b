"""Another version's facts come into our files, and what we said of ours stays."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.errors import SchemaError
from tests.support.small_schema import STRING, TARGET, Document, method, put, record, reference
from tests.support.versions import (
    API,
    FIRST,
    FOREIGN,
    INTEGER,
    LIFECYCLE,
    NULL,
    SECOND,
    Files,
    absorbed,
    definitions,
    ours,
    read,
    theirs,
    with_member,
    without,
)


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
    assert all(line.startswith("method session.create, written by hand: ") for line in report)
    assert files[LIFECYCLE] == ours()[LIFECYCLE]
    assert read(files).types.keys() == read(ours()).types.keys()


def test_a_type_of_a_method_by_hand_is_taken_where_another_type_needs_it() -> None:
    other = with_create()
    definitions(other)["Loose"] = record((), only=reference("Only"))
    report = absorbed(ours(), other)[1]
    assert [line for line in report if "by hand" not in line] == ["type Loose is new", "type Only is new"]


def test_a_type_that_we_wrote_by_hand_stays() -> None:
    other = put(theirs(), f"/{API}/definitions/Wish", record((), other=INTEGER))
    files, report = absorbed(ours(), other)
    assert files[LIFECYCLE] == ours()[LIFECYCLE]
    assert report == [
        "type Wish, written by hand: Wish.other is published, and is not here",
        "type Wish, written by hand: Wish.model is not published",
    ]
    assert absorbed(files, other)[1] == []


def test_what_is_published_otherwise_of_a_method_by_hand_is_told_once() -> None:
    mine, other = ours(), theirs()
    wish = definitions(mine, LIFECYCLE)["Wish"]
    wish["properties"].update(mood={"type": "string", "enum": ["calm"]}, sky=reference("Sky"), lost=STRING)
    wish["required"] = ["model"]
    asked = record(
        (), model=STRING, mood={"type": "string", "enum": ["calm", "wild"]}, sky=reference("Sky"), at=STRING
    )
    made = method("session.create", asked, reference("Given"), notification=True)
    made.update(stability="experimental", visibility="internal", deprecated=True)
    other[API]["session"]["create"] = made
    definitions(other)["Given"] = record((), id=STRING, far=record((), deep=STRING))
    files, report = absorbed(mine, other)
    said = "method session.create, written by hand: "
    assert [line.removeprefix(said) for line in report] == [
        "published in session, here in server",
        "published as experimental",
        "published as internal",
        "published as deprecated",
        "published as a notification",
        "params.mood.wild is published, and is not here",
        "params.at is published, and is not here",
        "params.lost is not published",
        "params.model is published as one that may be left out",
        "result.far is published, and is not here",
    ]
    assert files[LIFECYCLE] == mine[LIFECYCLE]
    assert absorbed(files, other)[1] == []


@pytest.mark.parametrize("version", ["0.9.9", "1.0.0-3"])
def test_a_version_older_than_the_newest_known_is_refused(version: str) -> None:
    with pytest.raises(SchemaError, match=rf"1\.0\.0 was absorbed before; {version} is older"):
        absorbed(ours(), theirs(), version)


def test_what_is_no_version_is_refused() -> None:
    with pytest.raises(SchemaError, match="is no version"):
        absorbed(ours(), theirs(), "latest")


def test_what_the_first_version_brings_has_no_mark() -> None:
    other = with_member("new", STRING)
    put(other, f"/{API}/definitions/Color/enum", ["blue", "gray", "pink"])
    files, report = absorbed(without(ours(), API, "runtimes"), other)
    assert set(report) == {"Sky.new is new", "type Color has the values pink more"}
    assert "since" not in json.dumps(files).lower()


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
KINDS: list[Document] = [
    {"type": "string", "enum": ["blue", "pink"]},
    {"anyOf": [reference("Cirrus"), reference("Sky")]},
    {"anyOf": [reference("Stratus"), reference("Cirrus")]},
    record(("size",), size=INTEGER, kind=STRING),
    record((), size=STRING),
]
PARAMS = [None, reference("Sky"), reference("Stratus"), reference("Umbrella")]
MARKS: list[Document] = [
    {"additionalProperties": STRING},
    {"additionalProperties": INTEGER, "stability": "experimental"},
    {"visibility": "internal", "deprecated": True},
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
    for name in draw(st.lists(st.sampled_from(["Color", "Cloud", "Umbrella"]), max_size=2, unique=True)):
        # Params are an object or a union.
        kinds = KINDS[1:] if name == "Umbrella" else KINDS
        section[name] = {"description": FOREIGN, **copy.deepcopy(draw(st.sampled_from(kinds)))}
    for place in draw(st.lists(st.sampled_from([section["Sky"], section["Stratus"]]), max_size=1)):
        place.update(draw(st.sampled_from(MARKS)))
    if draw(st.booleans()):
        files[API]["server"]["ping"]["params"] = draw(st.sampled_from(PARAMS))
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


@settings(max_examples=50)
@given(st.lists(variants(), min_size=1, max_size=3))
@pytest.mark.timeout(300)
def test_absorbing_twice_is_absorbing_once_and_no_text_comes_along(versions: list[Files]) -> None:
    mine = ours()
    for number, other in enumerate(versions, start=1):
        version = f"1.{number}.0"
        mine, _ = absorbed(mine, other, version)
        again, report = absorbed(mine, other, version)
        assert report == []
        assert again == mine
    assert FOREIGN not in json.dumps(mine)
