"""Methods of `sandbox` that work out what settings come to, for sessions, features and file pickers."""

from __future__ import annotations

import os

from copilot_sdk._generated.copilot.types import (
    SandboxApplyDefaultsRequest,
    SandboxEffectiveForOptionalParams,
    SandboxEffectiveForOptionalResult,
    SandboxFilterPickerCandidatesParams,
    SandboxFilterPickerCandidatesResult,
    SandboxPreparePickerPolicyParams,
    SandboxPreparePickerPolicyResult,
    SandboxResolveFlooredConfigParams,
    SandboxResolveFlooredConfigResult,
)
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.sandbox.config import for_feature, read_config
from copilot_sdk.runtime.core.sandbox.floor import floored, with_defaults
from copilot_sdk.runtime.core.sandbox.picker import Candidate, offered, picker_policy

router = Router()


@router.on("sandbox.settings.applyDefaults", SandboxApplyDefaultsRequest)
async def _apply_defaults(_: Call, params: SandboxApplyDefaultsRequest) -> dict[str, object]:
    if params.stored is None:
        raise RuntimeFault("stored: expected an object with the settings of a sandbox")
    return with_defaults(read_config(params.stored, "stored"))


@router.on("sandbox.resolveFlooredConfig", SandboxResolveFlooredConfigParams)
async def _resolve_floored(
    _: Call, params: SandboxResolveFlooredConfigParams
) -> SandboxResolveFlooredConfigResult:
    managed: object = params.managed_sandbox
    if managed is not None and not is_object(managed):
        raise RuntimeFault("managedSandbox: expected an object with the settings of a sandbox")
    config = floored(read_config(params.user_sandbox, "userSandbox"), managed)
    return SandboxResolveFlooredConfigResult(sandbox_json=config.to_json())


@router.on("sandbox.resolveForOptional", SandboxEffectiveForOptionalParams)
async def _resolve_for_feature(
    _: Call, params: SandboxEffectiveForOptionalParams
) -> SandboxEffectiveForOptionalResult:
    return SandboxEffectiveForOptionalResult(sandbox_json=for_feature(params.sandbox, params.routing_flag))


@router.on("sandbox.preparePickerPolicy", SandboxPreparePickerPolicyParams)
async def _prepare_picker(
    _: Call, params: SandboxPreparePickerPolicyParams
) -> SandboxPreparePickerPolicyResult:
    policy = picker_policy(read_config(params.sandbox, "sandbox"), params.cwd, os.environ)
    return SandboxPreparePickerPolicyResult(sandbox_json=None if policy is None else policy.to_json())


@router.on("sandbox.filterPickerCandidates", SandboxFilterPickerCandidatesParams)
async def _filter_picker(
    _: Call, params: SandboxFilterPickerCandidatesParams
) -> SandboxFilterPickerCandidatesResult:
    candidates = [Candidate(each.path, each.is_directory) for each in params.candidates]
    sandbox = read_config(params.sandbox, "sandbox")
    return SandboxFilterPickerCandidatesResult(allowed=offered(candidates, params.cwd, sandbox))
