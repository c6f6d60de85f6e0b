"""Methods of `globalState`."""

from __future__ import annotations

from pathlib import Path

from copilot_sdk._generated.copilot.types import (
    GlobalStateLoadForConfigDirRequest,
    GlobalStateLoadResult,
    GlobalStateWriteKeyRequest,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.global_state import GlobalState

router = Router()


@router.plain("globalState.load")
async def _load(call: Call) -> GlobalStateLoadResult:
    return GlobalStateLoadResult.model_validate(call.runtime.state.read())


@router.on("globalState.loadForConfigDir", GlobalStateLoadForConfigDirRequest)
async def _load_for(call: Call, params: GlobalStateLoadForConfigDirRequest) -> GlobalStateLoadResult:
    return GlobalStateLoadResult.model_validate(_state(call, params.config_dir).read())


@router.on("globalState.writeKey", GlobalStateWriteKeyRequest)
async def _write_key(call: Call, params: GlobalStateWriteKeyRequest) -> None:
    _state(call, params.config_dir).write(params.key, params.value)


def _state(call: Call, folder: str | None) -> GlobalState:
    return call.runtime.state if folder is None else GlobalState(Path(folder))
