"""Methods of `contentExclusion` and `session.contentExclusion`."""

from __future__ import annotations

import json

from copilot_sdk._generated.copilot.types import (
    ContentExclusionCheckPathsRequest,
    ContentExclusionCheckPathsResult,
    ContentExclusionValidatePoliciesRequest,
    ContentExclusionValidatePoliciesResult,
)
from copilot_sdk._model.json_values import is_array, is_object
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import InvalidInput
from copilot_sdk.runtime.core.setting_kinds import type_name

router = Router()

_REQUIRED = ("rules", "last_updated_at", "scope")


@router.on("contentExclusion.validatePolicies", ContentExclusionValidatePoliciesRequest)
async def _validate_policies(
    _: Call, params: ContentExclusionValidatePoliciesRequest
) -> ContentExclusionValidatePoliciesResult:
    try:
        policies: object = json.loads(params.policies_json)
    except ValueError as error:
        raise InvalidInput(f"policiesJson: {error}") from error
    if not is_array(policies):
        raise InvalidInput(f": Expected array, received {type_name(policies)}")
    problems: list[str] = []
    for index, policy in enumerate(policies):
        if is_object(policy):
            problems += [f"{index}.{name}: Required" for name in _REQUIRED if name not in policy]
        else:
            problems.append(f"{index}: Expected object, received {type_name(policy)}")
    if problems:
        raise InvalidInput("; ".join(problems))
    return ContentExclusionValidatePoliciesResult(policies=policies)


@router.on("session.contentExclusion.checkPaths", ContentExclusionCheckPathsRequest)
async def _check_paths(call: Call, _: ContentExclusionCheckPathsRequest) -> ContentExclusionCheckPathsResult:
    call.runtime.live(call.target)
    # Policies are those of an organization, which GitHub would tell of: without one every path counts as excluded.
    return ContentExclusionCheckPathsResult(available=False, checks=[])
