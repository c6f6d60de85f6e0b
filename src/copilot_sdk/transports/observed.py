"""A transport that shows what goes through it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Literal

from copilot_sdk._callbacks import log_failure
from copilot_sdk.frames import Frame, FrameHandler
from copilot_sdk.transports.base import Transport, WrappedTransport


class ObservedTransport(WrappedTransport):
    """Calls a function with each message. What the function raises changes nothing, and is logged the first time.

    Args:
        transport: The connection.
        on_frame: The function.
    """

    def __init__(self, transport: Transport, on_frame: FrameHandler) -> None:
        super().__init__(transport)
        self._on_frame = on_frame
        self._has_failed = False

    async def send(self, data: bytes) -> None:
        """See `Transport.send`."""
        self._show("sent", data)
        await self._transport.send(data)

    async def receive(self) -> bytes:
        """See `Transport.receive`."""
        data = await self._transport.receive()
        self._show("received", data)
        return data

    def _show(self, direction: Literal["sent", "received"], data: bytes) -> None:
        try:
            self._on_frame(Frame(direction, data, datetime.now(UTC)))
        except (Exception, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001 - it is logged
            # Nobody can cancel a plain function: it is something else that was cancelled.
            if not self._has_failed:
                self._has_failed = True
                log_failure("on_frame", error, "; its further failures are not logged")
