"""Methods of `session.settings`: what a job of the cloud agent is told, of which a session here has its client."""

from __future__ import annotations

from typing import get_args

from copilot_sdk._generated.copilot.types import (
    SessionSettingsEvaluatePredicateRequest,
    SessionSettingsEvaluatePredicateResult,
    SessionSettingsJobSnapshot,
    SessionSettingsModelSnapshot,
    SessionSettingsOnlineEvaluationSnapshot,
    SessionSettingsPredicateName,
    SessionSettingsRepoSnapshot,
    SessionSettingsSnapshot,
    SessionSettingsValidationSnapshot,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault

router = Router()

_PREDICATES = frozenset(name for part in get_args(SessionSettingsPredicateName) for name in get_args(part))


@router.plain("session.settings.snapshot")
async def _snapshot(call: Call) -> SessionSettingsSnapshot:
    return SessionSettingsSnapshot(
        client_name=call.session.config.client_name,
        repo=SessionSettingsRepoSnapshot(),
        model=SessionSettingsModelSnapshot(),
        validation=SessionSettingsValidationSnapshot(),
        job=SessionSettingsJobSnapshot(),
        online_evaluation=SessionSettingsOnlineEvaluationSnapshot(),
    )


@router.on("session.settings.evaluatePredicate", SessionSettingsEvaluatePredicateRequest)
async def _evaluate_predicate(
    call: Call, params: SessionSettingsEvaluatePredicateRequest
) -> SessionSettingsEvaluatePredicateResult:
    call.runtime.live(call.target)
    if params.name not in _PREDICATES:
        raise RuntimeFault(f"Unknown demand setting: {params.name}")
    # All of them are switched on for jobs, and no session here is one.
    return SessionSettingsEvaluatePredicateResult(enabled=False)
