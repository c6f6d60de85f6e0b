"""A client of a runtime in memory, and the proof that nothing of it is left over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from copilot_sdk import CopilotClient
from copilot_sdk.session import Session
from copilot_sdk.turns import _turns
from tests.support.fake_runtime import SESSION, FakeRuntime


@pytest.fixture
async def runtime() -> AsyncIterator[FakeRuntime]:
    before = asyncio.all_tasks()
    runtime = FakeRuntime()
    yield runtime
    await runtime.drop()
    current = asyncio.current_task()
    left = {task for task in asyncio.all_tasks() - before if not task.done() and task is not current}
    assert not left


@pytest.fixture
async def client(runtime: FakeRuntime) -> AsyncIterator[CopilotClient]:
    async with runtime.client() as client:
        yield client


@pytest.fixture
async def session(client: CopilotClient) -> Session:
    return await client.create_session(session_id=SESSION)


@pytest.fixture
def hardly_any_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn is taken for dropped at once where the runtime has no work left."""
    monkeypatch.setattr(_turns, "_QUIET_SECONDS", 0.01)
