"""What the folder of a plugin holds for sessions, where its manifest or the custom of plugins says."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from copilot_sdk._model.json_values import is_array, is_object, texts_in
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.json_files import MalformedFile, read_object
from copilot_sdk.runtime.core.mcp.spec import ServerSpec, filled_in, spec_of
from copilot_sdk.runtime.core.plugins import Plugin, manifest_of, manifest_path

_ROOTS = ("PLUGIN_ROOT", "COPILOT_PLUGIN_ROOT", "CLAUDE_PLUGIN_ROOT")
_SERVERS, _SERVERS_FILE = "mcpServers", ".mcp.json"


@dataclass(frozen=True, slots=True)
class PluginServer:
    """An MCP server of a plugin.

    Attributes:
        spec: Its settings.
        plugin: The plugin.
        file: Where its settings stand.
        pointer: Where in that file, as a JSON pointer without the name.
    """

    spec: ServerSpec
    plugin: Plugin
    file: Path
    pointer: str


def plugin_paths(folder: Path, part: str) -> list[Path]:
    """Where a plugin has things of one kind: where its manifest says, or else in the folder that is called so."""
    named = (manifest_of(folder) or {}).get(part)
    paths = [named] if isinstance(named, str) else texts_in(named)
    return [path for path in ((folder / path).resolve() for path in paths or [part]) if path.exists()]


def root_variables(folder: Path) -> dict[str, str]:
    """The variables that tell programs of a plugin where it is."""
    return dict.fromkeys(_ROOTS, str(folder))


def hook_variables(home: Path, plugin: Plugin, folder: Path) -> dict[str, str]:
    """The variables that hooks of a plugin get: where it is, and where it may keep things."""
    name = plugin.name
    if not plugin.marketplace:
        name = plugin.source_id or hashlib.sha256(str(folder).encode()).hexdigest()
    data = str(home / "plugin-data" / (plugin.marketplace or "_direct") / name)
    return {**root_variables(folder), "COPILOT_PLUGIN_DATA": data, "CLAUDE_PLUGIN_DATA": data}


def plugin_servers(plugin: Plugin, folder: Path) -> Iterator[PluginServer]:
    """The MCP servers of a plugin; those that cannot be used are left out."""
    for file, pointer, servers in _configured(folder):
        for name, config in servers.items():
            settings = _filled_in(config, {**os.environ, **root_variables(folder)})
            if not is_object(settings):
                continue
            variables = settings.get("env")
            settings = {
                "cwd": str(folder),
                **settings,
                "env": {**(variables if is_object(variables) else {}), **root_variables(folder)},
            }
            try:
                spec = spec_of(name, settings)
            except RuntimeFault:
                continue
            yield PluginServer(replace(spec, plugin=plugin), plugin, file, pointer)


def _configured(folder: Path) -> Iterator[tuple[Path, str, Mapping[str, object]]]:
    """The settings of servers by name, and where they stand."""
    usual, named = folder / _SERVERS_FILE, (manifest_of(folder) or {}).get(_SERVERS)
    if usual.is_file():
        named = _SERVERS_FILE
    manifest = manifest_path(folder)
    if is_object(named) and manifest is not None:
        yield manifest, f"/{_SERVERS}", named
    elif isinstance(named, str):
        try:
            content = read_object(folder / named)
        except MalformedFile:
            return
        servers = content.get(_SERVERS)
        if is_object(servers):
            yield folder / named, f"/{_SERVERS}", servers
        else:
            yield folder / named, "", content


def _filled_in(value: object, variables: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return filled_in(value, variables)
    if is_object(value):
        return {key: _filled_in(member, variables) for key, member in value.items()}
    return [_filled_in(member, variables) for member in value] if is_array(value) else value
