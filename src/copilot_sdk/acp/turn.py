"""A prompt on its way, and what comes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from copy import copy
from typing import TYPE_CHECKING, Any, Self

from copilot_sdk._subscriptions import EventStream
from copilot_sdk.errors import ConnectionClosed, CopilotError, RequestTimeout

if TYPE_CHECKING:
    from copilot_sdk._generated.acp.types import PromptResponse, SessionUpdate
    from copilot_sdk._subscriptions import Arriving

_logger = logging.getLogger("copilot_sdk.acp")


class Turn:
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
        send: Callable[[], Awaitable[PromptResponse]],
        cancel: Callable[[], Awaitable[None]],
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        buffer: int,
        on_end: Callable[[Turn], None],
    ) -> None:
        self._watched = True
        self._updates: EventStream[SessionUpdate] = EventStream(buffer=buffer)
        self._send = send
        self._cancel = cancel
        self._on_end = on_end
        self._outcome: asyncio.Future[PromptResponse] = asyncio.get_running_loop().create_future()
        self._watched = False
        self._task = spawn(self._deliver())

    def __del__(self) -> None:
        if not self._watched and self.done and (error := self._outcome.exception()) is not None:
            _logger.error("a turn failed, and nobody has waited for it: %s", error)

    def __repr__(self) -> str:
        return f"<Turn{' (ended)' if self.done else ''}>"

    @property
    def done(self) -> bool:
        """True once the agent has answered, or the turn has ended otherwise."""
        return self._outcome.done()

    def __await__(self) -> Generator[Any, None, PromptResponse]:
        self._watched = True
        return self._wait().__await__()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionUpdate:
        self._watched = True
        return await anext(self._updates)

    async def text(self) -> AsyncGenerator[str]:
        """What the agent says, piece by piece as it comes. Use it instead of `async for update in turn`.

        Raises:
            RpcError, RequestTimeout, ConnectionClosed: See the class.
        """
        from copilot_sdk._generated.acp.types import AgentMessageChunk, TextContent

        async for update in self:
            if isinstance(update, AgentMessageChunk) and isinstance(update.content, TextContent):
                yield update.content.text

    async def cancel(self) -> None:
        """Tell the agent to stop; the turn then ends with the stop reason `cancelled`. Does nothing if it has ended.

        What the agent has asked permission for is refused as cancelled. Updates come until the agent has answered.

        Wire method: `session/cancel` (stable). It stops all turns of the session.

        Raises:
            ConnectionClosed: The agent is gone.
        """
        if not self.done:
            await self._cancel()

    # ------------------------------------------------------------ inner life

    def look(self, update: Arriving) -> None:
        """Take notice of an update of the session."""
        self._updates.push(update)

    def end(self, error: CopilotError | None) -> None:
        """Wait no longer for the agent.

        Args:
            error: Why, if the session was not closed on this side.
        """
        self._fail(error or ConnectionClosed("the session was closed on this side"))
        self._task.cancel()

    async def _deliver(self) -> None:
        try:
            response = await self._send()
        except RequestTimeout as error:
            with suppress(ConnectionClosed):
                await self._cancel()
            self._fail(error)
        except CopilotError as error:
            self._fail(error)
        else:
            if not self.done:
                self._outcome.set_result(response)
                self._finish(None)

    def _fail(self, error: CopilotError) -> None:
        if not self.done:
            self._outcome.set_exception(error)
            self._outcome.exception()
            self._finish(error)

    def _finish(self, error: CopilotError | None) -> None:
        self._updates.end(error)
        self._on_end(self)

    async def _wait(self) -> PromptResponse:
        try:
            return await asyncio.shield(self._outcome)
        except CopilotError as error:
            # An exception for each who waits: a traceback grows with every raise.
            raise copy(error) from error.__cause__
