"""A turn: what a prompt sets in motion, and what comes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from copilot_sdk._subscriptions import EventStream
from copilot_sdk.errors import ConnectionClosed, CopilotError, RequestTimeout, TurnTimeout
from copilot_sdk.synaps._told import Told
from copilot_sdk.synaps.errors import TurnFailed

if TYPE_CHECKING:
    from copilot_sdk._generated.synaps.types import PromptResponse, TurnUsage
    from copilot_sdk.synaps.events import SynapsEvent

_logger = logging.getLogger("copilot_sdk.synaps")


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What came of a turn.

    Attributes:
        text: All that the model said in it.
        cancelled: True when it was aborted.
        usage: What it has used; None if the agent did not say.
        response: The agent's answer to the command.
    """

    text: str
    cancelled: bool
    usage: TurnUsage | None
    response: PromptResponse


class Turn:
    """A turn on its way and what comes of it; `Client.prompt` and `Client.follow_up` make it.

    `await turn` waits for its end and gives a `TurnResult`; `async for event in turn` gives its events. Both may be
    done, in any order. A turn goes on whether or not somebody waits for it.

    Raises, when it is awaited, and at the end of its events:
        RequestRefused: The agent did not begin it: another one runs, or it did not take an attachment.
        TurnFailed: The agent began it and failed.
        TurnTimeout: The time limit has passed; the turn still runs.
        UsageError: An attachment is none that agents take; nothing was sent.
        ConnectionClosed: The agent is gone, or the client was closed.
    """

    def __init__(
        self,
        *,
        name: str,
        send: Callable[[], Awaitable[PromptResponse]],
        abort: Callable[[], Awaitable[object]],
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        buffer: int,
        on_end: Callable[[Turn], None],
    ) -> None:
        self._watched = True
        self._events: EventStream[SynapsEvent] = EventStream(buffer=buffer)
        self._name = name
        self._send = send
        self._abort = abort
        self._on_end = on_end
        self._texts: list[str] = []
        self._end_event: Told | None = None
        self._last: str = ""
        self._outcome: asyncio.Future[TurnResult] = asyncio.get_running_loop().create_future()
        self._watched = False
        self._task = spawn(self._deliver())

    def __del__(self) -> None:
        if not self._watched and self.done and (error := self._outcome.exception()) is not None:
            _logger.error("a turn failed, and nobody has waited for it: %s", error)

    def __repr__(self) -> str:
        return f"<Turn {self._name}{' (ended)' if self.done else ''}>"

    @property
    def name(self) -> str:
        """The `id` of the command that began it."""
        return self._name

    @property
    def done(self) -> bool:
        """True once it has ended, well or not."""
        return self._outcome.done()

    def __await__(self) -> Generator[Any, None, TurnResult]:
        self._watched = True
        return self._wait().__await__()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SynapsEvent:
        self._watched = True
        return await anext(self._events)

    async def text(self) -> AsyncGenerator[str]:
        """What the model says, piece by piece as it comes. Use it instead of `async for event in turn`.

        Raises:
            RequestRefused, TurnFailed, TurnTimeout, UsageError, ConnectionClosed: See the class.
        """
        from copilot_sdk._generated.synaps.types import TextDelta

        async for event in self:
            if isinstance(event, TextDelta):
                yield event.delta

    async def abort(self) -> None:
        """Stop it; it then ends with a result that is `cancelled`. Does nothing if it has ended.

        Wire method: `abort` (stable).

        Raises:
            RequestTimeout, ConnectionClosed: The agent did not answer in time, or is gone.
        """
        if not self.done:
            await self._abort()

    # ------------------------------------------------------------ inner life

    def look(self, told: Told) -> None:
        """Take notice of an event of the turn; never blocks."""
        self._last = told.type
        if told.text:
            self._texts.append(told.text)
        elif told.type == "agent_end":
            self._end_event = told
        self._events.push(told)

    def end(self, error: CopilotError) -> None:
        """Wait no longer for the agent."""
        self._fail(error)
        self._task.cancel()

    async def _deliver(self) -> None:
        try:
            response = await self._send()
        except RequestTimeout as error:
            state = f"last event {self._last}" if self._last else "no event came"
            self._fail(TurnTimeout(error.seconds, state=state))
        except CopilotError as error:
            self._fail(error)
        else:
            self._answered(response)
        finally:
            self._fail(ConnectionClosed("the client was closed before the turn ended"))

    def _answered(self, response: PromptResponse) -> None:
        if self.done:
            return
        if not response.ok:
            self._fail(TurnFailed(response))
            return
        usage = None if self._end_event is None else self._end_event.event.usage
        result = TurnResult("".join(self._texts), response.cancelled is True, usage, response)
        self._outcome.set_result(result)
        self._finish(None)

    def _fail(self, error: CopilotError) -> None:
        if not self.done:
            self._outcome.set_exception(error)
            self._outcome.exception()
            self._finish(error)

    def _finish(self, error: CopilotError | None) -> None:
        self._events.end(error)
        self._on_end(self)

    async def _wait(self) -> TurnResult:
        try:
            return await asyncio.shield(self._outcome)
        except CopilotError as error:
            # An exception for each who waits: a traceback grows with every raise.
            raise copy(error) from error.__cause__
