"""What is true of every type and method of the Agent Client Protocol."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from codegen.__main__ import SCHEMAS
from codegen.frontends import acp
from codegen.ir import EnumDef, ObjectDef, UnionDef
from codegen.samples import UNKNOWN, Sampler
from copilot_sdk._generated.acp import types
from copilot_sdk._generated.acp.methods import INBOUND, OUTBOUND
from copilot_sdk._model import UnknownVariant
from copilot_sdk._model.codec import decode_params, decode_result
from copilot_sdk._model.lenient import fitted
from tests.support.strategies import Values

PROTOCOL = acp.read(SCHEMAS / "acp")
SAMPLER = Sampler(PROTOCOL)
VALUES = Values(PROTOCOL)
TABLES = {name: table for table in (INBOUND, OUTBOUND) for name in table}
SEEN = (Path(__file__).parents[1] / "data" / "acp" / "samples.jsonl").read_text("utf-8").splitlines()


@cache
def adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(getattr(types, name))


def written(name: str, value: object) -> Any:
    """What a value of a type is on the wire once it was read."""
    read = adapter(name).validate_python(value)
    return adapter(name).dump_python(read, mode="json", exclude_unset=True)


def test_the_package_has_the_types_of_the_schema_and_no_other() -> None:
    assert set(dir(types)) == {*PROTOCOL.types, "UnknownVariant"}


def test_every_sample_of_a_type_is_written_as_it_was_read() -> None:
    samples = [(name, sample.value) for name in PROTOCOL.types for sample in SAMPLER.fitting(name)]
    assert [(name, written(name, value)) for name, value in samples] == samples


def test_what_a_newer_peer_sends_of_a_type_is_written_as_it_was_read() -> None:
    for name, definition in PROTOCOL.types.items():
        value = SAMPLER.newer(name).value
        assert written(name, value) == value, name
        if isinstance(definition, ObjectDef):
            assert adapter(name).validate_python(value).model_extra == {UNKNOWN: {"deep": [1, None, {}]}}
        if isinstance(definition, EnumDef):
            assert written(name, UNKNOWN) == UNKNOWN


def test_an_object_with_an_unknown_tag_is_kept() -> None:
    for name, definition in PROTOCOL.types.items():
        if isinstance(definition, UnionDef) and definition.discriminator:
            value = {definition.discriminator: UNKNOWN, "more": [1]}
            read = adapter(name).validate_python(value)
            assert type(read) is UnknownVariant, name
            assert read.raw == value


def test_an_object_that_lacks_a_member_or_has_null_for_one_is_read_all_the_same() -> None:
    for name, definition in PROTOCOL.types.items():
        if isinstance(definition, ObjectDef):
            whole: Any = SAMPLER.fitting(name)[-1].value
            for member in whole:
                for other in ({k: v for k, v in whole.items() if k != member}, {**whole, member: None}):
                    read, _ = fitted(getattr(types, name), other)
                    assert type(read).__name__ == name


@settings(max_examples=60)
@given(st.data())
def test_whatever_fits_a_type_survives_reading_and_writing(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(PROTOCOL.types)))
    value = data.draw(VALUES.of(name))
    assert written(name, value) == value


@pytest.mark.parametrize("line", SEEN, ids=map(str, range(len(SEEN))))
def test_what_agents_and_clients_were_seen_to_send_is_read_whole(line: str) -> None:
    sample = json.loads(line)
    method = TABLES[sample["method"]][sample["method"]]
    read = (
        decode_params(method, sample["params"], forgiven=())
        if "params" in sample
        else decode_result(method, sample["result"])
    )
    value = sample.get("params", sample.get("result"))
    assert (read.to_wire(), read.misfits()) == (value, [])
