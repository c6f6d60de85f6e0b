"""Which version of the runtime a folder of schema files belongs to."""

from __future__ import annotations

import json
import re
from pathlib import Path

from codegen.errors import SchemaError

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?")


def schema_folder(path: Path) -> Path:
    """The folder with the schema files: the path itself, or `schemas` below it."""
    for folder in (path, path / "schemas", path / "package" / "schemas"):
        if any(folder.glob("*.schema.json")):
            return folder
    raise SchemaError(
        str(path), "", "holds no *.schema.json file, and neither does a folder schemas below it"
    )


def version_of(folder: Path) -> str:
    """The version in the package.json beside the folder, or in the name of the folder or of one above it.

    Raises:
        SchemaError: Neither tells.
    """
    manifest = folder.parent / "package.json"
    if manifest.is_file():
        try:
            package = json.loads(manifest.read_text(encoding="utf-8"))
        except ValueError as error:
            raise SchemaError(str(manifest), "", f"is not JSON: {error}") from None
        found = package.get("version") if isinstance(package, dict) else None
        if isinstance(found, str) and is_version(found):
            return found
    resolved = folder.resolve()
    for place in (resolved, *resolved.parents):
        if is_version(place.name):
            return place.name
    raise SchemaError(str(folder), "", "tells no version; pass --version")


def is_version(text: str) -> bool:
    """True for three numbers with dots between, and perhaps the mark of a version before the release."""
    return _VERSION.fullmatch(text) is not None


def ordered(version: str) -> tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]:
    """A version as something that can be compared; what comes before a release is older than it.

    Raises:
        SchemaError: The text is no version.
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        raise SchemaError(version, "", "is no version such as 1.2.3")
    *numbers, before = match.groups()
    # Numbers are older than words, as semantic versioning has it.
    parts = (
        (not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in (before or "").split(".")
    )
    return tuple(map(int, numbers)), before is None, tuple(parts)
