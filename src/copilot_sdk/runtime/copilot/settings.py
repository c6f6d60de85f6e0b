"""The options of `session.create` and `session.resume`, as the core wants them."""

from __future__ import annotations

from pathlib import Path

from copilot_sdk._generated.copilot.types import (
    CustomAgentConfig,
    ProtocolExternalToolDefinition,
    SessionCreateRequest,
    SessionResumeRequest,
    SystemMessageConfig,
    ToolDefinition,
)
from copilot_sdk.runtime.copilot.model_providers import named_models_of, provider_of
from copilot_sdk.runtime.core.clients import Client, ClientPort
from copilot_sdk.runtime.core.config import (
    CustomAgent,
    ExternalTool,
    SessionConfig,
    SystemPrompt,
)
from copilot_sdk.runtime.core.faults import RuntimeFault

SessionParams = SessionCreateRequest | SessionResumeRequest


def config_of(params: SessionParams, folder: Path) -> SessionConfig:
    """The settings of a session.

    Args:
        params: What the client sent.
        folder: Where the session works if the client does not say.

    Raises:
        RuntimeFault: The model providers cannot be used.
    """
    provider, named = provider_of(params.provider), named_models_of(params.providers, params.models)
    if provider is not None and (params.providers or params.models):
        raise RuntimeFault("provider: it cannot go together with `providers` and `models`")
    return SessionConfig(
        working_directory=Path(params.working_directory).resolve() if params.working_directory else folder,
        model=params.model or (None if params.provider is None else params.provider.model_id) or None,
        reasoning_effort=params.reasoning_effort,
        reasoning_summary=params.reasoning_summary,
        streaming=bool(params.streaming),
        sub_agent_streaming=params.include_subagent_streaming_events is not False,
        system_prompt=_system_prompt(params.system_message),
        provider=provider,
        named_models=named,
        available_tools=None if params.available_tools is None else frozenset(params.available_tools),
        excluded_tools=frozenset(params.excluded_tools or ()),
        agents=[_agent(agent) for agent in params.custom_agents or ()],
        additional_directories=tuple(Path(path) for path in params.additional_directories or ()),
        name=params.name if isinstance(params, SessionCreateRequest) else None,
        client_name=params.client_name,
    )


def client_of(port: ClientPort, params: SessionParams) -> Client:
    """What a client said it can do."""
    tools = [external_tool(tool) for tool in params.tools or ()]
    return Client(
        port=port,
        tools={tool.name: tool for tool in tools},
        answers_permissions=bool(params.request_permission),
        answers_questions=bool(params.request_user_input),
        answers_plans=bool(params.request_exit_plan_mode),
        answers_elicitations=bool(params.request_elicitation),
        runs_hooks=bool(params.hooks),
    )


def external_tool(tool: ToolDefinition | ProtocolExternalToolDefinition) -> ExternalTool:
    """A tool that a client runs."""
    return ExternalTool(
        name=tool.name,
        description=tool.description or "",
        parameters=tool.parameters or {"type": "object", "properties": {}},
        overrides_built_in=bool(tool.overrides_built_in_tool),
        skip_permission=bool(tool.skip_permission),
        is_terminal=bool(tool.is_terminal),
    )


def _system_prompt(message: SystemMessageConfig | None) -> SystemPrompt:
    if message is None:
        return SystemPrompt()
    return SystemPrompt("replace" if message.mode == "replace" else "append", message.content or "")


def _agent(agent: CustomAgentConfig) -> CustomAgent:
    return CustomAgent(
        name=agent.name,
        prompt=agent.prompt,
        display_name=agent.display_name or "",
        description=agent.description or "",
        tools=None if agent.tools is None else tuple(agent.tools),
        model=agent.model,
    )
