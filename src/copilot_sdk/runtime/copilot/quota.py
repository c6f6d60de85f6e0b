"""Methods of `session.quota`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import SessionQuotaProjection, SessionQuotaSnapshot
from copilot_sdk.runtime.copilot.identities import quota_snapshots
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.accounts import Identity
from copilot_sdk.runtime.core.faults import RuntimeFault

router = Router()


@router.plain("session.quota.get")
async def _get(call: Call) -> SessionQuotaProjection:
    return _projection(await call.session.account.current())


@router.plain("session.quota.refresh")
async def _refresh(call: Call) -> SessionQuotaProjection:
    identity = await call.session.account.refresh()
    if identity is None:
        raise RuntimeFault("Not authenticated")
    return _projection(identity)


@router.plain("session.quota.takeWarnings")
async def _take_warnings(call: Call) -> list[dict[str, object]]:
    call.runtime.live(call.target)
    # They come with what the Copilot service answers, of which the runtime reads no quotas.
    return []


def _projection(identity: Identity | None) -> SessionQuotaProjection:
    known = {} if identity is None else quota_snapshots(identity)
    return SessionQuotaProjection(
        snapshots={name: SessionQuotaSnapshot.model_validate(quota) for name, quota in known.items()},
        is_free_user=False,
        is_tbb_user=False,
        plan_tier="unknown",
        premium_requests_billable=True,
        model_cost_column_visible=True,
        delegate_available=True,
        can_signup_for_copilot_free=False,
        dynamic_workflows_enabled=False,
        dynamic_workflows_ui_visible=False,
    )
