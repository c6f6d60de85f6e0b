"""Sweeps over the schema: a test of thousands of cases, each of which takes less time than pytest does for a test.

`--case NAME` runs the cases of that name and nothing else, see `conftest`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
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
                text = f"{len(failures)} of {len(part)} cases fail; --case NAME runs one alone"
                raise BaseExceptionGroup(text, failures)

        signature = inspect.signature(test)
        taken = [
            parameter.replace(name="part") if parameter.name == argument else parameter
            for parameter in signature.parameters.values()
        ]
        run.__signature__ = signature.replace(parameters=taken)  # type: ignore[attr-defined]
        run.swept = every  # type: ignore[attr-defined]
        return run

    return decorate


def parts_of(test: Callable[..., None], cases: Collection[str] = ()) -> Sequence[list[str]] | None:
    """What a swept test is called with, one after the other; None for a test that is none.

    Args:
        test: The test.
        cases: The only cases that are wanted; empty for all.
    """
    every: Sequence[str] | None = getattr(test, "swept", None)
    if every is None:
        return None
    if cases:
        return [[value] for value in every if value in cases]
    return [list(every[start : start + _CASES]) for start in range(0, len(every), _CASES)]
