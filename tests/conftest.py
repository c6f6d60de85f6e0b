"""What all tests share: the real CLI is left alone unless it is asked for by name, sweeps can be sampled."""

from __future__ import annotations

from pathlib import Path

import pytest

_REAL = Path(__file__).parent / "real"
_SWEEPS = Path(__file__).parent / "generated"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option that samples the sweeps over the schema."""
    parser.addoption(
        "--one-in", type=int, default=1, metavar="N", help="run one in N of the cases of tests/generated"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the other cases of a sweep out."""
    step: int = config.getoption("one_in")
    sweep = [item for item in items if step > 1 and item.path.is_relative_to(_SWEEPS)]
    left_out = set(sweep) - set(sweep[::step])
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=list(left_out))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves tests/real out unless an argument points into it."""
    if collection_path != _REAL:
        return None
    asked_for = (Path(argument.partition("::")[0]).resolve() for argument in config.args)
    return None if any(path.is_relative_to(_REAL) for path in asked_for) else True
