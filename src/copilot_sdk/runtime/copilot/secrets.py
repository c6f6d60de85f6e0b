"""Methods of `secrets`."""

from __future__ import annotations

import os

from copilot_sdk._generated.copilot.types import SecretsAddFilterValuesRequest, SecretsAddFilterValuesResult
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault

router = Router()

_SWITCH = "COPILOT_ENABLE_SECRET_FILTERING"


@router.on("secrets.addFilterValues", SecretsAddFilterValuesRequest)
async def _add(call: Call, params: SecretsAddFilterValuesRequest) -> SecretsAddFilterValuesResult:
    if os.environ.get(_SWITCH) != "true":
        raise RuntimeFault(
            "addFilterValues is only supported in single-tenant environments. "
            f"Set an environment variable of {_SWITCH}=true to enable it."
        )
    call.runtime.secrets.add(params.values)
    return SecretsAddFilterValuesResult()
