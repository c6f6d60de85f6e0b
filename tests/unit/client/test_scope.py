"""The tasks of a session."""

from __future__ import annotations

import asyncio

import pytest

from copilot_sdk import _scope as module
from copilot_sdk._scope import TaskScope


async def test_handlers_are_cancelled_and_followers_may_finish() -> None:
    scope, go, log = TaskScope("x"), asyncio.Event(), list[str]()

    async def work(name: str) -> None:
        try:
            await go.wait()
            log.append(name + " finished")
        except asyncio.CancelledError:
            log.append(name + " cancelled")
            raise

    scope.handle(work("handler"))
    scope.follow(work("follower"))
    await asyncio.sleep(0)
    scope.cancel()
    go.set()
    await scope.settle()
    assert sorted(log) == ["follower finished", "handler cancelled"]


async def test_a_follower_that_takes_long_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DRAIN_SECONDS", 0.01)
    scope = TaskScope("x")
    task = scope.follow(asyncio.Event().wait())
    await scope.settle()
    assert task.cancelled()


async def test_a_task_that_is_a_handler_for_a_while_is_cancelled_only_then() -> None:
    scope, inside = TaskScope("x"), asyncio.Event()

    async def request() -> None:
        with scope.handling():
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(request())
    await inside.wait()
    scope.cancel()
    await scope.settle()
    assert task.cancelled()

    with scope.handling():
        pass
    scope.cancel()
    await scope.settle()


async def test_the_task_that_ends_the_scope_is_spared() -> None:
    scope = TaskScope("x")

    async def last() -> None:
        scope.spare_current_task()
        scope.cancel()
        await scope.settle()

    await scope.handle(last())
    await asyncio.sleep(0)
    assert not scope._spared


async def test_a_task_that_fails_is_logged_at_once(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError("broken")

    await asyncio.wait({TaskScope("owner").handle(fail())})
    assert "owner: a task failed" in caplog.text
    assert "ValueError: broken" in caplog.text
