from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from copilot_sdk.errors import ConnectError, ConnectionClosed
from copilot_sdk.transports import http
from copilot_sdk.transports.base import Transport
from tests.support.relay import relay_to


async def echo(far: Transport) -> None:
    while True:
        await far.send(await far.receive())


@pytest.mark.parametrize("bytes_before", [0, 1, 150, 400, 5_000, 50_000])
async def test_nothing_is_lost_or_doubled_when_the_line_breaks_again_and_again(
    tmp_path: Path, bytes_before: int
) -> None:
    messages = [b"%d:" % number + b"x" * 1_000 for number in range(300)]
    async with (
        await http.listen("127.0.0.1", 0, echo) as listener,
        relay_to(listener.address, tmp_path) as relay,
    ):
        transport = await http.connect(relay.address)

        async def send_all() -> None:
            for message in messages:
                await transport.send(message)

        relay.cuts = [bytes_before] * 5
        sending = asyncio.create_task(send_all())
        assert [await transport.receive() for _ in messages] == messages
        await sending
        assert relay.cuts == []
        await transport.aclose()


async def test_an_idle_stream_that_breaks_is_resumed(tmp_path: Path) -> None:
    async with (
        await http.listen("127.0.0.1", 0, echo) as listener,
        relay_to(listener.address, tmp_path) as relay,
    ):
        transport = await http.connect(relay.address)
        for number in range(3):
            relay.cut()
            await transport.send(b"%d" % number)
            assert await transport.receive() == b"%d" % number
        await transport.aclose()


async def test_a_client_that_reads_only_frees_what_the_server_keeps() -> None:
    async def stream(far: Transport) -> None:
        for number in range(500):
            await far.send(b"%d:" % number + b"x" * 20_000)
        await far.receive()

    async with await http.listen("127.0.0.1", 0, stream) as listener:
        transport = await http.connect(listener.address)
        for number in range(500):
            assert (await transport.receive()).startswith(b"%d:" % number)
        await transport.aclose()


async def test_a_server_that_does_not_know_the_connection_ends_it() -> None:
    listener = await http.listen("127.0.0.1", 0, echo)
    transport = await http.connect(listener.address)
    transport._connection = "another"
    await transport.send(b"x")
    with pytest.raises(ConnectionClosed, match="does not know this connection"):
        await transport.receive()
    await transport.aclose()
    await listener.aclose()


@pytest.fixture
async def requests() -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False)


async def test_web_pages_strange_methods_and_strangers_are_refused(requests: httpx.AsyncClient) -> None:
    async with await http.listen("127.0.0.1", 0, echo) as listener, requests:
        at = listener.address
        assert (await requests.post(at, headers={"Origin": "http://evil.example"})).status_code == 403
        assert (await requests.get(at)).status_code == 404
        assert (await requests.post(at, headers={"Copilot-Connection": "guess"})).status_code == 404
        name = {"Copilot-Connection": (await requests.post(at)).headers["Copilot-Connection"]}
        assert (await requests.put(at, headers=name)).status_code == 405
        body = b"Content-Length: 1\r\n\r\nx"
        assert (
            await requests.post(at, headers={**name, "Copilot-Batch": "2"}, content=body)
        ).status_code == 409
        assert (await requests.delete(at, headers=name)).status_code == 200


async def test_what_is_no_http_is_answered_with_400() -> None:
    async with await http.listen("127.0.0.1", 0, echo) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(b"Content-Length: 2\r\n\r\n{}")
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
        writer.close()
        await writer.wait_closed()


async def test_a_server_of_something_else_is_found_out() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        with pytest.raises(ConnectError, match="HTTP status 200 and opened no connection"):
            await http.connect(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")


async def test_a_request_that_is_made_again_is_not_taken_twice(requests: httpx.AsyncClient) -> None:
    got, gone = list[bytes](), asyncio.Event()

    async def collect(far: Transport) -> None:
        try:
            while True:
                got.append(await far.receive())
        finally:
            gone.set()

    async with await http.listen("127.0.0.1", 0, collect) as listener, requests:
        at = listener.address
        name = {"Copilot-Connection": (await requests.post(at)).headers["Copilot-Connection"]}
        for number, message in [("1", b"x"), ("1", b"x"), ("2", b"y"), ("2", b"y"), ("1", b"x")]:
            frame = b"Content-Length: 1\r\n\r\n" + message
            await requests.post(at, headers={**name, "Copilot-Batch": number}, content=frame)
        await requests.delete(at, headers=name)
        await gone.wait()
    assert got == [b"x", b"y"]
