from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_sdk._protocol.framing import ContentLengthDecoder, encode_frame
from copilot_sdk.errors import ProtocolError

MEBIBYTE = 1024 * 1024


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted(cut % (len(data) + 1) for cut in cuts)
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


def decode(chunks: list[bytes]) -> list[bytes]:
    decoder = ContentLengthDecoder()
    bodies = [body for chunk in chunks for body in decoder.feed(chunk)]
    decoder.eof()
    return bodies


@given(st.lists(st.binary(max_size=300)), st.lists(st.integers(min_value=0), max_size=20))
def test_frames_split_anywhere_are_read_whole(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(encode_frame, bodies))
    assert decode(split(stream, cuts)) == bodies


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_frames_are_read_from_single_bytes(bodies: list[bytes]) -> None:
    stream = b"".join(map(encode_frame, bodies))
    assert decode([stream[n : n + 1] for n in range(len(stream))]) == bodies


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: 2\r\n\r\n",
        b"content-length:2\r\n\r\n",
        b"CONTENT-LENGTH:   2  \r\n\r\n",
        b"Content-Length: 002\r\n\r\n",
        b"Content-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 2\r\nX-Anything:\r\n\r\n",
    ],
)
def test_headers_are_read_in_all_their_spellings(header: bytes) -> None:
    assert decode([header + b"{}"]) == [b"{}"]
    assert decode([bytes([byte]) for byte in header + b"{}"]) == [b"{}"]


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        (b"listening on port 5000\n", "no frame (a log line on its stdout?): 'listening on port 5000'"),
        (b"INFO: up\r\n\r\n", "without a Content-Length"),
        (b"2024-01-01 12:00 up: yes\r\n", "no frame"),
        (b"starting...", "no frame"),
        (b'{"jsonrpc":"2.0"}', "no frame"),
        (b"Content-Length: 2\n\n{}", "no frame"),
        (b"no colon\r\n", "no frame"),
        (b": 2\r\n\r\n", "no frame"),
        (b"Content-Length\r\n\r\n", "no frame"),
        (b"\xef\xbb\xbfContent-Length: 2\r\n\r\n{}", "no frame"),
        (b"\r\n\r\n", "without a Content-Length"),
        (b"Content-Type: text/plain\r\n\r\n{}", "without a Content-Length"),
        (b"Content-Length: -2\r\n\r\n", "bad Content-Length: 'Content-Length: -2"),
        (b"Content-Length: two\r\n\r\n", "bad Content-Length"),
        (b"Content-Length: 1_0\r\n\r\n", "bad Content-Length"),
        (b"Content-Length: +2\r\n\r\n", "bad Content-Length"),
        (b"Content-Length: \xd9\xa2\r\n\r\n", "bad Content-Length"),
        (b"Content-Length: 2.0\r\n\r\n", "bad Content-Length"),
        (b"Content-Length:\r\n\r\n", "bad Content-Length"),
        (b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n", "bad Content-Length"),
        (b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", "bad Content-Length"),
    ],
)
def test_what_is_no_frame_is_refused_and_quoted(stream: bytes, problem: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode([stream])
    assert problem in str(caught.value)
    with pytest.raises(ProtocolError):
        decode([bytes([byte]) for byte in stream])


def test_frames_before_a_broken_place_are_given_first() -> None:
    decoder = ContentLengthDecoder()
    assert decoder.feed(encode_frame(b"one") + encode_frame(b"two") + b"oops, a log line\n") == [
        b"one",
        b"two",
    ]
    for _ in range(2):
        with pytest.raises(ProtocolError, match="oops, a log line"):
            decoder.feed(b"")
    with pytest.raises(ProtocolError, match="oops, a log line"):
        decoder.eof()


def test_a_frame_above_the_limit_is_refused_before_it_is_read() -> None:
    decoder = ContentLengthDecoder(max_frame=10)
    assert decoder.feed(encode_frame(b"x" * 10)) == [b"x" * 10]
    with pytest.raises(ProtocolError, match="11 bytes, the limit is 10; raise max_frame"):
        decoder.feed(b"Content-Length: 11\r\n\r\n")


@pytest.mark.parametrize("chunk", [b"X-Padding: " + b"x" * 100 + b"\r\n", b"x" * 100])
def test_a_header_without_an_end_is_refused(chunk: bytes) -> None:
    few, many = 8_000 // len(chunk), 9_000 // len(chunk)
    decoder = ContentLengthDecoder()
    assert [decoder.feed(chunk) for _ in range(few)] == [[]] * few
    with pytest.raises(ProtocolError, match="header of more than 8192 bytes"):
        decode([chunk] * many)


def test_a_header_that_is_too_long_is_refused_though_it_ends() -> None:
    with pytest.raises(ProtocolError, match="header of more than 8192 bytes"):
        decode([b"X-Padding: " + b"x" * 9_000 + b"\r\nContent-Length: 0\r\n\r\n"])


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        (b"Content-Length: 5\r\n\r\nab", "in the middle of a frame, 3 bytes are missing"),
        (b"Content-Length: 5\r\n\r\n", "in the middle of a frame, 5 bytes are missing"),
        (b"Content-Length: 5\r\n", "in the middle of a header"),
        (b"Content-Le", "in the middle of a header: 'Content-Le'"),
        (b"Traceback", "in the middle of a header: 'Traceback'"),
    ],
)
def test_an_end_inside_a_frame_is_told(stream: bytes, problem: str) -> None:
    decoder = ContentLengthDecoder()
    assert decoder.feed(encode_frame(b"whole") + stream) == [b"whole"]
    with pytest.raises(ProtocolError, match=problem):
        decoder.eof()


def test_an_end_between_frames_is_a_good_end() -> None:
    decoder = ContentLengthDecoder()
    decoder.eof()
    decoder.feed(encode_frame(b"whole"))
    decoder.eof()


@given(st.binary(max_size=2000), st.lists(st.integers(min_value=0), max_size=5))
def test_any_bytes_end_in_frames_or_in_a_protocol_error(noise: bytes, cuts: list[int]) -> None:
    with suppress(ProtocolError):
        assert all(body in noise for body in decode(split(noise, cuts)))


def test_the_time_for_a_frame_grows_with_its_size_and_not_faster() -> None:
    def seconds(size: int) -> float:
        stream = encode_frame(bytes(size))
        chunks = [stream[start : start + 4096] for start in range(0, len(stream), 4096)]
        best = float("inf")
        for _ in range(3):
            decoder = ContentLengthDecoder()
            start = time.process_time()
            for chunk in chunks:
                decoder.feed(chunk)
            best = min(best, time.process_time() - start)
        return best

    # Sixteen times the bytes; copying everything for each chunk would take 256 times as long.
    assert seconds(16 * MEBIBYTE) < 80 * max(seconds(MEBIBYTE), 0.0005)
