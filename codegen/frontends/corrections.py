"""Corrections: where a runtime does otherwise than its published schema says.

They stand in a file of their own beside the schema files, which so hold what was published and can be compared
with it. What is read for generating is both together.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from codegen.errors import SchemaError
from codegen.frontends.documents import Documents, Schema
from codegen.ir import Json

FILE = "corrections.json"
META = Path(__file__).resolve().parents[2] / "schema" / "corrections.meta.json"


def corrected(documents: Documents, folder: Path) -> Documents:
    """The schema files with the corrections of their folder; the same files where it has none.

    Raises:
        SchemaError: An entry is malformed, its pointer leads nowhere, or it changes nothing.
    """
    path = folder / FILE
    if not path.exists():
        return documents
    files = copy.deepcopy(documents.files)
    for index, entry in enumerate(_entries(path)):
        _apply(files, entry, f"/{index}")
    return Documents(files)


def _entries(path: Path) -> list[Any]:
    try:
        entries: list[Any] = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise SchemaError(FILE, "", f"is not JSON: {error}") from None
    meta = json.loads(META.read_text(encoding="utf-8"))
    for fault in Draft202012Validator(meta).iter_errors(entries):
        raise SchemaError(FILE, "".join(f"/{step}" for step in fault.absolute_path), fault.message)
    return entries


def _apply(files: dict[str, Schema], entry: dict[str, Any], pointer: str) -> None:
    place = _place(files.get(entry["file"]), entry["at"])
    if place is None:
        raise SchemaError(FILE, f"{pointer}/at", f"no schema stands at {entry['file']}#{entry['at']}")
    patched = merged(place, entry["merge"])
    if patched == place:
        raise SchemaError(
            FILE,
            f"{pointer}/merge",
            f"changes nothing at {entry['file']}#{entry['at']}: it is not needed any more",
        )
    place.clear()
    place.update(patched)


def _place(value: Json, pointer: str) -> Schema | None:
    """The object that a JSON pointer leads to."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        match value:
            case dict() if key in value:
                value = value[key]
            case list() if key.isdecimal() and int(key) < len(value):
                value = value[int(key)]
            case _:
                return None
    return value if isinstance(value, dict) else None


def merged(target: Schema, patch: Schema) -> Schema:
    """A JSON merge patch (RFC 7396) applied to an object: null takes a member away."""
    kept = {key: value for key, value in target.items() if key not in patch or patch[key] is not None}
    for key, value in patch.items():
        if isinstance(value, dict):
            below = target.get(key)
            kept[key] = merged(below if isinstance(below, dict) else {}, value)
        elif value is not None:
            kept[key] = value
    return kept
