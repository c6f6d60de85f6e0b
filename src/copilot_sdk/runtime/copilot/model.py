"""Methods of `session.model`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    CurrentModel,
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
from copilot_sdk.runtime.core.payloads import to_json

router = Router()


@router.plain("session.model.getCurrent")
async def _get_current(call: Call) -> CurrentModel:
    return CurrentModel.model_validate(call.session.model_choice.state)


@router.on("session.model.switchTo", ModelSwitchToRequest)
async def _switch_to(call: Call, params: ModelSwitchToRequest) -> ModelSwitchToResult:
    choice = call.session.model_choice
    previous = choice.id
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
        message=f"Model changed from {previous} to {params.model_id}",
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
        models = await call.runtime.models(await session.account.current())
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
