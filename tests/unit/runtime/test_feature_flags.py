"""Which features of the CLI are there for somebody."""

from __future__ import annotations

import pytest

from copilot_sdk.runtime.core.feature_flag_table import FLAGS
from copilot_sdk.runtime.core.feature_flags import Population
from tests.unit.runtime.harness import Join, Start

NOBODY = {"isStaff": False, "isExperimental": False, "isTeam": False}


async def test_the_environment_of_the_runtime_counts_where_none_is_given(
    start: Start, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPILOT_CLI_ENABLED_FEATURE_FLAGS", "local_models")
    monkeypatch.setenv("SANDBOX", "false")
    client = await join(start())
    found = await client.call("featureFlags.resolve", **NOBODY)
    assert (found["LOCAL_MODELS"], found["SANDBOX"]) == (True, False)
    found = await client.call("featureFlags.resolve", **NOBODY, environment={})
    assert (found["LOCAL_MODELS"], found["SANDBOX"]) == (False, True)


@pytest.mark.parametrize(
    ("population", "github", "microsoft"),
    [
        (Population(staff=True, experimental=False, team=False), True, True),
        (Population(staff=True, experimental=False, team=False, of_github=True), True, False),
        (Population(staff=True, experimental=False, team=False, of_microsoft=False), False, False),
        (Population(staff=False, experimental=True, team=True), False, False),
    ],
)
def test_staff_of_whom_nothing_was_recorded_counts_as_both(
    population: Population, github: bool, microsoft: bool
) -> None:
    assert (population.has("staff-github"), population.has("staff-microsoft")) == (github, microsoft)
    assert population.has("staff-and-experimental") is False


def test_each_feature_is_declared_once() -> None:
    names = [name.lower() for name in FLAGS]
    assert len(names) == len(set(names))
