"""Methods of `session.ui`: answers of the user."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    UIElicitationRequest,
    UIElicitationResponse,
    UIElicitationResult,
    UIHandlePendingElicitationRequest,
    UIHandlePendingExitPlanModeRequest,
    UIHandlePendingResult,
    UIHandlePendingUserInputRequest,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.clients import UserAnswer
from copilot_sdk.runtime.core.payloads import to_json

router = Router()


@router.on("session.ui.handlePendingUserInput", UIHandlePendingUserInputRequest)
async def _user_input(call: Call, params: UIHandlePendingUserInputRequest) -> UIHandlePendingResult:
    answer = UserAnswer(params.response.answer, params.response.was_freeform)
    return UIHandlePendingResult(success=call.session.user_input.questions.resolve(params.request_id, answer))


@router.on("session.ui.handlePendingExitPlanMode", UIHandlePendingExitPlanModeRequest)
async def _exit_plan_mode(call: Call, params: UIHandlePendingExitPlanModeRequest) -> UIHandlePendingResult:
    decision = to_json(params.response)
    return UIHandlePendingResult(success=call.session.user_input.plans.resolve(params.request_id, decision))


@router.on("session.ui.elicitation", UIElicitationRequest)
async def _elicitation(call: Call, params: UIElicitationRequest) -> UIElicitationResponse:
    form = to_json(params.requested_schema)
    return UIElicitationResponse.model_validate(await call.session.user_input.fill_in(params.message, form))


@router.on("session.ui.handlePendingElicitation", UIHandlePendingElicitationRequest)
async def _handle_elicitation(call: Call, params: UIHandlePendingElicitationRequest) -> UIElicitationResult:
    decision = to_json(params.result)
    return UIElicitationResult(success=call.session.user_input.forms.resolve(params.request_id, decision))
