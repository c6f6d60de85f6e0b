"""JSON files of the home folder."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from copilot_sdk._model.json_values import is_object

_logger = logging.getLogger("copilot_sdk.runtime")


class HomeFiles:
    """Reads and writes JSON files in one folder."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def read(self, file: str) -> dict[str, object]:
        """The object in a file; an empty one if there is no such file, or something else in it."""
        path = self._home / file
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        # The CLI puts comments above the JSON.
        text = "\n".join(line for line in lines if not line.lstrip().startswith("//"))
        try:
            content: object = json.loads(text or "{}")
        except ValueError as error:
            _logger.warning("%s is not read: %s", path, error)
            return {}
        return content if is_object(content) else {}

    def write(self, file: str, content: Mapping[str, object]) -> None:
        """Replaces what is in a file, all at once."""
        path = self._home / file
        draft = path.with_name(f"{file}.draft")
        draft.write_text(json.dumps(content, indent=2), encoding="utf-8")
        draft.replace(path)
