"""The page of differences says what the scenarios say, and the comparison finds what is different."""

from __future__ import annotations

from collections.abc import Mapping

from copilot_sdk.runtime.copilot.methods import METHODS
from tests.real.differential.actor import Take
from tests.real.differential.areas import AREAS
from tests.real.differential.compare import differences
from tests.real.differential.methods import NOT_PLAYED, played, recorded, served_by_the_cli
from tests.real.differential.page import PAGE, page
from tests.real.differential.scenario import known


def texts(cli: Take, ours: Take) -> list[str]:
    """What two takes differ in."""
    return [difference.text for difference in differences(cli, ours)]


def told(*events: Mapping[str, object], names: dict[str, str] | None = None) -> Take:
    """A take with some events in one session."""
    return Take(
        events={"session-one": [dict(event) for event in events]},
        names={"session-one": "<session 1>", **(names or {})},
    )


def test_the_page_says_what_the_scenarios_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `nox -s differences`"


def test_every_method_that_both_runtimes_serve_is_called_in_some_scenario() -> None:
    both = served_by_the_cli() & set(METHODS)
    assert sorted(both - played() - set(NOT_PLAYED)) == []
    assert sorted(set(NOT_PLAYED) & played()) == []
    assert sorted(set(NOT_PLAYED) - both) == []


def test_the_methods_of_every_scenario_are_recorded() -> None:
    scenarios = [scenario.name for area in AREAS for scenario in area.scenarios]
    assert list(recorded()) == scenarios, "run `nox -s differences`"


def test_every_scenario_has_a_name_of_its_own_and_says_what_happens() -> None:
    scenarios = [scenario for area in AREAS for scenario in area.scenarios]
    assert len({scenario.name for scenario in scenarios}) == len(scenarios) >= 40
    assert [scenario.name for scenario in scenarios if not scenario.summary] == []


def test_ids_and_times_are_no_difference() -> None:
    first = {
        "type": "a",
        "id": "0f0e0d0c-0000-0000-0000-000000000000",
        "timestamp": "2026-01-01T00:00:00.000Z",
    }
    second = {
        "type": "a",
        "id": "ffffffff-0000-0000-0000-000000000001",
        "timestamp": "2027-01-01T00:00:00.123Z",
    }
    assert texts(told(first), told(second)) == []


def test_an_id_that_a_call_returned_is_told_from_others() -> None:
    same = "0f0e0d0c-0000-0000-0000-000000000000"
    event: dict[str, object] = {"type": "a", "messageId": same}
    assert texts(told(event, names={same: "<message 1>"}), told(event)) == ["event a /messageId: value"]


def test_an_event_that_is_missing_and_one_at_another_place_are_found() -> None:
    a, b, c = ({"type": name} for name in "abc")
    assert texts(told(a, b), told(a)) == ["event b: cli only"]
    assert texts(told(a), told(a, c)) == ["event c: ours only"]
    assert texts(told(a, b, c), told(c, a, b)) == ["event c: order"]


def test_members_values_and_lengths_are_compared_and_null_is_nothing() -> None:
    cli = {"type": "a", "data": {"one": 1, "none": None, "list": [1, 2], "tools": [{"name": "x", "size": 1}]}}
    ours = {"type": "a", "data": {"one": 2, "more": 1, "list": [1], "tools": [{"name": "x", "size": 2}]}}
    assert texts(told(cli), told(ours)) == [
        "event a /data/one: value",
        "event a /data/list: length",
        "event a /data/more: ours only",
    ]


def test_replies_are_compared_in_the_order_of_their_calls() -> None:
    cli = Take(replies=[("ping", {"message": "pong"}), ("ping", {"error": {"code": 1}})])
    ours = Take(replies=[("ping", {"message": "pong"}), ("ping", {"error": {"code": 2}})])
    assert texts(cli, ours) == ["reply ping /error/code: value"]


def test_a_known_difference_that_is_gone_is_told() -> None:
    found = differences(told({"type": "b"}), told())
    assert known("why", "event b*").outdated(found) == []
    assert known("why", "event b*", "event c*").outdated(found) == ["event c*"]
    assert known("why", "event c*", sometimes=True).outdated(found) == []
