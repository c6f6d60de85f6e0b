"""Methods of `session.mode`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import ModeSetRequest, ModeSetResult
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.config import MODES
from copilot_sdk.runtime.core.faults import RuntimeFault

router = Router()


@router.plain("session.mode.get")
async def _get(call: Call) -> str:
    return call.session.modes.current


@router.on("session.mode.set", ModeSetRequest)
async def _set(call: Call, params: ModeSetRequest) -> ModeSetResult:
    modes = call.session.modes
    for name, mode in (("mode", params.mode), ("expectedMode", params.expected_mode)):
        if mode is not None and mode not in MODES:
            raise RuntimeFault(f"{name}: expected one of {', '.join(MODES)}, got {mode!r}")
    applies = params.expected_mode in (None, modes.current)
    if applies:
        modes.set(params.mode)
    # The CLI's status is about the model, which no mode of this runtime changes.
    return ModeSetResult(status="unchanged", model_changed=False, mode_applied=applies)
