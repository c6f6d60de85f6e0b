"""Frames over a connected socket: what TCP and unix sockets have in common."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable
from typing import cast

from copilot_sdk.errors import ConnectError, ConnectionClosed
from copilot_sdk.transports._framed import FramedStream, StreamProtocol
from copilot_sdk.transports.closing import wait_at_most

DEFAULT_CONNECT_TIMEOUT = 10.0
FLUSH_SECONDS = 1.0
_PIECE = 256 * 1024


class SocketEnd(StreamProtocol):
    """One connected socket.

    Args:
        stream: What the bytes are for.
        when_connected: Called with this as soon as it can be used.
        quick_ack: Acknowledge at once what comes in. A peer that writes small pieces would wait up to 40 ms
            for each delayed acknowledgement.
    """

    def __init__(
        self,
        stream: FramedStream,
        *,
        when_connected: Callable[[SocketEnd], None] | None = None,
        quick_ack: bool = False,
    ) -> None:
        super().__init__(stream, self._lost)
        self.stream = stream
        self.when_lost: Callable[[Exception | None], None] = self._end_stream
        self._when_connected = when_connected
        self._quick_ack = quick_ack and sys.platform == "linux"
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop when the socket is connected."""
        self._transport = cast(asyncio.Transport, transport)
        self._socket = self._transport.get_extra_info("socket")
        self._set_option("TCP_NODELAY")
        self.stream.attach_reader(self._transport)
        encrypted = self._transport.get_extra_info("ssl_object") is not None
        self.stream.attach_writer(_Piecewise(self._transport) if encrypted else self._transport)
        if self._when_connected is not None:
            self._when_connected(self)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop with what was read."""
        if self._quick_ack:
            # Linux forgets the option after a while, so it is set again with every read.
            self._set_option("TCP_QUICKACK")
        super().data_received(data)

    async def close(self) -> None:
        """Close the socket; what was written may still go out for a second."""
        if self._transport is None:
            return
        self._transport.close()
        if not await wait_at_most(FLUSH_SECONDS, self._gone):
            self._transport.abort()
            await wait_at_most(FLUSH_SECONDS, self._gone)

    def _lost(self, error: Exception | None) -> None:
        self._gone.set()
        self.when_lost(error)

    def _end_stream(self, error: Exception | None) -> None:
        why = f"the connection broke: {error}" if error else "the other side has closed it"
        self.stream.end(ConnectionClosed(why))

    def _set_option(self, name: str) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), 1)


class _Piecewise(asyncio.WriteTransport):
    """Writes large messages in pieces. TLS in asyncio notices only with the next write that nothing is taken."""

    def __init__(self, below: asyncio.WriteTransport) -> None:
        super().__init__()
        self._below = below

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write all of it."""
        view = memoryview(data)
        for start in range(0, len(view), _PIECE):
            self._below.write(view[start : start + _PIECE])

    def is_closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self._below.is_closing()


async def reach(
    opening: Awaitable[tuple[asyncio.BaseTransport, SocketEnd]], place: str, seconds: float | None
) -> SocketEnd:
    """Wait for a connection.

    Args:
        opening: Opens it.
        place: Where to, for texts of errors.
        seconds: How long it may take, None where the caller sets the limit.

    Raises:
        ConnectError: Nobody is there, or it takes too long, or the other side is not who it should be.
    """
    try:
        async with asyncio.timeout(seconds):
            _, end = await opening
    except TimeoutError as error:
        limit = "" if seconds is None else f" within {seconds:g} s"
        raise ConnectError(f"{place} took no connection{limit}; check that a server runs there") from error
    except (OSError, OverflowError) as error:
        raise unreachable(place, error) from error
    return end


def unreachable(place: str, error: Exception) -> ConnectError:
    """The error for a place that cannot be connected to.

    Args:
        place: Where to.
        error: What stands in the way.
    """
    advice = "check that the server runs there"
    if isinstance(error, ssl.SSLCertVerificationError):
        advice = "give `ssl` a context that trusts the certificate, if the server is the one you mean"
    elif isinstance(error, ssl.SSLError):
        advice = "check that the server there speaks TLS"
    return ConnectError(f"cannot connect to {place}: {words(error)}; {advice}")


def cannot_listen(host: str, port: int, error: Exception) -> ConnectError:
    """The error for a place that cannot be listened on.

    Args:
        host: The name or address.
        port: The port.
        error: What stands in the way.
    """
    advice = "choose another port, or 0 for any free one"
    return ConnectError(f"cannot listen on {host} port {port}: {words(error)}; {advice}")


def words(error: Exception) -> str:
    """What an error of a socket says, without its number."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number is not None and number > 0 else str(error)
