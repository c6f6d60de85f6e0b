"""No credential shows in the repr of a value or in the text of an error."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from codegen.ir import Array, EventRef, ObjectDef, Scalar, TypeExpr
from codegen.naming import is_secret
from copilot_sdk._generated.copilot import types
from copilot_sdk._model.base import problems
from tests.support.surface import PROTOCOL, SAMPLER, class_of
from tests.support.sweep import sweep

OBJECTS = {name: found for name, found in PROTOCOL.types.items() if isinstance(found, ObjectDef)}
SECRETS = {
    name: [field for field in found.fields if is_secret(field.wire, name)]
    for name, found in OBJECTS.items()
    if any(is_secret(field.wire, name) for field in found.fields)
}


def takes_anything(expr: TypeExpr) -> bool:
    match expr:
        case Array(item):
            return item == EventRef() or takes_anything(item)
        case _:
            return expr == Scalar("any")


TYPED = [
    name for name, found in OBJECTS.items() if not all(takes_anything(field.type) for field in found.fields)
]


@sweep("name", SECRETS)
def test_a_credential_does_not_show_in_the_repr(name: str) -> None:
    model: Any = class_of(name)
    full = next(sample.value for sample in SAMPLER.fitting(name) if sample.label == "full")
    shown = repr(model.model_validate(full))
    for field in SECRETS[name]:
        assert f"{field.name}=" not in shown
    others = [field.name for field in OBJECTS[name].fields if field not in SECRETS[name]]
    assert [other for other in others if f"{other}=" not in shown] == []


def test_the_fields_that_hold_credentials_are_known() -> None:
    names = {field.wire for fields in SECRETS.values() for field in fields}
    assert {"accessToken", "env", "headers", "secrets", "token", "values"} <= names


@sweep("name", TYPED)
def test_the_error_about_a_value_does_not_show_it(name: str) -> None:
    model: Any = class_of(name)
    with pytest.raises(ValidationError) as caught:
        model.model_validate(
            {field.wire: [{"hunter2": "hunter2"}, "hunter2"] for field in OBJECTS[name].fields}
        )
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in "".join(message.partition(": ")[2] for message in problems(caught.value))


@pytest.mark.parametrize("member", ["accessToken", "api_key", "password", "newSecret", "headers"])
def test_an_unknown_member_with_a_telling_name_does_not_show_in_the_repr(member: str) -> None:
    newer = {"type": "newer", member: "hunter2", "deep": [{member: ["hunter2"]}]}
    raw = {"tasks": [newer], member: "hunter2"}
    found = types.TaskList.model_validate(raw)
    assert "hunter2" not in repr(found)
    assert "newer" in repr(found)
    assert found.to_wire() == raw
