"""The real tests run where the network ends at loopback, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.real.support.netns import is_isolated
from tests.real.support.stage import Stage

_FOLDER = Path(__file__).parent


def pytest_configure() -> None:
    """Refuses to start with a network: the CLI must reach nobody."""
    if not is_isolated():
        raise pytest.UsageError("tests/real runs in a network namespace of its own: `nox -s real`")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test of this folder as one of the real ones."""
    for item in items:
        if item.path.is_relative_to(_FOLDER):
            item.add_marker(pytest.mark.real)


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """The CLI in an empty folder, with a scripted model behind it."""
    async with Stage.open(tmp_path) as opened:
        yield opened
