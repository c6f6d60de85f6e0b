"""Methods of `user.settings`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from copilot_sdk._generated.copilot.types import (
    SettingsEditResult,
    UserSettingMetadata,
    UserSettingsApplyTopKeyRequest,
    UserSettingsApplyTopKeyResult,
    UserSettingsEditRequest,
    UserSettingsGetPathsRequest,
    UserSettingsGetPathsResult,
    UserSettingsGetResult,
    UserSettingsGovernanceKeysResult,
    UserSettingsLoadForEditResult,
    UserSettingsMergeManagedAndUserParams,
    UserSettingsMergeManagedAndUserResult,
    UserSettingsMergeRepoValueParams,
    UserSettingsMergeRepoValueResult,
    UserSettingsNormalizeRequest,
    UserSettingsNormalizeResult,
    UserSettingsProblem,
    UserSettingsProblemsRequest,
    UserSettingsProblemsResult,
    UserSettingsSetRequest,
    UserSettingsUpdateRequest,
    UserSettingsUpdateResult,
    UserSettingsValidateRequest,
    UserSettingsValidateResult,
    UserSettingsValidationIssue,
    UserSettingsWriteAllRequest,
)
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.json_files import MalformedFile
from copilot_sdk.runtime.core.managed.over_users import joined
from copilot_sdk.runtime.core.setting_kinds import (
    CLAUDE_REPOSITORY_KEYS,
    MANAGED_KEYS,
    REPOSITORY_KEYS,
    Issue,
    issues_of,
)
from copilot_sdk.runtime.core.setting_problems import Source, problems_of
from copilot_sdk.runtime.core.settings_files import (
    EDITS,
    InvalidSetting,
    merged_with_repository,
    normalized,
    user_paths,
)

router = Router()


@router.plain("user.settings.get")
async def _get(call: Call) -> UserSettingsGetResult:
    values = call.runtime.settings.values()
    return UserSettingsGetResult(
        settings={
            name: UserSettingMetadata(value=value.value, default=value.default, is_default=value.is_default)
            for name, value in values.items()
        }
    )


@router.plain("user.settings.reload")
async def _reload(_: Call) -> None:
    """Nothing: the settings are read whenever they are needed."""


@router.on("user.settings.set", UserSettingsSetRequest)
async def _set(call: Call, params: UserSettingsSetRequest) -> None:
    if not is_object(params.settings):
        raise RuntimeFault("user.settings.set: `settings` must be an object keyed by setting name")
    call.runtime.settings.change(params.settings, to=call.method)


@router.on("user.settings.update", UserSettingsUpdateRequest)
async def _update(call: Call, params: UserSettingsUpdateRequest) -> UserSettingsUpdateResult:
    call.runtime.settings.at(params.config_dir).update(params.key, params.value)
    return UserSettingsUpdateResult(value=params.value)


@router.on("user.settings.edit", UserSettingsEditRequest)
async def _edit(call: Call, params: UserSettingsEditRequest) -> SettingsEditResult:
    operation = EDITS.get(params.operation)
    if operation is None:
        known = ", ".join(f"`{name}`" for name in EDITS)
        raise RuntimeFault(
            f"user.settings.edit: unknown variant `{params.operation}`, expected one of {known}"
        )
    if not params.canonical_path:
        raise RuntimeFault("user.settings.edit: `canonicalPath` must not be empty")
    if params.value is None and operation != "remove":
        raise RuntimeFault(f"user.settings.edit: `value` is required for {operation}")
    settings = call.runtime.settings.at(params.config_dir)
    try:
        changed = settings.edit(params.canonical_path, operation, params.value)
    except MalformedFile:
        return SettingsEditResult(status="invalid")
    return SettingsEditResult(status="changed" if changed else "unchanged")


@router.on("user.settings.applyTopKey", UserSettingsApplyTopKeyRequest)
async def _apply_top_key(call: Call, params: UserSettingsApplyTopKeyRequest) -> UserSettingsApplyTopKeyResult:
    settings = call.runtime.settings
    if params.delete:
        settings.change({params.top_key: None}, to=call.method)
        return UserSettingsApplyTopKeyResult(status="ok")
    try:
        settings.update(params.top_key, params.value)
    except InvalidSetting as fault:
        return UserSettingsApplyTopKeyResult(status="validation-error", issues=_issues(fault.issues))
    return UserSettingsApplyTopKeyResult(status="ok")


@router.on("user.settings.validate", UserSettingsValidateRequest)
async def _validate(_: Call, params: UserSettingsValidateRequest) -> UserSettingsValidateResult:
    if params.delete:
        return UserSettingsValidateResult(ok=True)
    if "value" not in params.model_fields_set:
        raise RuntimeFault("user.settings.validate: `value` is required unless `delete` is true")
    issues = issues_of(params.top_key, params.value)
    return UserSettingsValidateResult(ok=not issues, issues=_issues(issues) or None)


@router.on("user.settings.writeAll", UserSettingsWriteAllRequest)
async def _write_all(call: Call, params: UserSettingsWriteAllRequest) -> None:
    if not is_object(params.settings):
        raise RuntimeFault("Settings must be a JSON object")
    call.runtime.settings.replace(params.settings)


@router.plain("user.settings.loadForEdit")
async def _load_for_edit(call: Call) -> UserSettingsLoadForEditResult:
    try:
        content = call.runtime.settings.raw()
    except MalformedFile:
        return UserSettingsLoadForEditResult(status="invalid")
    return UserSettingsLoadForEditResult(status="ok", settings=content)


@router.on("user.settings.getPaths", UserSettingsGetPathsRequest)
async def _get_paths(call: Call, params: UserSettingsGetPathsRequest) -> UserSettingsGetPathsResult:
    root = params.repo_root
    shared, local = (None, None) if root is None else user_paths(Path(root))
    return UserSettingsGetPathsResult(
        user_settings=str(call.runtime.settings.path),
        repo_settings=None if shared is None else str(shared),
        repo_local_settings=None if local is None else str(local),
    )


@router.plain("user.settings.listGovernanceKeys")
async def _list_governance_keys(_: Call) -> UserSettingsGovernanceKeysResult:
    return UserSettingsGovernanceKeysResult(
        repo=list(REPOSITORY_KEYS), claude_repo=list(CLAUDE_REPOSITORY_KEYS), managed=list(MANAGED_KEYS)
    )


@router.on("user.settings.normalize", UserSettingsNormalizeRequest)
async def _normalize(_: Call, params: UserSettingsNormalizeRequest) -> UserSettingsNormalizeResult:
    given: object = params.settings
    return UserSettingsNormalizeResult(settings=normalized(given) if is_object(given) else given)


@router.on("user.settings.mergeRepoValue", UserSettingsMergeRepoValueParams)
async def _merge_repo_value(
    _: Call, params: UserSettingsMergeRepoValueParams
) -> UserSettingsMergeRepoValueResult:
    user: object = params.user_settings
    repository: object = params.repo_settings
    if not is_object(user) or not is_object(repository):
        raise RuntimeFault("Settings must be a JSON object")
    return UserSettingsMergeRepoValueResult(settings_json=merged_with_repository(user, repository))


@router.on("user.settings.mergeManagedAndUser", UserSettingsMergeManagedAndUserParams)
async def _merge_managed(
    _: Call, params: UserSettingsMergeManagedAndUserParams
) -> UserSettingsMergeManagedAndUserResult:
    managed: object = params.managed
    user: object = params.user
    if managed is None or user is None:
        only = user if managed is None else managed
        return UserSettingsMergeManagedAndUserResult(settings_json={} if only is None else only)
    if not is_object(managed) or not is_object(user):
        raise RuntimeFault("Settings must be a JSON object")
    return UserSettingsMergeManagedAndUserResult(settings_json=joined(managed, user))


@router.on("user.settings.diagnoseProblems", UserSettingsProblemsRequest)
async def _diagnose_problems(_: Call, params: UserSettingsProblemsRequest) -> UserSettingsProblemsResult:
    sources = [
        Source(
            kind=source.kind,
            label=source.label,
            file=source.file_path,
            content=None if source.invalid or source.config is None else source.config.to_wire(),
        )
        for source in params.sources or ()
    ]
    return UserSettingsProblemsResult(
        problems=[
            UserSettingsProblem.model_validate(problem.to_wire(number))
            for number, problem in enumerate(problems_of(sources))
        ]
    )


def _issues(issues: Sequence[Issue]) -> list[UserSettingsValidationIssue]:
    return [UserSettingsValidationIssue(path=list(issue.path), message=issue.message) for issue in issues]
