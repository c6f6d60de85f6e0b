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
from tests.real.differential.play import Takes, play
from tests.real.differential.scenario import Area, Scenario

pytestmark = pytest.mark.timeout(240)

SCENARIOS = [pytest.param(area, scenario, id=scenario.name) for area in AREAS for scenario in area.scenarios]


@cache
def played(area: Area) -> Takes:
    """What came of the scenarios of an area: they are played when the first of them is asked for."""
    with TemporaryDirectory(prefix="differential-") as folder:
        return asyncio.run(play(area, Path(folder)))


def found(area: Area, scenario: Scenario) -> list[Difference]:
    """The differences of a scenario, which both runtimes have to have played to its end."""
    cli, ours = played(area)[scenario.name]
    for take in (cli, ours):
        if take.failure is not None:
            raise take.failure
    return differences(cli, ours)


@pytest.mark.parametrize(("area", "scenario"), SCENARIOS)
def test_both_do_the_same_but_for_what_is_documented(area: Area, scenario: Scenario) -> None:
    differences = found(area, scenario)
    known = (*scenario.known, *GENERAL)
    assert [item for item in differences if not any(one.accounts_for(item) for one in known)] == []
    assert [(one.why, one.outdated(differences)) for one in scenario.known if one.outdated(differences)] == []


def test_what_is_documented_in_general_is_found_in_some_scenario() -> None:
    everything = [item for area in AREAS for scenario in area.scenarios for item in found(area, scenario)]
    assert [(one.why, one.outdated(everything)) for one in GENERAL if one.outdated(everything)] == []
