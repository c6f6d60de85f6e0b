"""Values that are told to nobody: in events, in what is stored, in results of tools and in logs they are stars."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from copilot_sdk._model.json_values import is_array, is_object

STARS = "******"


class Secrets(logging.Filter):
    """Knows the values, and takes them out of whatever it is shown; a filter for loggers, too."""

    def __init__(self) -> None:
        super().__init__()
        self._values: list[str] = []

    def add(self, values: Iterable[str]) -> None:
        """Adds values; what holds another value is replaced as a whole."""
        known = {value for value in (*self._values, *values) if value}
        self._values = sorted(known, key=len, reverse=True)

    def text(self, text: str) -> str:
        """A text without the values."""
        for value in self._values:
            text = text.replace(value, STARS)
        return text

    def unfinished(self, text: str) -> int:
        """How many characters at the end of a text may be the beginning of a value that goes on in what follows."""
        sizes = (
            size
            for value in self._values
            for size in range(1, min(len(value), len(text) + 1))
            if text.endswith(value[:size])
        )
        return max(sizes, default=0)

    def json(self, value: object) -> object:
        """A JSON value without the values in any of its texts; names of members stay."""
        if not self._values:
            return value
        if isinstance(value, str):
            return self.text(value)
        if is_object(value):
            return {name: self.json(member) for name, member in value.items()}
        if is_array(value):
            return [self.json(item) for item in value]
        return value

    def filter(self, record: logging.LogRecord) -> bool:
        """Takes the values out of a record of a log, which is kept."""
        if self._values:
            record.msg, record.args = self.text(record.getMessage()), ()
            if record.exc_info:
                record.exc_text = self.text(logging.Formatter().formatException(record.exc_info))
        return True
