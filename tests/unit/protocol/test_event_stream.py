from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_sdk._protocol.event_stream import HEARTBEAT, EventStreamDecoder, ServerSentEvent, encode_event
from copilot_sdk.errors import ProtocolError


def decoded(stream: bytes, pieces: int = 1_000, limit: int = 1_000) -> list[ServerSentEvent]:
    decoder = EventStreamDecoder(max_event=limit)
    return [e for i in range(0, len(stream), pieces) for e in decoder.feed(stream[i : i + pieces])]


@given(st.lists(st.text().map(lambda text: text.replace("\r", "").encode())), st.integers(1, 9))
def test_messages_come_out_as_they_went_in_however_the_stream_is_split(
    messages: list[bytes], pieces: int
) -> None:
    stream = b"".join(encode_event(message, number=number) for number, message in enumerate(messages, 1))
    assert [(e.id, e.data) for e in decoded(stream, pieces)] == [
        (str(number), message) for number, message in enumerate(messages, 1)
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("pieces", [1, 2, 3, 100])
def test_all_ends_of_lines_are_known(end: bytes, pieces: int) -> None:
    stream = b"id: 7\ndata: a\ndata:b\ndata:\n\nevent: end\ndata: c\n\n:x\n".replace(b"\n", end)
    assert decoded(stream, pieces) == [
        ServerSentEvent("7", "message", b"a\nb\n"),
        ServerSentEvent("7", "end", b"c"),
    ]


def test_a_carriage_return_arrives_as_the_end_of_a_line() -> None:
    assert decoded(encode_event(b"{\r\n}\r")) == [ServerSentEvent("", "message", b"{\n}\n")]


def test_comments_unknown_fields_and_events_without_a_message_are_passed_over() -> None:
    assert decoded(HEARTBEAT + b"retry: 10\nnew: x\n\nevent: odd\n\n" + encode_event(b"x")) == [
        ServerSentEvent("", "message", b"x")
    ]


@pytest.mark.parametrize("stream", [b"data: " + b"x" * 5_000, b"data: x\n" * 2_000])
def test_a_message_above_the_limit_is_refused_before_it_is_complete(stream: bytes) -> None:
    with pytest.raises(ProtocolError, match="above the limit of 1000 bytes"):
        decoded(stream)
