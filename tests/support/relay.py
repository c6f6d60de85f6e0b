"""Stands between a client and a server, and cuts the line without a goodbye."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from copilot_sdk.transports.address import Address

Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Relay:
    """Passes bytes on, for as long as it may."""

    def __init__(self, reach: Callable[[], Awaitable[Streams]]) -> None:
        self.address = ""
        self.connections = 0
        self.refuses = False
        self.cuts: list[int] = []
        """After how many further bytes from the server a connection is broken, for each time."""
        self._reach = reach
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Break all connections."""
        for writer in self._writers:
            writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on until it ends."""
        self.connections += 1
        if self.refuses:
            writer.transport.abort()
            return
        far_reader, far_writer = await self._reach()
        pair = {writer, far_writer}
        self._writers |= pair
        pumps = {
            asyncio.create_task(self._pump(reader, far_writer, None)),
            asyncio.create_task(self._pump(far_reader, writer, pair)),
        }
        self._tasks |= pumps
        await asyncio.wait(pumps)
        self._writers -= pair
        for end in pair:
            end.close()
            with contextlib.suppress(OSError):
                await end.wait_closed()

    async def _pump(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        pair: set[asyncio.StreamWriter] | None,
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(4096):
                if pair is None or not self.cuts:
                    sink.write(piece)
                    await sink.drain()
                    continue
                allowed = piece[: self.cuts[0]]
                self.cuts[0] -= len(allowed)
                sink.write(allowed)
                await sink.drain()
                if self.cuts[0] == 0:
                    del self.cuts[0]
                    # What is written is let out, then both ends break.
                    for end in pair:
                        end.close()
                    return
            sink.write_eof() if sink.can_write_eof() else sink.close()

    async def end(self) -> None:
        """Break what is left and wait for its tasks."""
        self.cut()
        if self._tasks:
            await asyncio.wait(self._tasks)


@asynccontextmanager
async def relay_to(address: str, folder: Path) -> AsyncIterator[Relay]:
    """Stand before a server.

    Args:
        address: Where it listens.
        folder: For the file of a unix socket.
    """
    server_at = Address.parse(address)
    if server_at.scheme == "unix":
        relay = Relay(lambda: asyncio.open_unix_connection(server_at.path))
        relay.address = f"unix:{folder / 'relay'}"
        server = await asyncio.start_unix_server(relay.accept, folder / "relay")
    else:
        relay = Relay(lambda: asyncio.open_connection(server_at.host, server_at.port))
        server = await asyncio.start_server(relay.accept, "127.0.0.1", 0)
        relay.address = str(replace(server_at, port=server.sockets[0].getsockname()[1]))
    try:
        yield relay
    finally:
        server.close()
        await relay.end()
