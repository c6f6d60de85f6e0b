"""Frames over TCP: a client that connects, a server that listens, and a client that starts its server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Self, cast

from copilot_sdk._protocol.framing import DEFAULT_MAX_FRAME
from copilot_sdk.errors import ConnectError, ConnectionClosed
from copilot_sdk.transports._child import DEFAULT_STOP_TIMEOUT, ChildProcess
from copilot_sdk.transports._framed import FramedStream, FramedTransport, StreamProtocol
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.closing import CloseOnce, wait_at_most

DEFAULT_CONNECT_TIMEOUT = 10.0
DEFAULT_START_TIMEOUT = 10.0
_FLUSH_SECONDS = 1.0
_CLOSE_SECONDS = 5.0
_OUTPUT_TAIL = 8 * 1024
_PORT_LINE = re.compile(rb"listening on port (\d+)", re.IGNORECASE)
_logger = logging.getLogger("copilot_sdk.transports")


class TcpTransport(FramedTransport):
    """A TCP connection; get one from `connect`, `spawn_listening` or a `Listener`."""


async def connect(
    host: str,
    port: int,
    *,
    timeout: float | None = DEFAULT_CONNECT_TIMEOUT,
    max_frame: int = DEFAULT_MAX_FRAME,
) -> TcpTransport:
    """Connect to a server.

    Args:
        host: Its name or address.
        port: Its port.
        timeout: How many seconds to wait for the connection, None where the caller sets the limit.
        max_frame: The largest message to accept, in bytes.

    Raises:
        ConnectError: There is no such host, nobody listens there, or it takes too long.
    """
    socket_end = await _connect(host, port, timeout, max_frame)
    return TcpTransport(socket_end.stream, socket_end.close, f"{host} port {port}")


async def spawn_listening(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    host: str = "127.0.0.1",
    start_timeout: float = DEFAULT_START_TIMEOUT,
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
        start_timeout: How many seconds to wait for the line.
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
    on_connection: Callable[[Transport], Awaitable[None]],
    *,
    max_frame: int = DEFAULT_MAX_FRAME,
) -> Listener:
    """Accept connections.

    Args:
        host: The name or address to listen on.
        port: The port, 0 for any free one (see `Listener.port`).
        on_connection: Serves one connection, in a task of its own that the listener owns; when it returns
            the connection is closed.
        max_frame: The largest message to accept, in bytes.

    Raises:
        ConnectError: The address or the port cannot be used.
    """
    listener = Listener(on_connection, max_frame)
    await listener.start(host, port)
    return listener


class Listener:
    """A listening socket with its connections; get one from `listen`."""

    def __init__(self, on_connection: Callable[[Transport], Awaitable[None]], max_frame: int) -> None:
        self._on_connection = on_connection
        self._max_frame = max_frame
        self._server: asyncio.Server | None = None
        self._port = 0
        self._connections: set[asyncio.Task[None]] = set()
        self._close = CloseOnce(self._stop)

    async def start(self, host: str, port: int) -> None:
        """Begin to listen; `listen` has called this."""
        try:
            self._server = await asyncio.get_running_loop().create_server(self._accept, host, port)
        except (OSError, OverflowError) as error:
            advice = "choose another port, or 0 for any free one"
            raise ConnectError(f"cannot listen on {host} port {port}: {_words(error)}; {advice}") from error
        self._port = int(self._server.sockets[0].getsockname()[1])

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._port

    async def aclose(self) -> None:
        """Stop listening, and end the connections and the tasks that serve them."""
        await self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _accept(self) -> _SocketEnd:
        return _SocketEnd(FramedStream(max_frame=self._max_frame), when_connected=self._serve)

    def _serve(self, socket_end: _SocketEnd) -> None:
        transport = TcpTransport(socket_end.stream, socket_end.close, "a client")
        task = asyncio.get_running_loop().create_task(self._handle(transport))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _handle(self, transport: TcpTransport) -> None:
        try:
            await self._on_connection(transport)
        except ConnectionClosed as closed:
            _logger.debug("a client has left: %s", closed)
        except Exception:
            _logger.exception("serving a connection failed")
        finally:
            await transport.aclose()

    async def _stop(self) -> None:
        server, connections = self._server, set(self._connections)
        if server is not None:
            server.close()
        for task in connections:
            task.cancel()
        if connections:
            _, late = await asyncio.wait(connections, timeout=_CLOSE_SECONDS)
            if late:
                _logger.error("%d connections are still served after they were cancelled", len(late))


class _SocketEnd(StreamProtocol):
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
        when_connected: Callable[[_SocketEnd], None] | None = None,
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
        self.stream.attach_writer(self._transport)
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
        if not await wait_at_most(_FLUSH_SECONDS, self._gone):
            self._transport.abort()
            await wait_at_most(_FLUSH_SECONDS, self._gone)

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


class _ListeningChild(ChildProcess):
    """A server process that tells its port on stdout; what it prints afterwards is dropped."""

    vital_pipes = frozenset[int]()

    def __init__(self, command: Sequence[str], *, stop_timeout: float) -> None:
        super().__init__(command, stop_timeout=stop_timeout)
        self._output = bytearray()
        self._port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._stream: FramedStream | None = None

    async def wait_for_port(self, seconds: float) -> int:
        """Wait for the line that names the port."""
        try:
            async with asyncio.timeout(seconds):
                return await self._port
        except TimeoutError:
            raise ConnectError(
                f"{self.name} did not print 'listening on port N' within {seconds:g} s; check its arguments, "
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


async def _connect(host: str, port: int, seconds: float | None, max_frame: int) -> _SocketEnd:
    stream = FramedStream(max_frame=max_frame)
    try:
        async with asyncio.timeout(seconds):
            _, protocol = await asyncio.get_running_loop().create_connection(
                lambda: _SocketEnd(stream, quick_ack=True), host, port
            )
    except TimeoutError as error:
        limit = "" if seconds is None else f" within {seconds:g} s"
        raise ConnectError(
            f"{host} port {port} took no connection{limit}; check that a server runs there"
        ) from error
    except (OSError, OverflowError) as error:
        raise ConnectError(
            f"cannot connect to {host} port {port}: {_words(error)}; check that the server runs there"
        ) from error
    return protocol


def _words(error: OSError | OverflowError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number is not None and number > 0 else str(error)
