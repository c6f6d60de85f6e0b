from __future__ import annotations

import asyncio

import pytest

from copilot_sdk._protocol.framing import encode_frame
from copilot_sdk.errors import ConnectionClosed, ProtocolError
from copilot_sdk.transports._framed import FramedStream


class Writer(asyncio.WriteTransport):
    """Remembers what is written, until it is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.lost = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.lost


class Reader(asyncio.ReadTransport):
    """Remembers whether it was asked to stop."""

    def __init__(self) -> None:
        super().__init__()
        self.paused = False

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


async def test_reading_stops_while_too_much_waits_and_goes_on_when_half_is_gone() -> None:
    stream, reader = FramedStream(), Reader()
    stream.attach_reader(reader)
    for expected in (False, False, True, True):
        stream.data_received(encode_frame(b"x" * 500_000))
        assert reader.paused is expected
    for expected in (True, True, False):
        await stream.receive()
        assert reader.paused is expected


async def test_closing_lets_a_peer_go_on_that_was_held_up() -> None:
    stream, reader = FramedStream(), Reader()
    stream.attach_reader(reader)
    stream.data_received(encode_frame(b"x" * 2_000_000))
    assert reader.paused
    stream.end(ConnectionClosed("it was closed on this side"), discard=True)
    assert not reader.paused


async def test_a_message_is_written_as_one_frame() -> None:
    stream, writer = FramedStream(), Writer()
    stream.attach_writer(writer)
    await stream.send(b"{}")
    assert writer.written == b"Content-Length: 2\r\n\r\n{}"


async def test_a_message_is_sent_at_once_only_while_there_is_room() -> None:
    stream, writer = FramedStream(), Writer()
    assert not stream.try_send(b"{}")
    stream.attach_writer(writer)
    stream.pause_writing()
    assert not stream.try_send(b"{}")
    stream.resume_writing()
    assert stream.try_send(b"{}")
    assert writer.written == b"Content-Length: 2\r\n\r\n{}"
    stream.end(ConnectionClosed("over"))
    assert not stream.try_send(b"{}")


async def test_messages_before_a_fault_in_the_same_piece_come_first() -> None:
    stream = FramedStream()
    stream.data_received(encode_frame(b"one") + encode_frame(b"two") + b"a log line\n")
    assert [await stream.receive(), await stream.receive()] == [b"one", b"two"]
    with pytest.raises(ProtocolError, match="a log line"):
        await stream.receive()
    with pytest.raises(ConnectionClosed, match="a log line"):
        await stream.send(b"x")


async def test_nothing_is_read_after_a_fault() -> None:
    stream = FramedStream()
    stream.data_received(b"a log line\n")
    stream.data_received(encode_frame(b"late"))
    with pytest.raises(ProtocolError):
        await stream.receive()


async def test_a_sender_that_finds_the_writer_lost_waits_for_the_reason() -> None:
    stream, writer = FramedStream(), Writer()
    stream.attach_writer(writer)
    writer.lost = True
    sending = asyncio.create_task(stream.send(b"x"))
    await asyncio.sleep(0)
    stream.end(ConnectionClosed("it has ended", exit_code=3))
    with pytest.raises(ConnectionClosed, match="exit code 3"):
        await sending
    assert writer.written == b""


async def test_the_first_reason_of_an_end_stays() -> None:
    stream = FramedStream()
    stream.end(ConnectionClosed("first"))
    stream.end(ConnectionClosed("second"), discard=True)
    with pytest.raises(ConnectionClosed, match="first"):
        await stream.receive()


async def test_a_message_above_the_limit_ends_the_stream() -> None:
    stream = FramedStream(max_frame=3)
    stream.data_received(encode_frame(b"abc") + encode_frame(b"abcd"))
    assert await stream.receive() == b"abc"
    with pytest.raises(ProtocolError, match="4 bytes, the limit is 3"):
        await stream.receive()
