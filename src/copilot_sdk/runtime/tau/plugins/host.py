"""All plugins of a daemon: those that serve all sessions, and those that each session has for itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from copilot_sdk._generated.tau.types import PluginHook, PluginTool
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.scope import TaskScope
from copilot_sdk.runtime.tau.plugins.plugin import Plugin
from copilot_sdk.runtime.tau.plugins.process import PluginFault, PluginHouse
from copilot_sdk.runtime.tau.settings import Config, PluginSettings, Settings
from copilot_sdk.runtime.tau.tree import Node

_logger = logging.getLogger("copilot_sdk.runtime")


class SessionPlugins:
    """The plugins that a session has.

    Attributes:
        all: All of them, those of all sessions first.
        own: Those that serve no other session.
        tools: Their tools by name, and whose they are; the first to have a name keeps it.
        faults: What went wrong with some.
    """

    def __init__(self, shared: Sequence[Plugin], own: Sequence[Plugin], faults: Sequence[str]) -> None:
        self.all = [*shared, *own]
        self.own = own
        self.faults = faults
        self.tools: dict[str, tuple[Plugin, PluginTool]] = {}
        for plugin in self.all:
            for tool in plugin.registered.tools:
                self.tools.setdefault(tool.name, (plugin, tool))

    @property
    def prompt(self) -> str:
        """What the model is told of the tools before anything else."""
        tools = [tool for _, tool in self.tools.values()]
        snippets = [tool.prompt_snippet for tool in tools if tool.prompt_snippet]
        rules = dict.fromkeys(rule for tool in tools for rule in tool.prompt_guidelines)
        return "\n\n".join([*snippets, "\n".join(f"- {rule}" for rule in rules)]).strip()

    def with_hook(self, name: str) -> Sequence[Plugin]:
        """Those that want to be called at a hook."""
        return [plugin for plugin in self.all if plugin.has_hook(name)]


class PluginHost:
    """Starts plugins and ends them."""

    def __init__(self, settings: Settings, home: Path, scope: TaskScope, house: PluginHouse) -> None:
        """Begins to start those that serve all sessions.

        Args:
            settings: Where they are configured.
            home: Where those of all sessions run.
            scope: The tasks in which they are started, and hooks called that nobody waits for.
            house: What the daemon does for them.
        """
        self._settings = settings
        self._home = home
        self._scope = scope
        self._house = house
        self._changing = asyncio.Lock()
        self._shared: dict[str, Plugin] = {}
        self._shared_faults: Sequence[str] = ()
        self._of: dict[str, SessionPlugins] = {}
        self._first = scope.start(self._renew(), name="plugins")

    async def begin(self, node: Node) -> SessionPlugins:
        """The plugins of a session that begins; those that do not start are among the faults."""
        await asyncio.wait({self._first})
        config, faults = self._config()
        wanted = config.plugins_of("session")
        own, own_faults = await self._started(wanted, Path(node.cwd), config.plugin_idle_seconds)
        made = SessionPlugins(list(self._shared.values()), own, [*faults, *self._shared_faults, *own_faults])
        self._of[node.id] = made
        return made

    async def renew(self, node: Node) -> SessionPlugins:
        """Starts the plugins of a session anew as they are configured now.

        Those of all sessions go on, unless they are configured otherwise by now.
        """
        await self._renew()
        await self.end(node.id)
        return await self.begin(node)

    async def end(self, session_id: str) -> None:
        """Ends the plugins that served a session alone."""
        if (gone := self._of.get(session_id)) is not None:
            # Known until they have ended: this may be cancelled meanwhile.
            await _close(gone.own)
            self._of.pop(session_id, None)

    def fire(self, name: str, data: object) -> None:
        """Calls a hook of all plugins that want it, without waiting for their answers."""
        for plugin in self._all():
            if plugin.has_hook(name):
                self._scope.start(self._fire(plugin, PluginHook(name=name, data=data)), name=f"hook {name}")

    async def _fire(self, plugin: Plugin, frame: PluginHook) -> None:
        try:
            await plugin.ask(frame)
        except PluginFault as fault:
            _logger.warning("%s", fault)

    async def aclose(self) -> None:
        """Ends all of them, and what they have asked for."""
        await self._close_all()
        await self._house.requests.aclose()
        # A request may have begun a session meanwhile.
        await self._close_all()

    async def _close_all(self) -> None:
        await _close(self._all())

    def _all(self) -> Sequence[Plugin]:
        return [*self._shared.values(), *(plugin for of in self._of.values() for plugin in of.own)]

    async def _renew(self) -> None:
        """Starts the plugins of all sessions that do not run as they are configured, and ends what is to be no more."""
        async with self._changing:
            config, faults = self._config()
            wanted = config.plugins_of("global")
            kept = {name: p for name, p in self._shared.items() if wanted.get(name) == p.settings}
            await _close(plugin for name, plugin in self._shared.items() if name not in kept)
            self._shared = kept
            new = {name: settings for name, settings in wanted.items() if name not in kept}
            started, more = await self._started(new, self._home, config.plugin_idle_seconds)
            self._shared = {**kept, **{plugin.name: plugin for plugin in started}}
            self._shared_faults = [*faults, *more]

    def _config(self) -> tuple[Config, Sequence[str]]:
        try:
            return self._settings.read(), ()
        except RuntimeFault as fault:
            _logger.warning("there are no plugins: %s", fault)
            return Config(), [str(fault)]

    async def _started(
        self, wanted: Mapping[str, PluginSettings], folder: Path, idle_seconds: float
    ) -> tuple[Sequence[Plugin], Sequence[str]]:
        """Starts plugins side by side, and gives those that registered and what is wrong with the others."""
        plugins = [
            Plugin(name, settings, folder, self._house, idle_seconds) for name, settings in wanted.items()
        ]
        try:
            faults = await asyncio.gather(*map(_start, plugins))
        except BaseException:
            await _close(plugins)
            raise
        registered = [plugin for plugin, fault in zip(plugins, faults, strict=True) if fault is None]
        return registered, [fault for fault in faults if fault is not None]


async def _start(plugin: Plugin) -> str | None:
    try:
        await plugin.start()
    except PluginFault as fault:
        _logger.warning("%s", fault)
        return str(fault)
    return None


async def _close(plugins: Iterable[Plugin]) -> None:
    await asyncio.gather(*(plugin.aclose() for plugin in plugins))
