"""Requests to leave plan mode, and to switch to another model. Without a usable answer nothing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot_sdk._callbacks import Contained, call_off_loop

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import (
        AutoModeSwitchDecision,
        AutoModeSwitchRequest,
        ExitPlanModeDecision,
        ExitPlanModeRequest,
    )
    from copilot_sdk._session_callbacks import AutoModeSwitchHandler, ExitPlanModeHandler


async def decide_on_plan(handler: ExitPlanModeHandler, request: ExitPlanModeRequest) -> ExitPlanModeDecision:
    """Decides on a plan; one that cannot be decided on is not approved."""
    from copilot_sdk._generated.copilot.types import ExitPlanModeDecision

    with Contained("exitPlanMode.request"):
        return ExitPlanModeDecision.model_validate(await call_off_loop(handler, request))
    return ExitPlanModeDecision(approved=False, feedback="The plan could not be decided on.")


async def decide_on_switch(
    handler: AutoModeSwitchHandler, request: AutoModeSwitchRequest
) -> AutoModeSwitchDecision:
    """Decides on a switch of models; the answer is no when the handler fails."""
    from copilot_sdk._generated.copilot.types import AutoModeSwitchDecision

    with Contained("autoModeSwitch.request"):
        return AutoModeSwitchDecision(response=await call_off_loop(handler, request))
    return AutoModeSwitchDecision(response="no")
