"""The far end of a connection as plain JSON-RPC objects, to see what a peer really sends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from copilot_sdk._rpc.peer import Peer
from copilot_sdk.transports.memory import MemoryTransport, memory_pair


class RawPeer:
    """Sends and receives JSON-RPC messages as dicts, without the member `jsonrpc`."""

    def __init__(self, transport: MemoryTransport) -> None:
        self.transport = transport

    async def send(self, **fields: Any) -> None:
        await self.transport.send(json.dumps({"jsonrpc": "2.0", **fields}).encode())

    async def request(self, number: int, method: str = "m", **params: Any) -> None:
        await self.send(id=number, method=method, params=params)

    async def cancel(self, number: int) -> None:
        await self.send(method="$/cancelRequest", params={"id": number})

    async def receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self.transport.receive())
        assert message.pop("jsonrpc") == "2.0"
        return message

    async def settled(self) -> None:
        """Wait until the peer has looked at all that was sent: it answers a message that is none."""
        await self.transport.send(b"[]")
        while (await self.receive()).get("id") is not None:
            pass


@asynccontextmanager
async def wired(
    handler: Any = None, *, buffer: int = 1_000_000, **options: Any
) -> AsyncIterator[tuple[Peer, RawPeer]]:
    """Give a peer, and the raw far end of its connection."""
    near, far = memory_pair(buffer)
    async with Peer(near, on_request=handler, **options) as peer:
        yield peer, RawPeer(far)


async def step() -> None:
    """Let every task that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)
