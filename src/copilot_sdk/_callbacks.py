"""Calling functions of the application, so that none of them can hold up or kill what calls it."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Self

from copilot_sdk._tracing import mark_failed
from copilot_sdk.errors import HandlerError, describe_exception, mask_secrets

_logger = logging.getLogger("copilot_sdk.callbacks")


def log_failure(called_for: str, error: BaseException, note: str = "") -> None:
    """Tell the author of a function what it raised, with its traceback; the span around it tells it, too.

    Args:
        called_for: The request, event or hook that it was called for.
        error: What it raised.
        note: What else there is to say, added to the text.
    """
    mark_failed(error)
    _logger.error("%s%s", HandlerError(called_for, error), note, exc_info=error)


class Contained:
    """Keeps what a function of the application raises from what calls it: `with Contained("hook preToolUse"):`.

    It goes to `log_failure`, and the block is left.

    Attributes:
        problem: What was raised, in a line and without credentials.

    Args:
        called_for: The request, event or hook that the function is called for.
    """

    def __init__(self, called_for: str) -> None:
        self.problem: str | None = None
        self._called_for = called_for

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        cancelled = isinstance(error, asyncio.CancelledError) and not being_cancelled()
        if error is None or not (cancelled or isinstance(error, Exception)):
            return False
        self.problem = mask_secrets(describe_exception(error))
        log_failure(self._called_for, error)
        return True


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
