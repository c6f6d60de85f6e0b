"""Methods for the remote control of sessions."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    ConnectRemoteSessionParams,
    RemoteControlStatusError,
    RemoteControlStatusOff,
    RemoteControlStatusResult,
    RemoteControlStopResult,
    RemoteControlTransferResult,
    SessionsSetRemoteControlSteeringRequest,
    SessionsStartRemoteControlRequest,
    SessionsStopRemoteControlRequest,
    SessionsTransferRemoteControlRequest,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.runtime import Runtime

router = Router()


@router.on("sessions.connect", ConnectRemoteSessionParams)
async def _connect(_: Call, __: ConnectRemoteSessionParams) -> None:
    raise RuntimeFault("sessions.connect requires authentication")


@router.plain("sessions.getRemoteControlStatus")
async def _get_status(call: Call) -> RemoteControlStatusResult:
    return RemoteControlStatusResult(status=_status(call.runtime))


@router.on("sessions.setRemoteControlSteering", SessionsSetRemoteControlSteeringRequest)
async def _set_steering(call: Call, _: SessionsSetRemoteControlSteeringRequest) -> RemoteControlStatusResult:
    return RemoteControlStatusResult(status=_status(call.runtime))


@router.on("sessions.startRemoteControl", SessionsStartRemoteControlRequest)
async def _start(call: Call, params: SessionsStartRemoteControlRequest) -> RemoteControlStatusResult:
    runtime = call.runtime
    if runtime.find_live(params.session_id) is None:
        raise RuntimeFault(f"startRemoteControl: session {params.session_id} not found")
    runtime.remote_control.start(params.session_id)
    return RemoteControlStatusResult(status=_status(runtime))


@router.on("sessions.stopRemoteControl", SessionsStopRemoteControlRequest)
async def _stop(call: Call, params: SessionsStopRemoteControlRequest) -> RemoteControlStopResult:
    runtime = call.runtime
    stopped = runtime.remote_control.stop(expected=params.expected_session_id, force=bool(params.force))
    return RemoteControlStopResult(status=_status(runtime), stopped=stopped)


@router.on("sessions.transferRemoteControl", SessionsTransferRemoteControlRequest)
async def _transfer(call: Call, _: SessionsTransferRemoteControlRequest) -> RemoteControlTransferResult:
    # There is nothing to transfer: no session is controlled from elsewhere.
    return RemoteControlTransferResult(status=_status(call.runtime), transferred=False)


def _status(runtime: Runtime) -> RemoteControlStatusOff | RemoteControlStatusError:
    status = runtime.remote_control.status
    if status.state == "off":
        return RemoteControlStatusOff()
    return RemoteControlStatusError(error=status.error or "", attached_session_id=status.session_id)
