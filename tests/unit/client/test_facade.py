"""The package as it is imported: cheap, complete, and the same for people and type checkers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import copilot_sdk

PUBLIC = dir(copilot_sdk)
HEAVY = ("asyncio", "pydantic", "httpx", "websockets", "copilot_sdk.client", "copilot_sdk._generated")


def python(source: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source], check=False, capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def names_for_type_checkers() -> set[str]:
    tree = ast.parse(Path(copilot_sdk.__file__).read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If) and isinstance(node.test, ast.Name)]
    return {
        alias.asname or alias.name
        for block in blocks
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def loaded_by(statement: str) -> list[str]:
    told = python(f"import sys; {statement}; print(*[name for name in {HEAVY!r} if name in sys.modules])")
    return told.split()


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import copilot_sdk") == []


@pytest.mark.parametrize("package", ["synaps", "tau"])
def test_importing_another_protocol_loads_nothing_heavy(package: str) -> None:
    assert loaded_by(f"import copilot_sdk.{package}") == []


def test_the_options_are_types_alone() -> None:
    assert loaded_by("from copilot_sdk.options import SessionCreateOptions") == ["copilot_sdk._generated"]


def test_the_names_are_those_that_type_checkers_see() -> None:
    assert names_for_type_checkers() | {"__version__"} == set(PUBLIC)


def test_every_name_is_there_and_where_it_says() -> None:
    for name in PUBLIC:
        assert getattr(copilot_sdk, name) is not None


def test_a_star_import_brings_everything() -> None:
    told = python("from copilot_sdk import *; print(*[name for name in dir() if name[:2] != '__'])")
    assert {*told.split(), "__version__"} == {*PUBLIC}


@pytest.mark.parametrize("module", ["events", "types", "values"])
def test_a_star_import_of_generated_names_brings_everything(module: str) -> None:
    told = python(f"""
from copilot_sdk.{module} import *
from copilot_sdk import {module}
print(len({module}.__all__), [name for name in {module}.__all__ if name not in globals()])
""")
    count, missing = told.split(maxsplit=1)
    assert int(count) > 100
    assert missing.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'copilot_sdk' has no attribute 'CopilotKlient'"):
        _ = copilot_sdk.CopilotKlient  # type: ignore[attr-defined]
    assert not hasattr(copilot_sdk, "nothing")


@pytest.mark.parametrize("module", ["events", "types", "values"])
def test_the_modules_of_generated_names_know_their_names(module: str) -> None:
    told = python(f"from copilot_sdk import {module}; print(len([n for n in dir({module}) if n[0] != '_']))")
    assert int(told) > 10
    with pytest.raises(ImportError):
        exec(f"from copilot_sdk.{module} import NoSuchName")


def test_what_stands_for_unknown_things_can_be_imported() -> None:
    from copilot_sdk.events import UnknownEvent
    from copilot_sdk.types import UnknownVariant

    assert {UnknownEvent.__module__, UnknownVariant.__module__} == {
        "copilot_sdk._model.event",
        "copilot_sdk._model.base",
    }
