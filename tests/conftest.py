"""What all tests share: the real CLI is left alone unless it is asked for by name, tests can be sampled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from copilot_sdk.acp import agent
from copilot_sdk.runtime.copilot import reception
from tests.support.strict_acp import StrictConnection
from tests.support.strict_peer import FAULTS, StrictPeer
from tests.support.sweep import parts_of

_REAL = Path(__file__).parent / "real"

# How fast the machine is says nothing about what is tested.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options that choose among the tests."""
    parser.addoption("--one-in", type=int, default=1, metavar="N", help="run one in N of the tests")
    parser.addoption(
        "--case",
        action="append",
        default=[],
        metavar="NAME",
        help="run this case of the sweeps, and nothing else",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives the sweeps their cases."""
    parts = parts_of(metafunc.function, metafunc.config.getoption("--case") or ())
    if parts is not None:
        metafunc.parametrize("part", parts, ids=[part[0] for part in parts])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the tests out that the sample does not have, and those of other cases than are wanted."""
    wanted = [item for item in items if _part_of(item) is not None] if config.getoption("--case") else items
    sample = wanted[:: config.getoption("--one-in")]
    left_out = set(items) - set(sample)
    items[:] = sample
    config.hook.pytest_deselected(items=list(left_out))


def _part_of(item: pytest.Item) -> list[str] | None:
    """The cases that a test of a sweep tries; None where none of its cases is wanted, and for other tests."""
    callspec = item.callspec if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None
    part = callspec.params.get("part") if callspec is not None else None
    return part if isinstance(part, list) else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves tests/real out unless an argument points into it."""
    if collection_path != _REAL:
        return None
    asked_for = (Path(argument.partition("::")[0]).resolve() for argument in config.args)
    return None if any(path.is_relative_to(_REAL) for path in asked_for) else True


@pytest.fixture(scope="session", autouse=True)
def _strict_peers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reception, "Peer", StrictPeer)
        patch.setattr(agent, "Connection", StrictConnection)
        yield


@pytest.fixture(autouse=True)
def _what_runtimes_in_this_process_send_fits_the_schema() -> Iterator[None]:
    FAULTS.clear()
    yield
    assert FAULTS == []
