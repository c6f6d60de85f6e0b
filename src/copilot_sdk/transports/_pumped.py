"""Messages between the tasks of a user and tasks that carry them: for libraries that are awaited, not called back."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from copilot_sdk.errors import ConnectionClosed, CopilotError
from copilot_sdk.transports._flow import Lane
from copilot_sdk.transports.closing import CloseOnce

_FLUSH_SECONDS = 1.0


class PumpedTransport:
    """A transport whose messages wait in two lanes; a subclass carries them in tasks that it starts with `pump`.

    Args:
        description: What `describe` says.

    Attributes:
        ended: Whether the connection has ended, or ends.
    """

    def __init__(self, description: str) -> None:
        self.outgoing = Lane[bytes]()
        self.incoming = Lane[bytes]()
        self.ended = False
        self._description = description
        self._pumps: set[asyncio.Task[None]] = set()
        self._close = CloseOnce(self._leave)

    async def send(self, data: bytes) -> None:
        """See `Transport.send`."""
        await self.outgoing.send(data)

    async def receive(self) -> bytes:
        """See `Transport.receive`."""
        return await self.incoming.inbox.pull()

    async def aclose(self) -> None:
        """See `Transport.aclose`."""
        await self._close()

    def describe(self) -> str:
        """See `Transport.describe`."""
        return self._description

    def pump(self, carrying: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something until it ends, or until the transport is closed."""
        task = asyncio.get_running_loop().create_task(carrying)
        self._pumps.add(task)
        task.add_done_callback(self._pumps.discard)
        return task

    def end(self, reason: CopilotError) -> None:
        """Let the messages that have come be received, and nothing after them; the first reason stays."""
        self.ended = True
        closed = reason if isinstance(reason, ConnectionClosed) else ConnectionClosed(str(reason))
        self.outgoing.end(closed, discard=True)
        self.incoming.inbox.end(reason)
        self.incoming.gate.shut(closed)

    async def flush(self) -> None:
        """Wait until all that was sent has been carried; it takes no more than a second, or is cancelled."""
        raise NotImplementedError

    async def release(self) -> None:
        """Give back what belongs to the connection, in bounded time; called once."""
        raise NotImplementedError

    async def stop_pumps(self) -> None:
        """Cancel what `pump` has started; part of `release`."""
        for task in (pumps := set(self._pumps)):
            task.cancel()
        if pumps:
            await asyncio.wait(pumps)

    async def _leave(self) -> None:
        self.ended = True
        here = ConnectionClosed("it was closed on this side")
        self.incoming.end(here, discard=True)
        self.outgoing.end(here)
        try:
            async with asyncio.timeout(_FLUSH_SECONDS):
                await self.flush()
        except TimeoutError:
            pass
        await self.release()
