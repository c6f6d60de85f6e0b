"""What is true of every type of every protocol beside that of Copilot."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.ir import EnumDef, ObjectDef, UnionDef
from codegen.samples import UNKNOWN
from copilot_sdk._model import UnknownVariant
from copilot_sdk._model.lenient import fitted
from tests.support.further import Further, further_protocols
from tests.support.schema_files import faults, read_documents

TAGGED = [protocol for protocol in further_protocols() if protocol.is_tagged]
PROTOCOLS = pytest.mark.parametrize("protocol", further_protocols(), ids=repr)


@pytest.mark.parametrize("protocol", TAGGED, ids=repr)
def test_the_schema_keeps_to_the_dialect(protocol: Further) -> None:
    assert faults(read_documents(protocol.name)) == []


@PROTOCOLS
def test_the_package_has_the_types_of_the_schema_and_no_other(protocol: Further) -> None:
    assert set(dir(protocol.types)) == {*protocol.protocol.types, "UnknownVariant"}


@PROTOCOLS
def test_every_sample_of_a_type_fits_the_schema_and_is_written_as_it_was_read(protocol: Further) -> None:
    wrong: list[object] = []
    for name in protocol.protocol.types:
        for sample in protocol.sampler.fitting(name):
            written = protocol.written(name, sample.value)
            if written != sample.value or protocol.faults(name, sample.value):
                wrong.append((name, sample.label, written, sample.value))
    assert wrong == []


@PROTOCOLS
def test_what_a_newer_peer_sends_of_a_type_is_written_as_it_was_read(protocol: Further) -> None:
    for name, definition in protocol.protocol.types.items():
        value = protocol.sampler.newer(name).value
        assert protocol.written(name, value) == value, name
        if isinstance(definition, ObjectDef):
            read = protocol.adapter(name).validate_python(value)
            assert read.model_extra == {UNKNOWN: {"deep": [1, None, {}]}}
        if isinstance(definition, EnumDef):
            assert value == UNKNOWN


@PROTOCOLS
def test_an_object_that_lacks_a_member_or_has_null_for_one_is_read_all_the_same(protocol: Further) -> None:
    for name, definition in protocol.protocol.types.items():
        if isinstance(definition, ObjectDef):
            kind = getattr(protocol.types, name)
            whole: Any = protocol.sampler.fitting(name)[-1].value
            for member in whole:
                for other in ({k: v for k, v in whole.items() if k != member}, {**whole, member: None}):
                    read, _ = fitted(kind, other)
                    assert type(read) is kind


@PROTOCOLS
def test_an_object_with_an_unknown_tag_is_kept_within_a_type(protocol: Further) -> None:
    for name, definition in protocol.protocol.types.items():
        if isinstance(definition, UnionDef) and definition.discriminator:
            value = {definition.discriminator: UNKNOWN, "more": [1]}
            read = protocol.adapter(name).validate_python(value)
            assert type(read) is UnknownVariant, name
            assert read.raw == value


@PROTOCOLS
@settings(max_examples=60)
@given(st.data())
def test_whatever_fits_a_type_survives_reading_and_writing(protocol: Further, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(protocol.protocol.types)))
    value = data.draw(protocol.values.of(name))
    assert protocol.faults(name, value) == []
    assert protocol.written(name, value) == value
