from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest

from copilot_sdk.runtime import Clock, EmbeddedRuntime, Limits, Script, ScriptedModel, embedded
from tests.support.model_server import ModelServer
from tests.unit.runtime.harness import Client, Join, Serve, Start


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as exits:
        yield exits


@pytest.fixture
def start(stack: AsyncExitStack, tmp_path: Path) -> Start:
    """Starts a runtime that plays a script; its home folder is the same each time."""

    def run(script: Script | None = None, *, clock: Clock | None = None, **limits: object) -> EmbeddedRuntime:
        quick = Limits(**({"retry_delays": (0.0, 0.0), "stop_seconds": 1.0} | limits))  # type: ignore[arg-type]
        runtime = embedded(ScriptedModel(script), home=tmp_path / "home", limits=quick, clock=clock)
        stack.push_async_exit(runtime)
        return runtime

    return run


@pytest.fixture
def join(stack: AsyncExitStack) -> Join:
    """Connects a client to a runtime."""

    async def run(runtime: EmbeddedRuntime) -> Client:
        return await stack.enter_async_context(Client(runtime.connect()))

    return run


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a model behind an endpoint."""
    with ExitStack() as servers:
        yield lambda script: servers.enter_context(ModelServer(script))
