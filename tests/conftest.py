"""What all tests share: the real CLI is left alone unless it is asked for by name."""

from __future__ import annotations

from pathlib import Path

import pytest

_REAL = Path(__file__).parent / "real"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves tests/real out unless an argument points into it."""
    if collection_path != _REAL:
        return None
    asked_for = (Path(argument.partition("::")[0]).resolve() for argument in config.args)
    return None if any(path.is_relative_to(_REAL) for path in asked_for) else True
