"""The page of the documentation that tells what is different between the runtimes, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.real.differential.areas import AREAS
from tests.real.differential.general import GENERAL
from tests.real.differential.methods import recorded
from tests.real.differential.scenario import Area, Known, Scenario
from tests.real.support.cli import VERSION
from tests.real.survey.page import PAGE as SURVEY

PAGE = SURVEY.with_name("differences.md")

_INTRODUCTION = f"""\
# Differences of the reference runtime

The [reference runtime](runtime.md) and the Copilot CLI {VERSION} are taken through the same calls, and what comes of
them is compared: replies, events and their order, what the client is asked, what the model is asked, files. This page
has every difference that is left, and why it is meant to be there; the tests fail where there is another one, and where
one is no longer there. `nox -s differences` writes the page, `nox -s real` checks that it holds.

Not compared are ids, times and measured numbers, descriptions and texts of refusals, which both runtimes word
themselves, and members that are null in one runtime and missing in the other. Which methods the reference runtime
serves at all is said by [its table](runtime-methods.md). Every method that both runtimes serve without an account and
without a network is called in one scenario at least; each scenario names those that the CLI answered with a result.
"""


def page() -> str:
    """The whole page."""
    methods = recorded()
    lines = [_INTRODUCTION, "## Everywhere", ""]
    for item in GENERAL:
        lines += _entry(item)
    for area in AREAS:
        lines += ["", f"## {area.name}", *_area(area, methods)]
    return "\n".join(lines) + "\n"


def _area(area: Area, methods: Mapping[str, Sequence[str]]) -> Iterator[str]:
    same = [scenario for scenario in area.scenarios if not scenario.known]
    for scenario in area.scenarios:
        if scenario.known:
            yield ""
            yield f"**{_title(scenario)}.** {scenario.summary}"
            yield _called(methods[scenario.name])
            yield ""
            for item in scenario.known:
                yield from _entry(item)
    if same:
        yield ""
        yield "The same in both runtimes:"
        yield ""
        for scenario in same:
            yield f"- {_title(scenario)}: {scenario.summary}"
            yield f"  {_called(methods[scenario.name])}"


def _called(methods: Sequence[str]) -> str:
    names = ", ".join(f"`{method}`" for method in methods)
    return f"<br><small>Calls {names}.</small>"


def _title(scenario: Scenario) -> str:
    return scenario.name.replace("_", " ").capitalize()


def _entry(item: Known) -> Iterator[str]:
    yield f"- {item.why}"
    places = ", ".join(f"`{pattern}`" for pattern in item.patterns)
    yield f"  <br><small>{places}</small>"


def write(path: Path = PAGE) -> None:
    """Writes the page."""
    path.write_text(page(), encoding="utf-8")
