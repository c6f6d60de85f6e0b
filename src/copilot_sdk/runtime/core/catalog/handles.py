"""Handles: texts that stand for something of one runtime, for a while."""

from __future__ import annotations

from datetime import timedelta
from secrets import token_urlsafe

from copilot_sdk.runtime.core.catalog.refusals import Refusal
from copilot_sdk.runtime.core.clock import now, stamp

_LIFETIME = timedelta(minutes=10)


class Handles:
    """Gives out the handles of one runtime, and knows those of others.

    What a handle of a plan stands for is not kept: plans are carried out in sessions that are bound to an account of a
    catalog, and this runtime has none.
    """

    def __init__(self) -> None:
        self._runtime = token_urlsafe(16)

    def issue(self) -> tuple[str, str]:
        """A fresh handle of a plan, and when it expires in ISO 8601."""
        return f"{self._runtime}.{token_urlsafe(32)}", stamp(now() + _LIFETIME)

    def refuse(self, handle: str) -> Refusal:
        """Why a handle of a candidate cannot be used; no search has found any here."""
        runtime, dot, _ = handle.partition(".")
        foreign = dot and runtime not in ("", self._runtime)
        return Refusal(
            "handle-rejected",
            "The handle is of another runtime." if foreign else "Nobody was given this handle.",
            handleType="candidate",
            reason="foreign" if foreign else "invalid",
        )
