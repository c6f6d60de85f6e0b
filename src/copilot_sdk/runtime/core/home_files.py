"""JSON files of the home folder."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from copilot_sdk.runtime.core.global_state import FILE as STATE_FILE
from copilot_sdk.runtime.core.json_files import STATE_HEADER, MalformedFile, read_object, write_object

_logger = logging.getLogger("copilot_sdk.runtime")


class HomeFiles:
    """Reads and writes JSON files in one folder."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def read(self, file: str) -> dict[str, object]:
        """The object in a file; an empty one if there is no such file, or something else in it."""
        try:
            return read_object(self._home / file)
        except MalformedFile as error:
            _logger.warning("%s is not read: %s", file, error)
            return {}

    def write(self, file: str, content: Mapping[str, object]) -> None:
        """Replaces what is in a file, all at once."""
        write_object(self._home / file, content, header=STATE_HEADER if file == STATE_FILE else "")
