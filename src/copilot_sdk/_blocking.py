"""What functions in worker threads get in place of async objects: the same methods, without `await`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import wait
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, overload

from copilot_sdk._rpc.unset import UNSET, Unset
from copilot_sdk.errors import UsageError

if TYPE_CHECKING:
    from copilot_sdk import client_tasks
    from copilot_sdk._generated.copilot.types import ContextTier, TaskClientActiveStatus, TaskClientStatus
    from copilot_sdk.providers import workflow_run

A = TypeVar("A")
T = TypeVar("T")

_LOOK_SECONDS = 1.0
_ENDED = "the event loop of the client has ended"


class Blocking(Generic[A]):
    """Uses an async object from other threads than that of its event loop.

    Args:
        inner: The object.
        loop: Its event loop.
    """

    def __init__(self, inner: A, loop: asyncio.AbstractEventLoop) -> None:
        self._inner = inner
        self._loop = loop

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and wait for it.

        Raises:
            UsageError: The loop has ended, or this is its own thread, which would wait for itself.
        """
        if _running_loop() is self._loop:
            work.close()
            raise UsageError("this blocks the event loop; a plain function may use it, in its worker thread")
        if self._loop.is_closed():
            work.close()
            raise UsageError(_ENDED)
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            # A loop that is just ending may never run it.
            while not wait([future], _LOOK_SECONDS).done and not self._loop.is_closed():
                pass
            return future.result(timeout=0)
        except TimeoutError as error:
            if future.done():
                raise
            raise UsageError(_ENDED) from error
        finally:
            future.cancel()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


AsyncTask: TypeAlias = "client_tasks.ClientTask"
AsyncRun: TypeAlias = "workflow_run.WorkflowRun"


Work: TypeAlias = "Callable[[ClientTask], object]"
"""What a task does, in a worker thread. The result has to have a form in JSON."""


class ClientTask(Blocking[AsyncTask]):
    """See `copilot_sdk.client_tasks.ClientTask`: the same methods, without `await`."""

    @property
    def id(self) -> str:
        """Identifier that the runtime gave the task."""
        return self._inner.id

    @property
    def cancelled(self) -> bool:
        """True once the task is to be cancelled: a plain function, which nothing can stop, returns then."""
        return self._inner.cancelled

    def progress(
        self,
        message: str | None = None,
        *,
        phase: str | Unset | None = UNSET,
        percentage: float | Unset | None = UNSET,
        status: TaskClientActiveStatus | None = None,
    ) -> None:
        """See `copilot_sdk.client_tasks.ClientTask.progress`."""
        self._wait(self._inner.progress(message, phase=phase, percentage=percentage, status=status))

    def wait(self) -> TaskClientStatus:
        """See `copilot_sdk.client_tasks.ClientTask.wait`."""
        return self._wait(self._inner.wait())


class WorkflowRun(Blocking[AsyncRun]):
    """See `copilot_sdk.providers.WorkflowRun`: the same methods, without `await`."""

    @property
    def id(self) -> str:
        """Identifier of the run; the same in each attempt."""
        return self._inner.id

    @property
    def session_id(self) -> str:
        """Identifier of the session."""
        return self._inner.session_id

    @property
    def aborted(self) -> bool:
        """True once the run was aborted: a plain function, which nothing can stop, returns then."""
        return self._inner.aborted

    def phase(self, title: str) -> None:
        """See `copilot_sdk.providers.WorkflowRun.phase`."""
        self._wait(self._inner.phase(title))

    def log(self, text: str) -> None:
        """See `copilot_sdk.providers.WorkflowRun.log`."""
        self._wait(self._inner.log(text))

    @overload
    def agent(
        self,
        prompt: str,
        *,
        label: str | None = None,
        model: str | None = None,
        reasoning_effort: str | None = None,
        context_tier: ContextTier | None = None,
        agent: str | None = None,
    ) -> str | None: ...

    @overload
    def agent(
        self,
        prompt: str,
        *,
        output: type[T],
        label: str | None = None,
        model: str | None = None,
        reasoning_effort: str | None = None,
        context_tier: ContextTier | None = None,
        agent: str | None = None,
    ) -> T | None: ...

    def agent(
        self,
        prompt: str,
        *,
        output: Any = None,
        label: str | None = None,
        model: str | None = None,
        reasoning_effort: str | None = None,
        context_tier: ContextTier | None = None,
        agent: str | None = None,
    ) -> Any:
        """See `copilot_sdk.providers.WorkflowRun.agent`."""
        return self._wait(
            self._inner.agent(
                prompt,
                output=output,
                label=label,
                model=model,
                reasoning_effort=reasoning_effort,
                context_tier=context_tier,
                agent=agent,
            )
        )

    def step(self, key: str, make: Callable[[], Awaitable[object] | object]) -> Any:
        """See `copilot_sdk.providers.WorkflowRun.step`."""
        return self._wait(self._inner.step(key, make))

    def pause(self, key: str) -> None:
        """See `copilot_sdk.providers.WorkflowRun.pause`."""
        self._wait(self._inner.pause(key))
