"""Methods of `session.mcp.resources`, `.prompts` and `.apps`, and sampling: what MCP servers hold besides tools."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot.types import (
    MCPAppsCallToolRequest,
    MCPAppsDiagnoseRequest,
    MCPAppsDiagnoseResult,
    MCPAppsHostContext,
    MCPAppsListToolsRequest,
    MCPAppsListToolsResult,
    MCPAppsReadResourceRequest,
    MCPAppsReadResourceResult,
    MCPAppsSetHostContextRequest,
    MCPCancelSamplingExecutionParams,
    MCPCancelSamplingExecutionResult,
    MCPExecuteSamplingParams,
    MCPPromptsGetRequest,
    MCPPromptsGetResult,
    MCPPromptsListRequest,
    MCPPromptsListResult,
    MCPResourcesListRequest,
    MCPResourcesListResult,
    MCPResourcesListTemplatesRequest,
    MCPResourcesListTemplatesResult,
    MCPResourcesReadRequest,
    MCPResourcesReadResult,
    MCPSamplingExecutionResult,
)
from copilot_sdk._model import WireModel
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.mcp.faults import ServerError
from copilot_sdk.runtime.core.mcp.tool import is_for, ui_of
from copilot_sdk.runtime.core.payloads import to_json

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.mcp.connection import Connection

router = Router()

_NOT_CONNECTED = "MCP server not connected: {}"
_SAMPLE = 5


class _ToolResult(WireModel):
    """What a tool call came to, as the server said it."""


@router.on("session.mcp.resources.list", MCPResourcesListRequest)
async def _list_resources(call: Call, params: MCPResourcesListRequest) -> MCPResourcesListResult:
    connection = await _connected(call, params.server_name)
    page = await _asked("resources/list", params.server_name, connection.resources(params.cursor))
    return MCPResourcesListResult.model_validate(_members(page, "resources", "nextCursor"))


@router.on("session.mcp.resources.listTemplates", MCPResourcesListTemplatesRequest)
async def _list_templates(
    call: Call, params: MCPResourcesListTemplatesRequest
) -> MCPResourcesListTemplatesResult:
    connection = await _connected(call, params.server_name)
    page = await _asked(
        "resources/templates/list", params.server_name, connection.resource_templates(params.cursor)
    )
    return MCPResourcesListTemplatesResult.model_validate(_members(page, "resourceTemplates", "nextCursor"))


@router.on("session.mcp.resources.read", MCPResourcesReadRequest)
async def _read_resource(call: Call, params: MCPResourcesReadRequest) -> MCPResourcesReadResult:
    connection = await _connected(call, params.server_name)
    about = f"{params.server_name} ({params.uri})"
    found = await _asked("resources/read", about, connection.read_resource(params.uri))
    return MCPResourcesReadResult.model_validate(_members(found, "contents"))


@router.on("session.mcp.prompts.list", MCPPromptsListRequest)
async def _list_prompts(call: Call, params: MCPPromptsListRequest) -> MCPPromptsListResult:
    connection = await _connected(call, params.server_name)
    page = await _asked("prompts/list", params.server_name, connection.prompts(params.cursor))
    return MCPPromptsListResult.model_validate(_members(page, "prompts", "nextCursor", "_meta"))


@router.on("session.mcp.prompts.get", MCPPromptsGetRequest)
async def _get_prompt(call: Call, params: MCPPromptsGetRequest) -> MCPPromptsGetResult:
    connection = await _connected(call, params.server_name)
    found = await _asked(
        "prompts/get", params.server_name, connection.prompt(params.prompt_name, params.arguments or {})
    )
    return MCPPromptsGetResult.model_validate(_members(found, "description", "messages", "_meta"))


@router.on("session.mcp.apps.readResource", MCPAppsReadResourceRequest)
async def _read_app(call: Call, params: MCPAppsReadResourceRequest) -> MCPAppsReadResourceResult:
    _check_apps(call)
    connection = await _connected(call, params.server_name)
    about = f"{params.server_name} ({params.uri})"
    found = await _asked("resources/read", about, connection.read_resource(params.uri))
    return MCPAppsReadResourceResult.model_validate(_members(found, "contents"))


@router.on("session.mcp.apps.listTools", MCPAppsListToolsRequest)
async def _list_app_tools(call: Call, params: MCPAppsListToolsRequest) -> MCPAppsListToolsResult:
    _check_apps(call)
    if params.origin_server_name != params.server_name:
        raise RuntimeFault(
            f'Cross-server MCP App tools/list is not allowed: app loaded from "{params.origin_server_name}" '
            f'cannot list the tools of "{params.server_name}"'
        )
    connection = await _connected(call, params.server_name)
    return MCPAppsListToolsResult(tools=[tool for tool in connection.tools if is_for(tool, "app")])


@router.on("session.mcp.apps.callTool", MCPAppsCallToolRequest)
async def _call_app_tool(call: Call, params: MCPAppsCallToolRequest) -> _ToolResult:
    _check_apps(call)
    server, tool = params.server_name, params.tool_name
    if params.origin_server_name != server:
        raise RuntimeFault(
            f'Cross-server MCP App tools/call is not allowed: app loaded from "{params.origin_server_name}" '
            f'cannot call {tool} on "{server}"'
        )
    connection = await _connected(call, server)
    definition = next((known for known in connection.tools if known["name"] == tool), None)
    if definition is None or not is_for(definition, "app"):
        raise RuntimeFault(f'The tool "{tool}" of MCP server "{server}" is not open to apps')
    result = await _asked("tools/call", server, connection.call(tool, params.arguments or {}))
    return _ToolResult.model_validate(result)


@router.on("session.mcp.apps.setHostContext", MCPAppsSetHostContextRequest)
async def _set_host_context(call: Call, params: MCPAppsSetHostContextRequest) -> None:
    call.session.mcp.app_context = to_json(params.context)


@router.plain("session.mcp.apps.getHostContext")
async def _get_host_context(call: Call) -> MCPAppsHostContext:
    return MCPAppsHostContext.model_validate({"context": call.session.mcp.app_context})


@router.on("session.mcp.apps.diagnose", MCPAppsDiagnoseRequest)
async def _diagnose(call: Call, params: MCPAppsDiagnoseRequest) -> MCPAppsDiagnoseResult:
    session = call.session
    await session.mcp.ready()
    connected = session.mcp.is_running(params.server_name)
    tools = (await session.mcp.connected(params.server_name)).tools if connected else []
    with_view = [str(tool["name"]) for tool in tools if ui_of(tool)]
    able = session.clients.shows_apps
    return MCPAppsDiagnoseResult.model_validate(
        {
            "capability": {"sessionHasMcpApps": able, "featureFlagEnabled": True, "advertised": able},
            "server": {
                "connected": connected,
                "toolCount": len(tools),
                "toolsWithUiMeta": len(with_view),
                "sampleToolNames": with_view[:_SAMPLE],
            },
        }
    )


@router.on("session.mcp.executeSampling", MCPExecuteSamplingParams)
async def _execute_sampling(call: Call, params: MCPExecuteSamplingParams) -> MCPSamplingExecutionResult:
    sampling = call.session.mcp.sampling
    outcome = await sampling.execute(params.request_id, to_json(params.request))
    return MCPSamplingExecutionResult.model_validate(outcome)


@router.on("session.mcp.cancelSamplingExecution", MCPCancelSamplingExecutionParams)
async def _cancel_sampling(
    call: Call, params: MCPCancelSamplingExecutionParams
) -> MCPCancelSamplingExecutionResult:
    return MCPCancelSamplingExecutionResult(cancelled=call.session.mcp.sampling.cancel(params.request_id))


async def _connected(call: Call, server: str) -> Connection:
    return await call.session.mcp.connected(server, _NOT_CONNECTED)


async def _asked(method: str, about: str, request: Awaitable[dict[str, object]]) -> dict[str, object]:
    try:
        return await request
    except ServerError as error:
        raise RuntimeFault(f"MCP {method} failed for {about}: {error}") from error


def _members(result: dict[str, object], *names: str) -> dict[str, object]:
    return {name: result[name] for name in names if name in result}


def _check_apps(call: Call) -> None:
    if not call.session.clients.shows_apps:
        raise RuntimeFault('The "mcp-apps" capability is not available in this session')
