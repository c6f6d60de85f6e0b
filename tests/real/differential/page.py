"""The page of the documentation that tells what is different between the runtimes, and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.real.differential.areas import AREAS
from tests.real.differential.general import GENERAL
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
serves at all is said by [its table](runtime-methods.md).
"""


def page() -> str:
    """The whole page."""
    lines = [_INTRODUCTION, "## Everywhere", ""]
    for item in GENERAL:
        lines += _entry(item)
    for area in AREAS:
        lines += ["", f"## {area.name}", *_area(area)]
    return "\n".join(lines) + "\n"


def _area(area: Area) -> Iterator[str]:
    same = [scenario for scenario in area.scenarios if not scenario.known]
    for scenario in area.scenarios:
        if scenario.known:
            yield from _scenario(scenario)
    if same:
        yield ""
        yield "The same in both runtimes:"
        yield ""
        yield from (f"- {_title(scenario)}: {scenario.summary}" for scenario in same)


def _scenario(scenario: Scenario) -> Iterator[str]:
    yield ""
    yield f"**{_title(scenario)}.** {scenario.summary}"
    yield ""
    for item in scenario.known:
        yield from _entry(item)


def _title(scenario: Scenario) -> str:
    return scenario.name.replace("_", " ").capitalize()


def _entry(item: Known) -> Iterator[str]:
    yield f"- {item.why}"
    places = ", ".join(f"`{pattern}`" for pattern in item.patterns)
    yield f"  <br><small>{places}</small>"


def write(path: Path = PAGE) -> None:
    """Writes the page."""
    path.write_text(page(), encoding="utf-8")
