"""What happens in a session, for those who follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from copilot_sdk._protocol.exchanges import Exchange
from copilot_sdk.errors import ConnectionClosed, UsageError

if TYPE_CHECKING:
    from copilot_sdk.tau._link import Link
    from copilot_sdk.tau._pool import Pool
    from copilot_sdk.tau.events import SessionEvent

_SUBSCRIBE = Exchange("subscribe", subscribes=True)


class Subscription:
    """An async iterator over what happens in a session, on a connection of its own; `Client.subscribe` makes it.

    It begins with the phase that the session is in. Nothing that happened before is told: `client.rpc.get_messages`
    has the history. What is not taken yet waits at the daemon. It ends when it is closed.

    Raises, at the end of its events:
        DaemonShuttingDown, ConnectionClosed: The daemon is gone.
        ProtocolError, UnknownFrame: The daemon broke the protocol, or is newer than this package.
    """

    def __init__(self, pool: Pool, session_id: str) -> None:
        self._pool = pool
        self._link: Link | None = None
        self._closed = False
        self._waiting = False
        self._session_id = session_id

    def __repr__(self) -> str:
        return f"<Subscription of {self._session_id}{' (closed)' if self._closed else ''}>"

    @property
    def session_id(self) -> str:
        """The session that is followed."""
        return self._session_id

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Follow the session no more."""
        self._closed = True
        link, self._link = self._link, None
        if link is not None:
            await self._pool.close(link)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionEvent:
        from copilot_sdk.tau.events import read_event

        if self._waiting:
            raise UsageError(
                "another task waits for the events of this subscription; give each one of its own"
            )
        self._waiting = True
        try:
            link = await self._open()
            frame, _ = await link.receive()
            event: SessionEvent = read_event(frame)
        except ConnectionClosed:
            if self._closed:
                raise StopAsyncIteration from None
            raise
        finally:
            self._waiting = False
        return event

    async def _open(self) -> Link:
        if self._closed:
            raise ConnectionClosed("the subscription was closed")
        if self._link is None:
            link = self._link = await self._pool.open()
            await link.send(_SUBSCRIBE, {"session_id": self._session_id})
        return self._link
