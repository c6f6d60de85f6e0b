"""Methods of `session.permissions`."""

from __future__ import annotations

from pathlib import Path

from copilot_sdk._generated.copilot.types import (
    AllowAllPermissionSetResult,
    AllowAllPermissionState,
    PendingPermissionRequestList,
    PermissionDecisionRequest,
    PermissionPathsAddParams,
    PermissionPathsAllowedCheckParams,
    PermissionPathsAllowedCheckResult,
    PermissionPathsList,
    PermissionPathsWorkspaceCheckParams,
    PermissionPathsWorkspaceCheckResult,
    PermissionPromptShownNotification,
    PermissionRequestResult,
    PermissionRule,
    PermissionsConfigureParams,
    PermissionsConfigureResult,
    PermissionsModifyRulesParams,
    PermissionsModifyRulesResult,
    PermissionsNotifyPromptShownResult,
    PermissionsPathsAddResult,
    PermissionsResetSessionApprovalsResult,
    PermissionsSetAllowAllRequest,
    PermissionsSetApproveAllRequest,
    PermissionsSetApproveAllResult,
    PermissionsSetRequiredRequest,
    PermissionsSetRequiredResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.payloads import to_json
from copilot_sdk.runtime.core.permissions import Rule
from copilot_sdk.runtime.core.session import Session
from copilot_sdk.runtime.core.workspace import existing_folder

router = Router()


@router.on("session.permissions.handlePendingPermissionRequest", PermissionDecisionRequest)
async def _decide(call: Call, params: PermissionDecisionRequest) -> PermissionRequestResult:
    decision = to_json(params.result)
    return PermissionRequestResult(success=call.session.permissions.decide(params.request_id, decision))


@router.plain("session.permissions.pendingRequests")
async def _pending(call: Call) -> PendingPermissionRequestList:
    items = [
        {"requestId": request_id, "request": ask.prompt}
        for request_id, ask in call.session.permissions.pending
    ]
    return PendingPermissionRequestList.model_validate({"items": items})


@router.on("session.permissions.setApproveAll", PermissionsSetApproveAllRequest)
async def _set_approve_all(
    call: Call, params: PermissionsSetApproveAllRequest
) -> PermissionsSetApproveAllResult:
    call.session.permissions.approve_all = params.enabled
    return PermissionsSetApproveAllResult(success=True)


@router.on("session.permissions.setAllowAll", PermissionsSetAllowAllRequest)
async def _set_allow_all(call: Call, params: PermissionsSetAllowAllRequest) -> AllowAllPermissionSetResult:
    call.session.permissions.set_allow_all(params.enabled)
    return AllowAllPermissionSetResult(success=True, enabled=params.enabled)


@router.plain("session.permissions.getAllowAll")
async def _get_allow_all(call: Call) -> AllowAllPermissionState:
    return AllowAllPermissionState(enabled=call.session.permissions.allow_all)


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
        gate.approve_all = params.approve_all_tool_permission_requests
    if params.approve_all_read_permission_requests is not None:
        gate.approve_reads = params.approve_all_read_permission_requests
    if params.rules is not None:
        gate.approved_rules = [_rule(rule) for rule in params.rules.approved]
        gate.denied_rules = [_rule(rule) for rule in params.rules.denied]
    if params.paths is not None and params.paths.additional_directories is not None:
        folders = tuple(Path(path) for path in params.paths.additional_directories)
        session.config.additional_directories = folders
    return PermissionsConfigureResult(success=True)


@router.on("session.permissions.modifyRules", PermissionsModifyRulesParams)
async def _modify_rules(call: Call, params: PermissionsModifyRulesParams) -> PermissionsModifyRulesResult:
    gate = call.session.permissions
    if params.remove_all:
        gate.approved_rules.clear()
    removed = {_rule(rule) for rule in params.remove or ()}
    kept = [rule for rule in gate.approved_rules if rule not in removed]
    gate.approved_rules = kept + [_rule(rule) for rule in params.add or ()]
    return PermissionsModifyRulesResult(success=True)


@router.plain("session.permissions.paths.list")
async def _list_paths(call: Call) -> PermissionPathsList:
    config = call.session.config
    folders = [config.working_directory, *config.additional_directories]
    return PermissionPathsList(
        directories=[str(folder) for folder in folders], primary=str(config.working_directory)
    )


@router.on("session.permissions.paths.add", PermissionPathsAddParams)
async def _add_path(call: Call, params: PermissionPathsAddParams) -> PermissionsPathsAddResult:
    config = call.session.config
    config.additional_directories = (*config.additional_directories, existing_folder(Path(params.path)))
    return PermissionsPathsAddResult(success=True)


@router.on("session.permissions.paths.isPathWithinAllowedDirectories", PermissionPathsAllowedCheckParams)
async def _is_allowed(
    call: Call, params: PermissionPathsAllowedCheckParams
) -> PermissionPathsAllowedCheckResult:
    config = call.session.config
    folders = (config.working_directory, *config.additional_directories)
    return PermissionPathsAllowedCheckResult(
        allowed=any(_within(call.session, params.path, folder) for folder in folders)
    )


@router.on("session.permissions.paths.isPathWithinWorkspace", PermissionPathsWorkspaceCheckParams)
async def _is_in_workspace(
    call: Call, params: PermissionPathsWorkspaceCheckParams
) -> PermissionPathsWorkspaceCheckResult:
    folder = call.session.config.working_directory
    return PermissionPathsWorkspaceCheckResult(allowed=_within(call.session, params.path, folder))


def _within(session: Session, path: str, folder: Path) -> bool:
    return (session.config.working_directory / path).resolve().is_relative_to(folder.resolve())


def _rule(rule: PermissionRule) -> Rule:
    return Rule(rule.kind, rule.argument)
