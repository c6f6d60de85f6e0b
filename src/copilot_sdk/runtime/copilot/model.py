"""Methods of `session.model`."""

from __future__ import annotations

from collections.abc import Sequence

from copilot_sdk._generated.copilot.types import (
    CurrentModel,
    ModelApplyStartupOverlayRequest,
    ModelGetReasoningSummariesRequest,
    ModelGetReasoningSummariesResult,
    ModelListRequest,
    ModelSetAllowedModelsRequest,
    ModelSetAllowedModelsResult,
    ModelSetReasoningEffortRequest,
    ModelSetReasoningEffortResult,
    ModelSwitchToRequest,
    ModelSwitchToResult,
    SessionModelList,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.copilot.server import describe_model
from copilot_sdk.runtime.core.models.base import ModelInfo
from copilot_sdk.runtime.core.payloads import to_json
from copilot_sdk.runtime.core.startup_model import Overlay, Wish

router = Router()


@router.plain("session.model.getCurrent")
async def _get_current(call: Call) -> CurrentModel:
    return CurrentModel.model_validate(call.session.model_choice.state)


@router.on("session.model.switchTo", ModelSwitchToRequest)
async def _switch_to(call: Call, params: ModelSwitchToRequest) -> ModelSwitchToResult:
    choice = call.session.model_choice
    previous = choice.described
    choice.switch(
        params.model_id,
        source=params.source or "sdk",
        effort=params.reasoning_effort,
        summary=params.reasoning_summary,
        tier=params.context_tier,
    )
    return ModelSwitchToResult(
        model_id=params.model_id,
        status="applied",
        deferred=False,
        message=f"Model changed from {previous} to {choice.described}",
        deprecation_warnings=[],
        model_state=CurrentModel.model_validate(choice.state),
    )


@router.on("session.model.setReasoningEffort", ModelSetReasoningEffortRequest)
async def _set_effort(call: Call, params: ModelSetReasoningEffortRequest) -> ModelSetReasoningEffortResult:
    session = call.session
    session.model_choice.switch(session.model_id, source="sdk", effort=params.reasoning_effort)
    return ModelSetReasoningEffortResult(reasoning_effort=params.reasoning_effort)


@router.on("session.model.list", ModelListRequest)
async def _list(call: Call, _: ModelListRequest) -> SessionModelList:
    session = call.session
    if session.model is call.runtime.model:
        models = await _load(call)
    else:
        models = await session.model.catalogue()
    return SessionModelList(list_=[to_json(describe_model(model)) for model in models])


@router.on("session.model.setAllowedModels", ModelSetAllowedModelsRequest)
async def _set_allowed(call: Call, params: ModelSetAllowedModelsRequest) -> ModelSetAllowedModelsResult:
    choice = call.session.model_choice
    choice.restrict(params.allowed_models)
    allowed = choice.allowed
    return ModelSetAllowedModelsResult(
        allowed_models=None if allowed is None else list(allowed),
        effective_allowed_models=["*"] if allowed is None else list(allowed),
        fallback_model=None if allowed is None else allowed[0],
        model_id=choice.id,
    )


@router.on("session.model.applyStartupOverlay", ModelApplyStartupOverlayRequest)
async def _lay_over(call: Call, params: ModelApplyStartupOverlayRequest) -> ModelSwitchToResult:
    choice = call.session.model_choice
    await _load_after_a_turn(call)
    managed = params.device_managed_model or params.server_managed_model or params.policy_helper_model
    outcome = choice.startup.lay_over(
        Overlay(
            managed=Wish(
                model=managed, effort=params.managed_reasoning_effort, tier=params.managed_context_tier
            ),
            repository=Wish(
                model=params.repo_model, effort=params.repo_reasoning_effort, tier=params.repo_context_tier
            ),
            repository_auto_tier=params.repo_auto_tier,
            command_line=params.cli_model,
            resuming=bool(params.deferred_resume),
            auto_tier=params.auto_tier,
        )
    )
    state = choice.state
    state.pop("autoTier", None)
    return ModelSwitchToResult(
        model_id=choice.id,
        status="applied" if outcome.applied else "unchanged",
        deferred=outcome.deferred,
        message=outcome.message,
        warning=outcome.warning,
        deprecation_warnings=[] if outcome.applied else None,
        model_state=CurrentModel.model_validate(state) if outcome.applied else None,
    )


@router.on("session.model.getReasoningSummaries", ModelGetReasoningSummariesRequest)
async def _summaries(
    call: Call, params: ModelGetReasoningSummariesRequest
) -> ModelGetReasoningSummariesResult:
    session, choice = call.session, call.session.model_choice
    await _load_after_a_turn(call)
    ready = choice.offered is not None
    default = ready and choice.summarizes
    wanted, stored = session.config.reasoning_summary, params.persisted_show_reasoning
    shown = ready and (default if wanted is None else wanted != "none")
    return ModelGetReasoningSummariesResult(
        ready=ready,
        # There is no experiment whose outcome could be open, or hide the summaries.
        experiment_settled=True,
        session_shows_summaries=shown,
        model_default_shows_summaries=default,
        show_reasoning_headers=False,
        visibility=(shown and stored is not False) if ready else None,
        show_hidden_hint=False,
        clear_redundant_setting=ready and stored is not None and stored is default,
    )


async def _load(call: Call) -> Sequence[ModelInfo]:
    """The models of the service that the runtime is in front of."""
    session = call.session
    models = await call.runtime.models(await session.account.current())
    session.model_choice.offered = frozenset(model.id for model in models)
    return models


async def _load_after_a_turn(call: Call) -> None:
    """A turn has the models known, if they are those of the service."""
    session = call.session
    if session.model_choice.offered is None and session.record.turns and session.model is call.runtime.model:
        await _load(call)
