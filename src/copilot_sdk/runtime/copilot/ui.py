"""Methods of `session.ui`: what the user is asked, and the answers."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    UIElicitationRequest,
    UIElicitationResponse,
    UIElicitationResult,
    UIEphemeralQueryRequest,
    UIEphemeralQueryResult,
    UIHandlePendingAutoModeSwitchRequest,
    UIHandlePendingElicitationRequest,
    UIHandlePendingExitPlanModeRequest,
    UIHandlePendingResult,
    UIHandlePendingSamplingRequest,
    UIHandlePendingSessionLimitsExhaustedRequest,
    UIHandlePendingUserInputRequest,
    UIRegisterDirectAutoModeSwitchHandlerResult,
    UIUnregisterDirectAutoModeSwitchHandlerRequest,
    UIUnregisterDirectAutoModeSwitchHandlerResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.clients import UserAnswer
from copilot_sdk.runtime.core.payloads import to_json
from copilot_sdk.runtime.core.side_questions import ask_aside

router = Router()


@router.on("session.ui.handlePendingUserInput", UIHandlePendingUserInputRequest)
async def _user_input(call: Call, params: UIHandlePendingUserInputRequest) -> UIHandlePendingResult:
    answer = UserAnswer(params.response.answer, params.response.was_freeform)
    return UIHandlePendingResult(success=call.session.user_input.questions.resolve(params.request_id, answer))


@router.on("session.ui.elicitation", UIElicitationRequest)
async def _elicitation(call: Call, params: UIElicitationRequest) -> UIElicitationResponse:
    form = to_json(params.requested_schema)
    return UIElicitationResponse.model_validate(await call.session.user_input.fill_in(params.message, form))


@router.on("session.ui.handlePendingElicitation", UIHandlePendingElicitationRequest)
async def _handle_elicitation(call: Call, params: UIHandlePendingElicitationRequest) -> UIElicitationResult:
    decision = to_json(params.result)
    return UIElicitationResult(success=call.session.user_input.forms.resolve(params.request_id, decision))


@router.on("session.ui.handlePendingExitPlanMode", UIHandlePendingExitPlanModeRequest)
async def _exit_plan_mode(call: Call, params: UIHandlePendingExitPlanModeRequest) -> UIHandlePendingResult:
    decision = to_json(params.response)
    return UIHandlePendingResult(success=call.session.plan.proposals.resolve(params.request_id, decision))


@router.on("session.ui.handlePendingAutoModeSwitch", UIHandlePendingAutoModeSwitchRequest)
async def _auto_mode_switch(
    call: Call, params: UIHandlePendingAutoModeSwitchRequest
) -> UIHandlePendingResult:
    decision = {"response": params.response}
    switches = call.session.rate_limits.switches
    return UIHandlePendingResult(success=switches.resolve(params.request_id, decision))


@router.on("session.ui.handlePendingSampling", UIHandlePendingSamplingRequest)
async def _sampling(call: Call, params: UIHandlePendingSamplingRequest) -> UIHandlePendingResult:
    answer = {} if params.response is None else to_json(params.response)
    return UIHandlePendingResult(
        success=call.session.mcp.sampling.requests.resolve(params.request_id, answer)
    )


@router.plain("session.ui.registerDirectAutoModeSwitchHandler")
async def _register_direct(call: Call) -> UIRegisterDirectAutoModeSwitchHandlerResult:
    handle = call.session.rate_limits.register_direct(call.connection)
    return UIRegisterDirectAutoModeSwitchHandlerResult(handle=handle)


@router.on("session.ui.unregisterDirectAutoModeSwitchHandler", UIUnregisterDirectAutoModeSwitchHandlerRequest)
async def _unregister_direct(
    call: Call, params: UIUnregisterDirectAutoModeSwitchHandlerRequest
) -> UIUnregisterDirectAutoModeSwitchHandlerResult:
    known = call.session.rate_limits.unregister_direct(params.handle)
    return UIUnregisterDirectAutoModeSwitchHandlerResult(unregistered=known)


@router.on("session.ui.handlePendingSessionLimitsExhausted", UIHandlePendingSessionLimitsExhaustedRequest)
async def _session_limits(
    call: Call, params: UIHandlePendingSessionLimitsExhaustedRequest
) -> UIHandlePendingResult:
    decision = to_json(params.response)
    return UIHandlePendingResult(success=call.session.credits.exhausted.resolve(params.request_id, decision))


@router.on("session.ui.ephemeralQuery", UIEphemeralQueryRequest)
async def _ephemeral_query(call: Call, params: UIEphemeralQueryRequest) -> UIEphemeralQueryResult:
    return UIEphemeralQueryResult(answer=await ask_aside(call.session, params.question))
