"""What does not fit is read as its class: nothing raises, nothing is lost, and no attribute has another type."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_sdk._model import OpenUnion, TaggedModel, UnknownVariant, WireModel
from copilot_sdk._model.lenient import fitted, salvage


class Drop(TaggedModel):
    kind: Literal["drop"] = "drop"
    size_mm: int


class Flake(TaggedModel):
    kind: Literal["flake"] = "flake"
    arms: list[str]


Fall: TypeAlias = Annotated[Drop | Flake | UnknownVariant, OpenUnion("kind")]


class Cloud(WireModel):
    name: str
    height: int
    heavy: Literal[True] | None = None
    mood: Literal["dark", "fair"] | None = None
    falls: list[Fall] | None = None
    near: dict[str, Cloud] | None = None
    first: Fall | None = None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["name", "height", "heavy", "mood", "falls", "near", "first", "newer"])
FALLS = st.fixed_dictionaries(
    {"kind": st.sampled_from(["drop", "flake", "hail"])}, optional={"sizeMm": JSON, "arms": JSON}
)


def test_what_was_promised_and_did_not_come_is_none() -> None:
    cloud = salvage(Cloud, {"name": "a"})
    assert (cloud.name, vars(cloud)["height"]) == ("a", None)
    assert cloud.to_wire() == {"name": "a"}
    assert cloud.misfits() == ["height: Field required"]


def test_null_is_none_and_a_fraction_stays_a_number() -> None:
    cloud = salvage(Cloud, {"name": None, "height": 1.5})
    assert (vars(cloud)["name"], cloud.height) == (None, 1.5)
    assert cloud.to_wire() == {"name": None, "height": 1.5}


def test_a_value_of_another_kind_is_kept_beside_the_attributes() -> None:
    cloud = salvage(Cloud, {"name": {"first": "a"}, "height": 1})
    assert (vars(cloud)["name"], cloud.height) == (None, 1)
    assert cloud.model_extra == {"name": {"first": "a"}}
    assert cloud.to_wire() == {"name": {"first": "a"}, "height": 1}


def test_what_is_inside_is_read_as_its_class_too() -> None:
    raw = {
        "name": "a",
        "height": 1,
        "falls": [{"kind": "drop"}, {"kind": "hail", "size": 1}, {"kind": "flake", "arms": None}],
        "near": {"b": {"name": "b"}},
        "first": {"kind": "drop", "sizeMm": 2.5},
    }
    cloud = salvage(Cloud, raw)
    assert [type(fall) for fall in cloud.falls or []] == [Drop, UnknownVariant, Flake]
    assert type((cloud.near or {})["b"]) is Cloud
    assert isinstance(cloud.first, Drop)
    assert cloud.first.size_mm == 2.5
    assert cloud.to_wire() == raw
    assert [line.partition(":")[0] for line in cloud.misfits()] == [
        "falls.0.sizeMm",
        "falls.2.arms",
        "near.b.height",
        "first.sizeMm",
    ]


def test_a_list_with_an_item_of_another_kind_has_none_for_it() -> None:
    cloud = salvage(Cloud, {"name": "a", "height": 1, "falls": [5, {"kind": "drop", "sizeMm": 1}]})
    assert cloud.falls == [None, Drop(size_mm=1)]
    assert cloud.to_wire()["falls"] == [5, {"kind": "drop", "sizeMm": 1}]


def test_a_member_of_a_tuple_that_does_not_fit_costs_no_other() -> None:
    pair = tuple[int, Drop]
    assert fitted(pair, [1, {"kind": "drop", "sizeMm": 1}]) == ((1, Drop(size_mm=1)), True)
    (number, drop), whole = fitted(pair, ["one", {"kind": "drop"}])
    assert (number, type(drop), whole) == (None, Drop, False)
    assert fitted(pair, [1]) == (None, False)


@pytest.mark.parametrize(("annotation", "raw"), [(Cloud, 5), (list[int], "a"), (str, [1]), (int, "a")])
def test_nothing_is_made_of_a_value_of_another_kind(annotation: Any, raw: object) -> None:
    assert fitted(annotation, raw) == (None, False)


def test_a_constant_that_is_another_stays_what_it_is() -> None:
    drop = salvage(Drop, {"kind": "rain", "sizeMm": 1})
    assert vars(drop)["kind"] == "rain"
    assert drop.to_wire() == {"kind": "rain", "sizeMm": 1}
    assert salvage(Cloud, {"heavy": False}).to_wire() == {"heavy": False}


@given(st.dictionaries(NAMES, JSON | st.lists(FALLS | JSON) | FALLS))
def test_whatever_comes_is_written_as_it_was_read(raw: dict[str, Any]) -> None:
    cloud = salvage(Cloud, raw)
    assert cloud.to_wire() == raw
    assert type(cloud.name) in (str, type(None))
    assert type(cloud.near) in (dict, type(None))
