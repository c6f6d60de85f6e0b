"""A mapping to values that are loaded when they are first asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TypeVar

T = TypeVar("T")


class LazyMapping(Mapping[str, T]):
    """The attributes of a lazy package by other keys than their names.

    Args:
        package: `__name__` of the package.
        names: The name of the attribute by key.
    """

    def __init__(self, package: str, names: Mapping[str, str]) -> None:
        self._package = package
        self._names = names

    def __getitem__(self, key: str) -> T:
        value: T = getattr(sys.modules[self._package], self._names[key])
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
