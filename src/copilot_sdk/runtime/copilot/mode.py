"""Methods of `session.mode`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import ModeSetRequest
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.config import MODES
from copilot_sdk.runtime.core.faults import RuntimeFault

router = Router()


@router.plain("session.mode.get")
async def _get(call: Call) -> str:
    return call.session.record.mode


@router.on("session.mode.set", ModeSetRequest)
async def _set(call: Call, params: ModeSetRequest) -> None:
    mode = MODES.get(params.mode)
    if mode is None:
        raise RuntimeFault(f"mode: expected one of {', '.join(MODES)}, got {params.mode!r}")
    call.session.set_mode(mode)
