"""Emits `values/`: the known values of each open enum as constants, each with its meaning for the editor's tooltip."""

from __future__ import annotations

from collections.abc import Iterator

from codegen import naming
from codegen.ir import EnumDef, Protocol
from codegen.ownership import Owners
from codegen.templating import render
from codegen.text import quoted


def emit(protocol: Protocol, owners: Owners) -> Iterator[tuple[str, str]]:
    """Path and text of every module of `values/`."""
    modules: dict[str, list[EnumDef]] = {}
    for definition in protocol.types.values():
        if isinstance(definition, EnumDef):
            modules.setdefault(owners.areas[definition.name], []).append(definition)
    for module, enums in sorted(modules.items()):
        yield (
            f"values/{module}.py",
            render("values.py.jinja", enums=enums, constants=_constants, quoted=quoted),
        )
    faces = {f".{module}": [enum.name for enum in enums] for module, enums in sorted(modules.items())}
    yield "values/__init__.py", render("values_face.py.jinja", modules=faces)


def _constants(enum: EnumDef) -> Iterator[tuple[str, str, str]]:
    seen: set[str] = set()
    for value, text in enum.values:
        name = naming.constant(value)
        while name in seen:
            name += "_"
        seen.add(name)
        yield name, value, text
