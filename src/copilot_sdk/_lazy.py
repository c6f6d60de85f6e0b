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
    package: str, modules: Mapping[str, str], *own: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Make a package lazy.

    Args:
        package: `__name__` of the package.
        modules: Names, separated by white space, by the module, relative to the package, that defines them.
        own: Further public names, which the package defines itself.

    Returns:
        The package's `__getattr__`, `__dir__` and `__all__`.
    """
    homes = {name: module for module, names in modules.items() for name in names.split()}
    public = sorted({*homes, *own})

    def load(name: str) -> Any:
        try:
            home = homes[name]
        except KeyError:
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from None
        value = getattr(import_module(home, package), name)
        setattr(sys.modules[package], name, value)
        return value

    return load, lambda: public, public
