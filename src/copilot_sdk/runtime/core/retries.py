"""New tries of model calls that failed for the moment."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from copy import copy
from typing import TYPE_CHECKING, TypeVar

from copilot_sdk.runtime.core.clock import Clock
from copilot_sdk.runtime.core.faults import ModelFault

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.config import Limits

ResultT = TypeVar("ResultT")

_REASONS = {401: "transient_auth_error", 429: "rate_limit", None: "streaming_error"}
_NOTICES = {429: None, None: "The answer of the model broke off. Asking again..."}
_NOTICE = "The call of the model failed, which may pass. Asking again..."

# The CLI waits like this: so long after an error of the API, with so much more if it says that we ask too often.
_API_ERRORS = (0.5, 1.0, 2.0, 4.0, 8.0)
_RATE_LIMITS = (6.0, 7.0, 9.0, 13.0, 21.0)
_BROKEN_OFF = (1.0,) * 5
_UNAUTHORIZED = (1.0,) * 2
_TOO_LONG = (1.0,) * 4
_LEAST_WANTED = 1.0
# Clients that failed together do not come back together.
_SPREAD = 0.2


def retry_reason(fault: ModelFault) -> str:
    """Why a call is made again, in the wire's words."""
    return _REASONS.get(fault.status, "api_error")


def retry_notice(fault: ModelFault) -> str | None:
    """What the user is told of it; None where that is nothing."""
    return _NOTICES.get(fault.status, _NOTICE)


async def retrying(
    call: Callable[[], Awaitable[ResultT]],
    limits: Limits,
    clock: Clock,
    announce: Callable[[ModelFault], None],
) -> ResultT:
    """Makes a call, and again if it fails in a way that may pass.

    Args:
        call: What to do.
        limits: How often, and how long to wait in between; what the provider asks for is honoured up to a bound.
        clock: What the waits go by.
        announce: Told of each failure after which the call is made again, once the wait is over.

    Raises:
        ModelFault: The last try failed, or one failed for good.
    """
    tries, waited = 0, 0.0
    while True:
        try:
            return await call()
        except ModelFault as error:
            fault = error
        pause = _pause(fault, tries, limits)
        if pause is None:
            raise _last(fault, tries, waited)
        await clock.sleep(pause)
        tries, waited = tries + 1, waited + pause
        announce(fault)


def _pause(fault: ModelFault, tries: int, limits: Limits) -> float | None:
    """How long to wait before the next try; None where there is none."""
    wanted, pauses = fault.retry_after, limits.retry_delays
    if not fault.retryable or (wanted is not None and wanted > limits.retry_after_seconds):
        return None
    if pauses is None:
        pauses = _pauses(fault)
        wanted = None if wanted is None else max(_LEAST_WANTED, _spread(wanted, 0.0))
    if tries >= len(pauses):
        return None
    return pauses[tries] if wanted is None else wanted


def _pauses(fault: ModelFault) -> tuple[float, ...]:
    if fault.too_long:
        return _TOO_LONG
    match fault.status:
        case None:
            return _BROKEN_OFF
        case 401:
            return _UNAUTHORIZED
        case 429:
            return tuple(_spread(pause) for pause in _RATE_LIMITS)
        case _:
            return tuple(_spread(pause) for pause in _API_ERRORS)


def _spread(seconds: float, less: float = _SPREAD) -> float:
    return seconds * random.uniform(1 - less, 1 + _SPREAD)  # noqa: S311


def _last(fault: ModelFault, tries: int, waited: float) -> ModelFault:
    """The fault that ends the tries; one that outlived them tells of them."""
    if not (tries and fault.retryable) or fault.status == 401:
        return fault
    again = "once more" if tries == 1 else f"{tries} times more"
    told = copy(fault)
    told.message = f"The model was asked {again} within {waited:.2f} s. It failed last with: {fault.message}"
    return told
