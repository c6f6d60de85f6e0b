"""Sweeps over the schema: a test of thousands of cases, each of which takes less time than pytest does for a test."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps

import pytest

_CASES = 40


def sweep(argument: str, values: Iterable[str]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Tries a test with each of many values, dozens of them in one go; all that fail are told of by name.

    Args:
        argument: The argument of the test that takes a value.
        values: The values.
    """
    every = list(values)
    parts = [every[start : start + _CASES] for start in range(0, len(every), _CASES)]

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def run(part: list[str], **others: object) -> None:
            failures: list[BaseException] = []
            for value in part:
                try:
                    test(**{argument: value}, **others)
                except (Exception, pytest.fail.Exception) as failure:  # noqa: BLE001 - all are told of
                    failure.add_note(f"{argument}: {value}")
                    failures.append(failure)
            if failures:
                raise BaseExceptionGroup(f"{len(failures)} of {len(part)} cases fail", failures)

        signature = inspect.signature(test)
        taken = [
            parameter.replace(name="part") if parameter.name == argument else parameter
            for parameter in signature.parameters.values()
        ]
        run.__signature__ = signature.replace(parameters=taken)  # type: ignore[attr-defined]
        marked: Callable[..., None] = pytest.mark.parametrize("part", parts, ids=[p[0] for p in parts])(run)
        return marked

    return decorate
