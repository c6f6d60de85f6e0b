"""Frames over a unix socket, for POSIX: whoever may open the file of the socket may connect."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from copilot_sdk._protocol.framing import CONTENT_LENGTH, DEFAULT_MAX_FRAME, Framing
from copilot_sdk.errors import ConnectError
from copilot_sdk.transports._framed import FramedStream, FramedTransport
from copilot_sdk.transports._listener import Listener, OnConnection
from copilot_sdk.transports._sockets import DEFAULT_CONNECT_TIMEOUT, SocketEnd, reach, words

if TYPE_CHECKING:
    from collections.abc import Callable


class UnixTransport(FramedTransport):
    """A connection over a unix socket; get one from `connect` or a `Listener`."""


async def connect(
    path: str | os.PathLike[str],
    *,
    timeout: float | None = DEFAULT_CONNECT_TIMEOUT,
    max_frame: int = DEFAULT_MAX_FRAME,
    framing: Framing = CONTENT_LENGTH,
) -> UnixTransport:
    """Connect to a server.

    Args:
        path: The file of its socket.
        timeout: How many seconds to wait for the connection, None where the caller sets the limit.
        max_frame: The largest message to accept, in bytes.
        framing: How messages are told apart.

    Raises:
        ConnectError: There is no such socket, nobody listens there, or it takes too long.
    """
    _check_platform()
    name = os.fspath(path)
    stream = FramedStream(max_frame=max_frame, framing=framing)
    opening = asyncio.get_running_loop().create_unix_connection(lambda: SocketEnd(stream), name)
    socket_end = await reach(opening, f"the socket {name}", timeout)
    return UnixTransport(stream, socket_end.close, f"the socket {name}")


async def listen(
    path: str | os.PathLike[str],
    on_connection: OnConnection,
    *,
    max_frame: int = DEFAULT_MAX_FRAME,
    framing: Framing = CONTENT_LENGTH,
) -> Listener:
    """Accept connections of this user; the file of the socket is there as long as the listener is.

    A file that a listener left behind which is no more is replaced.

    Args:
        path: Where to make the file.
        on_connection: Serves one connection, in a task of its own that the listener owns; when it returns
            the connection is closed.
        max_frame: The largest message to accept, in bytes.
        framing: How messages are told apart.

    Raises:
        ConnectError: The path cannot be used, or somebody listens there.
    """
    _check_platform()
    name = os.fspath(path)
    listener = Listener(on_connection)

    def accepted(socket_end: SocketEnd) -> None:
        listener.serve(UnixTransport(socket_end.stream, socket_end.close, "a client"))

    try:
        server, made = await _serve(
            lambda: SocketEnd(FramedStream(max_frame=max_frame, framing=framing), when_connected=accepted),
            name,
        )
    except OSError as error:
        raise ConnectError(f"cannot listen on {name}: {words(error)}; choose another path") from error

    async def stop() -> None:
        server.close()
        _remove_if_same(Path(name), made)

    listener.opened(f"unix:{name}", 0, stop)
    return listener


async def _serve(protocol: Callable[[], SocketEnd], path: str) -> tuple[asyncio.Server, os.stat_result]:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_if_dead(Path(path))
        # Nobody else may ever connect, so the rights are there before anybody could.
        before = os.umask(0o177)
        try:
            sock.bind(path)
        finally:
            os.umask(before)
        made = _stat(path)
        return await asyncio.get_running_loop().create_unix_server(protocol, sock=sock), made
    except BaseException:
        sock.close()
        raise


def _stat(path: str) -> os.stat_result:
    return Path(path).stat()


def _remove_if_dead(path: Path) -> None:
    if not path.exists() or not stat.S_ISSOCK(path.stat().st_mode):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        except BlockingIOError:
            return


def _remove_if_same(path: Path, made: os.stat_result) -> None:
    # Somebody may have made another file in this place meanwhile; newer versions of asyncio remove ours.
    try:
        if os.path.samestat(path.stat(), made):
            path.unlink()
    except FileNotFoundError:
        pass


def _check_platform() -> None:
    if sys.platform == "win32":
        raise ConnectError("asyncio has no unix sockets on Windows; use a TCP port")
