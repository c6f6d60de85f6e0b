"""Methods of `mcp`: the MCP servers of the user's configuration, and where servers come from."""

from __future__ import annotations

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
from copilot_sdk.runtime.core.mcp.spec import specs_of

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
    servers = [
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


@router.plain("mcp.listBuiltinServerNames")
async def _builtin_names(_: Call) -> MCPListBuiltinServerNamesResult:
    # No server comes with this runtime.
    return MCPListBuiltinServerNamesResult(names=[])
