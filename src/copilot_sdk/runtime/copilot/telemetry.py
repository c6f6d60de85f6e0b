"""Methods of `session.telemetry`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    SessionTelemetryEngagement,
    TelemetrySetFeatureOverridesRequest,
)
from copilot_sdk.runtime.copilot.router import Call, Router

router = Router()


@router.plain("session.telemetry.getEngagementId")
async def _get_engagement_id(call: Call) -> SessionTelemetryEngagement:
    return SessionTelemetryEngagement(engagement_id=call.session.engagement_id)


@router.on("session.telemetry.setFeatureOverrides", TelemetrySetFeatureOverridesRequest)
async def _set_feature_overrides(call: Call, params: TelemetrySetFeatureOverridesRequest) -> None:
    call.session.features = params.features
