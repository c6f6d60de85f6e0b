"""The options of `session.create` and `session.resume`, as the core wants them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from copilot_sdk._generated.copilot import types
from copilot_sdk._generated.copilot.types import SessionCreateRequest, SessionResumeRequest
from copilot_sdk._model import UnknownVariant
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.copilot.github_tokens import github_tokens_of
from copilot_sdk.runtime.copilot.model_providers import (
    bearer_tokens_of,
    named_models_of,
    named_providers_of,
    provider_of,
)
from copilot_sdk.runtime.copilot.router import Call
from copilot_sdk.runtime.core.clients import Client
from copilot_sdk.runtime.core.config import (
    SECTION_ACTIONS,
    AgentDefinition,
    Autopilot,
    ExternalTool,
    ManagedPermissions,
    Section,
    SessionConfig,
    SystemPrompt,
    Thresholds,
)
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.mcp.host import MISSING, is_available
from copilot_sdk.runtime.core.mcp.spec import ServerSpec, specs_of
from copilot_sdk.runtime.core.payloads import to_json
from copilot_sdk.runtime.core.sandbox.config import SandboxConfig, read_config

if TYPE_CHECKING:
    from copilot_sdk.runtime.copilot.connection import Connection
    from copilot_sdk.runtime.copilot.skills import ClientSkills
    from copilot_sdk.runtime.core.canvases import CanvasProvider

SessionParams = SessionCreateRequest | SessionResumeRequest


def config_of(call: Call, params: SessionParams, folder: Path) -> SessionConfig:
    """The settings of a session.

    Args:
        call: The request.
        params: What the client sent.
        folder: Where the session works.

    Raises:
        RuntimeFault: A model provider, or a model of one, cannot be used, or one is given beside GitHub tokens.
    """
    provider, named = provider_of(params.provider), named_models_of(params.providers, params.models)
    if provider is not None and (params.providers or params.models):
        raise RuntimeFault(
            "Cannot combine the legacy singular `provider` option with the `providers`/`models` registry."
        )
    return SessionConfig(
        working_directory=folder,
        model=params.model or (None if params.provider is None else params.provider.model_id) or None,
        reasoning_effort=params.reasoning_effort,
        reasoning_summary=params.reasoning_summary,
        context_tier=params.context_tier,
        streaming=bool(params.streaming),
        sub_agent_streaming=params.include_subagent_streaming_events is not False,
        system_prompt=_system_prompt(params.system_message),
        provider=provider,
        named_models=named,
        named_providers=named_providers_of(params.providers),
        github=github_tokens_of(call, params),
        available_tools=None if params.available_tools is None else frozenset(params.available_tools),
        excluded_tools=frozenset(params.excluded_tools or ()),
        disabled_skills=frozenset(params.disabled_skills or ()),
        skills=params.enable_skills,
        skill_directories=tuple(Path(path) for path in params.skill_directories or ()),
        agents=[_agent(agent) for agent in params.custom_agents or ()],
        agent=params.agent,
        config_discovery=bool(params.enable_config_discovery),
        agent_directories=tuple(Path(path) for path in params.agent_directories or ()),
        plugin_directories=tuple(folder / path for path in params.plugin_directories or ()),
        additional_directories=tuple(Path(path) for path in params.additional_directories or ()),
        autopilot=autopilot_of(params.autopilot, Autopilot()),
        managed=_managed(params.managed_settings),
        mcp_servers=mcp_servers(params.mcp_servers),
        disabled_mcp_servers=tuple(params.disabled_mcp_servers or ()),
        env_value_mode="indirect" if params.env_value_mode == "indirect" else "direct",
        max_ai_credits=None if params.session_limits is None else params.session_limits.max_ai_credits,
        name=params.name if isinstance(params, SessionCreateRequest) else None,
        extensions=bool(params.request_extensions),
        hook_directories=tuple(Path(path) for path in params.hook_directories or ()),
        telemetry=params.enable_session_telemetry is not False,
        client_name=params.client_name,
        compaction=_thresholds(params.infinite_sessions),
        sandbox=sandbox_of(params.sandbox_config),
        tracks_files=bool(params.enable_file_change_tracking),
    )


def sandbox_of(config: types.SandboxConfig | None) -> SandboxConfig:
    """The settings of a sandbox; those of one that is off if there are none."""
    return read_config(None if config is None else to_json(config), "sandboxConfig")


def client_of(connection: Connection, params: SessionParams) -> Client:
    """What a client said it can do."""
    tools = [external_tool(tool) for tool in params.tools or ()]
    return Client(
        port=connection,
        participant_id=connection.participant_id,
        is_extension=connection.is_extension,
        tools={tool.name: tool for tool in tools},
        commands={command.name: command.description or "" for command in params.commands or ()},
        transforms=frozenset(
            name for name, section in _sections(params.system_message) if section.action == "transform"
        ),
        answers_permissions=bool(params.request_permission),
        answers_questions=bool(params.request_user_input),
        answers_plans=bool(params.request_exit_plan_mode),
        answers_switches=bool(params.request_auto_mode_switch),
        answers_elicitations=bool(params.request_elicitation),
        shows_apps=bool(params.request_mcp_apps),
        runs_hooks=bool(params.hooks),
        shows_canvases=bool(params.request_canvas_renderer),
        canvases=_canvases(connection, params),
        skills=_skills(connection, params),
        bearer_tokens=bearer_tokens_of(connection, params.provider, params.providers),
    )


def _canvases(connection: Connection, params: SessionParams) -> CanvasProvider | None:
    if not params.canvases:
        return None
    from copilot_sdk.runtime.copilot.canvases import canvases_of

    return canvases_of(connection, params)


def _skills(connection: Connection, params: SessionParams) -> ClientSkills | None:
    if not params.has_skill_provider:
        return None
    from copilot_sdk.runtime.copilot.skills import ClientSkills

    return ClientSkills(connection)


def mcp_servers(servers: Mapping[str, object] | None) -> dict[str, ServerSpec]:
    """The settings of MCP servers.

    Raises:
        RuntimeFault: They cannot be used, or the package that is needed for it is missing.
    """
    if servers and not is_available():
        raise RuntimeFault(MISSING)
    return specs_of({name: raw(config) for name, config in (servers or {}).items()})


def raw(value: object) -> dict[str, object]:
    """An object of the wire as it came."""
    if isinstance(value, UnknownVariant):
        return value.raw
    return to_json(value) if isinstance(value, BaseModel) else dict(value) if is_object(value) else {}


def external_tool(tool: types.ToolDefinition | types.ProtocolExternalToolDefinition) -> ExternalTool:
    """A tool that a client runs."""
    return ExternalTool(
        name=tool.name,
        description=tool.description or "",
        parameters=tool.parameters or {"type": "object", "properties": {}},
        overrides_built_in=bool(tool.overrides_built_in_tool),
        skip_permission=bool(tool.skip_permission),
        is_terminal=bool(tool.is_terminal),
    )


def _thresholds(infinite: types.InfiniteSessionConfig | None) -> Thresholds:
    usual = Thresholds()
    if infinite is None:
        return usual
    background, exhausted = infinite.background_compaction_threshold, infinite.buffer_exhaustion_threshold
    return Thresholds(
        enabled=infinite.enabled is not False,
        background=usual.background if background is None else background,
        exhausted=usual.exhausted if exhausted is None else exhausted,
    )


def _system_prompt(message: types.SystemMessageConfig | None) -> SystemPrompt:
    if message is None:
        return SystemPrompt()
    return SystemPrompt(
        replaces=message.mode == "replace",
        content=message.content or "",
        sections={name: _section(name, section) for name, section in _sections(message)},
    )


def autopilot_of(
    options: types.AutopilotConfig | types.AutopilotOptions | None, before: Autopilot
) -> Autopilot:
    """How autopilot mode goes on; what is left open stays as it was before."""
    if options is None:
        return before
    continues, most = options.continuation_enabled, options.max_continues
    return Autopilot(
        continues=before.continues if continues is None else continues,
        most=before.most if most is None else most,
    )


def _sections(message: types.SystemMessageConfig | None) -> Iterable[tuple[str, types.SystemMessageSection]]:
    return () if message is None or message.sections is None else message.sections.items()


def _section(name: str, section: types.SystemMessageSection) -> Section:
    action = SECTION_ACTIONS.get(section.action)
    if action is None:
        known = ", ".join(SECTION_ACTIONS)
        raise RuntimeFault(
            f"systemMessage.sections.{name}.action: expected one of {known}, got {section.action!r}"
        )
    return Section(action, section.content or "")


def _managed(settings: types.ManagedSettings | None) -> ManagedPermissions:
    if settings is None:
        return ManagedPermissions()
    from copilot_sdk.runtime.core.managed.clients import read_client_document
    from copilot_sdk.runtime.core.managed.permissions import BYPASS, strings_in

    document = read_client_document(settings.to_wire())
    rules = None if document is None else document.get("permissions")
    if not is_object(rules):
        return ManagedPermissions(document=document)
    return ManagedPermissions(
        deny=tuple(strings_in(rules.get("deny"))),
        ask=tuple(strings_in(rules.get("ask"))),
        allow=tuple(strings_in(rules.get("allow"))),
        limit_to=tuple(strings_in(rules["limitTo"])) if "limitTo" in rules else None,
        bypass_disabled=BYPASS in rules,
        document=document,
    )


def _agent(agent: types.CustomAgentConfig) -> AgentDefinition:
    return AgentDefinition(
        name=agent.name,
        prompt=agent.prompt,
        display_name=agent.display_name or "",
        description=agent.description or "",
        tools=None if agent.tools is None else tuple(agent.tools),
        model=agent.model,
        reasoning_effort=agent.reasoning_effort,
        for_model=agent.infer is not False,
        mcp_servers=mcp_servers(agent.mcp_servers),
    )
