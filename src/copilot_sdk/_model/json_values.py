"""Questions about JSON values whose shape is not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard, TypeVar

T = TypeVar("T")


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """Whether a value is a JSON object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[object]]:
    """Whether a value is a JSON array."""
    return isinstance(value, list)


def objects_in(value: object) -> list[dict[str, object]]:
    """The objects of an array; none if it is no array."""
    return [item for item in value if is_object(item)] if is_array(value) else []


def texts_in(value: object) -> list[str]:
    """The members of an array as text; none if it is no array."""
    return [str(item) for item in value] if is_array(value) else []


def present(items: Sequence[T | None] | None) -> list[T]:
    """The items of a list that was read; what was nothing of its kind is None there, and so is what was no list."""
    return [item for item in items or () if item is not None]
