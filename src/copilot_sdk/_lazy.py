"""Packages whose names are loaded when they are first asked for (PEP 562)."""

from __future__ import annotations

import sys
from importlib import import_module

# Not typing's: loading typing would be most of the cost of importing the package.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


def attach(
    package: str, modules: Mapping[str, str] | Callable[[], Mapping[str, str]], *own: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make a package lazy. It costs the same for few names and for many.

    Args:
        package: `__name__` of the package.
        modules: Names, separated by white space, by the module, relative to the package, that defines them; or
            what loads them, for a package that is often imported without being asked for a name.
        own: Further public names, which the package defines itself.

    Returns:
        The package's `__getattr__`, which knows `__all__` too, and its `__dir__`.
    """

    def listed() -> Mapping[str, str]:
        return modules() if callable(modules) else modules

    def public() -> list[str]:
        return sorted({*own, *(name for names in listed().values() for name in names.split())})

    def load(name: str) -> Any:
        if name == "__all__":
            return public()
        for module, names in listed().items():
            # To look for a text is cheap, to take a list of names apart is not.
            if name in names and name in names.split():
                value = getattr(import_module(module, package), name)
                setattr(sys.modules[package], name, value)
                return value
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load, public
