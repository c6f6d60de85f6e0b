"""The listening end of the HTTP transport."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from typing import TYPE_CHECKING

from copilot_sdk._protocol.event_stream import HEARTBEAT, encode_event
from copilot_sdk._protocol.framing import ContentLengthDecoder
from copilot_sdk.errors import ConnectionClosed, ProtocolError
from copilot_sdk.transports._flow import DEFAULT_BUFFER
from copilot_sdk.transports._http_common import (
    BATCH_BYTES,
    BATCH_HEADER,
    CONNECTION_HEADER,
    END_EVENT,
    HEARTBEAT_SECONDS,
    LAST_EVENT_HEADER,
    STREAM_TYPE,
)
from copilot_sdk.transports._http_exchange import Exchange, exchange_over
from copilot_sdk.transports._listener import Listener, OnConnection
from copilot_sdk.transports._pumped import PumpedTransport
from copilot_sdk.transports._sockets import cannot_listen

if TYPE_CHECKING:
    from ssl import SSLContext

    import h11


class _ServedTransport(PumpedTransport):
    """One connection, whichever sockets its requests come over.

    Args:
        max_frame: The largest message to accept, in bytes.
        resume_timeout: See `serve`.
    """

    def __init__(self, *, max_frame: int, resume_timeout: float) -> None:
        super().__init__("a client")
        self.name = secrets.token_urlsafe()
        self.max_frame = max_frame
        self._resume_timeout = resume_timeout
        self._farewell = "the other side has closed it"
        self._batch = 0
        self._event = 0
        self._kept: deque[tuple[int, bytes]] = deque()
        self._kept_bytes = 0
        self._acknowledged = asyncio.Event()
        self._told_the_end = asyncio.Event()
        self._stream: asyncio.Task[None] | None = None
        self._giving_up: asyncio.TimerHandle | None = None
        self._wait_for_stream()

    async def flush(self) -> None:
        """See `PumpedTransport.flush`."""
        await self._told_the_end.wait()

    async def release(self) -> None:
        """Cut off the stream of events."""
        self._told_the_end.set()
        self._stop_waiting()
        if self._stream is not None:
            self._stream.cancel()
            await asyncio.wait({self._stream})

    def leave(self, why: str) -> None:
        """The client is gone."""
        self._stop_waiting()
        self.end(ConnectionClosed(why))
        self._told_the_end.set()

    def refuse(self, before: list[bytes], fault: ProtocolError) -> None:
        """The client has sent what cannot be taken, behind some messages."""
        for message in before:
            self.incoming.inbox.push(message)
        self._farewell = "the other side has refused a message above its limit"
        self.end(fault)

    def acknowledge(self, last_event: int) -> None:
        """The client has got the events up to this one."""
        while self._kept and self._kept[0][0] <= last_event:
            self._kept_bytes -= len(self._kept.popleft()[1])
            self._acknowledged.set()

    async def take(self, number: int, messages: list[bytes]) -> bool:
        """Take a batch of messages, and wait until there is room for another.

        Returns:
            Whether it was the next one, or the last one once more.
        """
        if number == self._batch + 1:
            self._batch = number
            for message in messages:
                self.incoming.inbox.push(message)
        elif number != self._batch:
            return False
        await self.incoming.gate.wait_for_room()
        return True

    async def stream(self, exchange: Exchange) -> None:
        """Send events until the end; a later stream replaces this one."""
        task, before = asyncio.current_task(), self._stream
        self._stream = task
        self._stop_waiting()
        if before is not None:
            before.cancel()
            await asyncio.wait({before})
        watching = asyncio.create_task(exchange.gone())
        if task is not None:
            watching.add_done_callback(lambda watched: watched.cancelled() or task.cancel())
        try:
            await self._send_events(exchange)
        finally:
            watching.cancel()
            # The socket may bring another request, and has one reader at a time.
            await asyncio.wait({watching})
            if self._stream is task:
                self._stream = None
                self._wait_for_stream()

    async def _send_events(self, exchange: Exchange) -> None:
        await exchange.begin(200, {"Content-Type": STREAM_TYPE, "Cache-Control": "no-store"})
        for _, event in list(self._kept):
            await exchange.send(event)
        try:
            while True:
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        event = await self._next_event()
                except TimeoutError:
                    event = HEARTBEAT
                await exchange.send(event)
        except ConnectionClosed:
            await exchange.send(encode_event(self._farewell.encode(), kind=END_EVENT))
            await exchange.finish()
            self._told_the_end.set()

    async def _next_event(self) -> bytes:
        while self._kept_bytes >= DEFAULT_BUFFER:
            self._acknowledged.clear()
            await self._acknowledged.wait()
        message = await self.outgoing.inbox.pull()
        self._event += 1
        event = encode_event(message, number=self._event)
        self._kept.append((self._event, event))
        self._kept_bytes += len(event)
        return event

    def _wait_for_stream(self) -> None:
        if not self._told_the_end.is_set():
            why = f"the client did not come back within {self._resume_timeout:g} s"
            loop = asyncio.get_running_loop()
            self._giving_up = loop.call_later(self._resume_timeout, self.leave, why)

    def _stop_waiting(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None


class _Server:
    """Finds the connection that a request belongs to."""

    def __init__(self, listener: Listener, *, max_frame: int, resume_timeout: float) -> None:
        self._listener = listener
        self._max_frame = max_frame
        self._resume_timeout = resume_timeout
        self._connections: dict[str, _ServedTransport] = {}
        self._sockets: set[asyncio.Task[None]] = set()
        self._closing = False

    async def serve_socket(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests that come over one socket."""
        task = asyncio.current_task()
        if task is not None:
            self._sockets.add(task)
        try:
            async with exchange_over(reader, writer) as exchange:
                while (request := await exchange.next_request()) is not None:
                    await self._answer(exchange, request)
        finally:
            if task is not None:
                self._sockets.discard(task)

    async def stop(self) -> None:
        """Close the connections, then their sockets."""
        self._closing = True
        await asyncio.gather(*(transport.aclose() for transport in self._connections.values()))
        for task in (sockets := set(self._sockets)):
            task.cancel()
        if sockets:
            await asyncio.wait(sockets)

    async def _answer(self, exchange: Exchange, request: h11.Request) -> None:
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in request.headers}
        if "origin" in headers:
            # A web page must not reach a runtime on the machine of its reader.
            await exchange.skip()
            return await exchange.answer(403, {"Connection": "close"})
        name = headers.get(CONNECTION_HEADER.lower())
        if request.method == b"POST" and name is None:
            return await self._open(exchange)
        transport = self._connections.get(name or "")
        if transport is None:
            await exchange.skip()
            return await exchange.answer(404, {"Connection": "close"})
        transport.acknowledge(_number(headers.get(LAST_EVENT_HEADER.lower())))
        match request.method:
            case b"POST":
                await self._post(exchange, transport, _number(headers.get(BATCH_HEADER.lower())))
            case b"GET":
                await exchange.skip()
                await transport.stream(exchange)
            case b"DELETE":
                await exchange.skip()
                transport.leave("the other side has closed it")
                await exchange.answer(200)
            case _:
                await exchange.answer(405, {"Allow": "GET, POST, DELETE", "Connection": "close"})
        return None

    async def _open(self, exchange: Exchange) -> None:
        await exchange.skip()
        if self._closing:
            return await exchange.answer(503, {"Connection": "close"})
        transport = _ServedTransport(max_frame=self._max_frame, resume_timeout=self._resume_timeout)
        self._connections[transport.name] = transport
        serving = self._listener.serve(transport)
        serving.add_done_callback(lambda _: self._connections.pop(transport.name, None))
        return await exchange.answer(201, {CONNECTION_HEADER: transport.name})

    async def _post(self, exchange: Exchange, transport: _ServedTransport, number: int) -> None:
        decoder = ContentLengthDecoder(max_frame=self._max_frame)
        messages: list[bytes] = []
        try:
            async for piece in exchange.body(self._max_frame + 2 * BATCH_BYTES):
                messages += decoder.feed(piece)
            messages += decoder.feed(b"")
            decoder.eof()
        except ProtocolError as fault:
            transport.refuse(messages, fault)
            return await exchange.answer(413, {"Connection": "close"})
        try:
            taken = not messages or await transport.take(number, messages)
        except ConnectionClosed:
            # The stream of events tells why.
            taken = True
        return await exchange.answer(202 if taken else 409)


async def serve(
    host: str,
    port: int,
    on_connection: OnConnection,
    *,
    ssl: SSLContext | None,
    max_frame: int,
    resume_timeout: float,
) -> Listener:
    """See `copilot_sdk.transports.http.listen`."""
    listener = Listener(on_connection)
    served = _Server(listener, max_frame=max_frame, resume_timeout=resume_timeout)
    try:
        server = await asyncio.start_server(served.serve_socket, host, port, ssl=ssl)
    except (OSError, OverflowError) as error:
        raise cannot_listen(host, port, error) from error

    async def stop() -> None:
        server.close()
        await served.stop()

    listener.opened_on(server.sockets, host, "https://" if ssl else "http://", stop)
    return listener


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0
