"""Frames over TCP: a client that connects, a server that listens, and a client that starts its server."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from copilot_sdk._protocol.framing import DEFAULT_MAX_FRAME
from copilot_sdk.errors import ConnectError, ConnectionClosed
from copilot_sdk.transports._child import DEFAULT_STOP_TIMEOUT, ChildProcess
from copilot_sdk.transports._framed import FramedStream, FramedTransport
from copilot_sdk.transports._listener import Listener, OnConnection
from copilot_sdk.transports._sockets import DEFAULT_CONNECT_TIMEOUT, SocketEnd, cannot_listen, reach

if TYPE_CHECKING:
    from ssl import SSLContext

DEFAULT_START_TIMEOUT = 10.0
_OUTPUT_TAIL = 8 * 1024
_PORT_LINE = re.compile(rb"listening on port (\d+)", re.IGNORECASE)


class TcpTransport(FramedTransport):
    """A TCP connection; get one from `connect`, `spawn_listening` or a `Listener`."""


async def connect(
    host: str,
    port: int,
    *,
    ssl: SSLContext | None = None,
    timeout: float | None = DEFAULT_CONNECT_TIMEOUT,
    max_frame: int = DEFAULT_MAX_FRAME,
) -> TcpTransport:
    """Connect to a server.

    Args:
        host: Its name or address.
        port: Its port.
        ssl: Encrypts the connection, and says whom to trust; None for no encryption.
        timeout: How many seconds to wait for the connection, None where the caller sets the limit.
        max_frame: The largest message to accept, in bytes.

    Raises:
        ConnectError: There is no such host, nobody listens there, it takes too long, or the certificate is not
            one to trust.
    """
    socket_end = await _connect(host, port, timeout, max_frame, ssl)
    return TcpTransport(socket_end.stream, socket_end.close, f"{host} port {port}")


async def spawn_listening(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    host: str = "127.0.0.1",
    start_timeout: float | None = DEFAULT_START_TIMEOUT,
    connect_timeout: float = DEFAULT_CONNECT_TIMEOUT,
    stop_timeout: float = DEFAULT_STOP_TIMEOUT,
    max_frame: int = DEFAULT_MAX_FRAME,
) -> TcpTransport:
    """Start a server that chooses its port, wait for the line that names it, and connect.

    The line is one on stdout that contains `listening on port N`. The process belongs to the transport:
    `aclose` stops it together with its process group.

    Args:
        command: The program and its arguments.
        env: The whole environment of the process, None for a copy of ours.
        cwd: Its working directory, None for ours.
        host: Where to connect to.
        start_timeout: How many seconds to wait for the line, None for no limit.
        connect_timeout: How many seconds to wait for the connection.
        stop_timeout: How many seconds each step of stopping the process may take.
        max_frame: The largest message to accept, in bytes.

    Raises:
        ConnectError: The program cannot be started, ends early, names no port in time, or cannot be reached.
        UsageError: The command is empty or a plain string.
    """
    child = _ListeningChild(command, stop_timeout=stop_timeout)
    await child.start(env=env, cwd=cwd)
    try:
        port = await child.wait_for_port(start_timeout)
        socket_end = await _connect(host, port, connect_timeout, max_frame)
    except BaseException:
        await child.stop()
        raise
    child.serve(socket_end.stream)
    # The reason of a lost connection is the end of the process, if it ends at the same time.
    socket_end.when_lost = lambda _: child.expect_end()

    async def release() -> None:
        await socket_end.close()
        await child.stop()

    return TcpTransport(socket_end.stream, release, f"{child.name} (process {child.pid}, port {port})")


async def listen(
    host: str,
    port: int,
    on_connection: OnConnection,
    *,
    ssl: SSLContext | None = None,
    max_frame: int = DEFAULT_MAX_FRAME,
) -> Listener:
    """Accept connections.

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

    def accepted(socket_end: SocketEnd) -> None:
        listener.serve(TcpTransport(socket_end.stream, socket_end.close, "a client"))

    def protocol() -> SocketEnd:
        return SocketEnd(FramedStream(max_frame=max_frame), when_connected=accepted)

    try:
        server = await asyncio.get_running_loop().create_server(protocol, host, port, ssl=ssl)
    except (OSError, OverflowError) as error:
        raise cannot_listen(host, port, error) from error

    async def stop() -> None:
        server.close()

    listener.opened_on(server.sockets, host, "tls://" if ssl else "", stop)
    return listener


class _ListeningChild(ChildProcess):
    """A server process that tells its port on stdout; what it prints afterwards is dropped."""

    vital_pipes = frozenset[int]()

    def __init__(self, command: Sequence[str], *, stop_timeout: float) -> None:
        super().__init__(command, stop_timeout=stop_timeout)
        self._output = bytearray()
        self._port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._stream: FramedStream | None = None

    async def wait_for_port(self, seconds: float | None) -> int:
        """Wait for the line that names the port."""
        try:
            async with asyncio.timeout(seconds):
                return await self._port
        except TimeoutError:
            raise ConnectError(
                f"{self.name} did not print 'listening on port N' within {seconds or 0:g} s; check its arguments, "
                f"or pass a longer start_timeout",
                stderr=self.stderr_tail,
            ) from None
        except ConnectionClosed as closed:
            raise ConnectError(
                f"{self.name} did not come up: it ended with exit code {closed.exit_code} before it listened",
                stderr=closed.stderr,
            ) from None

    def serve(self, stream: FramedStream) -> None:
        """Name the stream that ends with this process."""
        self._stream = stream

    def output_received(self, data: bytes) -> None:
        """Look for the port in the lines on stdout."""
        if self._port.done():
            return
        *lines, rest = (self._output + data).split(b"\n")
        self._output = rest[-_OUTPUT_TAIL:]
        for line in lines:
            if found := _PORT_LINE.search(line):
                self._port.set_result(int(found[1]))
                return

    def connection_ended(self, reason: ConnectionClosed) -> None:
        """The process has ended, or its connection has."""
        if not self._port.done():
            self._port.set_exception(reason)
        if self._stream is not None:
            self._stream.end(reason)


async def _connect(
    host: str, port: int, seconds: float | None, max_frame: int, context: SSLContext | None = None
) -> SocketEnd:
    stream = FramedStream(max_frame=max_frame)
    opening = asyncio.get_running_loop().create_connection(
        lambda: SocketEnd(stream, quick_ack=True), host, port, ssl=context
    )
    return await reach(opening, f"{host} port {port}", seconds)
