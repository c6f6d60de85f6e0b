"""Methods of `session.plan`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import PlanReadResult, PlanUpdateRequest
from copilot_sdk.runtime.copilot.router import Call, Router

router = Router()


@router.plain("session.plan.read")
async def _read(call: Call) -> PlanReadResult:
    plan = call.session.plan
    content = await plan.read()
    return PlanReadResult(exists=content is not None, content=content, path=str(plan.path))


@router.on("session.plan.update", PlanUpdateRequest)
async def _update(call: Call, params: PlanUpdateRequest) -> None:
    await call.session.plan.write(params.content)


@router.plain("session.plan.delete")
async def _delete(call: Call) -> None:
    await call.session.plan.delete()
