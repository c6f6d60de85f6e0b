"""Methods of `session.autopilotObjective`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import AutopilotObjectiveGetStateResult
from copilot_sdk.runtime.copilot.router import Call, Router

router = Router()


@router.plain("session.autopilotObjective.getState")
async def _get_state(call: Call) -> AutopilotObjectiveGetStateResult:
    objective = call.session.modes.objective
    await objective.load()
    current = objective.current
    return AutopilotObjectiveGetStateResult(state=None if current is None else current.told())
