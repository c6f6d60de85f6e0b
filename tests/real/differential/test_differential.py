"""Both runtimes are taken through the same calls; they differ where it is meant, and nowhere else."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.real.differential.areas import AREAS
from tests.real.differential.compare import Difference, differences
from tests.real.differential.general import GENERAL
from tests.real.differential.methods import recorded
from tests.real.differential.play import Takes, play
from tests.real.differential.scenario import Area, Scenario

pytestmark = pytest.mark.timeout(240)

TURNS = 3
"""How often an area is played at most."""
SCENARIOS = [pytest.param(area, scenario, id=scenario.name) for area in AREAS for scenario in area.scenarios]


@cache
def played(area: Area, turn: int) -> Takes:
    """What came of the scenarios of an area: they are played when the first of them is asked for."""
    with TemporaryDirectory(prefix="differential-") as folder:
        return asyncio.run(play(area, Path(folder)))


def found(area: Area, scenario: Scenario, turn: int = 0) -> list[Difference]:
    """The differences of a scenario, which both runtimes have to have played to its end."""
    cli, ours = played(area, turn)[scenario.name]
    for take in (cli, ours):
        if take.failure is not None:
            raise take.failure
    return differences(cli, ours)


def surprises(area: Area, scenario: Scenario, turn: int) -> dict[str, Difference]:
    """What is different though nothing says so, and what is not though it is documented, by its text."""
    differences = found(area, scenario, turn)
    known = (*scenario.known, *GENERAL)
    outdated = (
        Difference(f"no more: {text}") for one in scenario.known for text in one.outdated(differences)
    )
    unknown = (item for item in differences if not any(one.accounts_for(item) for one in known))
    return {item.text: item for item in (*unknown, *outdated)}


@pytest.mark.parametrize(("area", "scenario"), SCENARIOS)
def test_both_do_the_same_but_for_what_is_documented(area: Area, scenario: Scenario) -> None:
    """What surprises once is chance, such as which of two agents starts first; it counts if it stays so."""
    staying = surprises(area, scenario, 0)
    for turn in range(1, TURNS):
        if staying:
            again = surprises(area, scenario, turn)
            staying = {text: item for text, item in staying.items() if text in again}
    assert list(staying.values()) == []


@pytest.mark.parametrize(("area", "scenario"), SCENARIOS)
def test_the_cli_serves_the_methods_that_are_recorded(area: Area, scenario: Scenario) -> None:
    cli, _ = played(area, 0)[scenario.name]
    assert sorted(cli.methods) == recorded()[scenario.name], "run `nox -s differences`"


def test_what_is_documented_in_general_is_found_in_some_scenario() -> None:
    everything = [item for area in AREAS for scenario in area.scenarios for item in found(area, scenario)]
    assert [(one.why, one.outdated(everything)) for one in GENERAL if one.outdated(everything)] == []
