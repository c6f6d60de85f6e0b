"""Messages that go out without anybody waiting for them, because the reader must never wait to write."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from copilot_sdk.errors import ConnectionClosed
from copilot_sdk.transports.base import DirectTransport, Transport

_LIMIT = 1024


class Outbox:
    """Sends what is posted, in order: at once where there is room, or from one task while something waits.

    Args:
        transport: Where to send it.
        on_overflow: Called when too much waits: the other side keeps sending and does not read.
    """

    def __init__(self, transport: Transport, on_overflow: Callable[[], None]) -> None:
        self._transport = transport
        self._direct = transport if isinstance(transport, DirectTransport) else None
        self._on_overflow = on_overflow
        self._messages: deque[bytes] = deque()
        self._task: asyncio.Task[None] | None = None

    def try_send(self, data: bytes) -> bool:
        """Send a message if that can be done at once, and tell whether it was."""
        return self._task is None and self._direct is not None and self._direct.try_send(data)

    def post(self, data: bytes) -> None:
        """Send a message soon."""
        if self.try_send(data):
            return
        if len(self._messages) >= _LIMIT:
            self._on_overflow()
            return
        self._messages.append(data)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._send_all())

    async def flush(self, seconds: float) -> None:
        """Wait until all is sent, but no longer than that."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=seconds)

    async def _send_all(self) -> None:
        try:
            while self._messages:
                await self._transport.send(self._messages.popleft())
        except ConnectionClosed:
            self._messages.clear()
        finally:
            self._task = None
