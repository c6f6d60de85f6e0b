"""Parameters that a method does not have: most methods overlook them, some refuse them, as in the CLI."""

from __future__ import annotations

from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.payloads import Payload


def refuse_unknown(params: Payload) -> None:
    """Takes the parameters of a method that refuses others.

    Raises:
        RuntimeFault: There are others.
    """
    if params.model_extra:
        raise RuntimeFault(f"{', '.join(params.model_extra)}: unknown")
