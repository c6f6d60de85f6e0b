"""Methods of `session.name`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    NameGetResult,
    NameSetAutoRequest,
    NameSetAutoResult,
    NameSetRequest,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault

router = Router()

_LONGEST = 100


@router.plain("session.name.get")
async def _get(call: Call) -> NameGetResult:
    record = call.session.record
    return NameGetResult(name=record.name or record.summary)


@router.on("session.name.set", NameSetRequest)
async def _set(call: Call, params: NameSetRequest) -> None:
    name = params.name.strip()
    if not 1 <= len(name) <= _LONGEST:
        raise RuntimeFault(f"name: expected 1 to {_LONGEST} characters")
    call.session.rename(name, by_user=True)


@router.on("session.name.setAuto", NameSetAutoRequest)
async def _set_auto(call: Call, params: NameSetAutoRequest) -> NameSetAutoResult:
    summary = params.summary.strip()[:_LONGEST]
    if not summary or call.session.record.named_by_user:
        return NameSetAutoResult(applied=False)
    call.session.rename(summary, by_user=False)
    return NameSetAutoResult(applied=True)
