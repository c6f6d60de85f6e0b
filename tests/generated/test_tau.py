"""The frames of tau: how many there are, what a peer may leave out, and what is known of none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot_sdk._generated.tau import types
from copilot_sdk._generated.tau.frames import decode_request, decode_response, decode_subscription_event
from copilot_sdk._generated.tau.methods import OUTBOUND
from copilot_sdk.errors import ProtocolError, UnknownFrame
from tests.support.tau import RESPONSES, TAU


def test_the_schema_has_every_request_response_and_event_of_the_daemon() -> None:
    events = TAU.definitions["StreamEvent"]["anyOf"]
    assert (len(TAU.protocol.methods), len(RESPONSES), len(events)) == (49, 38, 17)
    assert len(OUTBOUND) == 49


def test_what_plugins_say_is_read_and_written() -> None:
    register = {"type": "register", "name": "p"}
    empty: dict[str, object] = {"tools": [], "hooks": [], "commands": []}
    assert TAU.written("PluginOutput", register) == register
    assert types.PluginRegister(name="p").to_wire() == {**register, **empty}
    asked = {"type": "server_request", "request_id": "r1", "request": {"type": "list_models"}}
    read = TAU.adapter("PluginOutput").validate_python(asked)
    assert isinstance(read, types.PluginServerRequest)
    assert isinstance(read.request, types.ListModelsRequest)
    assert TAU.written("PluginOutput", asked) == asked


@settings(max_examples=40)
@given(st.data())
def test_a_frame_that_lacks_a_member_or_has_null_there_is_read_all_the_same(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(RESPONSES.values())))
    frame = data.draw(TAU.values.of(name))
    for member in frame.keys() - {"type"}:
        for other in ({k: v for k, v in frame.items() if k != member}, {**frame, member: None}):
            assert decode_response(other).type == frame["type"]


def test_what_a_peer_leaves_out_means_its_default_which_is_written_of_what_is_made_here() -> None:
    read = decode_response({"type": "aliases"})
    assert isinstance(read, types.AliasesResponse)
    assert (read.global_, read.project) == ([], [])
    assert read.to_wire() == {"type": "aliases"}
    assert types.AliasesResponse().to_wire() == {"type": "aliases", "global": [], "project": []}


@pytest.mark.parametrize("decode", [decode_request, decode_response, decode_subscription_event])
def test_a_frame_of_an_unknown_kind_is_an_error(decode: Any) -> None:
    with pytest.raises(UnknownFrame, match="unheard_of") as caught:
        decode({"type": "unheard_of", "x": 1})
    assert caught.value.raw == {"type": "unheard_of", "x": 1}
    for nonsense in ({}, {"type": 1}, "text", None):
        with pytest.raises(ProtocolError):
            decode(nonsense)
