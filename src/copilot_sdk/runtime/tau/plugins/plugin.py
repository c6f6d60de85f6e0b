"""A plugin as long as it is configured: it is started when it is needed, and again when it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from copilot_sdk._generated.tau.types import (
    PluginHook,
    PluginHookResult,
    PluginRegister,
    PluginSessionStart,
    PluginToolCall,
    PluginToolResult,
)
from copilot_sdk.runtime.tau.plugins.process import PluginEnded, PluginFault, PluginHouse, PluginProcess
from copilot_sdk.runtime.tau.settings import PluginSettings


class Plugin:
    """One plugin, whether or not it runs.

    Attributes:
        name: What it is called in the settings.
        settings: How it is started.
        registered: What it had when it was started last.
    """

    def __init__(
        self, name: str, settings: PluginSettings, folder: Path, house: PluginHouse, idle_seconds: float
    ) -> None:
        self.name = name
        self.settings = settings
        self.registered = PluginRegister(name=name)
        self._folder = folder
        self._house = house
        self._idle_seconds = idle_seconds
        self._starting = asyncio.Lock()
        self._process: PluginProcess | None = None
        self._closed = False

    def has_hook(self, name: str) -> bool:
        """Whether it wants to be called at a hook."""
        return name in self.registered.hooks

    async def start(self) -> PluginProcess:
        """Its process, started unless it runs.

        Raises:
            PluginFault: It does not start, or is not to any more.
        """
        async with self._starting:
            if self._closed:
                raise PluginFault(f"the plugin {self.name} was taken away")
            if self._process is not None and not self._process.ended:
                return self._process
            if self._process is not None:
                await self._process.aclose()
            self._process = await PluginProcess.start(
                self.name, self.settings, self._folder, self._house, self._idle_seconds
            )
            self.registered = self._process.registered
            return self._process

    async def ask(self, frame: PluginHook | PluginSessionStart) -> PluginHookResult | None:
        """Calls a hook; None where no answer came.

        Raises:
            PluginFault: It does not start.
        """
        while True:
            process = await self.start()
            rested = process.resting
            result = await process.ask(frame)
            if result is not None or not (rested and process.ended):
                return result
            # It has just taken its leave.

    async def call(self, frame: PluginToolCall, on_output: Callable[[str], None]) -> PluginToolResult:
        """Calls a tool; see `PluginProcess.call`.

        Raises:
            PluginFault: It does not start, or gave no result.
        """
        while True:
            process = await self.start()
            rested = process.resting
            try:
                return await process.call(frame, on_output)
            except PluginEnded:
                # It may just have taken its leave.
                if not rested:
                    raise

    async def aclose(self) -> None:
        """Ends it for good."""
        self._closed = True
        async with self._starting:
            if self._process is not None:
                await self._process.aclose()
