"""Methods of `session.managedSettings`: what administrators want of a session."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import SessionManagedSettingsResolvedData
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.milestones import settings_data

router = Router()


@router.plain("session.managedSettings.get")
async def _get(call: Call) -> SessionManagedSettingsResolvedData:
    return settings_data(call.session)
