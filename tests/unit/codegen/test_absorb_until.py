"""What a version has no more stays, with the last version that had it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codegen.ir import EnumDef, Ref
from tests.support.small_schema import method, put, record, reference
from tests.support.versions import (
    API,
    EVENTS,
    FIRST,
    LIFECYCLE,
    SECOND,
    THIRD,
    Files,
    absorbed,
    definitions,
    member_type,
    ours,
    read,
    theirs,
    with_member,
    without,
)


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


def with_pool(name: str = "Pool") -> Files:
    """Files with a method of its own types: a result with an enum and a union."""
    files = ours()
    pool = record((), fish=reference(f"{name}Fish"), color=reference("Color"))
    files[API]["server"]["dig"] = method("dig", None, reference(name), stability="stable")
    definitions(files)[name] = pool
    definitions(files)[f"{name}Fish"] = {"anyOf": [reference(f"{name}Carp"), reference("Cirrus")]}
    definitions(files)[f"{name}Carp"] = record(("kind",), kind={"type": "string", "const": "carp"})
    return files


def marked(files: Files) -> dict[str, str]:
    section = {**definitions(files), **definitions(files, EVENTS)}
    return {name: node["until"] for name, node in section.items() if "until" in node}


def test_types_that_are_published_no_more_are_marked_and_those_that_others_share_are_not() -> None:
    files, report = absorbed(with_pool(), theirs())
    assert marked(files) == dict.fromkeys(["Pool", "PoolCarp", "PoolFish"], FIRST)
    assert report == [
        "method dig is gone",
        "type Pool is gone",
        "type PoolCarp is gone",
        "type PoolFish is gone",
    ]
    files, report = absorbed(files, theirs(), THIRD)
    assert report == []
    files, report = absorbed(files, with_pool(), THIRD)
    assert marked(files) == {}
    assert "type Pool is back" in report


def test_a_type_that_a_method_by_hand_uses_is_not_marked() -> None:
    mine = with_pool()
    definitions(mine, LIFECYCLE)["Granted"]["properties"]["fish"] = reference("PoolFish")
    assert marked(absorbed(mine, theirs())[0]) == {"Pool": FIRST}


def test_a_branch_that_vanished_has_the_mark_on_its_type() -> None:
    other = put(theirs(), f"/{API}/definitions/Cloud/anyOf", [reference("Cirrus"), reference("Fog")])
    definitions(other)["Fog"] = record(("kind",), kind={"type": "string", "const": "fog"})
    definitions(other).pop("Stratus")
    files, _ = absorbed(ours(), other)
    assert marked(files) == {"Stratus": FIRST}
    assert definitions(files)["Fog"]["since"] == SECOND
    assert definitions(files)["Cloud"]["anyOf"] == [
        reference("Cirrus"),
        reference("Stratus"),
        reference("Fog"),
    ]


def test_a_union_that_we_made_is_gone_with_its_last_use_and_back_with_the_next() -> None:
    files, _ = absorbed(ours(), with_member("cloud", reference("Stratus")))
    gone = without(theirs(), API, "definitions", "Sky", "properties", "cloud")
    files, report = absorbed(files, gone, THIRD)
    assert marked(files) == {"SkyCloud": SECOND}
    assert report == ["Sky.cloud is gone", "type SkyCloud is gone"]
    files, report = absorbed(files, with_member("cloud", reference("Stratus")), "1.3.0")
    assert marked(files) == {}
    assert report == ["Sky.cloud is back", "type SkyCloud is back"]


def test_a_value_that_vanished_stays_with_the_last_version_that_had_it_until_it_is_back() -> None:
    other = put(theirs(), f"/{API}/definitions/Color/enum", ["gray", "pink"])
    files, report = absorbed(ours(), other)
    color = definitions(files)["Color"]
    assert color["enum"] == ["blue", "gray", "pink"]
    assert (color["x-enumSince"], color["x-enumUntil"]) == ({"pink": SECOND}, {"blue": FIRST})
    assert report == ["type Color has the values pink more", "type Color has the values blue no more"]
    found = read(files).types["Color"]
    assert isinstance(found, EnumDef)
    assert dict(found.values)["blue"] == "Clear. Until runtime 1.0.0."
    files, report = absorbed(files, theirs(), THIRD)
    assert report == ["type Color has the values blue back", "type Color has the values pink no more"]
    assert definitions(files)["Color"]["x-enumUntil"] == {"pink": SECOND}


def test_what_a_type_lost_while_it_was_gone_was_there_as_long_as_the_type() -> None:
    mine = with_pool()
    definitions(mine)["Mood"] = {"type": "string", "enum": ["calm", "wild"]}
    files, _ = absorbed(mine, theirs())
    other = without(with_pool(), API, "definitions", "Pool", "properties", "color")
    definitions(other)["Mood"] = {"type": "string", "enum": ["calm"]}
    files, _ = absorbed(files, other, THIRD)
    assert definitions(files)["Pool"]["properties"]["color"]["until"] == FIRST
    assert definitions(files)["Mood"]["x-enumUntil"] == {"wild": FIRST}


def test_the_enum_of_a_member_that_has_one_value_left_marks_the_others() -> None:
    mine, other = ours(), theirs()
    definitions(mine)["Sky"]["properties"]["mood"] = reference("SkyMood")
    definitions(mine)["SkyMood"] = {"type": "string", "enum": ["calm", "wild"]}
    files, report = absorbed(mine, other)
    assert report == ["type SkyMood has the values wild no more"]
    assert member_type(files, "mood") == Ref("SkyMood")
    assert definitions(files)["SkyMood"]["x-enumUntil"] == {"wild": FIRST}
