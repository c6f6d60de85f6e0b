"""Messages over HTTP: requests carry what the client sends, a stream of events what the other side sends.

A stream that breaks is resumed after the last event that came, and a request that broke is made again, so that no
message is lost or doubled as long as both sides live.

It needs the library httpx, and to listen h11, which httpx is made of; both come with the extra `http`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from copilot_sdk._protocol.event_stream import EventStreamDecoder, ServerSentEvent
from copilot_sdk._protocol.framing import DEFAULT_MAX_FRAME, encode_frame
from copilot_sdk.errors import ConnectError, ConnectionClosed, ProtocolError
from copilot_sdk.transports._http_common import (
    BATCH_BYTES,
    BATCH_HEADER,
    CONNECTION_HEADER,
    DEFAULT_RESUME_TIMEOUT,
    END_EVENT,
    FRAMES_TYPE,
    HEARTBEAT_SECONDS,
    LAST_EVENT_HEADER,
    STREAM_TYPE,
)
from copilot_sdk.transports._pumped import PumpedTransport
from copilot_sdk.transports._sockets import DEFAULT_CONNECT_TIMEOUT, unreachable
from copilot_sdk.transports.address import Address, trusting

try:
    import httpx
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "HTTP needs the library httpx; install it, or this package with its extra 'http'", name=missing.name
    ) from missing

if TYPE_CHECKING:
    from ssl import SSLContext

    from copilot_sdk.transports._listener import Listener, OnConnection

_ACKNOWLEDGED_BYTES = 256 * 1024
_GOODBYE_SECONDS = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
_TIMEOUTS = httpx.Timeout(DEFAULT_CONNECT_TIMEOUT, read=None, pool=None)
_STREAM_TIMEOUTS = httpx.Timeout(DEFAULT_CONNECT_TIMEOUT, read=3 * HEARTBEAT_SECONDS, pool=None)


class HttpTransport(PumpedTransport):
    """The client's end of a connection over HTTP; get one from `connect`.

    Args:
        client: Makes the requests; it is closed at the end.
        url: Where to.
        connection: The name of the connection.
        description: What `describe` says.
        max_frame: The largest message to accept, in bytes.
        resume_timeout: See `connect`.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        connection: str,
        description: str,
        *,
        max_frame: int,
        resume_timeout: float,
    ) -> None:
        super().__init__(description)
        self._client = client
        self._url = url
        self._connection = connection
        self._max_frame = max_frame
        self._resume_timeout = resume_timeout
        self._last_event = 0
        self._sender = self.pump(self._send_all())
        self.pump(self._receive_all())

    async def flush(self) -> None:
        """See `PumpedTransport.flush`."""
        await asyncio.wait({self._sender})

    async def release(self) -> None:
        """Say goodbye if that is possible, and close all sockets."""
        await self.stop_pumps()
        with contextlib.suppress(httpx.HTTPError, TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._client.delete(self._url, headers=self._headers())
        await self._client.aclose()

    async def _send_all(self) -> None:
        waiting, number = self.outgoing.inbox, 0
        try:
            while True:
                batch = bytearray(encode_frame(await waiting.pull()))
                while waiting.waiting and len(batch) < BATCH_BYTES:
                    batch += encode_frame(await waiting.pull())
                number += 1
                await self._post(bytes(batch), {BATCH_HEADER: str(number)})
        except ConnectionClosed as closed:
            self.end(closed)

    async def _receive_all(self) -> None:
        attempts = _Attempts(self._resume_timeout)
        try:
            while True:
                try:
                    await self._read_stream(attempts)
                    # A stream that just ends was cut off by something in between.
                    await attempts.failed("the stream of events ended")
                except httpx.HTTPError as error:
                    await attempts.failed(_words(error))
        except (ConnectionClosed, ProtocolError) as reason:
            self.end(reason)

    async def _read_stream(self, attempts: _Attempts) -> None:
        headers = self._headers({"Accept": STREAM_TYPE})
        async with self._client.stream(
            "GET", self._url, headers=headers, timeout=_STREAM_TIMEOUTS
        ) as response:
            _check(response.status_code)
            attempts.succeeded()
            decoder = EventStreamDecoder(max_event=self._max_frame)
            unacknowledged = 0
            # Closed here: what a generator holds would otherwise be given back whenever it is collected.
            chunks = cast("AsyncGenerator[bytes]", response.aiter_raw())
            async with contextlib.aclosing(chunks):
                async for chunk in chunks:
                    for event in decoder.feed(chunk):
                        unacknowledged += await self._take(event)
                    if unacknowledged >= _ACKNOWLEDGED_BYTES:
                        unacknowledged = 0
                        await self._post(b"", {})

    async def _take(self, event: ServerSentEvent) -> int:
        if event.type == END_EVENT:
            raise ConnectionClosed(event.data.decode("utf-8", "replace"))
        if event.id.isdecimal() and int(event.id) > self._last_event:
            # First, so that an end while this waits for room does not ask for it again.
            self._last_event = int(event.id)
            await self.incoming.send(event.data)
        return len(event.data)

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> None:
        attempts = _Attempts(self._resume_timeout)
        while True:
            try:
                response = await self._client.post(
                    self._url, content=body, headers=self._headers({"Content-Type": FRAMES_TYPE, **headers})
                )
                return _check(response.status_code)
            except httpx.HTTPError as error:
                if self.ended:
                    raise ConnectionClosed("it has ended meanwhile") from error
                await attempts.failed(_words(error))

    def _headers(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        return {
            CONNECTION_HEADER: self._connection,
            LAST_EVENT_HEADER: str(self._last_event),
            **(more or {}),
        }


class _Attempts:
    """When to try again, and when to give up."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._pause = _FIRST_PAUSE
        self._give_up_at: float | None = None

    def succeeded(self) -> None:
        self._pause, self._give_up_at = _FIRST_PAUSE, None

    async def failed(self, why: str) -> None:
        now = asyncio.get_running_loop().time()
        if self._give_up_at is None:
            self._give_up_at = now + self._seconds
        if now >= self._give_up_at:
            raise ConnectionClosed(f"the connection broke and could not be resumed: {why}")
        await asyncio.sleep(min(self._pause, self._give_up_at - now))
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


async def connect(
    url: str,
    *,
    ssl: SSLContext | None = None,
    timeout: float | None = DEFAULT_CONNECT_TIMEOUT,
    max_frame: int = DEFAULT_MAX_FRAME,
    resume_timeout: float = DEFAULT_RESUME_TIMEOUT,
) -> HttpTransport:
    """Connect to a server, through the proxy that the environment names unless it is on this machine.

    Args:
        url: Its address, `http://...` or `https://...`.
        ssl: Says whom to trust on `https://`; the authorities of the system when left out.
        timeout: How many seconds to wait for the connection, None where the caller sets the limit.
        max_frame: The largest message to accept, in bytes.
        resume_timeout: For how many seconds a connection that broke is tried to be resumed.

    Raises:
        ConnectError: Nobody listens there, it takes too long, the certificate is not one to trust, or something
            else is served.
        UsageError: The address has no meaning.
    """
    address = Address.parse(url, "http", "https")
    context = trusting(address, ssl)
    # Where neither the other side nor a proxy shows a certificate, the authorities need not be loaded.
    plain = address.is_local and not address.is_encrypted
    verify = not plain if context is None else context
    client = httpx.AsyncClient(verify=verify, trust_env=not address.is_local, timeout=_TIMEOUTS)
    try:
        async with asyncio.timeout(timeout):
            connection = await _open(client, url, address)
    except TimeoutError as error:
        await client.aclose()
        raise ConnectError(
            f"{address} took no connection within {timeout or 0:g} s; check that a server runs there"
        ) from error
    except BaseException:
        await client.aclose()
        raise
    return HttpTransport(
        client, url, connection, str(address), max_frame=max_frame, resume_timeout=resume_timeout
    )


async def listen(
    host: str,
    port: int,
    on_connection: OnConnection,
    *,
    ssl: SSLContext | None = None,
    max_frame: int = DEFAULT_MAX_FRAME,
    resume_timeout: float = DEFAULT_RESUME_TIMEOUT,
) -> Listener:
    """Accept connections, at any path.

    Args:
        host: The name or address to listen on.
        port: The port, 0 for any free one (see `Listener.port`).
        on_connection: Serves one connection, in a task of its own that the listener owns; when it returns
            the connection is closed.
        ssl: Encrypts the connections, with a certificate; None for no encryption.
        max_frame: The largest message to accept, in bytes.
        resume_timeout: For how many seconds a client may be without a stream of events before it is given up.

    Raises:
        ConnectError: The address or the port cannot be used.
    """
    from copilot_sdk.transports._http_server import serve

    return await serve(host, port, on_connection, ssl=ssl, max_frame=max_frame, resume_timeout=resume_timeout)


async def _open(client: httpx.AsyncClient, url: str, address: Address) -> str:
    try:
        response = await client.post(url)
    except httpx.HTTPError as error:
        raise unreachable(str(address), _cause(error)) from error
    connection: str | None = response.headers.get(CONNECTION_HEADER)
    if response.status_code != HTTPStatus.CREATED or not connection:
        raise ConnectError(
            f"{address} answered with the HTTP status {response.status_code} and opened no connection; "
            "check that a runtime is served there"
        )
    return connection


def _check(status: int) -> None:
    match status:
        case HTTPStatus.OK | HTTPStatus.ACCEPTED:
            return
        case HTTPStatus.NOT_FOUND:
            raise ConnectionClosed("the other side does not know this connection any more")
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise ConnectionClosed("the other side has refused a message above its limit")
        case HTTPStatus.BAD_GATEWAY | HTTPStatus.SERVICE_UNAVAILABLE | HTTPStatus.GATEWAY_TIMEOUT:
            raise httpx.RemoteProtocolError(f"something in between answered with the HTTP status {status}")
        case _:
            raise ConnectionClosed(f"the other side answered with the HTTP status {status}")


def _cause(error: Exception) -> Exception:
    """What a library below has said, where that is an error of a socket."""
    below: BaseException | None = error
    found = error
    while below is not None:
        if isinstance(below, OSError):
            found = below
        below = below.__cause__ or below.__context__
    return found


def _words(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__
