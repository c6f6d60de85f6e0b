from __future__ import annotations

import asyncio

import pytest
import websockets.asyncio.client
import websockets.asyncio.server
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from copilot_sdk.errors import ConnectError, ConnectionClosed
from copilot_sdk.transports import _websockets, websocket
from copilot_sdk.transports.base import Transport


async def echo(far: Transport) -> None:
    while True:
        await far.send(await far.receive())


async def test_each_message_is_a_text_frame_of_the_subprotocol() -> None:
    async with await websocket.listen("127.0.0.1", 0, echo) as listener:
        async with websockets.asyncio.client.connect(
            listener.address, subprotocols=[websocket.SUBPROTOCOL], proxy=None
        ) as socket:
            assert socket.subprotocol == websocket.SUBPROTOCOL
            await socket.send("{}")
            assert await socket.recv() == "{}"
            await socket.send(b"[]")
            assert await socket.recv() == "[]"


async def test_web_pages_are_refused() -> None:
    async with await websocket.listen("127.0.0.1", 0, echo) as listener:
        with pytest.raises(InvalidStatus, match="403"):
            await websockets.asyncio.client.connect(
                listener.address, origin=Origin("http://evil.example"), proxy=None
            )


@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [
        (1000, "", "the other side has closed it$"),
        (1001, "restart", "the other side has closed it: restart"),
        (1008, "no licence", "given it up with the code 1008: no licence"),
        (1009, "", "refused a message above its limit"),
    ],
)
async def test_the_code_of_a_close_becomes_the_reason(code: int, reason: str, words: str) -> None:
    async def close(socket: websockets.asyncio.server.ServerConnection) -> None:
        await socket.close(code, reason)

    async with websockets.asyncio.server.serve(close, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        transport = await websocket.connect(f"ws://127.0.0.1:{port}")
        with pytest.raises(ConnectionClosed, match=words):
            await transport.receive()
        await transport.aclose()


async def test_a_peer_that_answers_no_ping_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_websockets, "PING_SECONDS", 0.01)
    monkeypatch.setattr(_websockets, "PONG_SECONDS", 0.05)

    given_up = asyncio.Event()

    async def hang(socket: websockets.asyncio.server.ServerConnection) -> None:
        socket.transport.pause_reading()
        await given_up.wait()
        socket.transport.abort()

    async with websockets.asyncio.server.serve(hang, "127.0.0.1", 0, ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]
        transport = await websocket.connect(f"ws://127.0.0.1:{port}")
        with pytest.raises(ConnectionClosed, match="given up: keepalive ping timeout"):
            await transport.receive()
        given_up.set()
        await transport.aclose()


async def test_a_server_that_serves_no_websocket_is_named() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        with pytest.raises(ConnectError, match="refused a WebSocket with the HTTP status 404"):
            await websocket.connect(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
