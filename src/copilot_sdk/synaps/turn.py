"""A turn: what a prompt sets in motion, and what comes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from copilot_sdk._underway import Underway
from copilot_sdk.errors import ConnectionClosed, CopilotError, RequestTimeout, TurnTimeout
from copilot_sdk.synaps._told import Told
from copilot_sdk.synaps.errors import TurnFailed

if TYPE_CHECKING:
    from copilot_sdk._generated.synaps.types import PromptResponse, TurnUsage
    from copilot_sdk.synaps.events import SynapsEvent  # noqa: F401 - the base of the turn names it

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


class Turn(Underway["SynapsEvent", TurnResult]):
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
        super().__init__(buffer, _logger)
        self._name = name
        self._send = send
        self._abort = abort
        self._on_end = on_end
        self._texts: list[str] = []
        self._end_event: Told | None = None
        self._last: str = ""
        self._task = spawn(self._deliver())

    def __repr__(self) -> str:
        return f"<Turn {self._name}{' (ended)' if self.done else ''}>"

    @property
    def name(self) -> str:
        """The `id` of the command that began it."""
        return self._name

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
        if not response.ok:
            self._fail(TurnFailed(response))
            return
        usage = None if self._end_event is None else self._end_event.event.usage
        self._succeed(TurnResult("".join(self._texts), response.cancelled is True, usage, response))

    def _ended(self, error: CopilotError | None) -> None:
        super()._ended(error)
        self._on_end(self)
