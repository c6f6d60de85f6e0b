"""Emits `frames.py`: decoding of whatever is sent in a protocol of tagged frames."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.emit_api import imports_of
from codegen.ir import Protocol
from codegen.naming import snake
from codegen.ownership import Owners
from codegen.templating import render


def emit(protocol: Protocol, owners: Owners) -> Iterator[tuple[str, str]]:
    """Path and text of the module; nothing for a protocol of methods."""
    if protocol.frames is not None:
        imports = imports_of(protocol.frames.unions, owners, ".")
        modules = {name: module for module, names in imports.items() for name in names}
        yield (
            "frames.py",
            render("frames.py.jinja", frames=protocol.frames, imports=imports, modules=modules, snake=snake),
        )
