"""A conversation with an agent, whatever protocol it speaks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from copilot_sdk._scope import TaskScope
from copilot_sdk.agents._prompt import Emit, Prompt
from copilot_sdk.agents.events import Permission
from copilot_sdk.errors import UsageError

if TYPE_CHECKING:
    from copilot_sdk.agents.events import Done

S = TypeVar("S")
E = TypeVar("E")


class Conversation(ABC, Generic[S, E]):
    """A conversation with an agent; `connect` makes it. Use it as `async with`."""

    def __init__(self) -> None:
        self._native: S | None = None
        self._prompt: Prompt[E] | None = None
        self._scope = TaskScope("a conversation")
        self._resources = AsyncExitStack()

    async def start(self) -> None:
        """Open it, which `async with` does; nothing happens when it is open.

        Raises:
            CopilotError: The agent cannot be reached, or opens no session.
        """
        if self._native is None:
            try:
                self._native = await self._open(self._resources)
            except BaseException:
                await self._resources.aclose()
                raise

    @property
    def native(self) -> S:
        """The session of the protocol's own client.

        Raises:
            UsageError: The conversation is not open.
        """
        if self._native is None:
            raise UsageError("the conversation is not open; use `async with connect(...) as agent`")
        return self._native

    def prompt(self, text: str) -> Prompt[E]:
        """Tell the agent something; it is on its way when this returns.

        One prompt at a time: the next one may be sent when the one before is done or was aborted.

        Args:
            text: What to tell it.

        Raises:
            UsageError: The conversation is not open, or another prompt is under way.
        """
        native = self.native
        if self._prompt is not None and not self._prompt.done:
            raise UsageError("a prompt is under way; wait for its end or abort it")
        self._prompt = Prompt(lambda emit: self._run(native, text, emit), self._scope.handle)
        return self._prompt

    async def fork(self) -> Conversation[S, E]:
        """A conversation that knows what was said in this one; from here on each goes its own way.

        It is closed with this one, or before.

        Raises:
            UsageError: The conversation is not open, or the protocol cannot fork.
            CopilotError: The agent cannot fork, or refuses to.
        """
        fork = await self._fork(self.native)
        self._resources.push_async_exit(fork)
        return fork

    async def abort(self) -> None:
        """Stop the work on the prompt that is under way; its last event says `aborted`. Without one, do nothing.

        Raises:
            CopilotError: The agent is gone, or refuses to stop.
        """
        if self._prompt is not None and not self._prompt.done:
            self._prompt._deny()
            await self._abort(self.native)

    async def close(self) -> None:
        """End the conversation, its forks, and an agent that was started for it. May be called more than once."""
        self._scope.cancel()
        await self._scope.settle()
        self._native = None
        await self._resources.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _permit(self, title: str, request: object) -> bool:
        """Ask who iterates over the prompt that is under way; nobody means no."""
        if self._prompt is None or self._prompt.done:
            return False
        permission = Permission(title, request)
        await self._prompt._emit(permission)
        return await permission.allowed()

    @abstractmethod
    async def _open(self, resources: AsyncExitStack) -> S:
        """Connect, and open a session; what is to be closed goes to the resources."""

    @abstractmethod
    async def _run(self, native: S, text: str, emit: Emit[E]) -> Done:
        """Send a prompt and hand on what comes of it."""

    async def _fork(self, native: S) -> Conversation[S, E]:
        """Fork the session, where the protocol can."""
        raise UsageError(f"{native!r} cannot be forked: its protocol has no forks")

    @abstractmethod
    async def _abort(self, native: S) -> None:
        """Stop the prompt that is under way."""
