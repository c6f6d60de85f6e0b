"""Connections for requests that are answered at once: a bounded number, used again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias

from copilot_sdk._scope import TaskScope
from copilot_sdk.errors import ConnectionClosed, CopilotError, UsageError
from copilot_sdk.tau._link import Link

if TYPE_CHECKING:
    from copilot_sdk.transports.base import Transport

Connector: TypeAlias = "Callable[[], Awaitable[Transport]]"


class Pool:
    """Opens connections when they are needed, and keeps those that are idle.

    Args:
        connector: Opens one.
        limit: How many connections to lend at once.
    """

    def __init__(self, connector: Connector, limit: int) -> None:
        if limit < 1:
            raise UsageError(f"max_connections has to be 1 or more, not {limit}")
        self._connector = connector
        self._room = asyncio.Semaphore(limit)
        self._idle: dict[Link, asyncio.Task[None]] = {}
        self._links: set[Link] = set()
        self._scope = TaskScope("the connections to the daemon")
        self._closed = False

    async def open(self) -> Link:
        """Open a connection that belongs to the caller, who has to give it back to `close`.

        Raises:
            ConnectError: The daemon cannot be reached.
            ConnectionClosed: The client is closed.
        """
        self._check_open()
        link = Link(await self._connector())
        if self._closed:
            await link.aclose()
        self._check_open()
        self._links.add(link)
        return link

    async def close(self, link: Link) -> None:
        """End a connection."""
        self._links.discard(link)
        await link.aclose()

    @asynccontextmanager
    async def link(self) -> AsyncGenerator[Link]:
        """Lend a connection for one exchange; one on which it did not end well is not used again.

        Raises:
            ConnectError, ConnectionClosed: As for `open`.
        """
        async with self._room:
            link = await self._take()
            try:
                yield link
            finally:
                if link.idle and not self._closed:
                    self._idle[link] = self._scope.handle(self._watch(link))
                else:
                    await self.close(link)

    @asynccontextmanager
    async def own(self) -> AsyncGenerator[Link]:
        """Open a connection for one exchange that may take long, so that it takes no room from others.

        Raises:
            ConnectError, ConnectionClosed: As for `open`.
        """
        link = await self.open()
        try:
            yield link
        finally:
            await self.close(link)

    async def aclose(self) -> None:
        """End all connections; whoever waits for something on one of them gets a `ConnectionClosed`."""
        self._closed = True
        self._scope.cancel()
        await asyncio.gather(*(self.close(link) for link in set(self._links)))
        await self._scope.settle()

    def _check_open(self) -> None:
        if self._closed:
            raise ConnectionClosed("the client was closed")

    async def _take(self) -> Link:
        while self._idle:
            link, watching = self._idle.popitem()
            watching.cancel()
            try:
                await asyncio.wait({watching})
            except asyncio.CancelledError:
                await self.close(link)
                raise
            if link.idle and watching.cancelled():
                return link
            await self.close(link)
        return await self.open()

    async def _watch(self, link: Link) -> None:
        with suppress(CopilotError):
            await link.watch()
        self._idle.pop(link, None)
        await self.close(link)
