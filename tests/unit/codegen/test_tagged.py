"""The tagged layout: requests, responses and events are objects that a constant member tells apart."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from importlib import import_module, invalidate_caches
from typing import Any

import pytest
from pydantic import TypeAdapter

from codegen import output
from codegen.errors import SchemaError
from codegen.frontends import tagged
from codegen.frontends.documents import Documents
from codegen.ir import Choice, Method, Null, Protocol, Ref, Tuple
from codegen.samples import Sampler
from copilot_sdk._model.codec import decode_result, encode_params
from copilot_sdk.errors import ProtocolError, UnknownFrame
from tests.support.small_schema import STRING, Document, record, reference

PACKAGE = "tagged_weather"


def frame(tag: str, required: tuple[str, ...] = (), /, **members: Any) -> Document:
    """A frame of a kind."""
    return {
        "description": "Said.",
        **record(("type", *required), type={"type": "string", "const": tag}, **members),
    }


def request(tag: str, answers: list[str], required: tuple[str, ...] = (), /, **members: Any) -> Document:
    """A request, with what answers it."""
    return {**frame(tag, required, **members), "x-answers": answers}


def union(*members: str) -> Document:
    """Frames that `type` tells apart."""
    return {
        "description": "One of them.",
        "anyOf": [reference(name) for name in members],
        "discriminator": {"propertyName": "type"},
    }


NULLABLE: Document = {"type": ["string", "null"]}
DOCUMENT: Document = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Weather",
    "description": "A protocol of tagged frames to test with.",
    "versions": ["1.0.0"],
    "frames": {
        "requests": reference("Request"),
        "responses": reference("Response"),
        "events": reference("Response"),
        "correlation": "id",
        "unknown": "error",
    },
    "definitions": {
        "Request": union("LookRequest", "WaitRequest", "StopRequest"),
        "LookRequest": request(
            "look_up",
            ["Sky"],
            ("id", "far", "note", "tags"),
            id=STRING,
            far={"type": "boolean", "default": False},
            note={**NULLABLE, "default": None},
            tags={"type": "array", "items": STRING, "default": []},
            hint=NULLABLE,
        ),
        "WaitRequest": {**request("wait", ["Done", "Gone"]), "waits": True},
        "StopRequest": request("stop", []),
        "Response": union("Sky", "Done", "Gone"),
        "Sky": frame(
            "sky",
            ("cloud_tree", "reasons", "seen_at", "who"),
            cloud_tree={
                "type": "array",
                "items": {"type": "array", "items": [{"type": "integer"}, reference("Cloud")], "minItems": 2},
            },
            reasons={"type": "array", "items": reference("Reason")},
            seen_at={"type": "integer"},
            who={**reference("Person")},
        ),
        "Done": frame("done"),
        "Gone": frame("gone"),
        "Cloud": record(("name",), name=STRING),
        "Reason": {
            "anyOf": [
                record(("TooWarm",), TooWarm=reference("TooWarm")),
                record(("Dry",), Dry=record(("days",), days={"type": "integer"})),
                reference("ReasonWord"),
            ]
        },
        "ReasonWord": {"type": "string", "enum": ["NoCloud"]},
        "TooWarm": record(("degrees",), degrees={"type": "number"}),
        "Person": {
            "anyOf": [reference("Farmer"), reference("Sailor")],
            "discriminator": {"propertyName": "role"},
        },
        "Farmer": record(("role",), role={"type": "string", "const": "farmer"}),
        "Sailor": record(("role", "ship"), role={"type": "string", "const": "sailor"}, ship=STRING),
    },
}
SKY: Document = {
    "type": "sky",
    "cloud_tree": [[0, {"name": "cirrus"}], [1, {"name": "stratus"}]],
    "reasons": ["NoCloud", {"TooWarm": {"degrees": 30.5}}, {"Dry": {"days": 9}}],
    "seen_at": 2**60,
    "who": {"role": "sailor", "ship": "Argo"},
}


def protocol_from(document: Document) -> Protocol:
    return tagged.protocol_of(Documents({"weather.schema.json": document}), "weather")


def changed(pointer: str, value: object) -> Document:
    """The document with another value at a place; None takes away what stands there."""
    document = copy.deepcopy(DOCUMENT)
    *steps, last = pointer.split("/")
    node: Any = document
    for step in steps:
        node = node[step]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return document


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return protocol_from(DOCUMENT)


@pytest.fixture(scope="module")
def package(protocol: Protocol, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The generated package, which can be imported."""
    folder = tmp_path_factory.mktemp("generated")
    output.write(output.package(protocol), folder / PACKAGE)
    sys.path.insert(0, str(folder))
    invalidate_caches()
    yield PACKAGE
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def types(package: str) -> Any:
    return import_module(f"{package}.types")


@pytest.fixture(scope="module")
def methods(package: str) -> Any:
    return import_module(f"{package}.methods.agent")


def named(protocol: Protocol, wire: str) -> Method:
    return next(method for method in protocol.methods if method.wire == wire)


def test_a_request_is_a_method_that_its_tag_names(protocol: Protocol) -> None:
    method = named(protocol, "look_up")
    assert (method.name, method.params, method.result) == ("look_up", Ref("LookRequest"), Ref("Sky"))
    assert method.answers == ("sky",)


def test_several_answers_are_a_choice_and_none_makes_a_notification(protocol: Protocol) -> None:
    waiting, stopping = named(protocol, "wait"), named(protocol, "stop")
    assert waiting.result == Choice((Ref("Done"), Ref("Gone")))
    assert waiting.answers == ("done", "gone")
    assert waiting.waits
    assert (stopping.result, stopping.notification) == (Null(), True)


def test_what_the_connection_fills_in_is_no_argument(package: str) -> None:
    api = import_module(f"{package}.api.agent").AgentRPC
    assert [*api.look_up.__annotations__] == ["far", "note", "tags", "hint", "request_timeout", "return"]
    assert [*api.stop.__annotations__] == ["request_timeout", "return"]


def test_a_default_is_written_and_what_may_be_left_out_is_not(types: Any) -> None:
    assert types.LookRequest(id="1").to_wire() == {
        "type": "look_up", "id": "1", "far": False, "note": None, "tags": [],
    }  # fmt: skip
    assert types.LookRequest(id="1", far=True, note="now", hint=None).to_wire() == {
        "type": "look_up", "id": "1", "far": True, "note": "now", "tags": [], "hint": None,
    }  # fmt: skip


def test_a_default_that_the_other_side_left_out_is_read(types: Any) -> None:
    read = types.LookRequest.model_validate({"type": "look_up", "id": "1"})
    assert (read.far, read.note, read.tags) == (False, None, [])


def test_defaults_are_not_shared(types: Any) -> None:
    types.LookRequest(id="1").tags.append("mine")
    assert types.LookRequest(id="1").tags == []
    assert types.LookRequest(id="1").to_wire()["tags"] == []


def test_members_keep_their_names(types: Any) -> None:
    sky = types.Sky.model_validate(SKY)
    assert sky.seen_at == 2**60
    assert sky.to_wire() == SKY


def test_a_list_with_an_item_of_each_type_is_a_tuple(protocol: Protocol, types: Any) -> None:
    sky = types.Sky.model_validate(SKY)
    assert sky.cloud_tree[1] == (1, types.Cloud(name="stratus"))
    assert [item.fields[0].wire for item in protocol.types.values() if item.name == "Cloud"] == ["name"]  # type: ignore[union-attr]
    assert Tuple((Ref("A"),)) != Tuple((Ref("B"),))


def test_a_variant_that_stands_in_an_object_has_a_class_named_after_it(types: Any) -> None:
    sky = types.Sky.model_validate(SKY)
    assert sky.reasons == [
        "NoCloud",
        types.ReasonTooWarm(too_warm=types.TooWarm(degrees=30.5)),
        types.ReasonDry(dry=types.ReasonDryDry(days=9)),
    ]


def test_a_newer_variant_in_an_object_or_a_word_is_kept(types: Any) -> None:
    newer = {**SKY, "reasons": ["Foggy", {"TooCold": {"degrees": 1}}]}
    sky = types.Sky.model_validate(newer)
    assert isinstance(sky.reasons[1], types.UnknownVariant)
    assert sky.to_wire() == newer


def test_any_constant_member_can_be_the_tag(types: Any) -> None:
    person = TypeAdapter(types.Person).validate_python({"role": "farmer"})
    assert isinstance(person, types.Farmer)


def test_a_call_is_encoded_with_its_tag_and_decoded_by_the_tag_of_its_answer(
    methods: Any, types: Any
) -> None:
    assert encode_params(methods.LOOK_UP, {"id": "7", "note": "x"})["type"] == "look_up"
    assert isinstance(decode_result(methods.WAIT, {"type": "gone"}), types.Gone)
    assert methods.WAIT.answers == ("done", "gone")


def test_a_frame_of_an_unknown_kind_breaks_a_protocol_that_says_so(package: str, types: Any) -> None:
    decode = import_module(f"{package}.frames").decode_response
    assert isinstance(decode({"type": "done"}), types.Done)
    with pytest.raises(UnknownFrame, match="'storm'") as caught:
        decode({"type": "storm", "wind": 12})
    assert (caught.value.kind, caught.value.raw) == ("storm", {"type": "storm", "wind": 12})


def test_a_frame_without_a_tag_breaks_the_protocol(package: str) -> None:
    decode = import_module(f"{package}.frames").decode_response
    strange: list[object] = [None, [], {}, {"type": 1}]
    for raw in strange:
        with pytest.raises(ProtocolError, match="the text 'type'"):
            decode(raw)


def test_a_frame_that_does_not_fit_its_kind_keeps_what_came(package: str, types: Any) -> None:
    sky = import_module(f"{package}.frames").decode_response({"type": "sky", "seen_at": "soon"})
    assert isinstance(sky, types.Sky)
    assert sky.to_wire() == {"type": "sky", "seen_at": "soon"}


def test_a_protocol_that_keeps_unknown_kinds_says_so_in_its_decoder() -> None:
    kept = output.package(protocol_from(changed("frames/unknown", "kept")))
    assert "keeps_unknown=True" in kept["frames.py"]
    assert "UnknownFrame" not in kept["frames.py"]


def test_every_sample_of_every_type_is_read_and_written_as_it_came(protocol: Protocol, types: Any) -> None:
    sampler = Sampler(protocol)
    for name in protocol.types:
        adapter = TypeAdapter(getattr(types, name))
        for sample in (*sampler.fitting(name), sampler.newer(name)):
            value = adapter.validate_python(sample.value)
            assert adapter.dump_python(value, mode="json", exclude_unset=True) == sample.value, name


@pytest.mark.parametrize(
    ("pointer", "value", "problem"),
    [
        ("frames/unknown", "perhaps", "'unknown' is 'perhaps'"),
        ("frames/events", reference("Cloud"), "#/frames/events: must refer to a union"),
        ("frames/requests", None, "#/frames/requests: is missing"),
        ("definitions/StopRequest/x-answers", None, "StopRequest: is a request, so 'x-answers'"),
        ("definitions/StopRequest/x-answers", ["Cloud"], "names Cloud, which is no response"),
        ("definitions/Person/discriminator/propertyName", "ship", "told apart by 'role'"),
        ("definitions/Sky/properties/cloud_tree/items/minItems", 1, "needs 'minItems'"),
        ("definitions/LookRequest/properties/tags/default", ["a"], "tags/default: must be a plain value"),
    ],
)
def test_a_fault_is_told_with_its_place(pointer: str, value: object, problem: str) -> None:
    with pytest.raises(SchemaError) as caught:
        protocol_from(changed(pointer, value))
    assert problem in str(caught.value)
