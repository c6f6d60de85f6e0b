"""The package of tau as it is imported: cheap, and complete."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from copilot_sdk import tau
from copilot_sdk.tau import events, types

HEAVY = ("asyncio", "pydantic", "copilot_sdk.tau.client", "copilot_sdk._generated.tau.types.agent")


def test_importing_the_package_loads_nothing_heavy() -> None:
    source = f"""if True:
        import sys, copilot_sdk.tau, copilot_sdk.tau.events, copilot_sdk.tau.types
        print(*[name for name in {HEAVY!r} if name in sys.modules])
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source], check=True, capture_output=True, text=True, timeout=50
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize("module", [tau, events])
def test_the_names_are_those_that_type_checkers_see(module: object) -> None:
    path = getattr(module, "__file__", "")
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    seen = {
        alias.asname
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    aliases = {
        node.target.id
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    assert set(dir(module)) == seen | aliases
    assert all(getattr(module, name) is not None for name in dir(module))


def test_every_type_is_there() -> None:
    assert "TaskInfo" in dir(types)
    assert types.TaskInfo.__name__ == "TaskInfo"
