"""Messages over a WebSocket, each the text of one frame.

The subprotocol is `copilot-rpc.v1`. A client offers it and goes on without, if the server names none. What the
other side of a text frame may be is limited by `max_frame`; frames are not compressed, since messages carry
secrets beside text of others. An idle connection is probed every 20 seconds, and given up when the answer does not
come within a minute. Requests of web pages, which have an `Origin`, are refused by a listener.

It needs the library websockets, which comes with the extra `websocket`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from copilot_sdk._protocol.framing import DEFAULT_MAX_FRAME
from copilot_sdk.errors import ConnectError, ConnectionClosed, CopilotError, ProtocolError
from copilot_sdk.transports._listener import Listener, OnConnection
from copilot_sdk.transports._pumped import PumpedTransport
from copilot_sdk.transports._sockets import DEFAULT_CONNECT_TIMEOUT, cannot_listen, unreachable
from copilot_sdk.transports._websockets import (
    CLOSE_SECONDS,
    PING_SECONDS,
    PONG_SECONDS,
    CloseCode,
    InvalidHandshake,
    InvalidStatus,
    Subprotocol,
    WebSocketClosed,
    dial,
    logger,
    serve,
)
from copilot_sdk.transports.address import Address, trusting

if TYPE_CHECKING:
    from ssl import SSLContext

    from websockets.asyncio.connection import Connection

    from copilot_sdk.transports._websockets import ServerConnection

SUBPROTOCOL = Subprotocol("copilot-rpc.v1")


class WebSocketTransport(PumpedTransport):
    """A WebSocket; get one from `connect` or a `Listener`.

    Args:
        socket: The connection after its handshake.
        description: What `describe` says.
        max_frame: The limit that it has, for texts of errors.
    """

    def __init__(self, socket: Connection, description: str, max_frame: int) -> None:
        super().__init__(description)
        self._socket = socket
        self._max_frame = max_frame
        self._sender = self.pump(self._send_all())
        self.pump(self._receive_all())

    async def flush(self) -> None:
        """See `PumpedTransport.flush`."""
        await asyncio.wait({self._sender})

    async def release(self) -> None:
        """Say goodbye, and close the socket in any case."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._socket.close()
        except TimeoutError:
            self._socket.transport.abort()
            await self._socket.wait_closed()
        await self.stop_pumps()

    async def _send_all(self) -> None:
        try:
            while True:
                await self._socket.send(await self.outgoing.inbox.pull(), text=True)
        except (WebSocketClosed, CopilotError):
            # Why it was closed is found out by the receiver.
            return

    async def _receive_all(self) -> None:
        try:
            while True:
                message = await self._socket.recv(decode=False)
                # After the end, too, messages are taken, so that the goodbye behind them is read.
                with contextlib.suppress(ConnectionClosed):
                    await self.incoming.send(message)
        except WebSocketClosed as closed:
            self.end(_reason(closed, self._max_frame))


async def connect(
    url: str,
    *,
    ssl: SSLContext | None = None,
    timeout: float | None = DEFAULT_CONNECT_TIMEOUT,
    max_frame: int = DEFAULT_MAX_FRAME,
) -> WebSocketTransport:
    """Connect to a server, through the proxy that the environment names unless it is on this machine.

    Args:
        url: Its address, `ws://...` or `wss://...`.
        ssl: Says whom to trust on `wss://`; the authorities of the system when left out.
        timeout: How many seconds to wait for the connection, None where the caller sets the limit.
        max_frame: The largest message to accept, in bytes.

    Raises:
        ConnectError: Nobody listens there, it takes too long, the certificate is not one to trust, or no
            WebSocket is served.
        UsageError: The address has no meaning.
    """
    address = Address.parse(url, "ws", "wss")
    context = trusting(address, ssl)
    try:
        socket = await dial(
            url, ssl=context, timeout=timeout, subprotocols=[SUBPROTOCOL], max_message=max_frame
        )
    except TimeoutError as error:
        raise ConnectError(
            f"{address} took no connection within {timeout or 0:g} s; check that a server runs there"
        ) from error
    except (OSError, OverflowError) as error:
        raise unreachable(str(address), error) from error
    except InvalidStatus as error:
        raise ConnectError(
            f"{address} refused a WebSocket with the HTTP status {error.response.status_code}; check its path"
        ) from error
    except InvalidHandshake as error:
        raise ConnectError(f"{address} serves no WebSocket: {error}; check the address") from error
    return WebSocketTransport(socket, str(address), max_frame)


async def listen(
    host: str,
    port: int,
    on_connection: OnConnection,
    *,
    ssl: SSLContext | None = None,
    max_frame: int = DEFAULT_MAX_FRAME,
) -> Listener:
    """Accept WebSockets, at any path.

    Args:
        host: The name or address to listen on.
        port: The port, 0 for any free one (see `Listener.port`).
        on_connection: Serves one connection, in a task of its own that the listener owns; when it returns
            the connection is closed.
        ssl: Encrypts the connections, with a certificate; None for no encryption.
        max_frame: The largest message to accept, in bytes.

    Raises:
        ConnectError: The address or the port cannot be used.
    """
    listener = Listener(on_connection)

    async def serve_one(socket: ServerConnection) -> None:
        # The library closes the socket when this returns.
        await asyncio.wait({listener.serve(WebSocketTransport(socket, "a client", max_frame))})

    try:
        server = await serve(
            serve_one,
            host,
            port,
            origins=[None],
            subprotocols=[SUBPROTOCOL],
            select_subprotocol=_select,
            compression=None,
            ping_interval=PING_SECONDS,
            ping_timeout=PONG_SECONDS,
            close_timeout=CLOSE_SECONDS,
            max_size=max_frame,
            logger=logger,
            ssl=ssl,
        )
    except (OSError, OverflowError) as error:
        raise cannot_listen(host, port, error) from error

    async def stop() -> None:
        server.close(close_connections=False)

    listener.opened_on(server.sockets, host, "wss://" if ssl else "ws://", stop)
    return listener


def _reason(closed: WebSocketClosed, max_frame: int) -> CopilotError:
    ours, theirs = closed.sent, closed.rcvd
    if ours is not None and (theirs is None or not closed.rcvd_then_sent):
        if ours.code == CloseCode.MESSAGE_TOO_BIG:
            return ProtocolError(
                f"the peer sent a message above the limit of {max_frame} bytes; "
                "raise max_frame if it is meant to be that large"
            )
        return ConnectionClosed(f"it was given up: {ours.reason or ours.code}")
    if theirs is None:
        return ConnectionClosed("the connection broke without a goodbye")
    if theirs.code in {CloseCode.NORMAL_CLOSURE, CloseCode.GOING_AWAY}:
        why = f": {theirs.reason}" if theirs.reason else ""
        return ConnectionClosed(f"the other side has closed it{why}")
    if theirs.code == CloseCode.MESSAGE_TOO_BIG:
        return ConnectionClosed("the other side has refused a message above its limit")
    return ConnectionClosed(f"the other side has given it up with the code {theirs.code}: {theirs.reason}")


def _select(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return SUBPROTOCOL if SUBPROTOCOL in offered else None
