"""Requests to leave plan mode, and to switch to another model. Without a usable answer nothing changes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from copilot_sdk._callbacks import call_off_loop
from copilot_sdk.errors import HandlerError

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import (
        AutoModeSwitchDecision,
        AutoModeSwitchRequest,
        ExitPlanModeDecision,
        ExitPlanModeRequest,
    )
    from copilot_sdk._session_callbacks import AutoModeSwitchHandler, ExitPlanModeHandler

_logger = logging.getLogger("copilot_sdk.session")


async def decide_on_plan(handler: ExitPlanModeHandler, request: ExitPlanModeRequest) -> ExitPlanModeDecision:
    """Decides on a plan; one that cannot be decided on is not approved."""
    from copilot_sdk._generated.copilot.types import ExitPlanModeDecision

    try:
        return ExitPlanModeDecision.model_validate(await call_off_loop(handler, request))
    except Exception as error:
        _logger.exception("%s", HandlerError("exitPlanMode.request", error))  # noqa: TRY401
        return ExitPlanModeDecision(approved=False, feedback="The plan could not be decided on.")


async def decide_on_switch(
    handler: AutoModeSwitchHandler, request: AutoModeSwitchRequest
) -> AutoModeSwitchDecision:
    """Decides on a switch of models; the answer is no when the handler fails."""
    from copilot_sdk._generated.copilot.types import AutoModeSwitchDecision

    try:
        return AutoModeSwitchDecision(response=await call_off_loop(handler, request))
    except Exception as error:
        _logger.exception("%s", HandlerError("autoModeSwitch.request", error))  # noqa: TRY401
        return AutoModeSwitchDecision(response="no")
