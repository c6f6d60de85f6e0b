"""Bases of the generated API classes: all they know is somebody who makes the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from copilot_sdk._rpc.method import Method
from copilot_sdk._rpc.unset import UNSET, Unset

__all__ = ["API", "UNSET", "Caller", "SyncAPI", "SyncCaller", "Unset"]

R = TypeVar("R")


class Caller(Protocol):
    """Makes a call for the async API."""

    async def call(
        self, method: Method[R], params: Mapping[str, object] | object, timeout: float | Unset | None
    ) -> R:
        """Encode `params`, send the request, decode the result."""
        ...


class SyncCaller(Protocol):
    """Makes a call for the sync API."""

    def call(
        self, method: Method[R], params: Mapping[str, object] | object, timeout: float | Unset | None
    ) -> R:
        """Encode `params`, send the request, wait, decode the result."""
        ...


class API:
    """A namespace of methods, async; `caller` makes the calls."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller


class SyncAPI:
    """A namespace of methods, sync; `caller` makes the calls."""

    def __init__(self, caller: SyncCaller) -> None:
        self.caller = caller
