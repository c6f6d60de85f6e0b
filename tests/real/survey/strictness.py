"""Whether a result was read into its own class as a whole: no fallback in it, nothing of it lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from copilot_sdk._generated.copilot.methods import OUTBOUND
from copilot_sdk._model import UnknownEvent, UnknownVariant, WireModel
from copilot_sdk._model.codec import write_result
from copilot_sdk.errors import ResultValidationError
from tests.real.survey.calls import Outcome
from tests.support.written import plain

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Misfit:
    """A place in a result that was not read as the schema says; list positions are left out of the path."""

    method: str
    path: str
    expected: str
    came: str


def misfits(outcome: Outcome) -> set[Misfit]:
    """All places in a result that did not fit; none for a refusal."""
    if not outcome.answered:
        return set()
    if problems := _problems(outcome):
        parts = (problem.partition(": ") for problem in problems)
        return {_misfit(outcome, tuple(place.split(".")), wanted) for place, _, wanted in parts}
    untyped = {_misfit(outcome, path, wanted) for path, wanted in fallbacks(outcome.result)}
    return untyped or {_misfit(outcome, path, "what came, when written again") for path in _lost(outcome)}


def _problems(outcome: Outcome) -> list[str]:
    if isinstance(outcome.error, ResultValidationError):
        return outcome.error.problems
    return outcome.result.misfits() if isinstance(outcome.result, WireModel) else []


def fallbacks(value: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Where something stands for what could not be read; an event of an unknown type is no fault of a result."""
    if isinstance(value, UnknownVariant):
        yield path, "a known branch"
    elif isinstance(value, UnknownEvent):
        if value.problem is not None:
            yield path, value.problem
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from fallbacks(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from fallbacks(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from fallbacks(item, (*path, index))


def _lost(outcome: Outcome) -> Iterator[Path]:
    written = plain(write_result(OUTBOUND[outcome.method], outcome.result))
    if outcome.raw not in (None, {}) or written not in (None, {}):  # either stands for the other
        yield from _differences(outcome.raw, written, ())


def _differences(came: object, written: object, path: Path) -> Iterator[Path]:
    if isinstance(came, dict) and isinstance(written, dict) and came.keys() == written.keys():
        for key, item in came.items():
            yield from _differences(item, written[key], (*path, key))
    elif isinstance(came, list) and isinstance(written, list) and len(came) == len(written):
        for index, item in enumerate(came):
            yield from _differences(item, written[index], (*path, index))
    elif came != written:
        yield path


def _misfit(outcome: Outcome, path: Path, expected: str) -> Misfit:
    shown = ".".join("*" if str(part).isdecimal() else str(part) for part in path)
    return Misfit(outcome.method, shown, expected, _described(outcome.raw, path))


def _described(value: object, path: Path) -> str:
    """What stands at a path, by its kind; beyond the end of the value the path may name what is missing."""
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and str(part).isdecimal():
            value = value[int(part)]
        else:
            return f"nothing, in {_described(value, ())}"
    if isinstance(value, dict):
        return "{" + ", ".join(sorted(map(str, value))) + "}"
    return "null" if value is None else type(value).__name__
