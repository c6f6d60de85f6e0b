"""What every transport can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from copilot_sdk.errors import ConnectionClosed


class InputEnded(ConnectionClosed):
    """The other side sends nothing more; it may still read what it is sent."""


class Transport(Protocol):
    """Carries messages, each the bytes of one JSON text, to the other side and from it."""

    async def send(self, data: bytes) -> None:
        """Hand over one message; returns when there is room for more. Concurrent senders take turns.

        Raises:
            ConnectionClosed: The connection has ended, or ends while this waits.
        """
        ...

    async def receive(self) -> bytes:
        """Give the next message. One task at a time may wait here.

        Raises:
            ConnectionClosed: The connection has ended, and all that came before was received; `InputEnded` if
                messages can still be sent.
            ProtocolError: The other side broke the framing; nothing more can be read.
        """
        ...

    async def aclose(self) -> None:
        """End the connection and release everything that belongs to it, in bounded time.

        Every `send` and `receive` that waits ends with `ConnectionClosed`. Further calls wait for the same
        end; a caller that is cancelled does not stop it.
        """
        ...

    def describe(self) -> str:
        """Name the other side in words, for texts of errors; no secret is in it."""
        ...


@runtime_checkable
class DirectTransport(Transport, Protocol):
    """A transport that takes and hands over messages at once, without a task that waits."""

    def try_send(self, data: bytes) -> bool:
        """Hand over one message if there is room for it, and tell whether that was done."""
        ...

    def listen(self, listener: Callable[[bytes], None]) -> None:
        """Call a function with each message from now on; it must neither block nor raise.

        `receive` gives what came before, in its order, and raises the end.
        """
        ...


class WrappedTransport:
    """A transport that passes everything on to another one; subclasses do something besides.

    Args:
        transport: The other one.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def send(self, data: bytes) -> None:
        """See `Transport.send`."""
        await self._transport.send(data)

    async def receive(self) -> bytes:
        """See `Transport.receive`."""
        return await self._transport.receive()

    async def aclose(self) -> None:
        """See `Transport.aclose`."""
        await self._transport.aclose()

    def describe(self) -> str:
        """See `Transport.describe`."""
        return self._transport.describe()
