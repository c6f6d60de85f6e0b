"""Methods of `mcp`: the MCP servers of the user's configuration, and where servers come from."""

from __future__ import annotations

import hashlib

from copilot_sdk._generated.copilot.types import (
    MCPConfigAddRequest,
    MCPConfigDisableRequest,
    MCPConfigEnableRequest,
    MCPConfigList,
    MCPConfigRemoveRequest,
    MCPConfigUpdateRequest,
    MCPDiscoverRequest,
    MCPDiscoverResult,
    MCPListBuiltinServerNamesResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.copilot.settings import raw
from copilot_sdk.runtime.core.mcp.config_file import pointer_part
from copilot_sdk.runtime.core.mcp.server import origin_of
from copilot_sdk.runtime.core.mcp.spec import specs_of
from copilot_sdk.runtime.core.plugin_parts import PluginServer, plugin_servers
from copilot_sdk.runtime.core.plugins import in_use

router = Router()


@router.plain("mcp.config.list")
async def _list(call: Call) -> MCPConfigList:
    return MCPConfigList.model_validate({"servers": call.runtime.mcp_config.servers()})


@router.on("mcp.config.add", MCPConfigAddRequest)
async def _add(call: Call, params: MCPConfigAddRequest) -> None:
    call.runtime.mcp_config.add(params.name, raw(params.config))


@router.on("mcp.config.update", MCPConfigUpdateRequest)
async def _update(call: Call, params: MCPConfigUpdateRequest) -> None:
    call.runtime.mcp_config.update(params.name, raw(params.config))


@router.on("mcp.config.remove", MCPConfigRemoveRequest)
async def _remove(call: Call, params: MCPConfigRemoveRequest) -> None:
    call.runtime.mcp_config.remove(params.name)


@router.on("mcp.config.enable", MCPConfigEnableRequest)
async def _enable(call: Call, params: MCPConfigEnableRequest) -> None:
    call.runtime.mcp_config.enable(params.names)


@router.on("mcp.config.disable", MCPConfigDisableRequest)
async def _disable(call: Call, params: MCPConfigDisableRequest) -> None:
    call.runtime.mcp_config.disable(params.names)


@router.plain("mcp.config.reload")
async def _reload(_: Call) -> None:
    """Nothing: the configuration is read whenever it is needed."""


@router.on("mcp.discover", MCPDiscoverRequest)
async def _discover(call: Call, params: MCPDiscoverRequest) -> MCPDiscoverResult:
    config = call.runtime.mcp_config
    disabled = config.disabled()
    plugins = call.runtime.plugins
    brought = [*in_use(plugins.brought()), *in_use(plugins)]
    servers = [
        {
            "name": server.spec.name,
            "type": server.spec.transport,
            "enabled": server.spec.name not in disabled,
            **origin_of(server.spec),
            "effectiveSource": _source_of(server) if params.include_effective_source else None,
        }
        for plugin, folder in brought
        for server in plugin_servers(plugin, folder)
    ]
    servers += [
        {
            "name": name,
            "type": spec.transport,
            "source": "user",
            "enabled": name not in disabled,
            "effectiveSource": config.source(name) if params.include_effective_source else None,
        }
        for name, spec in sorted(specs_of(config.servers()).items())
    ]
    return MCPDiscoverResult.model_validate({"servers": servers})


def _source_of(server: PluginServer) -> dict[str, object]:
    plugin, origin = server.plugin, "builtin" if server.plugin.kind == "builtin" else "plugin"
    identity = f"mp:{plugin.marketplace}::{plugin.name}" if plugin.marketplace else f"{origin}:{plugin.name}"
    return {
        "kind": origin,
        "id": hashlib.sha256(f"{server.file}\n{server.spec.name}".encode()).hexdigest(),
        "editability": "read-only",
        "file": {
            "uri": server.file.absolute().as_uri(),
            "jsonPointer": f"{server.pointer}/{pointer_part(server.spec.name)}",
        },
        "plugin": {"id": identity, "name": plugin.name, "version": plugin.version},
    }


@router.plain("mcp.listBuiltinServerNames")
async def _builtin_names(_: Call) -> MCPListBuiltinServerNamesResult:
    # No server comes with this runtime.
    return MCPListBuiltinServerNamesResult(names=[])
