"""Methods of `session.permissions`: what is asked, decided and allowed in advance."""

from __future__ import annotations

from pathlib import Path

from copilot_sdk._generated.copilot.types import (
    AllowAllPermissionSetResult,
    AllowAllPermissionState,
    PendingPermissionRequestList,
    PermissionDecisionRequest,
    PermissionPathsConfig,
    PermissionPromptShownNotification,
    PermissionRequestResult,
    PermissionRule,
    PermissionsConfigureParams,
    PermissionsConfigureResult,
    PermissionsGetModeResult,
    PermissionsModifyRulesParams,
    PermissionsModifyRulesResult,
    PermissionsNotifyPromptShownResult,
    PermissionsResetSessionApprovalsResult,
    PermissionsSetAllowAllRequest,
    PermissionsSetApproveAllRequest,
    PermissionsSetApproveAllResult,
    PermissionsSetModeRequest,
    PermissionsSetModeResult,
    PermissionsSetRequiredRequest,
    PermissionsSetRequiredResult,
    PermissionURLsConfig,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.paths import PathPolicy
from copilot_sdk.runtime.core.payloads import to_json
from copilot_sdk.runtime.core.permission_rules import Rule
from copilot_sdk.runtime.core.permissions import ALLOW_ALL, MANUAL, PermissionGate

router = Router()

_MODES = (MANUAL, "assisted", ALLOW_ALL)


@router.on("session.permissions.handlePendingPermissionRequest", PermissionDecisionRequest)
async def _decide(call: Call, params: PermissionDecisionRequest) -> PermissionRequestResult:
    decision = to_json(params.result)
    return PermissionRequestResult(success=call.session.permissions.decide(params.request_id, decision))


@router.plain("session.permissions.pendingRequests")
async def _pending(call: Call) -> PendingPermissionRequestList:
    items = [
        {"requestId": request_id, "request": ask.prompt}
        for request_id, ask in call.session.permissions.requests
    ]
    return PendingPermissionRequestList.model_validate({"items": items})


@router.on("session.permissions.setApproveAll", PermissionsSetApproveAllRequest)
async def _set_approve_all(
    call: Call, params: PermissionsSetApproveAllRequest
) -> PermissionsSetApproveAllResult:
    call.session.permissions.set_approve_all(params.enabled)
    return PermissionsSetApproveAllResult(success=True)


@router.on("session.permissions.setMode", PermissionsSetModeRequest)
async def _set_mode(call: Call, params: PermissionsSetModeRequest) -> PermissionsSetModeResult:
    if params.mode not in _MODES:
        raise RuntimeFault(f"mode: expected one of {', '.join(_MODES)}, got {params.mode!r}")
    gate = call.session.permissions
    return PermissionsSetModeResult(success=gate.set_mode(params.mode), mode=gate.mode)


@router.plain("session.permissions.getMode")
async def _get_mode(call: Call) -> PermissionsGetModeResult:
    return PermissionsGetModeResult(mode=call.session.permissions.mode)


@router.on("session.permissions.setAllowAll", PermissionsSetAllowAllRequest)
async def _set_allow_all(call: Call, params: PermissionsSetAllowAllRequest) -> AllowAllPermissionSetResult:
    gate = call.session.permissions
    success = gate.set_mode(ALLOW_ALL if params.enabled else MANUAL)
    return AllowAllPermissionSetResult(success=success, enabled=gate.mode == ALLOW_ALL)


@router.plain("session.permissions.getAllowAll")
async def _get_allow_all(call: Call) -> AllowAllPermissionState:
    return AllowAllPermissionState(enabled=call.session.permissions.mode == ALLOW_ALL)


@router.on("session.permissions.setRequired", PermissionsSetRequiredRequest)
async def _set_required(call: Call, params: PermissionsSetRequiredRequest) -> PermissionsSetRequiredResult:
    session = call.session
    client = session.clients.of(call.connection)
    if client is None:
        return PermissionsSetRequiredResult(success=False)
    client.answers_permissions = params.required
    session.permissions.give_up_orphans()
    return PermissionsSetRequiredResult(success=True)


@router.plain("session.permissions.resetSessionApprovals")
async def _reset(call: Call) -> PermissionsResetSessionApprovalsResult:
    call.session.permissions.forget_approvals()
    return PermissionsResetSessionApprovalsResult(success=True)


@router.on("session.permissions.notifyPromptShown", PermissionPromptShownNotification)
async def _prompt_shown(
    call: Call, _: PermissionPromptShownNotification
) -> PermissionsNotifyPromptShownResult:
    return PermissionsNotifyPromptShownResult(success=call.session.clients.of(call.connection) is not None)


@router.on("session.permissions.configure", PermissionsConfigureParams)
async def _configure(call: Call, params: PermissionsConfigureParams) -> PermissionsConfigureResult:
    session = call.session
    gate = session.permissions
    if params.approve_all_tool_permission_requests is not None:
        gate.set_approve_all(params.approve_all_tool_permission_requests)
    if params.approve_all_read_permission_requests is not None:
        gate.approve_reads = params.approve_all_read_permission_requests
    if params.rules is not None:
        gate.approved_rules = [_rule(rule) for rule in params.rules.approved]
        gate.denied_rules = [_rule(rule) for rule in params.rules.denied]
    if params.paths is not None:
        _configure_paths(session.paths, params.paths)
    if params.urls is not None:
        _configure_urls(gate, params.urls)
    return PermissionsConfigureResult(success=True)


def _configure_paths(paths: PathPolicy, wanted: PermissionPathsConfig) -> None:
    paths.replace(
        added=[Path(path) for path in wanted.additional_directories or ()],
        unrestricted=bool(wanted.unrestricted),
        temporary=wanted.include_temp_directory is not False,
        workspace=None if wanted.workspace_path is None else Path(wanted.workspace_path),
    )


def _configure_urls(gate: PermissionGate, wanted: PermissionURLsConfig) -> None:
    gate.urls_unrestricted = bool(wanted.unrestricted)
    gate.allowed_urls = set(wanted.initial_allowed or ())


@router.on("session.permissions.modifyRules", PermissionsModifyRulesParams)
async def _modify_rules(call: Call, params: PermissionsModifyRulesParams) -> PermissionsModifyRulesResult:
    gate = call.session.permissions
    rules = gate.location_rules if params.scope == "location" else gate.approved_rules
    removed = {_rule(rule) for rule in params.remove or ()}
    kept = [] if params.remove_all else [rule for rule in rules if rule not in removed]
    rules[:] = kept + [_rule(rule) for rule in params.add or ()]
    return PermissionsModifyRulesResult(success=True)


def _rule(rule: PermissionRule) -> Rule:
    return Rule(rule.kind, rule.argument)
