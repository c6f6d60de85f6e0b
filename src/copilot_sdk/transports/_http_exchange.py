"""A socket of a server of HTTP, on h11, which knows HTTP/1.1 and nothing of sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping

from copilot_sdk.errors import ProtocolError
from copilot_sdk.transports._http_common import BATCH_BYTES

try:
    import h11
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "to listen for HTTP needs the library h11; install it, or this package with its extra 'http'",
        name=missing.name,
    ) from missing

_PIECE = 64 * 1024
_REQUEST_SECONDS = 30.0
_IDLE_SECONDS = 120.0
_CLOSE_SECONDS = 1.0
_SKIPPED_BYTES = 2 * BATCH_BYTES


class Exchange:
    """One socket, with one request and its answer after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER)

    async def next_request(self) -> h11.Request | None:
        """The next request, None when the client has nothing more to ask."""
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        if self._http.our_state is not h11.IDLE:
            return None
        event = await self._next_event(_IDLE_SECONDS)
        return event if isinstance(event, h11.Request) else None

    async def body(self, limit: int) -> AsyncGenerator[bytes, None]:
        """The body of the request, piece by piece.

        Raises:
            ProtocolError: It is longer than the limit.
        """
        size = 0
        while isinstance(event := await self._next_event(_REQUEST_SECONDS), h11.Data):
            size += len(event.data)
            if size > limit:
                raise ProtocolError(f"the peer sent a request of more than {limit} bytes")
            yield bytes(event.data)

    async def skip(self) -> None:
        """Read the body of the request for nothing, if it is not too long.

        An answer in the middle of a request may get lost.
        """
        size = 0
        while size <= _SKIPPED_BYTES and isinstance(
            event := await self._next_event(_REQUEST_SECONDS), h11.Data
        ):
            size += len(event.data)

    async def gone(self) -> None:
        """Wait until the client closes the socket, while it has nothing to say."""
        with contextlib.suppress(OSError):
            await self._reader.read(1)

    async def answer(self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        """Send a whole answer."""
        await self.begin(status, {"Content-Length": str(len(body)), **(headers or {})})
        await self.send(body)
        await self.finish()

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the head of an answer."""
        await self._write(h11.Response(status_code=status, headers=list(headers.items())))

    async def send(self, data: bytes) -> None:
        """Send a piece of an answer, and wait until there is room for more."""
        await self._write(h11.Data(data=data))

    async def finish(self) -> None:
        """Send the end of an answer."""
        await self._write(h11.EndOfMessage())

    async def _next_event(self, seconds: float) -> object:
        async with asyncio.timeout(seconds):
            while (event := self._http.next_event()) is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    await self._write(h11.InformationalResponse(status_code=100, headers=[]))
                self._http.receive_data(await self._reader.read(_PIECE))
        return event

    async def _write(self, event: h11.Event) -> None:
        self._writer.write(self._http.send(event) or b"")
        await self._writer.drain()


@contextlib.asynccontextmanager
async def exchange_over(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> AsyncGenerator[Exchange]:
    """A socket that is closed afterwards; whoever sends what is no HTTP is told so."""
    exchange = Exchange(reader, writer)
    try:
        yield exchange
    except h11.RemoteProtocolError as error:
        with contextlib.suppress(h11.LocalProtocolError, OSError):
            await exchange.answer(error.error_status_hint, {"Connection": "close"})
    except (OSError, TimeoutError, asyncio.CancelledError):
        # Gone, too slow, replaced by another stream, or nobody listens any more: all the same here.
        writer.transport.abort()
    finally:
        await _close(writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        writer.transport.abort()
