"""The connection of a client: from its opening to its end, over losses that it gets over."""

from __future__ import annotations

import asyncio
import logging
from copy import copy
from typing import TYPE_CHECKING, Any

from copilot_sdk._callbacks import being_cancelled
from copilot_sdk._link import Greeting, Introduction, open_peer
from copilot_sdk._rpc.unset import UNSET, Unset
from copilot_sdk.errors import ConnectError, ConnectionClosed, CopilotError, RequestTimeout, UsageError

if TYPE_CHECKING:
    from copilot_sdk._connect import Connector
    from copilot_sdk._protocol.messages import Params
    from copilot_sdk._rpc.peer import Peer
    from copilot_sdk._sessions import Sessions
    from copilot_sdk.recovery import Recovery

NOT_STARTED = "the client is not started; use 'async with CopilotClient() as client:'"
_logger = logging.getLogger("copilot_sdk.client")


class Connection:
    """Opens a connection, watches it, and opens another one when it is lost and that was asked for.

    Attributes:
        greeting: What the runtime has said of itself; None before that.

    Args:
        connector: Opens the transport.
        sessions: Take what comes in, and go on over a new connection.
        introduction: What this client says of itself.
        start_timeout: Seconds that opening may take.
        request_timeout: Seconds that a request may take unless it says otherwise.
        recovery: How to get over a loss; None for not at all.
    """

    def __init__(
        self,
        connector: Connector,
        sessions: Sessions,
        *,
        introduction: Introduction,
        start_timeout: float,
        request_timeout: float | None,
        recovery: Recovery | None,
    ) -> None:
        self.greeting: Greeting | None = None
        self._connector = connector
        self._sessions = sessions
        self._introduction = introduction
        self._start_timeout = start_timeout
        self._request_timeout = request_timeout
        self._recovery = recovery
        self._peer: Peer | None = None
        self._end: ConnectionClosed | None = None
        self._changed = asyncio.Event()
        self._closing = False
        self._watcher: asyncio.Task[None] | None = None
        self._retrying: asyncio.Task[int] | None = None

    async def open(self) -> None:
        """Reach the runtime and shake hands.

        Raises:
            CopilotError: See `open_peer`.
        """
        peer = await self._dial()
        self._peer = peer
        self._watcher = asyncio.get_running_loop().create_task(self._watch(peer))

    def give_up(self) -> None:
        """Let the next loss be the end, and one that is being got over as well."""
        self._closing = True
        if self._retrying is not None:
            self._retrying.cancel()

    async def close(self) -> None:
        """End it, in bounded time."""
        self.give_up()
        if self._peer is not None:
            await self._peer.aclose()
        if self._watcher is not None:
            await self._watcher

    async def request(
        self, method: str, params: Params | None = None, *, timeout: float | Unset | None = UNSET
    ) -> Any:
        """See `Peer.request`. While the connection is being recovered, the request waits for it."""
        peer = self._peer
        if peer is None:
            peer = await self._wait_for_peer(method, timeout)
        return await peer.request(method, params, timeout=timeout)

    async def _wait_for_peer(self, method: str, timeout: float | Unset | None) -> Peer:
        if self._watcher is None:
            raise UsageError(NOT_STARTED)
        seconds = self._request_timeout if isinstance(timeout, Unset) else timeout
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                while self._peer is None:
                    if self._end is not None:
                        raise copy(self._end)
                    await self._changed.wait()
        except TimeoutError:
            if not limit.expired():
                raise
            raise RequestTimeout(method, seconds or 0.0) from None
        return self._peer

    async def _dial(self) -> Peer:
        peer, self.greeting = await open_peer(
            self._connector, self._sessions, self._introduction, self._start_timeout, self._request_timeout
        )
        return peer

    async def _watch(self, peer: Peer) -> None:
        """When the connection ends, so does every session, unless another one takes its place."""
        reason = await peer.wait_closed()
        while self._recovery is not None and not self._closing:
            _logger.warning("the runtime is gone: %s; it is tried to reach it again", reason)
            recovered = await self._recover(peer, reason, self._recovery)
            if recovered is None:
                break
            peer = recovered
            reason = await peer.wait_closed()
        if not self._closing:
            _logger.warning("the runtime is gone: %s", reason)
        self._end, self._peer = reason, None
        self._changed.set()
        await self._sessions.end(reason)

    async def _recover(self, lost: Peer, reason: ConnectionClosed, recovery: Recovery) -> Peer | None:
        self._changed.clear()
        self._peer = None
        self._sessions.suspend()
        self._retrying = asyncio.get_running_loop().create_task(self._retry(lost, reason, recovery))
        try:
            attempts = await self._retrying
        except asyncio.CancelledError:
            if being_cancelled():
                raise
            return None
        except CopilotError as error:
            _logger.warning("the runtime could not be reached again: %s", error)
            return None
        finally:
            self._retrying = None
        _logger.info("the connection is there again after %d attempts", attempts)
        return self._peer

    async def _retry(self, lost: Peer, reason: ConnectionClosed, recovery: Recovery) -> int:
        """Open a new connection and take the sessions over; gives the number of attempts."""
        from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential

        await lost.aclose()
        attempts = AsyncRetrying(
            stop=stop_after_attempt(recovery.attempts),
            wait=wait_exponential(recovery.first_delay, recovery.longest_delay),
            retry=retry_if_exception_type((ConnectError, ConnectionClosed, RequestTimeout)),
            reraise=True,
        )
        count = 0
        async for attempt in attempts:
            with attempt:
                count = attempt.retry_state.attempt_number
                await self._take_over(reason, count)
        return count

    async def _take_over(self, reason: ConnectionClosed, attempts: int) -> None:
        peer = await self._dial()
        try:
            await self._sessions.resume_all(peer, reason, attempts)
        except BaseException:
            await peer.aclose()
            raise
        self._peer = peer
        self._changed.set()
