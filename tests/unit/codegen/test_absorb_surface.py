"""Methods and events of another version come into our files."""

from __future__ import annotations

import pytest

from codegen.ir import Choice, Null, Nullable, Ref, Scalar, UnionDef
from tests.support.small_schema import STRING, TARGET, method, put, record, reference
from tests.support.versions import (
    API,
    EVENTS,
    FIRST,
    INTEGER,
    LIFECYCLE,
    NULL,
    SECOND,
    THIRD,
    Files,
    absorbed,
    definitions,
    event,
    member_type,
    ours,
    read,
    theirs,
)


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


def test_the_marks_of_a_method_are_those_of_the_newer_version() -> None:
    other = theirs()
    other[API]["session"]["look"].update(stability="stable", deprecated=True)
    look = absorbed(ours(), other)[0][API]["session"]["look"]
    assert (look["stability"], look["deprecated"], look["description"]) == ("stable", True, "Does it.")


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
    files, report = absorbed(ours(), other)
    assert report == ["event rain.ended is ephemeral now; older versions store it"]
    assert definitions(files, EVENTS) == definitions(ours(), EVENTS)
    assert absorbed(files, other)[1] == []


def test_what_is_said_of_an_event_is_what_the_newer_version_says() -> None:
    other = theirs()
    definitions(other, EVENTS)["RainEndedEvent"].update(stability="experimental", deprecated=True)
    files, report = absorbed(ours(), other)
    assert report == ["event rain.ended is experimental now", "event rain.ended is deprecated"]
    assert definitions(files, EVENTS)["RainEndedEvent"]["deprecated"] is True


def test_an_event_that_we_wrote_by_hand_stays_in_its_file() -> None:
    mine, other = ours(), theirs()
    for files in (mine, other):
        definitions(files, EVENTS)["SessionEvent"]["anyOf"].append(
            {"$ref": "#/definitions/HailEvent"}
            if files is other
            else {"$ref": f"{LIFECYCLE}#/definitions/HailEvent"}
        )
    hail = event("hail", "RainEndedData", ephemeral=True)
    hail["allOf"] = [{"$ref": f"{EVENTS}#/definitions/SessionEventEnvelope"}]
    hail["properties"]["data"] = {"$ref": f"{EVENTS}#/definitions/RainEndedData"}
    definitions(mine, LIFECYCLE)["HailEvent"] = hail
    definitions(other, EVENTS)["HailEvent"] = event("hail", "RainEndedData")
    files, report = absorbed(mine, other)
    assert report == ["event hail is published: remove it from lifecycle.schema.json and absorb again"]
    assert definitions(files, EVENTS) == definitions(mine, EVENTS)
    assert files[LIFECYCLE] == mine[LIFECYCLE]
    files, report = absorbed(files, theirs(), THIRD)
    assert report == []
    assert files[LIFECYCLE] == mine[LIFECYCLE]


@pytest.mark.parametrize("notifies", [True, False])
def test_a_method_has_an_answer_if_it_has_one_in_the_newer_version(notifies: bool) -> None:
    mine, other = ours(), theirs()
    (other if notifies else mine)[API]["clientGlobal"]["warn"]["notification"] = True
    files, report = absorbed(mine, other)
    assert ("notification" in files[API]["clientGlobal"]["warn"]) == notifies
    assert report == [f"method warn has {'no' if notifies else 'an'} answer now"]


def test_a_method_that_is_published_in_another_tree_stays_in_its_own() -> None:
    other = theirs()
    other[API]["clientSession"]["warn"] = other[API]["clientGlobal"].pop("warn")
    files, report = absorbed(ours(), other)
    assert report == ["method warn is published in clientSession, ours stays in clientGlobal"]
    assert "warn" not in files[API]["clientSession"]
    assert absorbed(files, other)[1] == []


def params_of(files: Files, wire: str) -> Ref | None:
    return next(m for m in read(files).methods if m.wire == wire).params


def test_params_of_another_name_come_in_as_further_members() -> None:
    mine, other = ours(), theirs()
    mine[API]["server"]["find"] = method("find", reference("Old"), NULL, stability="stable")
    definitions(mine)["Old"] = record(("name", "both"), name=STRING, both=STRING)
    other[API]["server"]["find"] = method("find", reference("New"), NULL)
    definitions(other)["New"] = record(("both", "age"), both=INTEGER, age=INTEGER)
    files, report = absorbed(mine, other)
    assert params_of(files, "find") == Ref("Old")
    old = definitions(files)["Old"]
    assert (old["required"], "until" in old) == (["both"], False)
    assert {name: (node.get("since"), node.get("until")) for name, node in old["properties"].items()} == {
        "name": (None, FIRST),
        "both": (None, None),
        "age": (SECOND, None),
    }
    assert {"Old.name is gone", "Old.age is new"} <= set(report)
    assert member_type(files, "both", "Old") == Choice((Scalar("string"), Scalar("integer")))


def test_params_that_others_use_too_are_copied_before_they_get_further_members() -> None:
    other = put(theirs(), f"/{API}/server/ping/params", reference("Sky"))
    files, report = absorbed(ours(), other)
    assert params_of(files, "ping") == Ref("PingParams")
    assert definitions(files)["PingRequest"] == definitions(ours())["PingRequest"]
    assert definitions(files)["Sky"] == definitions(ours())["Sky"]
    assert list(definitions(files)["PingParams"]["properties"]) == [
        *("message", "color", "height", "note", "cloud", "mood", "extra")
    ]
    assert "method ping takes Sky instead of PingRequest: PingParams has both" in report
    assert definitions(files)["PingParams"]["properties"]["message"]["until"] == FIRST
    files, report = absorbed(files, theirs(), THIRD)
    assert "PingParams.message is back" in report
    assert definitions(files)["PingParams"]["properties"]["color"]["until"] == SECOND
    assert "until" not in definitions(files)["PingParams"]


def test_two_methods_that_shared_params_and_part_have_params_of_their_own() -> None:
    mine, other = ours(), theirs()
    definitions(mine)["Old"] = record((), name=STRING)
    for wire, name in (("find", "Found"), ("hide", "Hidden")):
        mine[API]["server"][wire] = method(wire, reference("Old"), NULL, stability="stable")
        other[API]["server"][wire] = method(wire, reference(name), NULL)
        definitions(other)[name] = record((), **{wire: STRING})
    files, _ = absorbed(mine, other)
    assert params_of(files, "find") == Ref("FindParams")
    assert params_of(files, "hide") == Ref("HideParams")
    assert definitions(files)["FindParams"]["properties"].keys() == {"name", "find"}
    assert definitions(files)["Old"] == {**definitions(mine)["Old"], "until": FIRST}


def test_a_method_that_takes_params_no_more_goes_on_to_take_them_where_they_may_be_left_out() -> None:
    mine, other = ours(), theirs()
    mine[API]["server"]["find"] = method("find", reference("Old"), NULL, stability="stable")
    definitions(mine)["Old"] = record(("name",), name=STRING)
    other[API]["server"]["find"] = method("find", None, NULL)
    files, report = absorbed(mine, other)
    assert params_of(files, "find") == Ref("Old")
    assert "required" not in definitions(files)["Old"]
    assert report == ["Old.name is gone"]


def test_params_without_members_are_none_at_all() -> None:
    mine = ours()
    definitions(mine)["Nothing"] = record(())
    mine[API]["server"]["reset"]["params"] = reference("Nothing")
    files, report = absorbed(mine, theirs())
    assert report == ["type Nothing is gone"]
    assert params_of(files, "reset") == Ref("Nothing")


def test_params_that_become_a_union_take_both() -> None:
    other = put(theirs(), f"/{API}/server/ping/params", reference("Cloud"))
    files, report = absorbed(ours(), other)
    union = read(files).types["PingParams"]
    assert isinstance(union, UnionDef)
    assert union.members == (Ref("PingRequest"), Ref("Cloud"))
    assert params_of(files, "ping") == Ref("PingParams")
    assert report[0].startswith("method ping takes more than before")


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


def test_a_result_that_comes_and_goes_may_be_null() -> None:
    other = put(theirs(), f"/{API}/server/reset/result", reference("Sky"))
    put(other, f"/{API}/server/ping/result", NULL)
    results = {m.wire: m.result for m in read(absorbed(ours(), other)[0]).methods}
    assert results["reset"] == results["ping"] == Nullable(Ref("Sky"))
    assert results["umbrella.open"] == Null()


def test_a_type_that_stands_in_place_in_a_hand_written_file_is_left_alone() -> None:
    mine = ours()
    definitions(mine, LIFECYCLE)["Wind"] = record(
        force={
            "type": "string",
            "enum": ["calm", "storm"],
            "x-enumDescriptions": {"calm": "None.", "storm": "Much."},
        }
    )
    files, report = absorbed(mine, theirs())
    assert report == []
    assert files[LIFECYCLE] == mine[LIFECYCLE]
