from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_sdk._protocol.lines import LineDecoder, encode_line
from copilot_sdk.errors import ProtocolError

MEBIBYTE = 1024 * 1024
LINES = st.binary(max_size=300).map(lambda body: b"{" + body.replace(b"\n", b" ") + b"}")


def decode(chunks: list[bytes]) -> list[bytes]:
    decoder = LineDecoder()
    lines = [line for chunk in chunks for line in decoder.feed(chunk)]
    decoder.eof()
    return lines


@given(st.lists(LINES), st.lists(st.integers(min_value=0), max_size=20))
def test_lines_split_anywhere_are_read_whole(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(encode_line, bodies))
    places = sorted(cut % (len(stream) + 1) for cut in cuts)
    chunks = [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]
    assert decode(chunks) == bodies


def test_lines_are_read_from_single_bytes() -> None:
    stream = b'{"a":1}\n{}\r\n\n  \n[]\n'
    assert decode([bytes([byte]) for byte in stream]) == [b'{"a":1}', b"{}", b"[]"]


def test_empty_lines_and_other_line_ends_are_left_out() -> None:
    assert decode([b"\n\r\n \t\n{}\r\n\n"]) == [b"{}"]


def test_a_line_of_many_mebibytes_takes_time_in_proportion() -> None:
    def seconds(size: int) -> float:
        decoder, chunk = LineDecoder(), b"x" * 4096
        started = time.process_time()
        for _ in range(size // len(chunk)):
            assert decoder.feed(chunk) == []
        assert [len(line) for line in decoder.feed(b"\n")] == [size]
        return time.process_time() - started

    small = min(seconds(MEBIBYTE) for _ in range(3))
    large = min(seconds(16 * MEBIBYTE) for _ in range(2))
    assert large < 16 * small * 5


def test_a_line_beyond_the_limit_ends_the_stream_after_those_before_it() -> None:
    decoder = LineDecoder(max_frame=10)
    assert decoder.feed(b"0123456789\n01234567890\nlost\n") == [b"0123456789"]
    for _ in range(2):
        with pytest.raises(ProtocolError, match="a line of more than 10 bytes; raise max_frame"):
            decoder.feed(b"")
    with pytest.raises(ProtocolError, match="more than 10 bytes"):
        decoder.eof()


def test_a_line_that_never_ends_is_not_kept_beyond_the_limit() -> None:
    decoder = LineDecoder(max_frame=10)
    assert decoder.feed(b"0123456789") == []
    with pytest.raises(ProtocolError, match="more than 10 bytes"):
        decoder.feed(b"x")


def test_an_end_in_the_middle_of_a_line_is_a_fault() -> None:
    decoder = LineDecoder()
    assert decoder.feed(b'{}\n{"jsonrpc"') == [b"{}"]
    with pytest.raises(ProtocolError, match="in the middle of a line"):
        decoder.eof()
