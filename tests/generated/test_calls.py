"""Every method that a client calls is called once in each face: the wire has what the schema says, both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import pytest

from codegen.ir import Const, Method, ObjectDef, Ref, UnionDef
from copilot_sdk._generated.copilot import methods
from copilot_sdk._generated.copilot.methods import INBOUND, OUTBOUND
from copilot_sdk._model import WireModel
from copilot_sdk._model.codec import decode_params, decode_result, encode_params, write_result
from copilot_sdk._rpc.api import UNSET, Unset
from copilot_sdk._rpc.method import Method as WireMethod
from copilot_sdk.errors import InvalidParams, ResultValidationError
from tests.support.surface import (
    METHODS,
    PLACES,
    PROTOCOL,
    SAMPLER,
    adapter,
    class_of,
    classes_of,
    drifted,
    dumped,
    faults,
    finished,
    namespace,
    params_faults,
)
from tests.support.sweep import sweep
from tests.support.written import plain

R = TypeVar("R")

CALLS = sorted(method.wire for method in PROTOCOL.outbound())
SERVED = sorted(method.wire for method in PROTOCOL.inbound())
WITH_FIELDS = [w for w in CALLS if (p := METHODS[w].params) and isinstance(PROTOCOL.types[p.name], ObjectDef)]


class Wire:
    """Stands for the connection: keeps what is sent and answers what it was told to."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.sent: list[tuple[str, dict[str, Any], float | Unset | None]] = []

    def call(
        self, method: WireMethod[R], params: Mapping[str, object] | object, timeout: float | Unset | None
    ) -> R:
        self.sent.append((method.name, encode_params(method, params), timeout))
        return decode_result(method, self.answer)


class AsyncWire:
    """The same for the async face."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    async def call(
        self, method: WireMethod[R], params: Mapping[str, object] | object, timeout: float | Unset | None
    ) -> R:
        return self.wire.call(method, params, timeout)


def called(face: str, method: Method, wire: Wire, *args: object, **kwargs: object) -> Any:
    """Make a call by way of the typed API, as an application does."""
    root = "ServerRPC" if method.scope.value == "server" else "SessionRPC"
    is_async = face == "api"
    api = namespace(f"{face}.{method.scope.value}", root)(AsyncWire(wire) if is_async else wire)
    for name in method.attributes:
        api = getattr(api, name)
    made = api(*args, **kwargs)
    return finished(made) if is_async else made


def arguments(method: Method, params: Any) -> tuple[list[object], dict[str, object]]:
    """The arguments that a caller passes for a sample of the params, models where the schema has types."""
    if method.params is None:
        return [], {}
    definition = PROTOCOL.types[method.params.name]
    value = adapter(method.params.name).validate_python(params)
    if isinstance(definition, UnionDef):
        return [value], {}
    assert isinstance(definition, ObjectDef)
    return [], {field.name: getattr(value, field.name) for field in definition.fields if field.wire in params}


def assert_declared(method: Method, result: object) -> None:
    """A result is of the class that the method's table and signature name."""
    if isinstance(method.result, Ref) and isinstance(PROTOCOL.types[method.result.name], ObjectDef):
        assert type(result) is class_of(method.result.name)


@pytest.mark.parametrize("face", ["api", "sync_api"])
@sweep("wire_name", CALLS)
def test_a_call_has_the_wire_form_of_the_schema(wire_name: str, face: str) -> None:
    method = METHODS[wire_name]
    results = SAMPLER.result(method)
    samples = [sample.value for sample in SAMPLER.params(method)] or [{}]
    for index, params in enumerate(samples):
        assert isinstance(params, dict)
        answer = results[index % len(results)].value
        wire = Wire(answer)
        args, kwargs = arguments(method, params)
        result = called(face, method, wire, *args, **kwargs)
        ((name, sent, timeout),) = wire.sent
        assert (name, timeout) == (wire_name, UNSET)
        assert json.dumps(sent) == json.dumps(params)
        assert params_faults(method, sent) == []
        if answer is not None:
            assert_declared(method, result)


@sweep("wire_name", sorted(METHODS))
def test_every_sample_of_a_result_fits_the_schema_and_is_written_as_it_was_read(wire_name: str) -> None:
    method = METHODS[wire_name]
    table: Any = INBOUND if method.scope.inbound else OUTBOUND
    for sample in SAMPLER.result(method):
        result = decode_result(table[wire_name], sample.value)
        if table[wire_name].result is None:
            assert result is None
            continue
        assert json.dumps(plain(write_result(table[wire_name], result))) == json.dumps(sample.value)
        if sample.value is not None:
            assert faults(f"{PLACES[wire_name]}/result", sample.value) == []


@sweep("wire_name", WITH_FIELDS)
def test_an_optional_argument_that_is_none_or_unset_is_left_out(wire_name: str) -> None:
    method = METHODS[wire_name]
    small = SAMPLER.params(method)[0].value
    assert isinstance(small, dict)
    definition = PROTOCOL.types[method.params.name] if method.params else None
    assert isinstance(definition, ObjectDef)
    _, kwargs = arguments(method, small)
    for field in definition.fields:
        if field.wire not in small:
            kwargs[field.name] = UNSET if field.wire in OUTBOUND[wire_name].nullable else None
    wire = Wire(SAMPLER.result(method)[0].value)
    called("api", method, wire, **kwargs)
    assert json.dumps(wire.sent[0][1]) == json.dumps(small)


@sweep("wire_name", [name for name in WITH_FIELDS if OUTBOUND[name].nullable])
def test_none_is_sent_as_null_where_null_means_something(wire_name: str) -> None:
    method = METHODS[wire_name]
    small = SAMPLER.params(method)[0].value
    _, kwargs = arguments(method, small)
    definition = PROTOCOL.types[method.params.name] if method.params else None
    assert isinstance(definition, ObjectDef)
    nullable = {
        field.wire: field.name for field in definition.fields if field.wire in OUTBOUND[wire_name].nullable
    }
    assert nullable.keys() == OUTBOUND[wire_name].nullable
    wire = Wire(SAMPLER.result(method)[0].value)
    called("sync_api", method, wire, **{**kwargs, **dict.fromkeys(nullable.values())})
    sent = wire.sent[0][1]
    assert {name: sent[name] for name in nullable} == dict.fromkeys(nullable)


@sweep("wire_name", WITH_FIELDS)
def test_params_that_do_not_fit_are_refused_before_they_are_sent(wire_name: str) -> None:
    method = METHODS[wire_name]
    definition = PROTOCOL.types[method.params.name] if method.params else None
    assert isinstance(definition, ObjectDef)
    required = [f.wire for f in definition.fields if f.required and not isinstance(f.type, Const)]
    if not required:
        constants = {
            f.wire: f.type.value for f in definition.fields if f.required and isinstance(f.type, Const)
        }
        assert encode_params(OUTBOUND[wire_name], {}) == constants
        return
    with pytest.raises(InvalidParams) as caught:
        encode_params(OUTBOUND[wire_name], {})
    assert wire_name in str(caught.value)
    assert required[0] in str(caught.value)


@pytest.mark.parametrize("timeout", [2.5, None])
@pytest.mark.parametrize("face", ["api", "sync_api"])
def test_a_timeout_of_the_caller_reaches_the_connection(face: str, timeout: float | None) -> None:
    wire = Wire({"tasks": []})
    called(face, METHODS["session.tasks.list"], wire, request_timeout=timeout)
    assert wire.sent == [("session.tasks.list", {}, timeout)]


def test_a_result_that_does_not_fit_says_where_and_keeps_what_came() -> None:
    result = decode_result(OUTBOUND["session.tasks.list"], {"tasks": "none"})
    assert result.tasks is None
    assert result.misfits() == ["tasks: Input should be a valid list"]
    assert result.to_wire() == {"tasks": "none"}
    with pytest.raises(ResultValidationError, match=r"session\.tasks\.list"):
        decode_result(OUTBOUND["session.tasks.list"], "none")


OBJECT_RESULTS = [
    wire
    for wire in CALLS
    if isinstance(ref := METHODS[wire].result, Ref) and isinstance(PROTOCOL.types[ref.name], ObjectDef)
]


@sweep("wire_name", OBJECT_RESULTS)
def test_a_result_of_another_version_is_read_as_its_class_and_written_as_it_was(wire_name: str) -> None:
    result = METHODS[wire_name].result
    assert isinstance(result, Ref)
    samples = [sample.value for sample in SAMPLER.result(METHODS[wire_name])]
    large = max((value for value in samples if isinstance(value, dict)), key=len)
    for raw in drifted(large):
        found = decode_result(OUTBOUND[wire_name], raw)
        assert isinstance(found, WireModel)
        assert type(found) is class_of(result.name)
        assert found.to_wire() == raw
        json.dumps(found.model_dump(mode="json", warnings=False))


@sweep("wire_name", SERVED)
def test_the_params_of_a_served_method_are_read_as_their_class(wire_name: str) -> None:
    method = METHODS[wire_name]
    for sample in SAMPLER.params(method):
        assert isinstance(sample.value, dict)
        assert params_faults(method, sample.value) == []
        params = decode_params(INBOUND[wire_name], sample.value)
        assert method.params
        assert type(params) in classes_of(method.params.name)
        assert dumped(adapter(method.params.name), params) == json.dumps(sample.value)


def test_the_tables_name_every_method_of_the_schema_once() -> None:
    assert sorted(OUTBOUND) == CALLS
    assert sorted(INBOUND) == SERVED
    assert sorted([*OUTBOUND, *INBOUND]) == sorted(PLACES)
    assert methods.__all__ == ["INBOUND", "OUTBOUND", "Method"]
    for table in (OUTBOUND, INBOUND):
        for name in table:
            found = table[name]
            assert (found.name, found.scope) == (name, METHODS[name].scope.value)
            assert (found.notification, found.since) == (METHODS[name].notification, METHODS[name].meta.since)
