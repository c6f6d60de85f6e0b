"""Methods of `host`: sessions that a host of the Agent Host Protocol has published. No such host starts here."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    HostDisposeRequest,
    HostEmptyResult,
    HostListSessionsRequest,
    HostListSessionsResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.publications import published_sessions

router = Router()


@router.on("host.listSessions", HostListSessionsRequest, exact=RuntimeFault)
async def _list(call: Call, params: HostListSessionsRequest) -> HostListSessionsResult:
    if params.host_id is not None:
        raise RuntimeFault("hostId: this connection has no such host")
    sessions = published_sessions(call.runtime.home, call.runtime.settings)
    return HostListSessionsResult.model_validate({"sessions": sessions})


@router.on("host.dispose", HostDisposeRequest)
async def _dispose(_call: Call, _params: HostDisposeRequest) -> HostEmptyResult:
    # One that is not there does no harm.
    return HostEmptyResult()
