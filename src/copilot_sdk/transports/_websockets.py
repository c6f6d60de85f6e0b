"""What is used of the library websockets, and how its sockets are opened and closed here."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from copilot_sdk.transports.address import Address

try:
    from websockets.asyncio.client import ClientConnection, connect
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.exceptions import ConnectionClosed as WebSocketClosed
    from websockets.exceptions import InvalidHandshake, InvalidStatus
    from websockets.frames import CloseCode
    from websockets.typing import Subprotocol
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "a WebSocket needs the library websockets; install it, or this package with its extra 'websocket'",
        name=missing.name,
    ) from missing

if TYPE_CHECKING:
    from ssl import SSLContext

__all__ = [
    "CLOSE_SECONDS",
    "PING_SECONDS",
    "PONG_SECONDS",
    "ClientConnection",
    "CloseCode",
    "InvalidHandshake",
    "InvalidStatus",
    "ServerConnection",
    "Subprotocol",
    "WebSocketClosed",
    "dial",
    "logger",
    "serve",
]

PING_SECONDS = 20.0
PONG_SECONDS = 60.0
CLOSE_SECONDS = 1.0


class _WithoutMessages(logging.LoggerAdapter[logging.Logger]):
    """The library's log but for the details, which are the messages themselves and the headers of requests."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - logging names it
        return level > logging.DEBUG and super().isEnabledFor(level)


logger = _WithoutMessages(logging.getLogger("copilot_sdk.transports.websocket"))


async def dial(
    url: str,
    *,
    ssl: SSLContext | None,
    timeout: float | None,
    subprotocols: Sequence[Subprotocol],
    max_message: int,
    headers: Iterable[tuple[str, str]] = (),
) -> ClientConnection:
    """Open a socket, through the proxy that the environment names unless the server is on this machine.

    Args:
        url: Its address, `ws://...` or `wss://...`.
        ssl: Says whom to trust on `wss://`; the authorities of the system when left out.
        timeout: How many seconds to wait for the connection, None where the caller sets the limit.
        subprotocols: What to offer, none if empty.
        max_message: The largest message to accept, in bytes.
        headers: Sent beside those that make it a WebSocket.

    Raises:
        OSError, OverflowError, TimeoutError, InvalidHandshake: It cannot be opened.
        UsageError: The address has no meaning.
    """
    return await connect(
        url,
        additional_headers=list(headers),
        user_agent_header=None,
        subprotocols=subprotocols or None,
        compression=None,
        proxy=None if Address.parse(url, "ws", "wss").is_local else True,
        open_timeout=timeout,
        ping_interval=PING_SECONDS,
        ping_timeout=PONG_SECONDS,
        close_timeout=CLOSE_SECONDS,
        max_size=max_message,
        logger=logger,
        ssl=ssl,
    )
