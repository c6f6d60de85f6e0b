"""Methods of `session.mode`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types.session_mode import ModeSetRequest
from copilot_sdk.runtime.copilot.router import Call, NoParams, Router
from copilot_sdk.runtime.core.config import MODES
from copilot_sdk.runtime.core.faults import RuntimeFault

router = Router()


@router.on("session.mode.get", NoParams)
async def _get(call: Call, params: NoParams) -> str:
    return call.session.record.mode


@router.on("session.mode.set", ModeSetRequest)
async def _set(call: Call, params: ModeSetRequest) -> None:
    mode = next((known for known in MODES if known == params.mode), None)
    if mode is None:
        raise RuntimeFault(f"mode: expected one of {', '.join(MODES)}, got {params.mode!r}")
    call.session.set_mode(mode)
