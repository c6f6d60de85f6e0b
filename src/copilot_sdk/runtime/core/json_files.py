"""JSON objects in files that people may have edited: comments are read over, a broken file is never written over."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.file_system import replace_file

STATE_HEADER = "// User settings belong in settings.json.\n// This file is managed automatically.\n"
"""What stands above the JSON of `config.json`."""

# A string is matched first, so that nothing inside it counts as a comment or as a comma too many.
_RELAXED = re.compile(
    r'(?P<string>"(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL
)


class MalformedFile(Exception):
    """A file holds no JSON object."""


def read_object(path: Path, *, strict: bool = False) -> dict[str, object]:
    """The object in a file; an empty one where there is no file.

    Args:
        path: The file.
        strict: Whether comments and trailing commas make it malformed.

    Raises:
        MalformedFile: It holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise MalformedFile(f"{path}: {error}") from error
    if not strict:
        text = _RELAXED.sub(lambda match: match["string"] or "", text)
    try:
        content: object = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise MalformedFile(f"{path}: {error}") from error
    if not is_object(content):
        raise MalformedFile(f"{path}: expected a JSON object")
    return content


def write_object(path: Path, content: Mapping[str, object], *, header: str = "") -> None:
    """Puts an object in place of what a file holds, all at once; folders are made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        text = json.dumps(content, indent=2, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        # A lone surrogate has no UTF-8 form, but JSON can escape it.
        text = json.dumps(content, indent=2).encode()
    replace_file(path, b"%b%b\n" % (header.encode(), text))
