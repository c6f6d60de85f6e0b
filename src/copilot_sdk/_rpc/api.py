"""Bases of the generated API classes: all they know is somebody who makes the call."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, Literal, Protocol, TypeAlias, TypeVar

from copilot_sdk._rpc.method import Method

R = TypeVar("R")


class _Unset(Enum):
    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"


Unset: TypeAlias = Literal[_Unset.UNSET]
"""Type of `UNSET`, for an argument where None already means something."""

UNSET: Final = _Unset.UNSET
"""Stands for an argument that was left out."""


class Caller(Protocol):
    """Makes a call for the async API."""

    async def call(
        self, method: Method[R], params: Mapping[str, object] | object, timeout: float | None | Unset
    ) -> R:
        """Encode `params`, send the request, decode the result."""
        ...


class SyncCaller(Protocol):
    """Makes a call for the sync API."""

    def call(
        self, method: Method[R], params: Mapping[str, object] | object, timeout: float | None | Unset
    ) -> R:
        """Encode `params`, send the request, wait, decode the result."""
        ...


class API:
    """A namespace of methods, async."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller


class SyncAPI:
    """A namespace of methods, sync."""

    def __init__(self, caller: SyncCaller) -> None:
        self._caller = caller
