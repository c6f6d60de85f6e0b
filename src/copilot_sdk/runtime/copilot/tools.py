"""Methods of `session.tools`, and `tools.list`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from copilot_sdk._generated.copilot.types import (
    BuiltinToolDescriptor,
    BuiltinToolInputSchema,
    CurrentToolMetadata,
    ExternalToolTextResultForLLM,
    HandlePendingToolCallRequest,
    HandlePendingToolCallResult,
    PendingExternalToolRequest,
    PendingExternalToolRequestList,
    SessionTaskCompleteData,
    Tool,
    ToolList,
    ToolResultExpanded,
    ToolsExecuteRequest,
    ToolsGetBuiltinDescriptorsRequest,
    ToolsGetBuiltinDescriptorsResult,
    ToolsGetCurrentMetadataResult,
    ToolsInitializeAndValidateResult,
    ToolsListRequest,
    ToolsSetRequest,
    ToolsSetResult,
    ToolsTaskCompleteEventDataRequest,
    ToolsUpdateSubagentSettingsResult,
    UpdateSubagentSettingsRequest,
)
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.copilot.settings import external_tool
from copilot_sdk.runtime.core.agent_models import ModelWish
from copilot_sdk.runtime.core.built_in_agents import BUILT_IN
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.custom_agents import AgentSettings
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.hooks import HookCall
from copilot_sdk.runtime.core.payloads import to_json
from copilot_sdk.runtime.core.tool_calls import ToolCalls
from copilot_sdk.runtime.core.tools.base import ResultKind, ToolResult
from copilot_sdk.runtime.core.tools.toolbox import built_in_tools
from copilot_sdk.runtime.core.tools.user import TaskComplete

router = Router()

_KINDS: Mapping[str, ResultKind] = {
    "success": "success",
    "failure": "failure",
    "rejected": "rejected",
    "denied": "denied",
    "timeout": "timeout",
}


@router.on("session.tools.handlePendingToolCall", HandlePendingToolCallRequest)
async def _handle(call: Call, params: HandlePendingToolCallRequest) -> HandlePendingToolCallResult:
    result = tool_result(params)
    return HandlePendingToolCallResult(success=call.session.external.resolve(params.request_id, result))


@router.on("session.tools.set", ToolsSetRequest)
async def _set(call: Call, params: ToolsSetRequest) -> ToolsSetResult:
    offered = {tool.name: external_tool(tool) for tool in params.tools}
    call.session.members.set_tools(call.connection, offered)
    return ToolsSetResult()


@router.plain("session.tools.listPendingRequests")
async def _list_pending(call: Call) -> PendingExternalToolRequestList:
    return PendingExternalToolRequestList(
        items=[
            PendingExternalToolRequest(
                request_id=request_id,
                tool_call_id=pending.call_id,
                tool_name=pending.tool,
                arguments=dict(pending.arguments),
                agent_id=pending.agent_id,
            )
            for request_id, pending in call.session.external
        ]
    )


@router.on("session.tools.updateSubagentSettings", UpdateSubagentSettingsRequest)
async def _update_settings(
    call: Call, params: UpdateSubagentSettingsRequest
) -> ToolsUpdateSubagentSettingsResult:
    settings = params.subagents
    entries = (settings.agents or {}) if settings is not None else {}
    call.session.agents.settings = AgentSettings(
        disabled=frozenset((settings.disabled_subagents or ()) if settings is not None else ()),
        wishes={
            name: ModelWish(entry.model, entry.effort_level, entry.context_tier)
            for name, entry in entries.items()
        },
    )
    return ToolsUpdateSubagentSettingsResult()


@router.on("session.tools.execute", ToolsExecuteRequest)
async def _execute(call: Call, params: ToolsExecuteRequest) -> ToolResultExpanded:
    if not params.name:
        raise RuntimeFault("name: expected the name of a tool")
    calls = ToolCalls(call.session.agent, turn_id="")
    result = await calls.run_one(HookCall(params.tool_call_id or new_id(), params.name, params.arguments))
    return ToolResultExpanded(
        text_result_for_llm=result.text,
        result_type=result.kind,
        error=result.error,
        session_log=result.detail,
        tool_telemetry=None if result.telemetry is None else dict(result.telemetry),
    )


@router.on("session.tools.getBuiltinDescriptors", ToolsGetBuiltinDescriptorsRequest)
async def _get_descriptors(
    call: Call, _: ToolsGetBuiltinDescriptorsRequest
) -> ToolsGetBuiltinDescriptorsResult:
    agents = sorted(call.session.agents.startable())
    return ToolsGetBuiltinDescriptorsResult(
        tools=[
            BuiltinToolDescriptor(
                name=tool.name,
                title=None,
                description=tool.description,
                input_schema=BuiltinToolInputSchema.model_validate(dict(tool.parameters)),
                instructions=None,
                type=None,
                format=None,
                safe_for_telemetry=True,
                is_terminal=tool.name == TaskComplete.name,
                has_summarise_intention=False,
            )
            for tool in built_in_tools(agents)
        ]
    )


@router.plain("session.tools.initializeAndValidate")
async def _validate(call: Call) -> ToolsInitializeAndValidateResult:
    call.session.toolbox(sub_agent=False)
    return ToolsInitializeAndValidateResult()


@router.plain("session.tools.getCurrentMetadata")
async def _current(call: Call) -> ToolsGetCurrentMetadataResult:
    tools = call.session.toolbox(sub_agent=False).values()
    return ToolsGetCurrentMetadataResult(
        tools=[
            CurrentToolMetadata(
                name=tool.name, description=tool.description, input_schema=dict(tool.parameters)
            )
            for tool in tools
        ]
    )


@router.on("tools.list", ToolsListRequest)
async def _list(_call: Call, _params: ToolsListRequest) -> ToolList:
    agents = [kind.name for kind in BUILT_IN]
    return ToolList(
        tools=[
            Tool(name=tool.name, description=tool.description, parameters=dict(tool.parameters))
            for tool in built_in_tools(agents)
        ]
    )


def tool_result(params: HandlePendingToolCallRequest) -> ToolResult:
    """What a client handed in, as a result of the tool."""
    if params.error is not None:
        return ToolResult(f"Tool execution failed: {params.error}", kind="failure", error=params.error)
    result = params.result
    if isinstance(result, ExternalToolTextResultForLLM):
        return _detailed(result)
    # An object of another shape is shown to the model as it came.
    return ToolResult(result if isinstance(result, str) else "" if result is None else json.dumps(result.raw))


def _detailed(result: ExternalToolTextResultForLLM) -> ToolResult:
    default: ResultKind = "success" if result.error is None else "failure"
    return ToolResult(
        result.text_result_for_llm,
        kind=_KINDS.get(result.result_type or "", default),
        error=result.error,
        detail=result.session_log,
        contents=[to_json(block) for block in result.contents or ()],
        telemetry=result.tool_telemetry,
    )


@router.on("session.tools.taskCompleteEventData", ToolsTaskCompleteEventDataRequest)
async def _task_complete(_: Call, params: ToolsTaskCompleteEventDataRequest) -> SessionTaskCompleteData:
    arguments = params.tool_args
    summary = arguments.get("summary") if is_object(arguments) else None
    return SessionTaskCompleteData(
        summary=summary if isinstance(summary, str) else "",
        success=params.final_result.result_type == "success",
    )
