"""Methods of `session.mcp`: the MCP servers of a session."""

from __future__ import annotations

from collections.abc import Mapping

from copilot_sdk._generated.copilot.types import (
    MCPConfiguredServerList,
    MCPConfigureGitHubResult,
    MCPDisableRequest,
    MCPEnableRequest,
    MCPIsServerRunningRequest,
    MCPIsServerRunningResult,
    MCPListToolsRequest,
    MCPListToolsResult,
    MCPReloadWithConfigRequest,
    MCPRemoveGitHubResult,
    MCPRestartServerRequest,
    MCPServerList,
    MCPSetEnvValueModeParams,
    MCPSetEnvValueModeResult,
    MCPStartServerRequest,
    MCPStartServersResult,
    MCPStopServerRequest,
    MoveMCPLoadingToBackgroundResult,
    SessionMCPSetConnectedIdeInfoParams,
)
from copilot_sdk._model.json_values import is_object, texts_in
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.mcp.host import MCPHost
from copilot_sdk.runtime.core.mcp.server import Server, describe, origin_of
from copilot_sdk.runtime.core.mcp.spec import EnvMode, spec_of, specs_of
from copilot_sdk.runtime.core.system_message import ConnectedIDE

router = Router()

_ENV_MODES: Mapping[str, EnvMode] = {"direct": "direct", "indirect": "indirect"}


@router.plain("session.mcp.list")
async def _list(call: Call) -> MCPServerList:
    mcp = call.session.mcp
    await mcp.ready()
    servers = [describe(name, server) for name, server in mcp]
    return MCPServerList.model_validate({"servers": servers, "host": _host(mcp)})


@router.plain("session.mcp.listConfigured")
async def _list_configured(call: Call) -> MCPConfiguredServerList:
    servers = [_configured(name, server) for name, server in call.session.mcp]
    return MCPConfiguredServerList.model_validate({"servers": servers})


@router.on("session.mcp.listTools", MCPListToolsRequest)
async def _list_tools(call: Call, params: MCPListToolsRequest) -> MCPListToolsResult:
    connection = await call.session.mcp.connected(params.server_name)
    return MCPListToolsResult.model_validate({"tools": connection.tools})


@router.on("session.mcp.isServerRunning", MCPIsServerRunningRequest)
async def _is_running(call: Call, params: MCPIsServerRunningRequest) -> MCPIsServerRunningResult:
    return MCPIsServerRunningResult(running=call.session.mcp.is_running(params.server_name))


@router.on("session.mcp.startServer", MCPStartServerRequest)
async def _start(call: Call, params: MCPStartServerRequest) -> None:
    spec = None if params.config is None else spec_of(params.server_name, params.config)
    await call.session.mcp.start(params.server_name, spec)


@router.on("session.mcp.stopServer", MCPStopServerRequest)
async def _stop(call: Call, params: MCPStopServerRequest) -> None:
    await call.session.mcp.stop(params.server_name)


@router.on("session.mcp.restartServer", MCPRestartServerRequest)
async def _restart(call: Call, params: MCPRestartServerRequest) -> None:
    await call.session.mcp.restart(params.server_name)


@router.on("session.mcp.enable", MCPEnableRequest)
async def _enable(call: Call, params: MCPEnableRequest) -> None:
    await call.session.mcp.enable(params.server_name)


@router.on("session.mcp.disable", MCPDisableRequest)
async def _disable(call: Call, params: MCPDisableRequest) -> None:
    await call.session.mcp.disable(params.server_name)


@router.plain("session.mcp.reload")
async def _reload(call: Call) -> None:
    await call.session.mcp.reload()


@router.on("session.mcp.reloadWithConfig", MCPReloadWithConfigRequest)
async def _reload_with(call: Call, params: MCPReloadWithConfigRequest) -> MCPStartServersResult:
    config: object = params.config
    if not is_object(config):
        raise RuntimeFault(f"config: expected an object with mcpServers, got {config!r}")
    specs = specs_of(config.get("mcpServers"))
    failed = await call.session.mcp.replace(specs, texts_in(config.get("disabledServers")))
    return MCPStartServersResult.model_validate(
        {
            "filteredServers": [],
            "allowedServers": [],
            "failedServers": [{"name": name, "error": error} for name, error in failed.items()],
        }
    )


@router.on("session.mcp.setEnvValueMode", MCPSetEnvValueModeParams)
async def _set_env_value_mode(call: Call, params: MCPSetEnvValueModeParams) -> MCPSetEnvValueModeResult:
    mode = _ENV_MODES.get(params.mode)
    if mode is None:
        raise RuntimeFault(f"mode: expected one of {', '.join(_ENV_MODES)}, got {params.mode!r}")
    call.session.mcp.env_mode = mode
    return MCPSetEnvValueModeResult(mode=mode)


@router.plain("session.mcp.moveLoadingToBackground")
async def _move_loading(call: Call) -> MoveMCPLoadingToBackgroundResult:
    return MoveMCPLoadingToBackgroundResult(moved_to_background=call.session.mcp.release())


@router.plain("session.mcp.configureGitHub")
async def _configure_github(_: Call) -> MCPConfigureGitHubResult:
    # Who is signed in is an object of the caller's process: over the wire nothing can be set up with it.
    return MCPConfigureGitHubResult(changed=False)


@router.plain("session.mcp.removeGitHub")
async def _remove_github(_: Call) -> MCPRemoveGitHubResult:
    # The server of GitHub needs an account, and this runtime has none.
    return MCPRemoveGitHubResult(removed=False)


@router.on("session.mcp.setConnectedIdeInfo", SessionMCPSetConnectedIdeInfoParams)
async def _set_ide(call: Call, params: SessionMCPSetConnectedIdeInfoParams) -> None:
    ide = params.ide
    told = None if ide is None else ConnectedIDE(ide.ide_name, ide.workspace_folder)
    call.session.system_message.ide = told


def _host(mcp: MCPHost) -> dict[str, object]:
    by_status: dict[str, list[str]] = {}
    for name, server in mcp:
        by_status.setdefault(server.status, []).append(name)
    return {
        "mcp3pEnabled": True,
        "clients": by_status.get("connected", []),
        "disabledServers": by_status.get("disabled", []),
        "filteredServers": [],
        "pendingConnections": by_status.get("pending", []),
        "failedServers": {
            name: {"message": server.error, "timestamp": server.since}
            for name, server in mcp
            if server.status == "failed"
        },
        "needsAuthServers": {
            name: {"timestamp": server.since} for name, server in mcp if server.status == "needs-auth"
        },
    }


def _configured(name: str, server: Server) -> dict[str, object]:
    live: dict[str, object] = {"status": server.status, "toolsLoaded": server.live is not None}
    if server.error is not None:
        live["error"] = server.error
    return {
        "name": name,
        "enabled": server.status != "disabled",
        **origin_of(server.spec),
        "live": live,
    }
