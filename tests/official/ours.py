"""Finding what a row points to in copilot_sdk."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from typing import Any, is_typeddict

from copilot_sdk import options
from copilot_sdk._generated.copilot.api.server import ServerRPC
from copilot_sdk._generated.copilot.api.session import SessionRPC

PACKAGE = "copilot_sdk"
_ROOTS = {"client.rpc": ServerRPC, "session.rpc": SessionRPC}
_UNPACKED = re.compile(r"Unpack\[(\w+)\]")


class NoSuchName(Exception):
    """copilot_sdk does not have it."""


@cache
def find(name: str) -> Any:
    """What a name stands for.

    Args:
        name: Below `copilot_sdk`, such as `Session.close`, `permissions.approve_all`, `types.Model.id` (a field) and
            `tool(name)` (an argument, also an option of the wire); or a method as `client.rpc.ping`.

    Raises:
        NoSuchName: There is nothing of that name.
    """
    path, _, argument = name.removesuffix(")").partition("(")
    root = next((root for root in _ROOTS if path == root or path.startswith(f"{root}.")), None)
    found = _of_package(path.split(".")) if root is None else _of_api(_ROOTS[root], path[len(root) + 1 :])
    if argument and argument not in arguments(found):
        raise NoSuchName(name)
    return found


def arguments(function: Any) -> set[str]:
    """The names of the arguments of a function or class, those of an unpacked TypedDict among them."""
    names: set[str] = set()
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is not parameter.VAR_KEYWORD:
            names.add(parameter.name)
        elif unpacked := _UNPACKED.fullmatch(str(parameter.annotation)):
            # The options of the wire are known to type checkers alone where they are taken.
            there = vars(import_module(function.__module__)).get(unpacked[1])
            names |= set((there or getattr(options, unpacked[1])).__optional_keys__)
    return names


def _of_api(kind: Any, path: str) -> Any:
    found = kind
    for part in filter(None, path.split(".")):
        member = inspect.getattr_static(found, part, None)
        if member is None:
            raise NoSuchName(path)
        found = member if inspect.isfunction(member) else type(getattr(found(None), part))
    return found


def _of_package(parts: Sequence[str]) -> Any:
    module = import_module(PACKAGE)
    for count in range(len(parts), 0, -1):
        try:
            module = import_module(".".join([PACKAGE, *parts[:count]]))
        except ModuleNotFoundError:
            continue
        break
    else:
        count = 0
    found: Any = module
    for part in parts[count:]:
        if part in _fields(found):
            return found
        try:
            found = getattr(found, part)
        except AttributeError:
            raise NoSuchName(".".join(parts)) from None
    return found


def _fields(kind: Any) -> set[str]:
    """The fields of a model, a dataclass or a TypedDict."""
    if is_typeddict(kind):
        return set[str](kind.__optional_keys__ | kind.__required_keys__)
    if inspect.isclass(kind) and is_dataclass(kind):
        return {field.name for field in fields(kind)}
    return set(getattr(kind, "model_fields", ()))
