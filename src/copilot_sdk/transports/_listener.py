"""What listens: each connection is served in a task of its own, and all of them end with the listener."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from socket import socket
from typing import Any, Self, TypeAlias

from copilot_sdk.errors import ConnectionClosed
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.closing import CloseOnce

OnConnection: TypeAlias = Callable[[Transport], Awaitable[None]]

_CLOSE_SECONDS = 5.0
_logger = logging.getLogger("copilot_sdk.transports")


class Listener:
    """A listening socket with its connections; get one from a `listen` function.

    Attributes:
        address: Where it can be reached, in the words of `CopilotClient.connect`.
        port: Its port, 0 for a socket without one.
    """

    def __init__(self, on_connection: OnConnection) -> None:
        self.address = ""
        self.port = 0
        self._on_connection = on_connection
        self._stop_listening: Callable[[], Coroutine[Any, Any, None]] | None = None
        self._connections: dict[asyncio.Task[None], Transport] = {}
        self._close = CloseOnce(self._stop)

    def opened(
        self, address: str, port: int, stop_listening: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Say where it listens; the `listen` function has called this.

        Args:
            address: See the class.
            port: See the class.
            stop_listening: Refuses further connections at once, and gives back the socket.
        """
        self.address = address
        self.port = port
        self._stop_listening = stop_listening

    def opened_on(
        self,
        sockets: Iterable[socket],
        host: str,
        scheme: str,
        stop_listening: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Say which sockets of the network it listens on, see `opened`."""
        port = int(next(iter(sockets)).getsockname()[1])
        shown = f"[{host}]" if ":" in host else host
        self.opened(f"{scheme}{shown}:{port}", port, stop_listening)

    def serve(self, transport: Transport) -> asyncio.Task[None]:
        """Serve one connection, and close it afterwards."""
        task = asyncio.get_running_loop().create_task(self._handle(transport))
        self._connections[task] = transport
        task.add_done_callback(self._connections.pop)
        return task

    async def aclose(self) -> None:
        """Stop listening, and end the connections and the tasks that serve them."""
        await self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _handle(self, transport: Transport) -> None:
        try:
            await self._on_connection(transport)
        except ConnectionClosed as closed:
            _logger.debug("a client has left: %s", closed)
        except Exception:
            _logger.exception("serving a connection failed")
        finally:
            await transport.aclose()

    async def _stop(self) -> None:
        stopping = None
        if self._stop_listening is not None:
            stopping = asyncio.get_running_loop().create_task(self._stop_listening())
            await asyncio.sleep(0)
        connections = dict(self._connections)
        for task in connections:
            task.cancel()
        if pending := set(connections) if stopping is None else {*connections, stopping}:
            _, late = await asyncio.wait(pending, timeout=_CLOSE_SECONDS)
            if late:
                _logger.error("%d connections are still served after they were cancelled", len(late))
        # A task that is cancelled before its first step never gets to close what it was to serve.
        await asyncio.gather(*(transport.aclose() for transport in connections.values()))
