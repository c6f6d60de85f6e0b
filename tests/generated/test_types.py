"""Every type builds, reads each of its samples, and writes what it has read."""

from __future__ import annotations

import json

from pydantic import BaseModel

from codegen.ir import EnumDef, ObjectDef, UnionDef
from codegen.samples import UNKNOWN
from copilot_sdk._generated.copilot import types
from copilot_sdk._model import UnknownVariant
from tests.support.surface import PROTOCOL, SAMPLER, adapter, class_of, dumped
from tests.support.sweep import sweep

OBJECTS = [name for name, definition in PROTOCOL.types.items() if isinstance(definition, ObjectDef)]
ENUMS = [name for name, definition in PROTOCOL.types.items() if isinstance(definition, EnumDef)]
UNIONS = {name: definition for name, definition in PROTOCOL.types.items() if isinstance(definition, UnionDef)}
TAGGED = [name for name, definition in UNIONS.items() if definition.discriminator]


def test_the_package_has_the_types_of_the_schema_and_no_other() -> None:
    assert set(dir(types)) == {*PROTOCOL.types, "UnknownVariant"}


@sweep("name", PROTOCOL.types)
def test_every_sample_of_a_type_is_written_as_it_was_read(name: str) -> None:
    kind = adapter(name)
    written = {
        sample.label: dumped(kind, kind.validate_python(sample.value)) for sample in SAMPLER.fitting(name)
    }
    assert written == {sample.label: json.dumps(sample.value) for sample in SAMPLER.fitting(name)}


@sweep("name", PROTOCOL.types)
def test_what_a_newer_peer_sends_of_a_type_is_written_as_it_was_read(name: str) -> None:
    kind = adapter(name)
    value = SAMPLER.newer(name).value
    assert dumped(kind, kind.validate_python(value)) == json.dumps(value)


@sweep("name", OBJECTS)
def test_an_object_keeps_the_members_that_it_does_not_know(name: str) -> None:
    found = adapter(name).validate_python(SAMPLER.newer(name).value)
    assert type(found) is class_of(name)
    assert isinstance(found, BaseModel)
    assert found.model_extra == {UNKNOWN: {"deep": [1, None, {}]}}


@sweep("name", ENUMS)
def test_a_value_that_an_enum_does_not_know_stays_a_string(name: str) -> None:
    assert adapter(name).validate_python(UNKNOWN) == UNKNOWN


@sweep("name", UNIONS)
def test_a_branch_of_a_union_is_read_as_its_own_class(name: str) -> None:
    kind = adapter(name)
    samples = [sample for sample in SAMPLER.fitting(name) if isinstance(sample.value, dict) and sample.branch]
    read = {sample.label: type(kind.validate_python(sample.value)).__name__ for sample in samples}
    assert read == {
        sample.label: sample.branch
        for sample in samples
        if sample.branch and isinstance(PROTOCOL.types[sample.branch], ObjectDef)
    }


@sweep("name", TAGGED)
def test_a_tag_that_a_union_does_not_know_makes_an_unknown_variant(name: str) -> None:
    value = {UNIONS[name].discriminator: UNKNOWN, "more": [1]}
    found = adapter(name).validate_python(value)
    assert type(found) is UnknownVariant
    assert found.raw == value


@sweep("name", TAGGED)
def test_a_union_without_its_tag_makes_an_unknown_variant(name: str) -> None:
    found = adapter(name).validate_python({"more": [1]})
    assert type(found) is UnknownVariant


def test_an_object_of_a_later_branch_that_an_earlier_one_would_read_stays_what_it_is() -> None:
    credentials = types.SettableTokenAuthInfo(host="https://github.com", token="t")
    params = types.SessionSetCredentialsParams(credentials=credentials)
    assert params.credentials is credentials
    assert params.to_wire() == {"credentials": {"host": "https://github.com", "token": "t", "type": "token"}}


def test_an_enum_that_tells_branches_apart_leaves_a_new_value_to_none_of_them() -> None:
    kind = adapter("ProtocolSystemMessageConfig")
    assert type(kind.validate_python({"content": "text"})) is types.ProtocolSystemMessageAppendConfig
    assert type(kind.validate_python({"mode": UNKNOWN, "content": "text"})) is UnknownVariant
