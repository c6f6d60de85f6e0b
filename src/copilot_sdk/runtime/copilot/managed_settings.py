"""Methods of `session.managedSettings`: what administrators want of a session."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import SessionManagedSettingsResolvedData
from copilot_sdk.runtime.copilot.router import Call, Router

router = Router()

_DEFAULTS = {"_defaultAskActive": False, "_mcpDefaultAskActive": False, "_customToolDefaultAskActive": False}


@router.plain("session.managedSettings.get")
async def _get(call: Call) -> SessionManagedSettingsResolvedData:
    rules = call.session.config.managed
    lists = {"deny": rules.deny, "ask": rules.ask, "allow": rules.allow}
    permissions: dict[str, object] = {name: list(listed) for name, listed in lists.items() if listed}
    if rules.bypass_disabled:
        permissions["disableBypassPermissionsMode"] = "disable"
    managed = bool(permissions)
    context: dict[str, object] = {"failClosed": False}
    if managed:
        context["permissions"] = {**permissions, **_DEFAULTS}
    # Policies of servers and devices are for accounts and machines that are managed: here only clients have any.
    return SessionManagedSettingsResolvedData.model_validate(
        {
            "source": "client" if managed else "none",
            "serverManaged": False,
            "deviceManaged": False,
            "clientManaged": managed,
            "policyHelperManaged": False,
            "failClosed": False,
            "sandboxEnabledByUndeterminedPolicy": False,
            "bypassPermissionsDisabled": rules.bypass_disabled,
            "managedKeys": ["permissions"] if managed else [],
            "settings": {"permissions": permissions} if managed else None,
            "permissionsContext": context,
        }
    )
