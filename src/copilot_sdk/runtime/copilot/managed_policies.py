"""Methods of `managedSettings` and `permissions` that work out what administrators want, from what they are given."""

from __future__ import annotations

import re
from collections.abc import Mapping

from copilot_sdk._generated.copilot.types import (
    ManagedSettingsParseClientValueParams,
    ManagedSettingsParseClientValueResult,
    ManagedSettingsResolveBypassDisableTransitionParams,
    ManagedSettingsResolveBypassDisableTransitionResult,
    PermissionsEvaluateManagedPolicyParams,
    PermissionsEvaluateManagedPolicyResult,
)
from copilot_sdk._model.json_values import is_array, is_object
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.setting_kinds import type_name

router = Router()

Json = Mapping[str, object]

_LISTS = ("deny", "ask", "allow")
_BYPASS = "disableBypassPermissionsMode"
_ASSISTED = "disableAssistedPermissionsMode"
_RULE = re.compile(r"(?P<family>\w+)(?P<argument>\(.+\))?")
_FAMILIES = ("Bash", "Shell", "PowerShell", "Read", "Edit", "Write", "Domain", "Mcp", "CustomTool")
_SOURCES = ("user", "managed", "mdm")
_POLICIES = ("allowed", "disabled", "unknown")


@router.on("managedSettings.parseClientValue", ManagedSettingsParseClientValueParams)
async def _parse(
    _: Call, params: ManagedSettingsParseClientValueParams
) -> ManagedSettingsParseClientValueResult:
    settings = params.settings
    if settings is None:
        return ManagedSettingsParseClientValueResult()
    if not is_object(settings):
        raise RuntimeFault("managedSettings must be an object")
    if unknown := sorted(settings.keys() - {"permissions"}):
        raise RuntimeFault(
            f"managedSettings.{unknown[0]} is not supported; only managedSettings.permissions is accepted"
        )
    permissions = settings.get("permissions")
    if permissions is None:
        return ManagedSettingsParseClientValueResult(settings_json={})
    known = {_BYPASS, _ASSISTED, *_LISTS}
    if is_object(permissions) and (unknown := sorted(permissions.keys() - known)):
        raise RuntimeFault(f"managedSettings.permissions.{unknown[0]} is not supported")
    return ManagedSettingsParseClientValueResult(settings_json={"permissions": dict(_checked(permissions))})


@router.on("permissions.evaluateManagedPolicy", PermissionsEvaluateManagedPolicyParams)
async def _evaluate(
    _: Call, params: PermissionsEvaluateManagedPolicyParams
) -> PermissionsEvaluateManagedPolicyResult:
    permissions: Json = {} if params.permissions is None else _checked(params.permissions)
    return PermissionsEvaluateManagedPolicyResult(
        bypass_permissions_disabled=permissions.get(_BYPASS) is not None,
        # Only a policy that could not be had is undetermined, and this one was handed in.
        policy_undetermined=False,
        permission_rules_active=any(permissions.get(name) is not None for name in _LISTS),
    )


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


def _checked(permissions: object) -> Json:
    """The rules of an administrator.

    Raises:
        RuntimeFault: Something in them is no rule.
    """
    if not is_object(permissions):
        raise RuntimeFault(f"permissions: Expected object, received {type_name(permissions)}")
    _check_type(permissions, _BYPASS, str, "string")
    _check_type(permissions, _ASSISTED, bool, "boolean")
    for name in _LISTS:
        rules = permissions.get(name)
        if rules is None:
            continue
        if not is_array(rules):
            raise RuntimeFault(f"permissions.{name}: Expected array, received {type_name(rules)}")
        for index, rule in enumerate(rules):
            _check_rule(f"permissions.{name}.{index}", rule)
    return permissions


def _check_type(permissions: Json, name: str, kind: type[object], expected: str) -> None:
    value = permissions.get(name)
    if value is not None and not isinstance(value, kind):
        raise RuntimeFault(f"permissions.{name}: Expected {expected}, received {type_name(value)}")


def _check_rule(place: str, rule: object) -> None:
    if not isinstance(rule, str):
        raise RuntimeFault(f"{place}: Expected string, received {type_name(rule)}")
    found = _RULE.fullmatch(rule.strip())
    if found is None:
        raise RuntimeFault(f"{place}: Invalid rule format: {rule}")
    if found["family"].lower() not in {family.lower() for family in _FAMILIES}:
        raise RuntimeFault(
            f"{place}: Unsupported managed permission rule family '{found['family']}'; expected one of "
            f"{', '.join(_FAMILIES)}"
        )
