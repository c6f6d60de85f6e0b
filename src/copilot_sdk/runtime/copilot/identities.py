"""Identities as the wire shows them."""

from __future__ import annotations

from collections.abc import Mapping

from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.accounts import PUBLIC_HOST, Identity

Json = dict[str, object]


def auth_info(identity: Identity) -> Json:
    """An identity as `AuthInfo` and as `AuthIdentity`; its token stays with the runtime."""
    info: Json = {"type": identity.kind, "host": identity.host}
    if identity.kind in ("env", "user") and identity.login is not None:
        info["login"] = identity.login
    if identity.user:
        info["copilotUser"] = dict(identity.user)
    if identity.variable is not None:
        info["envVar"] = identity.variable
    return info


def in_words(info: Mapping[str, object]) -> str:
    """An identity in a few words."""
    host, login = info.get("host"), info.get("login")
    match info.get("type"):
        case "env":
            return f"{login} (via {info.get('envVar')})"
        case "token":
            return f"{host} (via token)"
        case "token-provider":
            return f"{host} (via SDK token provider)"
        case _:
            return f"{login}" if host == PUBLIC_HOST else f"{login} ({host})"


def status(identity: Identity | None, *, of_session: bool = False) -> Json:
    """How somebody is signed in."""
    if identity is None:
        return {"isAuthenticated": False, "statusMessage": "Not authenticated"}
    info = auth_info(identity)
    shown: Json = {
        "isAuthenticated": True,
        "authType": identity.kind,
        "host": identity.host,
        "statusMessage": in_words(info),
    }
    login = identity.login if of_session else info.get("login")
    if login is not None:
        shown["login"] = login
    if of_session and isinstance(plan := identity.user.get("copilot_plan"), str):
        shown["copilotPlan"] = plan
    return shown


def account_status(identity: Identity, active: Identity | None) -> Json:
    """An identity as `AccountStatus`.

    Args:
        identity: Whom to show.
        active: Who is it now.
    """
    shown: Json = {
        "host": identity.host,
        "login": auth_info(identity).get("login", ""),
        "kind": "githubDotCom" if identity.host == PUBLIC_HOST else "proxima",
        "active": active is not None and active.id == identity.id,
        "selectionId": identity.id,
    }
    if identity.kind != "user":
        shown["authSource"] = identity.variable or identity.kind
    return shown


def quota_snapshots(identity: Identity) -> Json:
    """The quotas of an identity."""
    known = identity.user.get("quota_snapshots")
    return {
        name: _snapshot(quota)
        for name, quota in (known.items() if is_object(known) else ())
        if is_object(quota)
    }


def _snapshot(quota: Mapping[str, object]) -> Json:
    total, left = _number(quota, "entitlement"), _number(quota, "quota_remaining")
    permitted = bool(quota.get("overage_permitted"))
    snapshot: Json = {
        "isUnlimitedEntitlement": bool(quota.get("unlimited")),
        "entitlementRequests": int(total),
        "usedRequests": max(0, int(total - left)),
        "usageAllowedWithExhaustedQuota": permitted,
        "overage": _number(quota, "overage_count"),
        "overageAllowedWithExhaustedQuota": permitted,
        "remainingPercentage": _number(quota, "percent_remaining"),
    }
    if isinstance(reset := quota.get("timestamp_utc"), str):
        snapshot["resetDate"] = reset
    return snapshot


def _number(quota: Mapping[str, object], name: str) -> float:
    value = quota.get(name)
    return value if isinstance(value, int | float) else 0
