"""Calling functions of the application."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from typing import Any

import pytest

from copilot_sdk._callbacks import being_cancelled, call_off_loop


async def test_plain_functions_run_in_a_thread_with_the_context() -> None:
    variable = contextvars.ContextVar("variable", default="outside")
    variable.set("inside")

    def where(a: int, *, b: int) -> tuple[int, str, bool]:
        return a + b, variable.get(), threading.current_thread() is threading.main_thread()

    assert await call_off_loop(where, 1, b=2) == (3, "inside", False)


async def test_async_functions_run_here_also_behind_plain_ones() -> None:
    async def here() -> bool:
        return threading.current_thread() is threading.main_thread()

    assert await call_off_loop(here)
    assert await call_off_loop(lambda: here())  # noqa: PLW0108 - a plain function that gives a coroutine


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("k")])
async def test_what_is_raised_comes_through(error: Exception) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        await call_off_loop(fail)


async def test_stop_iteration_does_not_hang() -> None:
    def stop() -> Any:
        return next(iter(()))

    async with asyncio.timeout(5):
        with pytest.raises(RuntimeError, match="StopIteration"):
            await call_off_loop(stop)


async def test_system_exit_ends_the_callback_and_not_the_loop() -> None:
    def leave() -> None:
        sys.exit(3)

    async def leave_from_here() -> None:
        sys.exit(3)

    for function in (leave, leave_from_here):
        with pytest.raises(RuntimeError, match="SystemExit"):
            await call_off_loop(function)


async def test_plain_functions_that_wait_for_each_other_do_not_run_out_of_threads() -> None:
    barrier = threading.Barrier(50)
    await asyncio.gather(*(call_off_loop(barrier.wait, 10) for _ in range(50)))


def test_a_plain_function_that_blocks_does_not_hold_up_the_end_of_the_loop() -> None:
    release, ended = threading.Event(), threading.Event()

    async def main() -> None:
        began, loop = asyncio.Event(), asyncio.get_running_loop()

        def block() -> None:
            loop.call_soon_threadsafe(began.set)
            release.wait(30)
            ended.set()

        waiting = asyncio.create_task(call_off_loop(block))
        await began.wait()
        waiting.cancel()

    asyncio.run(main())
    held_up = ended.is_set()
    release.set()

    assert not held_up
    assert ended.wait(10)


async def test_a_cancellation_from_inside_is_a_failure_and_one_from_outside_is_not() -> None:
    async def wait_for_a_cancelled_task() -> None:
        assert not being_cancelled()
        gone = asyncio.create_task(asyncio.Event().wait())
        gone.cancel()
        await gone

    with pytest.raises(RuntimeError, match="cancelled"):
        await call_off_loop(wait_for_a_cancelled_task)

    waiting = asyncio.create_task(call_off_loop(asyncio.Event().wait))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
