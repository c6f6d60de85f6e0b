"""Calling functions of the application, so that none of them can hold up or kill what calls it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any


def being_cancelled() -> bool:
    """True if somebody wants the current task to end.

    A function that waits for a cancelled task raises `CancelledError` too, and that is only its own failure.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def call_off_loop(function: Callable[..., Any], /, *args: Any, **keywords: Any) -> Any:
    """Call a function: an async one here, a plain one in a worker thread, where it may block.

    A cancelled caller does not wait for the thread; the function runs to its end there and nobody hears of it.

    Raises:
        Exception: Whatever the function raised. `CancelledError` only if the caller is cancelled.
    """
    try:
        if inspect.iscoroutinefunction(function):
            return await function(*args, **keywords)
        outcome = await asyncio.to_thread(_call, function, args, keywords)
        return await outcome if inspect.isawaitable(outcome) else outcome
    except asyncio.CancelledError as error:
        if being_cancelled():
            raise
        raise RuntimeError("it waited for something that was cancelled") from error


def _call(function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    try:
        return function(*args, **keywords)
    except StopIteration as error:
        # A future refuses to carry it, and whoever waits for the thread would wait for ever.
        raise RuntimeError("it raised StopIteration") from error
