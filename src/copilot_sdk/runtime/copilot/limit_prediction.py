"""Methods of `session.limitPrediction`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    SessionLimitPredictionBaselineData,
    SessionLimitPredictionDetails,
    SessionLimitPredictionRequest,
    SessionLimitPredictionResultAvailable,
    SessionLimitPredictionResultUnavailable,
    SessionLimitPredictionTierOption,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.limit_baseline import WINDOW
from copilot_sdk.runtime.core.limit_prediction import predict
from copilot_sdk.runtime.core.model_choice import AUTO

router = Router()

_TIERS = ("recommended", "additional_headroom", "generous_headroom", "maximum_headroom")


@router.on("session.limitPrediction.predict", SessionLimitPredictionRequest)
async def _predict(
    call: Call, params: SessionLimitPredictionRequest
) -> SessionLimitPredictionResultAvailable | SessionLimitPredictionResultUnavailable:
    model = (params.model_id or "").strip() or call.session.model_choice.id
    if model.lower() == AUTO:
        return SessionLimitPredictionResultUnavailable(reason="auto_unresolved")
    client = params.client_type or "cli-interactive"
    prediction = predict(model, client)
    start, end = WINDOW
    return SessionLimitPredictionResultAvailable(
        prediction=SessionLimitPredictionDetails(
            client_type=client,
            model_id=prediction.model,
            source=prediction.source,
            source_key=prediction.key,
            family=prediction.family,
            tiers=[
                SessionLimitPredictionTierOption(tier=tier, cap=cap)
                for tier, cap in zip(_TIERS, prediction.caps, strict=True)
            ],
            baseline_data=SessionLimitPredictionBaselineData(window_start=start, window_end=end),
            recommended_tier=_TIERS[prediction.tier],
            recommended_cap=prediction.recommended,
        )
    )
