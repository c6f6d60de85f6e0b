"""Messages handed over inside one event loop, for tests and for a server in the same process."""

from __future__ import annotations

from copilot_sdk.errors import ConnectionClosed
from copilot_sdk.transports._flow import DEFAULT_BUFFER, Lane


class MemoryTransport:
    """One end of a connection in memory; get two of them from `memory_pair`."""

    def __init__(self, outgoing: Lane[bytes], incoming: Lane[bytes]) -> None:
        self._outgoing = outgoing
        self._incoming = incoming

    async def send(self, data: bytes) -> None:
        """See `Transport.send`."""
        await self._outgoing.send(data)

    async def receive(self) -> bytes:
        """See `Transport.receive`."""
        return await self._incoming.inbox.pull()

    async def aclose(self) -> None:
        """See `Transport.aclose`. What this side has sent can still be received on the other one."""
        here = ConnectionClosed("it was closed on this side")
        there = ConnectionClosed("it was closed on the other side")
        self._outgoing.gate.shut(here)
        self._outgoing.inbox.end(there)
        self._incoming.gate.shut(there)
        self._incoming.inbox.end(here, discard=True)

    def describe(self) -> str:
        """See `Transport.describe`."""
        return "the other end in this process"


def memory_pair(buffer: int = DEFAULT_BUFFER) -> tuple[MemoryTransport, MemoryTransport]:
    """Make two transports, each of which receives what the other one sends.

    Args:
        buffer: How many bytes may wait unread in each direction before `send` waits.
    """
    there, back = Lane[bytes](buffer), Lane[bytes](buffer)
    return MemoryTransport(there, back), MemoryTransport(back, there)
