"""The public names of the official SDK, by introspection of the one that is installed. Names alone, no texts."""

from __future__ import annotations

import ast
import inspect
import logging
import re
import textwrap
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, is_typeddict

PACKAGE = "copilot"
GENERATED = "copilot.generated"
MODULES = (
    "client",
    "session",
    "tools",
    "canvas",
    "host",
    "copilot_request_handler",
    "session_fs_provider",
    "installation_confirmation",
)
# Their module is private, but they are raised at the user.
RAISED = ("_jsonrpc.JsonRpcError", "_jsonrpc.ProcessExitedError")
_VARIABLE = re.compile(r"(COPILOT|GITHUB|OTEL)_[A-Z_]+")


def public_names() -> list[str]:
    """What is exported, what the public modules define beside that, the members of each, and variables.

    `Name` is an export of the package, `module.Name` one of a module, `Name.member` a method, property or field,
    `Name(argument)` and `Name.method(argument)` an argument, `$NAME` a variable of the environment.
    """
    package = import_module(PACKAGE)
    exports = {name for name in package.__all__ if not inspect.ismodule(getattr(package, name))}
    found = {name: getattr(package, name) for name in exports}
    for short in MODULES:
        module = import_module(f"{PACKAGE}.{short}")
        found |= {
            f"{short}.{name}": getattr(module, name) for name in _defined(module) if name not in exports
        }
    for path in RAISED:
        short, _, name = path.partition(".")
        found[path] = getattr(import_module(f"{PACKAGE}.{short}"), name)
    names = {part for name, value in found.items() for part in _with_members(name, value)}
    names |= {f"${variable}" for variable in _variables(package)}
    if find_spec(f"{PACKAGE}.__main__") is not None:
        names.add(f"python -m {PACKAGE}")
    return sorted(names)


def _defined(module: ModuleType) -> Iterator[str]:
    """The public classes, functions, aliases and constants that a module defines itself."""
    for node in ast.parse(inspect.getsource(module)).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names = [name]
            case ast.Assign(targets=targets):
                names = [target.id for target in targets if isinstance(target, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name)):
                names = [name]
            case _:
                names = []
        for name in names:
            if not name.startswith("_") and not isinstance(getattr(module, name), TypeVar | logging.Logger):
                yield name


def _with_members(name: str, value: Any) -> Iterator[str]:
    yield name
    if inspect.isfunction(value):
        yield from _arguments(name, value)
    module = getattr(value, "__module__", "")
    if not inspect.isclass(value) or not module.startswith(PACKAGE) or module.startswith(GENERATED):
        return
    if is_typeddict(value):
        members = [*value.__annotations__]
    elif is_dataclass(value):
        members = [field.name for field in fields(value)]
    else:
        members = _attributes(value)
        if "__init__" in vars(value):
            yield from _arguments(name, value.__init__)
    yield from (f"{name}.{member}" for member in members if not member.startswith("_"))
    if not is_typeddict(value):
        yield from _methods(name, value)


def _methods(name: str, kind: type) -> Iterator[str]:
    for member, found in vars(kind).items():
        if not member.startswith("_"):
            yield f"{name}.{member}"
            function = getattr(found, "__func__", found)
            if inspect.isfunction(function):
                yield from _arguments(f"{name}.{member}", function)


def _arguments(name: str, function: Any) -> Iterator[str]:
    for argument in inspect.signature(function).parameters.values():
        variadic = argument.kind in {argument.VAR_POSITIONAL, argument.VAR_KEYWORD}
        if argument.name not in {"self", "cls"} and not argument.name.startswith("_") and not variadic:
            yield f"{name}({argument.name})"


def _attributes(kind: type) -> list[str]:
    """What a class without declared fields gives its objects."""
    start = vars(kind).get("__init__")
    if start is None:
        return []
    return [
        node.attr
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(start))))
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    ]


def _variables(package: ModuleType) -> Iterator[str]:
    """The variables of the environment that the code names."""
    for path in Path(inspect.getfile(package)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and _VARIABLE.fullmatch(node.value)
            ):
                yield node.value
