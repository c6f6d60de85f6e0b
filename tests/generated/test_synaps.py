"""The frames of synaps: what is written in ways of its own, and what is known of none."""

from __future__ import annotations

from typing import Any

import pytest

from copilot_sdk._generated.synaps import types
from copilot_sdk._generated.synaps.frames import decode_event, decode_request, decode_response
from copilot_sdk._model import UnknownVariant
from copilot_sdk.errors import ProtocolError


def response(command: str, **body: Any) -> dict[str, Any]:
    """The answer to a command, whose body stands beside its name."""
    return {"type": "response", "id": "p1", "command": command, **body}


def update(kind: str, **members: Any) -> dict[str, Any]:
    """An event of a turn."""
    return {"type": "message_update", "event": {"type": kind, **members}}


def test_the_tag_stands_first() -> None:
    request = types.PromptRequest(id="1", message="hi")
    assert [*request.to_wire()] == ["type", "id", "message", "attachments"]


def test_what_a_peer_leaves_out_means_its_default() -> None:
    read = decode_request({"type": "prompt", "id": "1", "message": "hi"})
    assert isinstance(read, types.PromptRequest)
    assert read.attachments == []
    assert types.TurnUsage(input_tokens=1, output_tokens=2).to_wire() == {
        "input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0,
    }  # fmt: skip


@pytest.mark.parametrize("decode", [decode_request, decode_event])
def test_a_frame_of_an_unknown_kind_is_kept(decode: Any) -> None:
    raw = {"type": "response_reset", "x": [1]}
    read = decode(raw)
    assert isinstance(read, UnknownVariant)
    assert read.to_wire() == raw


def test_an_unknown_event_of_a_turn_is_kept_and_so_is_an_unknown_answer() -> None:
    raw = update("response_start", n=1)
    read = decode_event(raw)
    assert isinstance(read, types.MessageUpdateEvent)
    assert isinstance(read.event, UnknownVariant)
    assert read.to_wire() == raw
    assert isinstance(decode_response(response("weather")), UnknownVariant)


def test_what_is_no_frame_is_an_error() -> None:
    with pytest.raises(ProtocolError):
        decode_event({"no": "type"})
