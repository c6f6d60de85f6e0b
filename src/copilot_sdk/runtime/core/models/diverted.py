"""HTTP requests that take the way through a client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from typing import TypeVar

import httpx

from copilot_sdk.runtime.core.models.sender import Order, Sender, Sending, SendingFault

ResultT = TypeVar("ResultT")

SESSION, AGENT = "copilot_session", "copilot_agent"
"""The extensions of a request that say who asks."""
_OF_A_CONNECTION = frozenset({"accept-encoding", "connection", "content-length", "host"})


class Diverted(httpx.AsyncBaseTransport):
    """Has every request sent by a client."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx; the answer is streamed."""
        headers: dict[str, list[str]] = {}
        for name, value in request.headers.multi_items():
            if name not in _OF_A_CONNECTION:
                headers.setdefault(name, []).append(value)
        agent = request.extensions.get(AGENT)
        order = Order(
            method=request.method,
            url=str(request.url),
            headers=headers,
            session_id=str(request.extensions.get(SESSION, "")),
            agent_id=None if agent is None else str(agent),
        )
        seconds = request.extensions.get("timeout", {}).get("read")
        sending = await within(seconds, self._sender.open(order))
        body = _Body(sending, seconds)
        try:
            await within(seconds, sending.send(await request.aread(), end=True))
            head = await within(seconds, sending.head())
        except BaseException:
            await body.aclose()
            raise
        pairs = [(name, value) for name, values in head.headers.items() for value in values]
        return httpx.Response(head.status, headers=pairs, stream=body)


class _Body(httpx.AsyncByteStream):
    def __init__(self, sending: Sending, seconds: float | None) -> None:
        self._sending = sending
        self._seconds = seconds

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        while (piece := await within(self._seconds, self._sending.receive())) is not None:
            yield piece.encode() if isinstance(piece, str) else piece

    async def aclose(self) -> None:
        await self._sending.give_up()


async def within(seconds: float | None, work: Awaitable[ResultT]) -> ResultT:
    """Waits for a client that sends.

    Raises:
        httpx.HTTPError: It said nothing for so long, or failed.
    """
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError as error:
        raise httpx.ReadTimeout(f"the client said nothing for {seconds:g} s") from error
    except SendingFault as fault:
        raise httpx.RemoteProtocolError(str(fault)) from fault
