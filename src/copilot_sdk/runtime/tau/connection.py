"""One connection of the daemon: its requests are served one after the other."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from copilot_sdk._generated.tau.types import ServerShutdownResponse
from copilot_sdk._model import VerbatimModel
from copilot_sdk._protocol.exchanges import encode_frame, parse_frame
from copilot_sdk._protocol.messages import MalformedMessage
from copilot_sdk.errors import ConnectionClosed, ProtocolError
from copilot_sdk.runtime.core.scope import end_all
from copilot_sdk.runtime.tau.channel import Listener, Told
from copilot_sdk.runtime.tau.router import Call
from copilot_sdk.runtime.tau.serving import answer, bad_request

if TYPE_CHECKING:
    from copilot_sdk.runtime.tau.daemon import Daemon
    from copilot_sdk.transports.base import Transport

_logger = logging.getLogger("copilot_sdk.runtime")


class Connection:
    """Serves one client.

    Attributes:
        idle: Whether it waits for a request, or follows a session.
    """

    def __init__(self, daemon: Daemon, transport: Transport) -> None:
        self.idle = True
        self._daemon = daemon
        self._transport = transport
        self._over = False
        self._listener: Listener | None = None

    async def serve(self) -> None:
        """Serve the client until the connection ends."""
        try:
            while not self._over:
                self._now_idle()
                data = await self._transport.receive()
                self.idle = False
                if (answered := await self._answer(data)) is not None:
                    await self.send(answered)
        except ConnectionClosed as closed:
            _logger.debug("a client of tau has left: %s", closed)
        except ProtocolError as error:
            _logger.info("a client of tau broke the protocol: %s", error)
        finally:
            await self._transport.aclose()

    async def send(self, frame: VerbatimModel) -> None:
        """Send a frame.

        Raises:
            ConnectionClosed: The connection has ended.
        """
        await self._transport.send(encode_frame(frame.to_wire()))

    async def follow(self, listener: Listener) -> None:
        """Send what happens in a session, until the client says anything, goes away or the daemon ends."""
        self._over = True
        self._listener = listener
        self._now_idle()
        gone = asyncio.create_task(self._until_heard())
        sending = asyncio.create_task(self._tell_all(listener))
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end_all({gone, sending})

    async def _until_heard(self) -> None:
        with suppress(ConnectionClosed, ProtocolError):
            await self._transport.receive()

    async def _tell_all(self, listener: Listener) -> None:
        with suppress(ConnectionClosed):
            while (frame := await listener.next()) is not None:
                await self.send(frame)
                if isinstance(frame, ServerShutdownResponse):
                    return

    def _now_idle(self) -> None:
        self.idle = True
        self._daemon.moved.beat()

    def end(self) -> None:
        """Take no more requests."""
        self._over = True

    async def say_farewell(self, *, restart: bool) -> None:
        """Tell the client that the daemon ends, and close."""
        self._over = True
        farewell = ServerShutdownResponse(restart=restart)
        if self._listener is not None:
            self._listener.tell(Told(farewell))
            return
        try:
            await self.send(farewell)
        except ConnectionClosed:
            return
        finally:
            await self._transport.aclose()

    async def _answer(self, data: bytes) -> VerbatimModel | None:
        try:
            _, frame = parse_frame(data)
        except MalformedMessage as error:
            return bad_request(str(error))
        return await answer(Call(self._daemon, self), frame)
