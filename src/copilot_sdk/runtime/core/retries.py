"""New tries of model calls that failed for the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from copilot_sdk.runtime.core.config import Limits
from copilot_sdk.runtime.core.faults import ModelFault

ResultT = TypeVar("ResultT")


_REASONS = {401: "transient_auth_error", 429: "rate_limit", None: "streaming_error"}


def retry_reason(fault: ModelFault) -> str:
    """Why a call is made again, in the wire's words."""
    return _REASONS.get(fault.status, "api_error")


async def retrying(
    call: Callable[[], Awaitable[ResultT]], limits: Limits, announce: Callable[[ModelFault], None]
) -> ResultT:
    """Makes a call, and again if it fails in a way that may pass.

    Args:
        call: What to do.
        limits: How often, and how long to wait in between; what the provider asks for is honoured up to a bound.
        announce: Told of each failure after which the call is made again.

    Raises:
        ModelFault: The last try failed, or one failed for good.
    """
    for delay in limits.retry_delays:
        try:
            return await call()
        except ModelFault as fault:
            wanted = delay if fault.retry_after is None else fault.retry_after
            if not fault.retryable or wanted > limits.retry_after_seconds:
                raise
            announce(fault)
            await asyncio.sleep(wanted)
    return await call()
