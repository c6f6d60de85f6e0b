"""Methods of `session.options`."""

from __future__ import annotations

from pathlib import Path

from copilot_sdk._generated.copilot.types import SessionUpdateOptionsParams, SessionUpdateOptionsResult
from copilot_sdk.runtime.copilot.model_providers import provider_of
from copilot_sdk.runtime.copilot.router import Call, Router

router = Router()


@router.on("session.options.update", SessionUpdateOptionsParams)
async def _update(call: Call, params: SessionUpdateOptionsParams) -> SessionUpdateOptionsResult:
    session = call.session
    config = session.config
    if params.model is not None and params.model != config.model:
        session.set_model(params.model, reasoning_effort=params.reasoning_effort)
    elif params.reasoning_effort is not None:
        config.reasoning_effort = params.reasoning_effort
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
    return SessionUpdateOptionsResult(success=True)
