"""The package of tau has the names that type checkers see."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from copilot_sdk import tau
from copilot_sdk.tau import events, types


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
