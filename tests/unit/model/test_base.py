"""The base of every model: wire names, what was set, members that nobody knows, constants, credentials."""

from __future__ import annotations

import copy
import pickle
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from copilot_sdk._model import TaggedModel, UnknownVariant, WireModel


class Cloud(WireModel):
    cloud_name: str
    height: int | None = None
    odd: str | None = Field(default=None, validation_alias="x-odd", serialization_alias="x-odd")
    auth_token: str | None = Field(default=None, repr=False)
    anything: Any = None


class Rain(TaggedModel):
    kind: Literal["rain"] = "rain"
    heavy: Literal[True] = True
    cloud: Cloud | None = None
    mode: Literal["x"] | None = None


def test_members_are_camel_case_on_the_wire_and_snake_case_here() -> None:
    read = Cloud.model_validate({"cloudName": "a", "x-odd": "b"})
    assert (read.cloud_name, read.odd) == ("a", "b")
    assert read == Cloud(cloud_name="a", odd="b")
    assert read.to_wire() == {"cloudName": "a", "x-odd": "b"}


def test_only_what_was_set_is_written() -> None:
    assert Cloud(cloud_name="a").to_wire() == {"cloudName": "a"}
    assert Cloud(cloud_name="a", height=None).to_wire() == {"cloudName": "a", "height": None}


@given(
    st.dictionaries(
        st.text(min_size=1), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())
    )
)
def test_unknown_members_survive(members: dict[str, Any]) -> None:
    known = {"cloudName", "cloud_name", "height", "x-odd", "authToken", "auth_token", "anything"}
    unknown = {name: value for name, value in members.items() if name not in known}
    read = Cloud.model_validate({"cloudName": "a", **unknown})
    assert read.to_wire() == {"cloudName": "a", **unknown}
    assert read.model_extra == unknown


def test_constants_are_sent_even_if_nobody_set_them() -> None:
    assert Rain().to_wire() == {"kind": "rain", "heavy": True}
    assert Rain(cloud=Cloud(cloud_name="a")).to_wire() == {
        "cloud": {"cloudName": "a"},
        "kind": "rain",
        "heavy": True,
    }


def test_constants_are_sent_of_what_was_made_from_data_but_not_added_to_its_parts() -> None:
    class Weather(WireModel):
        rain: Rain

    assert Rain.model_validate({}).to_wire() == {"kind": "rain", "heavy": True}
    assert Weather.model_validate({"rain": {}}).to_wire() == {"rain": {}}
    assert Weather(rain=Rain()).to_wire() == {"rain": {"kind": "rain", "heavy": True}}


def test_objects_that_come_are_made_by_pydantic_alone() -> None:
    assert not Rain.__pydantic_custom_init__


def test_an_optional_constant_is_sent_only_if_it_was_set() -> None:
    assert "mode" not in Rain().to_wire()
    assert Rain(mode="x").to_wire()["mode"] == "x"


def test_another_constant_is_refused() -> None:
    with pytest.raises(ValidationError, match="kind"):
        Rain.model_validate({"kind": "snow"})


def test_a_model_can_be_copied_and_pickled() -> None:
    rain = Rain.model_validate({"kind": "rain", "cloud": {"cloudName": "a", "newer": 1}})
    for other in (copy.deepcopy(rain), pickle.loads(pickle.dumps(rain)), rain.model_copy()):
        assert other == rain
        assert other.to_wire() == rain.to_wire()


def test_an_unknown_variant_gives_its_json_and_its_members() -> None:
    raw = {"kind": "hail", "size": {"mm": 3}, "raw": 1}
    found = UnknownVariant.model_validate(raw)
    assert found.raw == raw
    assert found.kind == "hail"
    assert found.to_wire() == raw


def test_a_credential_shows_neither_in_the_repr_nor_in_an_error() -> None:
    newer = {"apiKey": "hunter2", "list": [{"password": "hunter2", "user": "me"}]}
    cloud = Cloud(cloud_name="a", auth_token="hunter2", anything={"env": {"A": "hunter2"}, "list": [newer]})
    shown = repr(Cloud.model_validate({**cloud.to_wire(), **newer}))
    assert "hunter2" not in shown
    assert "'user': 'me'" in shown
    assert "cloud_name='a'" in shown
    with pytest.raises(ValidationError) as caught:
        Cloud.model_validate({"cloudName": {"secret": "hunter2"}, "height": "hunter2"})
    assert "hunter2" not in str(caught.value)
