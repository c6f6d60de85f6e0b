"""Methods of `session.remote`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    RemoteEnableRequest,
    RemoteEnableResult,
    RemoteNotifySteerableChangedRequest,
    RemoteNotifySteerableChangedResult,
    SessionRemoteSteerableChangedData,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault

router = Router()

_MODES = ("off", "export", "on")


@router.on("session.remote.enable", RemoteEnableRequest)
async def _enable(call: Call, params: RemoteEnableRequest) -> RemoteEnableResult:
    mode, session = params.mode or "on", call.session
    if mode not in _MODES:
        raise RuntimeFault(f"invalid remote session mode '{mode}'")
    if mode != "off":
        if await session.account.current() is None:
            raise RuntimeFault("Remote session has no current authentication")
        raise RuntimeFault("This runtime sends no sessions to GitHub")
    session.set_steerable(False)
    return RemoteEnableResult(remote_steerable=False, started=False)


@router.plain("session.remote.disable")
async def _disable(call: Call) -> None:
    call.session.set_steerable(False)


@router.on("session.remote.notifySteerableChanged", RemoteNotifySteerableChangedRequest)
async def _notify_steerable_changed(
    call: Call, params: RemoteNotifySteerableChangedRequest
) -> RemoteNotifySteerableChangedResult:
    session = call.session
    session.set_steerable(params.remote_steerable)
    session.emit(SessionRemoteSteerableChangedData(remote_steerable=params.remote_steerable))
    return RemoteNotifySteerableChangedResult()
