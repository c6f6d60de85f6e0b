"""The runtime of a process: loaded once, when the first client needs more than to be greeted."""

from __future__ import annotations

import asyncio
import gc
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Self

from copilot_sdk.runtime.copilot.reception import Reception
from copilot_sdk.runtime.core.scope import end_all
from copilot_sdk.runtime.world import World

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.config import Limits
    from copilot_sdk.runtime.core.runtime import Runtime


class LateRuntime:
    """A runtime that is not there yet. Use it as an asynchronous context manager."""

    def __init__(self, home: Path, world: World, limits: Limits, *, idle_timeout: float) -> None:
        """Prepares a runtime; nothing is loaded.

        Args:
            home: The home folder.
            world: The model and the accounts.
            limits: How long to wait and how often to try.
            idle_timeout: After how many seconds without work sessions are closed; 0 never does.
        """
        self._home = home
        self._world = world
        self._limits = limits
        self._idle_timeout = idle_timeout
        self._stop = asyncio.Event()
        self._loading: asyncio.Task[Runtime] | None = None
        self._closing_idle: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._loading is None:
            return
        runtime = await self._loading
        if self._closing_idle is not None:
            await end_all({self._closing_idle})
        await runtime.aclose()

    def load(self) -> asyncio.Task[Runtime]:
        """Begins to load the runtime, unless that has begun; a failure ends the process.

        Returns:
            What gives it; only to be waited for.
        """
        if self._loading is None:
            self._loading = asyncio.create_task(self._load(), name="load the runtime")
        return self._loading

    async def serve(self, reception: Reception) -> None:
        """Serves a client until the connection ends, or nothing can be loaded; the exit raises why."""
        loading = self.load()
        await asyncio.wait({loading})
        if loading.exception() is not None:
            return
        from copilot_sdk.runtime.copilot.connection import Connection

        await Connection(loading.result(), reception).serve()

    def request_stop(self) -> None:
        """Asks whoever runs the process to end it."""
        self._stop.set()

    async def stop_wanted(self) -> None:
        """Waits until somebody asks for the end."""
        await self._stop.wait()

    async def _load(self) -> Runtime:
        try:
            # In a thread, so that clients are greeted meanwhile and a signal is heard.
            await asyncio.to_thread(_import_core)
            from copilot_sdk.runtime.core.runtime import Runtime

            runtime = Runtime(
                home=self._home,
                model=self._world.model,
                default_model=self._world.default_model,
                limits=self._limits,
                accounts=self._world.accounts,
                stop=self._stop,
            )
        except BaseException:
            self.request_stop()
            raise
        if self._idle_timeout > 0:
            self._closing_idle = asyncio.create_task(runtime.close_idle_sessions(self._idle_timeout))
        return runtime


def _import_core() -> None:
    # A quarter of the time would go into collections that find nothing: what is imported stays.
    gc.disable()
    try:
        import_module("copilot_sdk.runtime.copilot.connection")
        from copilot_sdk.runtime.copilot.methods import METHODS

        METHODS.get("session.create")
        gc.freeze()
    finally:
        gc.enable()
