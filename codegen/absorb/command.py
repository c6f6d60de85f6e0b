"""`python -m codegen absorb PATH` and `python -m codegen lacking`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from codegen.absorb.dialect import Schema
from codegen.absorb.merge import take_in
from codegen.absorb.version import schema_folder, version_of
from codegen.frontends import copilot
from codegen.frontends.documents import Documents
from codegen.ir import Const, EnumDef, ObjectDef, Protocol


def absorb(path: Path, ours: Path, version: str | None) -> list[str]:
    """Take the facts of an installed runtime's schema files into ours.

    Args:
        path: Folder of the schema files, or one that has them in `schemas`.
        ours: Our schema folder; the files in which something changes are rewritten.
        version: The runtime's version, where the path does not tell.

    Returns:
        What was done, a line each.

    Raises:
        SchemaError: A file is malformed, or the version is older than one that was absorbed before.
    """
    folder = schema_folder(path)
    before = Documents.load(ours)
    files, report = take_in(before, Documents.load(folder), version or version_of(folder))
    for name, schema in files.items():
        if schema != before.files[name]:
            (ours / name).write_text(text_of(schema), encoding="utf-8")
    return report


def text_of(schema: Schema) -> str:
    """A schema file's text, as it stands in the repository."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def lacking(ours: Path) -> list[str]:
    """What has no description yet: methods, events, types, fields and enum values, by name."""
    return sorted(_lacking(copilot.read(ours)))


def _lacking(protocol: Protocol) -> Iterator[str]:
    yield from (f"method {method.wire}" for method in protocol.methods if not method.meta.description)
    yield from (f"event {event.wire}" for event in protocol.events if not event.meta.description)
    for definition in protocol.types.values():
        if not definition.meta.description:
            yield f"type {definition.name}"
        if isinstance(definition, ObjectDef):
            for field in definition.fields:
                if not field.meta.description and not isinstance(field.type, Const):
                    yield f"field {definition.name}.{field.wire}"
        if isinstance(definition, EnumDef):
            yield from (f"value {definition.name}.{value}" for value, text in definition.values if not text)
