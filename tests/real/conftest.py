"""The real tests run where the network ends at loopback, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.real.support.client_stage import CLI, REFERENCE, ClientStage, RuntimeKind, Sightings
from tests.real.support.netns import is_isolated
from tests.real.support.stage import Stage
from tests.real.survey.page import counts
from tests.real.survey.play import Survey
from tests.real.survey.sweep import play_survey
from tests.real.survey.verdicts import verdicts

_FOLDER = Path(__file__).parent
_TOLD: list[str] = []
_SIGHTINGS = {kind.name: Sightings() for kind in (CLI, REFERENCE)}


def pytest_configure() -> None:
    """Refuses to start with a network: the CLI must reach nobody."""
    if not is_isolated():
        raise pytest.UsageError("tests/real runs in a network namespace of its own: `nox -s real`")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test of this folder as one of the real ones."""
    for item in items:
        if item.path.is_relative_to(_FOLDER):
            item.add_marker(pytest.mark.real)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells which events the client has seen, which of them it does not know, and what tests have to tell."""
    for name, seen in _SIGHTINGS.items():
        if not seen.known:
            continue
        terminalreporter.write_line(
            f"{name}: {seen.known.total()} events of {len(seen.known)} known types, "
            f"{seen.unknown.total()} of {len(seen.unknown)} unknown ones: "
            + ", ".join(f"{kind} {number}" for kind, number in sorted(seen.unknown.items()))
        )
    for line in _TOLD:
        terminalreporter.write_line(line)


@pytest.fixture
def tell() -> Callable[[str], None]:
    """Adds a line to the summary of the run."""
    return _TOLD.append


@pytest.fixture(scope="session")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    """Every method of the schema, called on the CLI."""
    played = asyncio.run(play_survey(tmp_path_factory.mktemp("survey")))
    _TOLD.append(f"survey: {counts(verdicts(played))}")
    return played


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """The CLI in an empty folder, with a scripted model behind it."""
    async with Stage.open(tmp_path) as opened:
        yield opened


@pytest.fixture(params=[CLI, REFERENCE], ids=lambda kind: kind.name)
def runtime(request: pytest.FixtureRequest) -> RuntimeKind:
    """Each runtime in turn: what a test says has to hold for all of them."""
    kind = request.param
    assert isinstance(kind, RuntimeKind)
    return kind


@pytest_asyncio.fixture
async def live(runtime: RuntimeKind, tmp_path: Path) -> AsyncIterator[ClientStage]:
    """The client with a runtime; whatever the test is about, each event that comes has to be readable.

    Only the CLI may send events of types that the schema does not know.
    """
    seen = Sightings()
    async with ClientStage.open(runtime, tmp_path, seen) as opened:
        yield opened
    _SIGHTINGS[runtime.name].add(seen)
    assert not seen.malformed
    assert runtime is CLI or not seen.unknown
