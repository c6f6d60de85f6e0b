"""A model request over a websocket, forwarded to where it is addressed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from copilot_sdk._protocol.framing import DEFAULT_MAX_FRAME
from copilot_sdk.providers.inference import HOP_BY_HOP
from copilot_sdk.transports._sockets import DEFAULT_CONNECT_TIMEOUT
from copilot_sdk.transports._websockets import InvalidStatus, Subprotocol, WebSocketClosed, dial

if TYPE_CHECKING:
    from ssl import SSLContext

    from copilot_sdk.providers.inference import ModelRequest
    from copilot_sdk.transports._websockets import ClientConnection

_SUBPROTOCOL = "sec-websocket-protocol"
# Of the connection itself; the library writes its own.
_HANDSHAKE = HOP_BY_HOP | {f"sec-websocket-{name}" for name in ("accept", "extensions", "key", "version")}


async def forward(
    request: ModelRequest, headers: Sequence[tuple[str, str]], ssl: SSLContext | None = None
) -> None:
    """Open the websocket of a request and pass on all messages, until one side closes it.

    A server that refuses it has its answer passed on.

    Args:
        request: What to answer.
        headers: What to send beside the headers of the handshake.
        ssl: Says whom to trust at a `wss` address.

    Raises:
        OSError, InvalidHandshake, UsageError: It cannot be opened.
        ConnectionClosed: The server gave it up, in the sense of the library websockets.
    """
    url = re.sub("^http", "ws", request.start_request.url)
    sent = [(name, value) for name, value in headers if name.lower() not in _HANDSHAKE | {_SUBPROTOCOL}]
    offered = [
        value for name, values in headers if name.lower() == _SUBPROTOCOL for value in values.split(",")
    ]
    try:
        socket = await dial(
            url,
            ssl=ssl if url.startswith("wss:") else None,
            timeout=DEFAULT_CONNECT_TIMEOUT,
            subprotocols=[Subprotocol(value.strip()) for value in offered],
            max_message=DEFAULT_MAX_FRAME,
            headers=sent,
        )
    except InvalidStatus as refusal:
        answer = refusal.response
        await request.start(answer.status_code, _grouped(answer.headers.raw_items()))
        if answer.body:
            await request.send(bytes(answer.body))
        return
    async with socket:
        response = socket.response
        await request.start(101, _grouped(response.headers.raw_items()) if response is not None else None)
        outgoing = asyncio.create_task(_send_all(request, socket))
        try:
            async for message in socket:
                await request.send(message)
        finally:
            outgoing.cancel()
            await asyncio.wait({outgoing})


async def _send_all(request: ModelRequest, socket: ClientConnection) -> None:
    try:
        async for message in request.messages():
            await socket.send(message)
    except WebSocketClosed:
        # Why is found out by the receiver.
        return
    finally:
        await socket.close()


def _grouped(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        if name.lower() not in _HANDSHAKE:
            grouped.setdefault(name, []).append(value)
    return grouped
