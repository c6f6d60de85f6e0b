"""Methods of `featureFlags`: for whom the features of the CLI are, which hosts ask for by name."""

from __future__ import annotations

import os

from copilot_sdk._generated.copilot.types import (
    FeatureFlagMetadata,
    FeatureFlagsMetadataResult,
    FeatureFlagsResolveRequest,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.feature_flag_table import FLAGS
from copilot_sdk.runtime.core.feature_flags import Population, declared, resolved

router = Router()


@router.plain("featureFlags.listMetadata")
async def _list(_: Call) -> FeatureFlagsMetadataResult:
    return FeatureFlagsMetadataResult(
        flags={
            name: FeatureFlagMetadata(
                name=name,
                availability=flag.availability,
                capi_sanity=flag.tested,
                experimental_description=flag.about,
                exp_flag=flag.experiment,
                exp_flag_env_var=None
                if flag.experiment is None
                else f"COPILOT_EXP_{flag.experiment.upper()}",
            )
            for name, flag in FLAGS.items()
        }
    )


@router.on("featureFlags.resolve", FeatureFlagsResolveRequest)
async def _resolve(_: Call, params: FeatureFlagsResolveRequest) -> dict[str, object]:
    population = Population(
        staff=params.is_staff,
        experimental=params.is_experimental,
        team=params.is_team,
        of_github=params.is_staff_github,
        of_microsoft=params.is_staff_microsoft,
    )
    found = resolved(
        declared(population) if params.base_flags is None else params.base_flags,
        os.environ if params.environment is None else params.environment,
        params.config,
        params.flag_overrides or {},
    )
    return dict(found)
