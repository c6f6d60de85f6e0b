"""Methods of `session.usage`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    UsageGetMetricsResult,
    UsageMetricsCodeChanges,
    UsageMetricsModelMetric,
    UsageMetricsModelMetricRequests,
    UsageMetricsModelMetricUsage,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.usage import ModelTotals

router = Router()


@router.plain("session.usage.getMetrics")
async def _get_metrics(call: Call) -> UsageGetMetricsResult:
    session = call.session
    usage = session.usage
    return UsageGetMetricsResult(
        total_premium_request_cost=0,
        total_user_requests=usage.user_requests,
        total_api_duration_ms=usage.api_milliseconds,
        session_start_time=session.record.started_at,
        code_changes=UsageMetricsCodeChanges(
            lines_added=usage.lines_added,
            lines_removed=usage.lines_removed,
            files_modified_count=len(usage.files_modified),
            files_modified=list(usage.files_modified),
        ),
        model_metrics={model: _metric(totals) for model, totals in usage.models.items()},
        current_model=session.model_id,
        last_call_input_tokens=usage.last_input_tokens,
        last_call_output_tokens=usage.last_output_tokens,
        agent_metrics={},
        provider_model_metrics=[],
    )


def _metric(totals: ModelTotals) -> UsageMetricsModelMetric:
    return UsageMetricsModelMetric(
        requests=UsageMetricsModelMetricRequests(count=totals.requests, cost=0),
        usage=UsageMetricsModelMetricUsage(
            input_tokens=totals.input_tokens,
            output_tokens=totals.output_tokens,
            cache_read_tokens=totals.cache_read_tokens,
            cache_write_tokens=totals.cache_write_tokens,
            reasoning_tokens=totals.reasoning_tokens,
        ),
    )
