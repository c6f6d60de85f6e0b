"""Methods of `azureMl`, as far as they need no service: leases of model families."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    AzureMlDownloadIdRequest,
    AzureMlFamilyLeaseResult,
    AzureMlFamilyReleaseRequest,
    AzureMlFamilyRequest,
    HostEmptyResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault

router = Router()


@router.on("azureMl.acquireFamily", AzureMlFamilyRequest, exact=RuntimeFault)
async def _acquire(call: Call, params: AzureMlFamilyRequest) -> AzureMlFamilyLeaseResult:
    families = call.runtime.families
    return AzureMlFamilyLeaseResult(lease_id=families.acquire(call.connection, params.registry, params.name))


@router.on("azureMl.releaseFamily", AzureMlFamilyReleaseRequest, exact=RuntimeFault)
async def _release(call: Call, params: AzureMlFamilyReleaseRequest) -> HostEmptyResult:
    call.runtime.families.release(call.connection, params.lease_id, params.registry, params.name)
    return HostEmptyResult()


# Models are downloaded on Windows alone: here no download can have been begun.


@router.on("azureMl.status", AzureMlDownloadIdRequest, exact=RuntimeFault)
async def _status(_call: Call, _params: AzureMlDownloadIdRequest) -> None:
    """Nothing: no download is known."""


@router.on("azureMl.cancel", AzureMlDownloadIdRequest, exact=RuntimeFault)
async def _cancel(_call: Call, _params: AzureMlDownloadIdRequest) -> bool:
    return False
