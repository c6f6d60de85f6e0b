"""Params and results between values and JSON: sending is strict, receiving is not."""

from __future__ import annotations

from typing import Any

import pytest

from copilot_sdk._model import UnknownVariant, WireModel
from copilot_sdk._model.codec import decode_params, decode_result, encode_params, write_params, write_result
from copilot_sdk._protocol.messages import encode_request
from copilot_sdk._rpc.api import UNSET
from copilot_sdk._rpc.method import Method
from copilot_sdk.errors import InvalidParams, ResultValidationError, UsageError
from tests.support.written import plain


class Part(WireModel):
    part_name: str


class Build(WireModel):
    name: str
    parts: list[Part] | None = None
    note: str | None = None
    limit: int | None = None


class Weigh(WireModel):
    weight: float


class Empty(WireModel):
    pass


def the(kind: object) -> Any:
    return lambda: kind


BUILD: Method[Build] = Method(
    "build", "server", params=the(Build), result=the(Build), nullable=frozenset({"note"})
)

PLAIN: Method[None] = Method("plain", "server")
MAYBE: Method[Build | None] = Method("maybe", "server", result=the(Build | None))
LISTED: Method[list[Build]] = Method("listed", "server", result=the(list[Build]))
EMPTY: Method[Empty] = Method("empty", "server", result=the(Empty))
WEIGH: Method[None] = Method("weigh", "server", params=the(Weigh))
EITHER: Method[None] = Method("either", "server", params=the(Part | UnknownVariant))


def test_params_are_written_by_their_wire_names() -> None:
    values = {"name": "a", "parts": [Part(part_name="p"), {"partName": "q"}]}
    assert encode_params(BUILD, values) == {"name": "a", "parts": [{"partName": "p"}, {"partName": "q"}]}


def test_what_is_unset_or_none_is_left_out_unless_null_means_something() -> None:
    assert encode_params(BUILD, {"name": "a", "parts": None, "note": UNSET, "limit": UNSET}) == {"name": "a"}
    assert encode_params(BUILD, {"name": "a", "note": None}) == {"name": "a", "note": None}


def test_a_method_without_params_sends_an_empty_object() -> None:
    assert encode_params(PLAIN, {}) == {}


def test_params_that_are_a_union_are_passed_as_one_object() -> None:
    assert encode_params(EITHER, Part(part_name="p")) == {"partName": "p"}


@pytest.mark.parametrize(
    ("method", "values"),
    [
        (BUILD, {"name": "ünï\u2028", "parts": [Part(part_name="p"), {"partName": "q"}], "note": None}),
        (BUILD, {"name": "half a pair: \ud83d"}),
        (EITHER, Part(part_name="p")),
        (PLAIN, {}),
    ],
)
def test_what_is_written_at_once_says_what_the_data_says(method: Method[Any], values: object) -> None:
    assert plain(write_params(method, values)) == encode_params(method, values)


def test_params_are_written_without_spaces_and_in_utf_8() -> None:
    assert write_params(BUILD, {"name": "ünï", "limit": 1}) == '{"name":"ünï","limit":1}'.encode()


def test_a_number_that_json_does_not_have_is_refused_by_name() -> None:
    with pytest.raises(InvalidParams, match=r"weigh: weight: Input should be a finite number"):
        write_params(WEIGH, {"weight": float("nan")})


@pytest.mark.parametrize(
    ("method", "value"),
    [
        (BUILD, Build.model_validate({"name": "a", "newer": {"sizes": [float("inf")]}})),
        (EITHER, Part.model_validate({"partName": "p", "newer": float("nan")})),
    ],
)
def test_a_number_that_json_does_not_have_is_not_sent_as_null(method: Method[Any], value: object) -> None:
    with pytest.raises(UsageError, match=f"{method.name} cannot be written as JSON"):
        encode_request(1, method.name, write_params(method, value))


def test_the_names_of_such_numbers_may_be_said() -> None:
    assert plain(write_params(BUILD, {"name": "NaN and Infinity"})) == {"name": "NaN and Infinity"}


def test_a_value_without_a_form_in_json_is_refused() -> None:
    with pytest.raises(InvalidParams, match="build: a value has no form in JSON"):
        write_params(BUILD, {"name": "a", "newer": object()})
    with pytest.raises(ResultValidationError, match="a value has no form in JSON"):
        write_result(BUILD, {"name": "a", "newer": object()})


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({}, "name"),
        ({"name": ["hunter2"]}, "name"),
        ({"name": "a", "limit": "hunter2"}, "limit"),
        ({"name": "a", "parts": [{"partName": {"hunter2": 1}}]}, r"parts\.0\.partName"),
    ],
)
def test_params_that_do_not_fit_are_named_without_their_value(values: dict[str, object], place: str) -> None:
    with pytest.raises(InvalidParams, match=f"build: {place}: ") as caught:
        encode_params(BUILD, values)
    assert caught.value.method == "build"
    assert "hunter2" not in str(caught.value)


def test_a_result_is_read_as_its_class_with_what_is_newer() -> None:
    result = decode_result(BUILD, {"name": "a", "newer": 1})
    assert isinstance(result, Build)
    assert result.model_extra == {"newer": 1}


def test_a_method_that_answers_null_returns_none_whatever_comes() -> None:
    for raw in (None, {}, {"newer": 1}):
        decode_result(PLAIN, raw)
        assert plain(write_result(PLAIN, raw)) is None


def test_null_and_an_empty_object_stand_for_each_other() -> None:
    assert decode_result(MAYBE, None) is None
    assert decode_result(MAYBE, {}) is None
    assert decode_result(EMPTY, None) == Empty()


@pytest.mark.parametrize("raw", [{}, {"name": None}, {"name": 5}, {"name": ["a"], "more": 1}])
def test_an_object_that_does_not_fit_is_read_as_its_class_all_the_same(raw: dict[str, object]) -> None:
    found = decode_result(BUILD, raw)
    assert type(found) is Build
    assert vars(found)["name"] is None
    assert found.to_wire() == raw
    assert [line.partition(":")[0] for line in found.misfits()] == ["name"]


@pytest.mark.parametrize("raw", [None, 5, "done", [{}]])
def test_a_result_of_another_kind_is_told_with_what_came(raw: object) -> None:
    with pytest.raises(ResultValidationError, match="build") as caught:
        decode_result(BUILD, raw)
    assert caught.value.raw == raw


def test_what_a_handler_returns_may_be_an_object_or_its_json() -> None:
    assert plain(write_result(BUILD, Build(name="a"))) == {"name": "a"}
    assert plain(write_result(BUILD, {"name": "a"})) == {"name": "a"}
    assert plain(write_result(LISTED, [Build(name="a")])) == [{"name": "a"}]
    assert plain(write_result(MAYBE, None)) is None


def test_a_handler_that_returns_something_else_is_told() -> None:
    with pytest.raises(ResultValidationError, match="build"):
        write_result(BUILD, "done")


def test_the_params_of_an_inbound_call_are_read_as_their_class() -> None:
    assert decode_params(BUILD, {"name": "a"}) == Build(name="a")
    assert decode_params(PLAIN, {"anything": 1}) is None
    assert decode_params(BUILD, {}).name is None
    with pytest.raises(InvalidParams, match="dictionary"):
        decode_params(BUILD, [])
