"""Calling functions of the application, so that none of them can hold up or kill what calls it."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any


def being_cancelled() -> bool:
    """True if somebody wants the current task to end.

    A function that waits for a cancelled task raises `CancelledError` too, and that is only its own failure.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def call_off_loop(function: Callable[..., Any], /, *args: Any, **keywords: Any) -> Any:
    """Call a function: an async one here, a plain one in a thread of its own, where it may block.

    A cancelled caller does not wait for the thread; the function runs to its end there and nobody hears of it.

    Raises:
        Exception: Whatever the function raised. `CancelledError` only if the caller is cancelled.
    """
    try:
        if inspect.iscoroutinefunction(function):
            return await function(*args, **keywords)
        outcome = await _in_thread(partial(function, *args, **keywords))
        return await outcome if inspect.isawaitable(outcome) else outcome
    except asyncio.CancelledError as error:
        if being_cancelled():
            raise
        raise RuntimeError("it waited for something that was cancelled") from error
    except SystemExit as error:
        # It would end the event loop, and everything that waits for something in it.
        raise RuntimeError("it raised SystemExit") from error


async def _in_thread(function: Callable[[], Any]) -> Any:
    # The threads of the loop's pool are few: functions that wait for each other would use them up. And the end of
    # the loop and of the program waits for the pool, so that one that blocks would hold up both.
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def deliver(give: Callable[[Any], None], what: Any) -> None:
        if not outcome.done():
            give(what)

    def run() -> None:
        give: Callable[[Any], None] = outcome.set_result
        what: Any
        try:
            what = context.run(function)
        except StopIteration as error:
            # A future refuses to carry it, and whoever waits for the thread would wait for ever.
            give, what = outcome.set_exception, RuntimeError("it raised StopIteration")
            what.__cause__ = error
        except BaseException as error:  # noqa: BLE001 - it is handed on
            give, what = outcome.set_exception, error
        with suppress(RuntimeError):  # The loop is closed: nobody waits any more.
            loop.call_soon_threadsafe(deliver, give, what)

    threading.Thread(target=run, name="copilot_sdk callback", daemon=True).start()
    return await outcome
