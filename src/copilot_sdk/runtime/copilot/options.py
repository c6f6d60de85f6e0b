"""Methods of `session.options`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from copilot_sdk._generated.copilot.types import (
    SessionInstalledPlugin,
    SessionUpdateOptionsParams,
    SessionUpdateOptionsResult,
)
from copilot_sdk.runtime.copilot.model_providers import bearer_tokens_of, provider_of
from copilot_sdk.runtime.copilot.plugins import named_plugin
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.copilot.settings import autopilot_of, sandbox_of
from copilot_sdk.runtime.core.session import Session

router = Router()

_SKILL_SETTINGS = {"enable_skills", "skill_directories", "ignored_skills_locations", "working_directory"}


@router.on("session.options.update", SessionUpdateOptionsParams)
async def _update(call: Call, params: SessionUpdateOptionsParams) -> SessionUpdateOptionsResult:
    session = call.session
    config = session.config
    if params.model is not None and params.model != config.model:
        session.model_choice.switch(params.model, source="sdk", effort=params.reasoning_effort)
    elif params.reasoning_effort is not None:
        config.reasoning_effort = params.reasoning_effort
    if params.continue_on_auto_mode is not None:
        session.rate_limits.always = params.continue_on_auto_mode
    config.autopilot = autopilot_of(params.autopilot, config.autopilot)
    if "session_limits" in params.model_fields_set:
        limits = params.session_limits
        session.credits.set_limit(None if limits is None else limits.max_ai_credits)
    if "sandbox_config" in params.model_fields_set:
        config.sandbox = sandbox_of(params.sandbox_config)
    if params.working_directory is not None:
        session.move_to(Path(params.working_directory))
    _update_tools(session, params)
    if params.enable_streaming is not None:
        config.streaming = params.enable_streaming
    _update_skills(session, params)
    if params.client_name is not None:
        config.client_name = params.client_name
    if params.provider is not None:
        await session.use_provider(provider_of(params.provider))
        if (client := session.clients.of(call.connection)) is not None:
            client.bearer_tokens = bearer_tokens_of(call.connection, params.provider, None)
    if params.installed_plugins is None:
        return SessionUpdateOptionsResult(success=True)
    return SessionUpdateOptionsResult(
        success=True, plugin_hook_count=_name_plugins(session, params.installed_plugins)
    )


def _name_plugins(session: Session, plugins: Sequence[SessionInstalledPlugin]) -> int:
    """Has a session use these plugins; returns how many hooks they bring."""
    session.plugins.name([named_plugin(plugin) for plugin in plugins])
    session.skills.forget()
    session.hooks.forget_files()
    return len([hook for hook in session.hooks.in_files if hook.origin == "plugin"])


def _update_tools(session: Session, params: SessionUpdateOptionsParams) -> None:
    config = session.config
    if params.available_tools is not None:
        config.available_tools = frozenset(params.available_tools)
    if params.excluded_tools is not None:
        config.excluded_tools = frozenset(params.excluded_tools)


def _update_skills(session: Session, params: SessionUpdateOptionsParams) -> None:
    config = session.config
    if params.enable_skills is not None:
        config.skills = params.enable_skills
    if params.skill_directories is not None:
        config.skill_directories = tuple(Path(path) for path in params.skill_directories)
    if params.ignored_skills_locations is not None:
        config.ignored_skills = tuple(Path(path) for path in params.ignored_skills_locations)
    if _SKILL_SETTINGS & params.model_fields_set:
        session.skills.forget()
    if params.disabled_skills is not None:
        session.skills.disable_only(params.disabled_skills)
