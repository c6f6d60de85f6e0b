"""A turn: a message on its way to a session, and what comes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from copilot_sdk._underway import Underway
from copilot_sdk.errors import ConnectionClosed, CopilotError, TurnTimeout

if TYPE_CHECKING:
    from copilot_sdk._generated.tau.types import AssistantMessage
    from copilot_sdk._protocol.exchanges import Exchange
    from copilot_sdk.tau._pool import Pool
    from copilot_sdk.tau.events import ChatEvent  # noqa: F401 - the base of the turn names it

_logger = logging.getLogger("copilot_sdk.tau")


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What came of a turn.

    Attributes:
        text: What the agent said last; empty if it said nothing.
        cancelled: True if it was cancelled before its end.
        messages: All answers of the model, oldest first.
    """

    text: str
    cancelled: bool
    messages: tuple[AssistantMessage, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """An event that has been read."""

    type: str
    event: Any


class Turn(Underway["ChatEvent", TurnResult]):
    """A message on its way and what comes of it; `Client.chat` makes it.

    `await turn` waits for its end and gives a `TurnResult`; `async for event in turn` gives its events as they come.
    Both may be done, in any order. A turn goes on whether or not somebody waits for it.

    Raises, when it is awaited, and at the end of its events:
        RequestRefused: The daemon refused it, or the agent failed; the text tells why.
        TurnTimeout: The time limit has passed. The agent goes on.
        DaemonShuttingDown, ConnectionClosed: The daemon is gone, or the client was closed.
        ProtocolError, UnknownFrame: The daemon broke the protocol, or is newer than this package.
    """

    def __init__(
        self,
        pool: Pool,
        exchange: Exchange,
        members: Mapping[str, Any],
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        abort: Callable[[], Awaitable[object]],
        timeout: float | None,
        buffer: int,
    ) -> None:
        super().__init__(buffer, _logger)
        self._pool = pool
        self._exchange = exchange
        self._members = members
        self._abort = abort
        self._timeout = timeout
        self._messages: list[AssistantMessage] = []
        self._running = spawn(self._run())

    def __repr__(self) -> str:
        return f"<Turn of {self.session_id}{' (ended)' if self.done else ''}>"

    @property
    def session_id(self) -> str:
        """The session that it is with."""
        return str(self._members["session_id"])

    async def text(self) -> AsyncGenerator[str]:
        """What the agent says, piece by piece as it comes. Use it instead of iterating: it takes the events.

        Raises:
            RequestRefused, TurnTimeout, ConnectionClosed, ProtocolError: See the class.
        """
        from copilot_sdk._generated.tau.types import TextDeltaEvent

        async for event in self:
            if isinstance(event, TextDeltaEvent):
                yield event.delta

    async def abort(self) -> None:
        """Cancel what the agent does; the turn then ends with a result that says so. Does nothing if it has ended.

        Wire method: `cancel_chat`, on another connection.

        Raises:
            RequestRefused, RequestTimeout, ConnectionClosed: The daemon refused, did not answer in time, or is gone.
        """
        if not self.done:
            await self._abort()

    async def _run(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                result = await self._follow()
        except TimeoutError:
            self._fail(TurnTimeout(self._timeout or 0.0, state=f"{len(self._messages)} answers came"))
        except CopilotError as error:
            self._fail(error)
        except asyncio.CancelledError:
            self._fail(ConnectionClosed("the client was closed"))
            raise
        else:
            self._succeed(result)
        finally:
            self._fail(ConnectionClosed("the turn broke off; the log has why"))

    async def _follow(self) -> TurnResult:
        from copilot_sdk._generated.tau.types import CancelledResponse
        from copilot_sdk.tau.events import read_event

        async with self._pool.own() as link:
            await link.send(self._exchange, self._members)
            while True:
                frame, is_answer = await link.receive()
                event = read_event(frame)
                if is_answer:
                    return self._result(cancelled=isinstance(event, CancelledResponse))
                self._take(event)

    def _take(self, event: Any) -> None:
        from copilot_sdk._generated.tau.types import DoneEvent

        # What the daemon leaves out or sends as null is None.
        if isinstance(event, DoneEvent) and event.message is not None:
            self._messages.append(event.message)
        self._events.push(_Read(event.type, event))

    def _result(self, *, cancelled: bool) -> TurnResult:
        from copilot_sdk._generated.tau.types import TextContent

        last = self._messages[-1].content if self._messages else []
        text = "".join(part.text or "" for part in last or () if isinstance(part, TextContent))
        return TurnResult(text, cancelled, tuple(self._messages))
