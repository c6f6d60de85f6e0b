"""What every transport can do."""

from __future__ import annotations

from typing import Protocol


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
            ConnectionClosed: The connection has ended, and all that came before was received.
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
