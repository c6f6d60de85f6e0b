"""The MCP servers of the user: `mcp-config.json` in the home folder, and which of them are turned off."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from copilot_sdk._model.json_values import is_object, texts_in
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.home_files import HomeFiles
from copilot_sdk.runtime.core.json_files import MalformedFile, read_object
from copilot_sdk.runtime.core.mcp.spec import ServerSpec, spec_of, specs_of

_logger = logging.getLogger("copilot_sdk.runtime")

Config = Mapping[str, object]

_SERVERS, _SETTINGS, _DISABLED = "mcp-config.json", "settings.json", "disabledMcpServers"


class MCPConfigFile:
    """What is configured for all sessions of a home folder."""

    def __init__(self, home: Path) -> None:
        self._files = HomeFiles(home)
        self.path = home / _SERVERS

    def servers(self) -> dict[str, Config]:
        """The settings of all servers, by their names.

        Raises:
            RuntimeFault: The file does not hold any.
        """
        if not self.path.exists():
            return {}
        try:
            servers = read_object(self.path, strict=True).get("mcpServers")
        except MalformedFile:
            servers = None
        if not is_object(servers):
            raise RuntimeFault(f"Failed to read configuration from {self.path}: mcpServers: Required")
        return {name: dict(config) for name, config in servers.items() if is_object(config)}

    def specs(self) -> dict[str, ServerSpec]:
        """The same as sessions use them; a file that cannot be used leaves them without."""
        try:
            return specs_of(self.servers())
        except RuntimeFault as fault:
            _logger.warning("%s", fault)
            return {}

    def disabled(self) -> list[str]:
        """The servers that are turned off."""
        return texts_in(self._files.read(_SETTINGS).get(_DISABLED))

    def source(self, name: str) -> Config:
        """Where the settings of a server stand."""
        return {
            "kind": "user",
            "id": sha256(str(self.path).encode()).hexdigest(),
            "editability": "editable",
            "file": {
                "uri": self.path.absolute().as_uri(),
                "jsonPointer": f"/mcpServers/{pointer_part(name)}",
            },
        }

    def add(self, name: str, config: Config) -> None:
        """Adds a server.

        Raises:
            RuntimeFault: There is one of that name, or the settings cannot be used.
        """
        servers = self.servers()
        if name in servers:
            raise RuntimeFault(f"MCP server '{name}' already exists. Use 'mcp.config.update' to modify it.")
        self._write({**servers, name: config})

    def update(self, name: str, config: Config) -> None:
        """Replaces the settings of a server.

        Raises:
            RuntimeFault: There is none of that name, or the settings cannot be used.
        """
        self._write({**self._with(name), name: config})

    def remove(self, name: str) -> None:
        """Deletes a server.

        Raises:
            RuntimeFault: There is none of that name.
        """
        servers = self._with(name)
        del servers[name]
        self._write(servers)

    def enable(self, names: Iterable[str]) -> None:
        """Turns servers on again."""
        wanted = set(names)
        self._set_disabled([name for name in self.disabled() if name not in wanted])

    def disable(self, names: Iterable[str]) -> None:
        """Turns servers off."""
        self._set_disabled(list(dict.fromkeys([*self.disabled(), *names])))

    def _with(self, name: str) -> dict[str, Config]:
        servers = self.servers()
        if name not in servers:
            raise RuntimeFault(f"MCP server '{name}' not found.")
        return servers

    def _write(self, servers: Mapping[str, Config]) -> None:
        for name, config in servers.items():
            try:
                spec_of(name, config)
            except RuntimeFault as fault:
                raise RuntimeFault(f"Failed to write configuration to {self.path}: {fault}") from fault
        self._files.write(_SERVERS, {"mcpServers": dict(servers)})

    def _set_disabled(self, names: list[str]) -> None:
        self._files.write(_SETTINGS, {**self._files.read(_SETTINGS), _DISABLED: names})


def pointer_part(name: str) -> str:
    """A name as a part of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
