"""The messages of the further protocols as they were seen: each is read as its own class and written as it came."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk._model import UnknownVariant
from copilot_sdk._model.codec import decode_params, decode_result
from tests.support.further import further_protocol, further_protocols

FOLDER = Path(__file__).parents[1] / "data" / "samples"


def samples(protocol: str) -> list[dict[str, Any]]:
    """What was seen of a protocol."""
    return [json.loads(line) for line in (FOLDER / f"{protocol}.jsonl").read_text("utf-8").splitlines()]


def named(frame: dict[str, Any]) -> str:
    """The kind of a tagged frame: an answer of synaps has that of its command."""
    return str(frame.get("command", frame["type"]))


def cases(protocol: str) -> list[Any]:
    """What was seen of a protocol, as parameters of a test."""
    return [
        pytest.param(protocol, sample, id=f"{protocol}-{sample.get('method') or named(sample['value'])}")
        for sample in samples(protocol)
    ]


TAGGED = [case for protocol in further_protocols() if protocol.is_tagged for case in cases(protocol.name)]


@pytest.mark.parametrize(("protocol", "sample"), cases("acp"))
def test_a_message_is_read_whole_and_written_as_it_came(protocol: str, sample: dict[str, Any]) -> None:
    methods, name = further_protocol(protocol).module("methods"), sample["method"]
    method = (methods.INBOUND if name in methods.INBOUND else methods.OUTBOUND)[name]
    read = (
        decode_params(method, sample["params"], forgiven=())
        if "params" in sample
        else decode_result(method, sample["result"])
    )
    value = sample.get("params", sample.get("result"))
    assert not isinstance(read, UnknownVariant)
    assert (read.misfits(), read.to_wire()) == ([], value)


@pytest.mark.parametrize(("protocol", "sample"), TAGGED)
def test_a_frame_is_read_whole_and_written_as_it_came(protocol: str, sample: dict[str, Any]) -> None:
    union, frame = sample["definition"], sample["value"]
    further = further_protocol(protocol)
    decode = getattr(further.module("frames"), "decode_" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", union).lower())
    read = decode(frame)
    assert not isinstance(read, UnknownVariant)
    assert (read.misfits(), read.to_wire(), further.faults(union, frame)) == ([], frame, [])


def test_the_samples_of_synaps_have_every_kind_of_frame() -> None:
    synaps = further_protocol("synaps")
    for union in ("Request", "Response", "Event"):
        seen = {named(sample["value"]) for sample in samples("synaps") if sample["definition"] == union}
        assert len(seen) == len(synaps.definitions[union]["anyOf"]), union
    assert {
        sample["value"]["type"] for sample in samples("synaps") if sample["definition"] == "Request"
    } == set(synaps.module("methods").OUTBOUND)
