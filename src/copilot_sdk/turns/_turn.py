"""A turn: a prompt on its way, and what comes of it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from copy import copy
from typing import TYPE_CHECKING, Any

from copilot_sdk._tracing import TurnSpan
from copilot_sdk._underway import Underway
from copilot_sdk.errors import ConnectionClosed, CopilotError, TurnTimeout
from copilot_sdk.turns._bounds import Bounds
from copilot_sdk.turns._limits import Limit, Limits
from copilot_sdk.turns._pending import Pending
from copilot_sdk.turns._result import TurnResult
from copilot_sdk.turns._story import Story

if TYPE_CHECKING:
    from copilot_sdk._arrival import Arrival
    from copilot_sdk._generated.copilot.events import SessionEvent
    from copilot_sdk._generated.copilot.types import AbortReason
    from copilot_sdk.turns._result import TurnUsage

_LAST_EVENTS = 20
_logger = logging.getLogger("copilot_sdk.session")


class Turn(Underway["SessionEvent", TurnResult]):
    """A prompt on its way and what comes of it; `Session.send` makes it.

    `await turn` waits for its end and gives a `TurnResult`; `async for event in turn` gives its events as they come.
    Both may be done, in any order. A turn goes on whether or not somebody waits for it.

    Raises, when it is awaited, and at the end of its events:
        SessionError: The turn failed; the subclass tells why.
        TurnTimeout: A time limit has passed; the error has the last events and what is pending. The turn goes on.
        ConnectionClosed: The runtime is gone, or the session was closed.
        RpcError, RequestTimeout, InvalidParams: The prompt was not accepted.
    """

    def __init__(
        self,
        *,
        bounds: Bounds,
        send: Callable[[], Awaitable[str]],
        session_id: str,
        abort: Callable[[AbortReason | None], Awaitable[None]],
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        pending: Pending,
        timeout: float | None,
        inactivity_timeout: float | None,
        abort_on_cancel: bool,
        buffer: int,
        on_end: Callable[[Turn], None],
    ) -> None:
        super().__init__(buffer, _logger)
        self._limits = Limits(timeout, inactivity_timeout, lambda: bool(pending), self._expired)
        self.bounds = bounds
        self._send = send
        self._abort = abort
        self._spawn = spawn
        self._pending = pending
        self._abort_on_cancel = abort_on_cancel
        self._on_end = on_end
        self._story = Story()
        self._early: list[Arrival] | None = []
        self._last: deque[Arrival] = deque(maxlen=_LAST_EVENTS)
        self._accepted: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._span = TurnSpan(session_id)
        self._sending = spawn(self._deliver())

    def __repr__(self) -> str:
        return f"<Turn {self.message_id or 'not accepted yet'}{' (ended)' if self.done else ''}>"

    # ------------------------------------------------------------------ face

    @property
    def message_id(self) -> str | None:
        """Identifier of the prompt; None until the runtime has accepted it."""
        return self.bounds.message_id

    @property
    def usage(self) -> TurnUsage:
        """What the turn has used so far."""
        return self._story.usage

    async def accepted(self) -> str:
        """Wait until the runtime has accepted the prompt.

        Returns:
            Identifier of the prompt; the turn's `user.message` event carries it.

        Raises:
            RpcError, RequestTimeout, InvalidParams, ConnectionClosed: It was not accepted.
        """
        try:
            return await asyncio.shield(self._accepted)
        except asyncio.CancelledError:
            self._given_up()
            raise
        except CopilotError as error:
            raise copy(error) from error.__cause__

    async def __anext__(self) -> SessionEvent:
        try:
            return await super().__anext__()
        except asyncio.CancelledError:
            self._given_up()
            raise

    async def text(self) -> AsyncGenerator[str]:
        """What the agent says, piece by piece as it comes.

        A session that streams gives the pieces of its messages, another one whole messages. Use it instead of
        `async for event in turn`: it takes the events.

        Raises:
            SessionError, TurnTimeout, ConnectionClosed: See the class.
        """
        from copilot_sdk._generated.copilot.events import AssistantMessage, AssistantMessageDelta

        streamed: str | None = None
        async for event in self:
            if event.agent_id is not None:
                continue
            if isinstance(event, AssistantMessageDelta):
                streamed = event.data.message_id
                piece = event.data.delta_content
            elif isinstance(event, AssistantMessage) and event.data.message_id != streamed:
                piece = event.data.content
            else:
                continue
            if piece:
                yield piece

    async def abort(self, reason: AbortReason | None = None) -> None:
        """Stop the turn; it then ends with a result that says so. Does nothing if it has ended.

        The runtime stops what is under way and drops what is queued, other turns of the session among it.

        Wire method: `session.abort`.

        Args:
            reason: Why, for the event log; `user_initiated` when left out.

        Raises:
            RpcError, RequestTimeout, ConnectionClosed: The runtime refused, did not answer in time, or is gone; or
                the prompt was not accepted.
        """
        if self.done:
            return
        await self.accepted()
        await self._abort(reason)

    # ------------------------------------------------------------ inner life

    def look(self, arrival: Arrival) -> None:
        """Take notice of an event of the session."""
        self._limits.touch()
        self._last.append(arrival)
        if self._early is not None:
            self._early.append(arrival)
        elif self.bounds.look(arrival):
            self._take(arrival)
        if self.bounds.over:
            self.finish()

    def _take(self, arrival: Arrival) -> None:
        self._events.push(arrival.unread())
        if self.bounds.begun:
            self._story.look(arrival)

    def finish(self) -> None:
        """End the turn with what has come of it."""
        if self.bounds.rest is not None:
            self._story.look(self.bounds.rest)
        if self._story.error is not None:
            self.fail(self._story.error)
        elif not self.done:
            self._succeed(self._result())

    def interrupted(self, reason: CopilotError) -> None:
        """End the turn although its last event has not come: nothing more will."""
        if self.bounds.begun and not self._story.complete and self._story.error is None:
            self.fail(copy(reason))
        else:
            self.finish()

    def fail(self, error: CopilotError) -> None:
        """End the turn with an error."""
        if not self.done:
            if not self._accepted.done():
                self._accepted.set_exception(copy(error))
                self._accepted.exception()
            self._fail(error)

    def _ended(self, error: CopilotError | None) -> None:
        self.bounds.end()
        self._early = None
        self._limits.stop()
        super()._ended(error)
        self._end_span(error)
        self._on_end(self)

    def _end_span(self, error: CopilotError | None) -> None:
        usage = self._story.usage
        total = usage.total
        self._span.end(
            error,
            model=next(iter(usage.models)) if len(usage.models) == 1 else None,
            input_tokens=total.input_tokens,
            output_tokens=total.output_tokens,
            cache_read_tokens=total.cache_read_tokens,
            cache_write_tokens=total.cache_write_tokens,
            reasoning_tokens=total.reasoning_tokens,
        )

    def _result(self) -> TurnResult:
        story = self._story
        return TurnResult(
            message_id=self.message_id or "",
            text=story.text,
            aborted=story.aborted,
            tool_calls=story.tool_calls,
            usage=story.usage,
            duration=self._limits.elapsed,
            _messages=tuple(story.messages),
        )

    async def _deliver(self) -> None:
        try:
            with self._span.current():
                message_id = await self._send()
        except asyncio.CancelledError:
            self.fail(ConnectionClosed("the session was closed before the prompt was accepted"))
            raise
        except CopilotError as error:
            self.fail(error)
            return
        self._accept(message_id)

    def _accept(self, message_id: str) -> None:
        early, self._early = self._early, None
        if self.done or early is None:
            return
        self.bounds.message_id = message_id
        self._accepted.set_result(message_id)
        for arrival in early:
            if self.bounds.look(arrival):
                self._take(arrival)
        if self.bounds.over:
            self.finish()

    def _expired(self, limit: Limit, seconds: float) -> None:
        if self.done:
            return
        last = [arrival.event for arrival in self._last]
        if self.message_id is None:
            state = "the prompt is not accepted yet"
        else:
            state = f"last event {self._last[-1].type}" if self._last else "no event came"
        self.fail(TurnTimeout(seconds, limit=limit, last_events=last, state=state, pending=self._pending()))
        self._sending.cancel()

    async def _wait(self) -> TurnResult:
        try:
            return await super()._wait()
        except asyncio.CancelledError:
            self._given_up()
            raise

    def _given_up(self) -> None:
        if self._abort_on_cancel and not self.done:
            self._abort_on_cancel = False
            self._spawn(self._abort_quietly())

    async def _abort_quietly(self) -> None:
        try:
            await self.abort()
        except CopilotError as error:
            _logger.warning("a turn that nobody waits for any more could not be aborted: %s", error)
