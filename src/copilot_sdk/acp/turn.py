"""A prompt on its way, and what comes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from copilot_sdk._underway import Underway
from copilot_sdk.errors import ConnectionClosed, CopilotError, RequestTimeout

if TYPE_CHECKING:
    from copilot_sdk._generated.acp.types import (
        AgentMessageChunk,
        PromptResponse,
        SessionUpdate,  # noqa: F401 - the base of the turn names it
        TextContent,
    )
    from copilot_sdk._subscriptions import Arriving

_CANCEL_SECONDS = 1.0
_logger = logging.getLogger("copilot_sdk.acp")


@cache
def _said() -> tuple[type[AgentMessageChunk], type[TextContent]]:
    from copilot_sdk._generated.acp.types import AgentMessageChunk, TextContent

    return AgentMessageChunk, TextContent


class Turn(Underway["SessionUpdate", "PromptResponse"]):
    """A prompt on its way and what comes of it; `Session.prompt` makes it.

    `await turn` waits for the agent's answer and gives the `PromptResponse`, which says why the agent has stopped;
    `async for update in turn` gives the updates of the session from now until then. Both may be done, in any order. A
    turn goes on whether or not somebody waits for it.

    Raises, when it is awaited, and at the end of its updates:
        RpcError: The agent refused the prompt, or failed.
        RequestTimeout: The time limit has passed; the agent was told to stop.
        ConnectionClosed: The agent is gone, or the session was closed here.
    """

    def __init__(
        self,
        *,
        cancel: Callable[[], Awaitable[None]],
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        buffer: int,
        on_end: Callable[[Turn], None],
    ) -> None:
        super().__init__(buffer, _logger)
        self.look: Callable[[Arriving], None] = self._events.push
        """Take notice of an update of the session."""
        self._cancel = cancel
        self._spawn = spawn
        self._on_end = on_end
        self._give_up: Callable[[CopilotError], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Turn{' (ended)' if self.done else ''}>"

    async def text(self) -> AsyncGenerator[str]:
        """What the agent says, piece by piece as it comes. Use it instead of `async for update in turn`.

        Raises:
            RpcError, RequestTimeout, ConnectionClosed: See the class.
        """
        chunk, text = _said()
        async for update in self:
            if isinstance(update, chunk) and isinstance(update.content, text):
                yield update.content.text

    async def cancel(self) -> None:
        """Tell the agent to stop; the turn then ends with the stop reason `cancelled`. Does nothing if it has ended.

        What the agent has asked permission for is refused as cancelled. Updates come until the agent has answered.

        Wire method: `session/cancel` (stable). It stops all turns of the session.

        Raises:
            RequestTimeout, ConnectionClosed: The agent does not read, or is gone.
        """
        if not self.done:
            await self._cancel()

    # ------------------------------------------------------------ inner life

    def begin(
        self,
        post: Callable[
            [Callable[[PromptResponse], None], Callable[[CopilotError], None]],
            Callable[[CopilotError], None],
        ],
        timeout: float | None,
    ) -> None:
        """Send the prompt.

        Args:
            post: Sends it; takes what is to be called with the answer or the error, gives what ends the wait.
            timeout: Seconds that the turn may take; None for no limit.
        """
        try:
            self._give_up = post(self._succeed, self._fail)
        except CopilotError as error:
            self._fail(error)
            return
        if timeout is not None:
            self._timer = asyncio.get_running_loop().call_later(timeout, self._expire, timeout)

    def end(self, error: CopilotError | None) -> None:
        """Wait no longer for the agent.

        Args:
            error: Why, if the session was not closed on this side.
        """
        self._abandon(error or ConnectionClosed("the session was closed on this side"))

    def _expire(self, seconds: float) -> None:
        self._spawn(self._stop(RequestTimeout("session/prompt", seconds)))

    async def _stop(self, error: RequestTimeout) -> None:
        # An agent that does not even read must not put the end off.
        with suppress(ConnectionClosed, RequestTimeout, TimeoutError):
            async with asyncio.timeout(_CANCEL_SECONDS):
                await self._cancel()
        self._abandon(error)

    def _abandon(self, error: CopilotError) -> None:
        if self._give_up is not None:
            self._give_up(error)

    def _ended(self, error: CopilotError | None) -> None:
        # It knows this turn, which is to go as soon as nobody needs it.
        self._give_up = None
        if self._timer is not None:
            self._timer.cancel()
        super()._ended(error)
        self._on_end(self)
