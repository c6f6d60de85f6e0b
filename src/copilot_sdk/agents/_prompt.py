"""A prompt on its way to an agent of any kind."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, Generic, Self, TypeAlias, TypeVar

from copilot_sdk.agents.events import Done, Permission
from copilot_sdk.errors import ConnectionClosed

if TYPE_CHECKING:
    from copilot_sdk.agents.events import AgentEvent

E = TypeVar("E")
Emit: TypeAlias = "Callable[[AgentEvent[E]], Awaitable[None]]"
_WAITING = 256
"""How many events wait for who iterates, before the protocol's own client has to keep them."""


class Prompt(Generic[E]):
    """A prompt on its way; `Conversation.prompt` makes it.

    `async for event in prompt` gives its events, the last of which is `Done`. `await prompt` waits for that one alone:
    it takes the events that nobody has read, and denies what the agent asks for.

    Raises, when it is awaited, and at the end of its events:
        CopilotError: What the protocol's own client raises when a prompt fails.
        ConnectionClosed: The conversation was closed.
    """

    def __init__(
        self,
        run: Callable[[Emit[E]], Awaitable[Done]],
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self._events: deque[AgentEvent[E]] = deque()
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._asked: Permission | None = None
        self._read = True
        self._outcome: Done | Exception | None = None
        self._task = spawn(self._work(run))
        self._task.add_done_callback(lambda _: self._news.set())

    @property
    def done(self) -> bool:
        """True once the agent is done with it, well or not."""
        return self._task.done()

    def __await__(self) -> Generator[Any, None, Done]:
        return self._finished().__await__()

    async def _finished(self) -> Done:
        self._deny()
        self._read = False
        for event in self._events:
            if isinstance(event, Permission):
                event.deny()
        self._events.clear()
        self._room.set()
        if not self.done:
            await asyncio.wait([self._task])
        return self._result()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AgentEvent[E]:
        self._deny()
        while not self._events:
            if self._task.done():
                self._result()
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        event = self._events.popleft()
        self._room.set()
        if isinstance(event, Permission):
            self._asked = event
        return event

    def _result(self) -> Done:
        if isinstance(self._outcome, Done):
            return self._outcome
        raise self._outcome or ConnectionClosed("the conversation was closed before the agent was done")

    def _deny(self) -> None:
        """Deny what the agent has asked last, if nobody has answered."""
        if self._asked is not None:
            self._asked.deny()
            self._asked = None

    async def _emit(self, event: AgentEvent[E]) -> None:
        """Hand an event to who iterates, as soon as there is room."""
        while self._read and len(self._events) >= _WAITING:
            self._room.clear()
            await self._room.wait()
        if self._read:
            self._events.append(event)
            self._news.set()
        elif isinstance(event, Permission):
            event.deny()

    async def _work(self, run: Callable[[Emit[E]], Awaitable[Done]]) -> None:
        try:
            done = await run(self._emit)
            await self._emit(done)
            self._outcome = done
        except Exception as error:  # noqa: BLE001 - it is raised where the prompt is waited for
            self._outcome = error
