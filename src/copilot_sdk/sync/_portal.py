"""The thread that runs the event loop, and the way in."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from typing import Any, Generic, Self, TypeVar, cast

from copilot_sdk._callbacks import call_off_loop
from copilot_sdk._rpc.api import Caller
from copilot_sdk._rpc.method import Method
from copilot_sdk._rpc.unset import Unset
from copilot_sdk.errors import UsageError

T = TypeVar("T")


class Portal:
    """One event loop in one daemon thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        # So that nothing is handed to a loop that ends. An iterator may be forgotten, and then post, in the middle.
        self._lock = threading.RLock()

    @property
    def running(self) -> bool:
        """True while the thread runs."""
        return self._loop is not None

    def start(self) -> None:
        """Start the thread; does nothing if it runs."""
        if self._thread is not None:
            return
        ready: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(
            target=self._main, args=(ready,), name="copilot_sdk.sync", daemon=True
        )
        self._thread.start()
        self._loop = ready.result()

    @staticmethod
    def _main(ready: Future[asyncio.AbstractEventLoop]) -> None:
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            asyncio.set_event_loop(loop)
            ready.set_result(loop)
            loop.run_forever()

    def stop(self) -> None:
        """End the loop and wait for the thread."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
            if loop is not None:
                loop.call_soon_threadsafe(loop.stop)
        if thread is not None:
            thread.join()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and wait for it; an interrupt of the wait cancels it.

        Raises:
            UsageError: The client is not open, or the call comes from the loop's own thread and would wait for
                itself.
        """
        if threading.current_thread() is self._thread:
            work.close()
            raise UsageError(
                "the sync client was called from its own event loop; pass plain functions as callbacks"
            )
        future = self.post(work)
        if future is None:
            raise UsageError(
                "it is not open: it was not started, or was closed; use it in a 'with' statement"
            )
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def post(self, work: Coroutine[Any, Any, T]) -> Future[T] | None:
        """Run a coroutine in the loop, without waiting; None if there is no loop."""
        with self._lock:
            if self._loop is None:
                work.close()
                return None
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, function: Callable[[], T]) -> T:
        """Call a plain function in the loop's thread and wait for it."""

        async def work() -> T:
            return function()

        return self.run(work())

    def iterate(self, source: AsyncIterator[T]) -> Iterator[T]:
        """Iterate over an async iterator from outside; whoever is interrupted may go on."""
        return _Following(self, source)


class _Following(Generic[T]):
    """An async iterator from outside."""

    def __init__(self, portal: Portal, source: AsyncIterator[T]) -> None:
        self._portal = portal
        self._source = source

    def __del__(self) -> None:
        close = getattr(self._source, "aclose", None)
        if close is not None:
            # Not waited for: a forgotten generator is closed in any thread, and as late as the program's end.
            self._portal.post(close())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        item = self._portal.run(self._next())
        if item is None:
            raise StopIteration
        return item[0]

    async def _next(self) -> tuple[T] | None:
        try:
            return (await anext(self._source),)
        except StopAsyncIteration:
            return None


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that has nothing to wait for: it needs no loop."""
    try:
        work.send(None)
    except StopIteration as ended:
        return cast("T", ended.value)
    work.close()
    raise RuntimeError("a coroutine waits for something, and there is no loop")


class PortalCaller:
    """Makes the calls of the generated sync API.

    Args:
        portal: Where the connection lives.
        caller: Who makes them there.
    """

    def __init__(self, portal: Portal, caller: Caller) -> None:
        self._portal = portal
        self._caller = caller

    def call(
        self, method: Method[T], params: Mapping[str, object] | object, timeout: float | Unset | None
    ) -> T:
        """See `Caller.call`."""
        return self._portal.run(self._caller.call(method, params, timeout))


def off_loop(callback: Callable[[Any], Awaitable[T] | T]) -> Callable[[Any], Awaitable[T]]:
    """A callback that runs in a worker thread, from where it may use the sync client itself."""

    async def run(argument: Any) -> T:
        return cast("T", await call_off_loop(callback, argument))

    return run
