"""Methods of `managedSettings` and `permissions` for hosts that put policies together themselves."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    ManagedSettingsApplyControlsParams,
    ManagedSettingsApplyControlsResult,
    ManagedSettingsParseClientValueParams,
    ManagedSettingsParseClientValueResult,
    ManagedSettingsResolveBypassDisableTransitionParams,
    ManagedSettingsResolveBypassDisableTransitionResult,
    ManagedSettingsResolveEffectiveValueParams,
    ManagedSettingsResolveEffectiveValueResult,
    PermissionsEvaluateManagedPolicyParams,
    PermissionsEvaluateManagedPolicyResult,
)
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.managed.clients import read_client_document
from copilot_sdk.runtime.core.managed.documents import Channel
from copilot_sdk.runtime.core.managed.layers import Json, Layer, effective, with_floor
from copilot_sdk.runtime.core.managed.over_users import with_controls
from copilot_sdk.runtime.core.managed.permissions import BYPASS, LISTS, read_policy
from copilot_sdk.runtime.core.setting_kinds import type_name

router = Router()

_SOURCES = ("user", "managed", "mdm")
_POLICIES = ("allowed", "disabled", "unknown")


@router.on("managedSettings.parseClientValue", ManagedSettingsParseClientValueParams)
async def _parse(
    _: Call, params: ManagedSettingsParseClientValueParams
) -> ManagedSettingsParseClientValueResult:
    return ManagedSettingsParseClientValueResult(settings_json=read_client_document(params.settings))


@router.on("permissions.evaluateManagedPolicy", PermissionsEvaluateManagedPolicyParams)
async def _evaluate(
    _: Call, params: PermissionsEvaluateManagedPolicyParams
) -> PermissionsEvaluateManagedPolicyResult:
    permissions = _object("permissions", params.permissions) or {}
    try:
        read_policy(permissions)
    except ValueError as error:
        raise RuntimeFault(f"permissions.{error}") from error
    return PermissionsEvaluateManagedPolicyResult(
        bypass_permissions_disabled=permissions.get(BYPASS) is not None,
        # Only a policy that could not be had is undetermined, and this one was handed in.
        policy_undetermined=False,
        permission_rules_active=any(permissions.get(name) is not None for name in LISTS),
    )


@router.on("managedSettings.resolveEffectiveValue", ManagedSettingsResolveEffectiveValueParams)
async def _resolve_effective(
    _: Call, params: ManagedSettingsResolveEffectiveValueParams
) -> ManagedSettingsResolveEffectiveValueResult:
    device = with_floor(_object("mdm", params.mdm), params.device_sandbox_floor)
    given: dict[Channel, Json | None] = {
        "device": device,
        "server": _object("server", params.server),
        "policyHelper": _object("policyHelper", params.policy_helper),
    }
    found = effective(
        [Layer(channel, settings) for channel, settings in given.items() if settings is not None]
    )
    if found.sandbox_declined:
        found.settings["sandboxAdvisoryFloorDeclined"] = True
    return ManagedSettingsResolveEffectiveValueResult(settings_json=found.settings or None)


@router.on("managedSettings.applyControls", ManagedSettingsApplyControlsParams)
async def _apply_controls(
    _: Call, params: ManagedSettingsApplyControlsParams
) -> ManagedSettingsApplyControlsResult:
    settings = _object("settings", params.settings)
    if settings is None:
        raise RuntimeFault("settings: Expected object, received null")
    managed = _object("managed", params.managed)
    return ManagedSettingsApplyControlsResult(settings_json=with_controls(settings, managed or {}))


@router.on(
    "managedSettings.resolveBypassDisableTransition", ManagedSettingsResolveBypassDisableTransitionParams
)
async def _resolve_transition(
    _: Call, params: ManagedSettingsResolveBypassDisableTransitionParams
) -> ManagedSettingsResolveBypassDisableTransitionResult:
    source, identity = params.current_source, params.current_managed_identity
    _check_choice("currentSource", source, _SOURCES)
    _check_choice("policy", params.policy, _POLICIES)
    result = ManagedSettingsResolveBypassDisableTransitionResult(suppress_runtime_allow_all=False)
    if params.policy == "disabled" and source != "mdm":
        result.suppress_runtime_allow_all = result.set_disabled_state = True
        if source != "user":
            source, identity = "managed", params.active_identity
    elif source == "managed" and identity != params.active_identity:
        # The policy of somebody else, who is gone, ends with them.
        source = identity = None
        result.set_disabled_state = False
    result.source, result.managed_identity = source, identity
    return result


def _check_choice(name: str, value: str | None, choices: tuple[str, ...]) -> None:
    if value is not None and value not in choices:
        raise RuntimeFault(f"{name}: unknown variant `{value}`, expected one of {', '.join(choices)}")


def _object(name: str, value: object) -> Json | None:
    """An object that may be left out.

    Raises:
        RuntimeFault: It is something else.
    """
    if value is None or is_object(value):
        return value
    raise RuntimeFault(f"{name}: Expected object, received {type_name(value)}")
