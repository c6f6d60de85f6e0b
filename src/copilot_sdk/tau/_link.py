"""One connection to the daemon, used by one task at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from copilot_sdk._protocol.exchanges import (
    Answered,
    Exchange,
    ExchangeEngine,
    Frame,
    Refused,
    ShuttingDown,
    Streamed,
    Violation,
)
from copilot_sdk.errors import DaemonShuttingDown, ProtocolError, RequestRefused

if TYPE_CHECKING:
    from copilot_sdk.transports.base import Transport


class Link:
    """Carries one exchange after the other.

    Args:
        transport: The way to the daemon.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._engine = ExchangeEngine()

    @property
    def idle(self) -> bool:
        """Whether another exchange can follow."""
        return self._engine.idle

    async def aclose(self) -> None:
        """End the connection, in bounded time."""
        await self._transport.aclose()

    async def watch(self) -> None:
        """Return once an idle connection is of no use any more: the daemon is about to end it, or has broken it.

        It may be cancelled, and nothing is lost.

        Raises:
            ConnectionClosed, ProtocolError: The connection has ended.
        """
        while self._engine.idle:
            self._engine.receive(await self._transport.receive())

    async def send(self, exchange: Exchange, members: Mapping[str, Any]) -> None:
        """Send a request.

        Raises:
            UsageError: A member has no form in JSON.
            ConnectionClosed: The connection has ended.
        """
        for message in self._engine.request(exchange, members):
            await self._transport.send(message)

    async def receive(self) -> tuple[Frame | None, bool]:
        """Wait for the next frame of the open exchange.

        Returns:
            The frame, and whether it is the answer; no frame where success is answered with nothing.

        Raises:
            RequestRefused: The daemon answered with an error.
            DaemonShuttingDown: It ends.
            ConnectionClosed: The connection has ended.
            ProtocolError: What came has no place in the exchange.
            UnknownFrame: It is of a kind that is not known.
        """
        while True:
            event = self._engine.receive(await self._transport.receive())
            match event:
                case Streamed(frame):
                    return frame, False
                case Answered(_, frame):
                    return frame, True
                case Refused(exchange, message, shutting_down):
                    if shutting_down:
                        raise DaemonShuttingDown
                    raise RequestRefused(message, exchange.tag)
                case ShuttingDown(restart):
                    raise DaemonShuttingDown(restart=restart)
                case Violation(problem, frame):
                    _refuse_unknown(frame)
                    raise ProtocolError(problem)
                case None:
                    continue


def _refuse_unknown(frame: Frame | None) -> None:
    from copilot_sdk._generated.tau.frames import decode_response

    if frame is not None:
        decode_response(frame)
