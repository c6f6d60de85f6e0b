"""Methods of `session.permissions` about places: paths, locations, trusted folders and addresses."""

from __future__ import annotations

from pathlib import Path

from copilot_sdk._generated.copilot.types import (
    FolderTrustAddParams,
    FolderTrustCheckParams,
    FolderTrustCheckResult,
    FolderTrustIsTrustedParams,
    PermissionLocationAddToolApprovalParams,
    PermissionLocationApplyParams,
    PermissionLocationApplyResult,
    PermissionLocationResolveParams,
    PermissionLocationResolveResult,
    PermissionLocationType,
    PermissionPathsAddParams,
    PermissionPathsAllowedCheckParams,
    PermissionPathsAllowedCheckResult,
    PermissionPathsList,
    PermissionPathsUpdatePrimaryParams,
    PermissionPathsWorkspaceCheckParams,
    PermissionPathsWorkspaceCheckResult,
    PermissionsFolderTrustAddTrustedResult,
    PermissionsLocationsAddToolApprovalResult,
    PermissionsPathsAddResult,
    PermissionsPathsUpdatePrimaryResult,
    PermissionsURLsSetUnrestrictedModeResult,
    PermissionURLsSetUnrestrictedModeParams,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.payloads import to_json
from copilot_sdk.runtime.core.permission_rules import rules_of
from copilot_sdk.runtime.core.saved_permissions import SavedPermissions
from copilot_sdk.runtime.core.workspace import Location, existing_folder, location_of

router = Router()


@router.plain("session.permissions.paths.list")
async def _list_paths(call: Call) -> PermissionPathsList:
    paths = call.session.paths
    return PermissionPathsList(
        directories=[str(folder) for folder in paths.directories()],
        primary=str(paths.primary),
        session_approved_paths=[str(path) for path in paths.approved],
    )


@router.on("session.permissions.paths.add", PermissionPathsAddParams)
async def _add_path(call: Call, params: PermissionPathsAddParams) -> PermissionsPathsAddResult:
    call.session.paths.add(Path(params.path))
    return PermissionsPathsAddResult(success=True)


@router.on("session.permissions.paths.updatePrimary", PermissionPathsUpdatePrimaryParams)
async def _update_primary(
    call: Call, params: PermissionPathsUpdatePrimaryParams
) -> PermissionsPathsUpdatePrimaryResult:
    call.session.paths.set_primary(Path(params.path))
    return PermissionsPathsUpdatePrimaryResult(success=True)


@router.on("session.permissions.paths.isPathWithinAllowedDirectories", PermissionPathsAllowedCheckParams)
async def _is_allowed(
    call: Call, params: PermissionPathsAllowedCheckParams
) -> PermissionPathsAllowedCheckResult:
    return PermissionPathsAllowedCheckResult(allowed=call.session.paths.is_within_allowed(params.path))


@router.on("session.permissions.paths.isPathWithinWorkspace", PermissionPathsWorkspaceCheckParams)
async def _is_in_workspace(
    call: Call, params: PermissionPathsWorkspaceCheckParams
) -> PermissionPathsWorkspaceCheckResult:
    return PermissionPathsWorkspaceCheckResult(allowed=call.session.paths.is_within_workspace(params.path))


@router.on("session.permissions.locations.resolve", PermissionLocationResolveParams)
async def _resolve(_: Call, params: PermissionLocationResolveParams) -> PermissionLocationResolveResult:
    location = _location(params.working_directory)
    return PermissionLocationResolveResult(location_key=location.key, location_type=_kind(location))


@router.on("session.permissions.locations.apply", PermissionLocationApplyParams)
async def _apply(call: Call, params: PermissionLocationApplyParams) -> PermissionLocationApplyResult:
    location, gate = _location(params.working_directory), call.session.permissions
    changed = gate.apply_location(location.key)
    rules = [rule for approval in gate.location_approvals() for rule in rules_of(approval)]
    return PermissionLocationApplyResult.model_validate(
        {
            "locationKey": location.key,
            "locationType": _kind(location),
            "changed": changed,
            "appliedRuleCount": len(rules) if changed else 0,
            "appliedDirectoryCount": 0,
            "appliedRules": [{"kind": rule.kind, "argument": rule.argument} for rule in rules],
        }
    )


@router.on("session.permissions.locations.addToolApproval", PermissionLocationAddToolApprovalParams)
async def _add_approval(
    call: Call, params: PermissionLocationAddToolApprovalParams
) -> PermissionsLocationsAddToolApprovalResult:
    call.session.permissions.approve_for_location(params.location_key, to_json(params.approval))
    return PermissionsLocationsAddToolApprovalResult(success=True)


@router.on("session.permissions.folderTrust.isTrusted", FolderTrustCheckParams)
async def _is_trusted(call: Call, params: FolderTrustCheckParams) -> FolderTrustCheckResult:
    return FolderTrustCheckResult(trusted=call.session.saved.trusts(Path(params.path)))


@router.on("session.permissions.folderTrust.addTrusted", FolderTrustAddParams)
async def _trust(call: Call, params: FolderTrustAddParams) -> PermissionsFolderTrustAddTrustedResult:
    call.session.saved.trust(Path(params.path))
    return PermissionsFolderTrustAddTrustedResult(success=True)


@router.on("session.permissions.urls.setUnrestrictedMode", PermissionURLsSetUnrestrictedModeParams)
async def _set_unrestricted_urls(
    call: Call, params: PermissionURLsSetUnrestrictedModeParams
) -> PermissionsURLsSetUnrestrictedModeResult:
    call.session.permissions.urls_unrestricted = params.enabled
    return PermissionsURLsSetUnrestrictedModeResult(success=True)


def _location(folder: str) -> Location:
    return location_of(existing_folder(Path(folder)))


def _kind(location: Location) -> PermissionLocationType:
    return "repo" if location.is_repository else "dir"


@router.on("permissions.folderTrust.checkTrust", FolderTrustIsTrustedParams)
async def _check_saved_trust(call: Call, params: FolderTrustIsTrustedParams) -> FolderTrustCheckResult:
    home = call.runtime.home if params.config_dir is None else Path(params.config_dir)
    return FolderTrustCheckResult(trusted=SavedPermissions(home).trusts(Path(params.path)))
