"""Methods of `session.options`."""

from __future__ import annotations

from pathlib import Path

from copilot_sdk._generated.copilot.types import SessionUpdateOptionsParams, SessionUpdateOptionsResult
from copilot_sdk.runtime.copilot.model_providers import bearer_tokens_of, provider_of
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.copilot.settings import autopilot_of

router = Router()


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
    if params.working_directory is not None:
        session.move_to(Path(params.working_directory))
    if params.available_tools is not None:
        config.available_tools = frozenset(params.available_tools)
    if params.excluded_tools is not None:
        config.excluded_tools = frozenset(params.excluded_tools)
    if params.enable_streaming is not None:
        config.streaming = params.enable_streaming
    if params.client_name is not None:
        config.client_name = params.client_name
    if params.provider is not None:
        await session.use_provider(provider_of(params.provider))
        if (client := session.clients.of(call.connection)) is not None:
            client.bearer_tokens = bearer_tokens_of(call.connection, params.provider, None)
    return SessionUpdateOptionsResult(success=True)
