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
from copilot_sdk.runtime.copilot.unknown_fields import refuse_unknown

router = Router()


@router.on("azureMl.acquireFamily", AzureMlFamilyRequest)
async def _acquire(call: Call, params: AzureMlFamilyRequest) -> AzureMlFamilyLeaseResult:
    refuse_unknown(params)
    families = call.runtime.families
    return AzureMlFamilyLeaseResult(lease_id=families.acquire(call.connection, params.registry, params.name))


@router.on("azureMl.releaseFamily", AzureMlFamilyReleaseRequest)
async def _release(call: Call, params: AzureMlFamilyReleaseRequest) -> HostEmptyResult:
    refuse_unknown(params)
    call.runtime.families.release(call.connection, params.lease_id, params.registry, params.name)
    return HostEmptyResult()


# Models are downloaded on Windows alone: here no download can have been begun.


@router.on("azureMl.status", AzureMlDownloadIdRequest)
async def _status(_: Call, params: AzureMlDownloadIdRequest) -> None:
    refuse_unknown(params)


@router.on("azureMl.cancel", AzureMlDownloadIdRequest)
async def _cancel(_: Call, params: AzureMlDownloadIdRequest) -> bool:
    refuse_unknown(params)
    return False
