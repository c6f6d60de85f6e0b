"""What is true of every type of every protocol of tagged frames."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.ir import ObjectDef, UnionDef
from copilot_sdk._model import UnknownVariant
from tests.support.schema_files import faults, read_documents
from tests.support.tagged import Tagged, tagged_protocols

PROTOCOLS = pytest.mark.parametrize("protocol", tagged_protocols(), ids=lambda protocol: protocol.name)


@PROTOCOLS
def test_the_schema_keeps_to_the_dialect(protocol: Tagged) -> None:
    assert faults(read_documents(protocol.name)) == []


@PROTOCOLS
def test_the_package_has_the_types_of_the_schema_and_no_other(protocol: Tagged) -> None:
    assert set(dir(protocol.types)) == {*protocol.protocol.types, "UnknownVariant"}


@PROTOCOLS
def test_every_sample_of_a_type_fits_the_schema_and_is_written_as_it_was_read(protocol: Tagged) -> None:
    wrong: list[object] = []
    for name in protocol.protocol.types:
        for sample in protocol.sampler.fitting(name):
            written = protocol.written(name, sample.value)
            if written != sample.value or protocol.faults(name, sample.value):
                wrong.append((name, sample.label, written, sample.value))
    assert wrong == []


@PROTOCOLS
def test_what_a_newer_peer_sends_of_a_type_is_written_as_it_was_read(protocol: Tagged) -> None:
    for name in protocol.protocol.types:
        value = protocol.sampler.newer(name).value
        assert protocol.written(name, value) == value, name


@PROTOCOLS
def test_an_object_that_lacks_a_member_is_read_all_the_same(protocol: Tagged) -> None:
    from copilot_sdk._model.lenient import fitted

    for name, definition in protocol.protocol.types.items():
        if isinstance(definition, ObjectDef):
            kind = getattr(protocol.types, name)
            whole = protocol.sampler.fitting(name)[-1].value
            assert isinstance(whole, dict)
            for member in whole:
                for other in ({k: v for k, v in whole.items() if k != member}, {**whole, member: None}):
                    read, _ = fitted(kind, other)
                    assert type(read) is kind


@PROTOCOLS
def test_an_object_with_an_unknown_tag_is_kept_within_a_type(protocol: Tagged) -> None:
    for name, definition in protocol.protocol.types.items():
        if isinstance(definition, UnionDef) and definition.discriminator:
            value = {definition.discriminator: "unheard_of", "more": [1]}
            read = protocol.adapter(name).validate_python(value)
            assert type(read) is UnknownVariant
            assert read.raw == value


@PROTOCOLS
@settings(max_examples=100)
@given(st.data())
def test_whatever_fits_a_type_survives_reading_and_writing(protocol: Tagged, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(protocol.protocol.types)))
    value = data.draw(protocol.values(name))
    assert protocol.faults(name, value) == []
    assert protocol.written(name, value) == value
