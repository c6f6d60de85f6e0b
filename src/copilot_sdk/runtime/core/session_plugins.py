"""The plugins of one session, and what they bring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from copilot_sdk.runtime.core.mcp.spec import ServerSpec
from copilot_sdk.runtime.core.plugin_parts import plugin_servers
from copilot_sdk.runtime.core.plugins import Plugin, Plugins, in_use, plugin_in


class SessionPlugins:
    """The plugins that a session has: those that were there when it looked, or those that its client names.

    Attributes:
        folders: The plugins that are enabled and there, and where.
        active: Those whose skills, agents, hooks and MCP servers the session uses.
    """

    def __init__(self, plugins: Plugins, directories: Sequence[Path], *, discovery: bool) -> None:
        """Looks at the plugins.

        Args:
            plugins: Those of the runtime.
            directories: The folders of more plugins.
            discovery: Whether the session uses what the user has installed.
        """
        self._plugins = plugins
        self._directories = directories
        self._discovery = discovery
        self._named: Sequence[Plugin] | None = None
        self.reload()

    def __iter__(self) -> Iterator[Plugin]:
        return iter(self._known)

    def reload(self) -> None:
        """Looks again, unless a client has named them."""
        if self._named is None:
            named = [plugin_in(folder, "given") for folder in self._directories if folder.is_dir()]
            plugins = self._plugins
            self._known = [*plugins, *named, *plugins.additional, *plugins.brought()]
        self.folders = in_use(self._known)
        self.active = [
            (plugin, folder)
            for plugin, folder in self.folders
            if self._discovery or plugin.kind != "installed"
        ]

    def name(self, plugins: Sequence[Plugin]) -> None:
        """Has the session use these plugins and no others."""
        self._known = self._named = list(plugins)
        self.reload()

    def servers(self) -> dict[str, ServerSpec]:
        """The MCP servers that they bring."""
        return {
            server.spec.name: server.spec
            for plugin, folder in self.active
            for server in plugin_servers(plugin, folder)
        }
