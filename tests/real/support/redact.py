"""Makes recorded frames fit to be kept: no trace of the machine, and no prose that somebody else wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import cycle

from tests.real.support.rawrpc import Json

_FILLER = "neutral words of the same length stand here "
_FLAG_NAMES = frozenset({"name", "expFlag", "expFlagEnvVar"})
_PROSE_WORDS = 4
_PROSE_KEYS = frozenset({"description", "argumentHint", "toolTitle"})


class Redactor:
    """Replaces machine names by neutral ones and foreign prose by filler; every structure stays."""

    def __init__(self, names: Mapping[str, str], own: object) -> None:
        """Prepares the replacements.

        Args:
            names: The neutral name for each machine name, which is replaced wherever it is a word or a path.
            own: A JSON value; every string in it is ours and may stay.
        """
        self._names = dict(names)
        longest_first = sorted(map(re.escape, names), key=len, reverse=True)
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)")
        self._own = frozenset(strings(own))
        self._own_text = "\0".join(self._own)

    def clean(self, value: object, *, key: str = "") -> object:
        """A copy of a JSON value that may be kept; `key` is the name that it stands under."""
        if isinstance(value, str):
            return self._rename(value if self._may_stay(value, key) else filler(value))
        if isinstance(value, list):
            return [self.clean(item, key=key) for item in value]
        if isinstance(value, dict) and key == "flags":
            return {
                f"FLAG_{number}": self.clean(_nameless(flag)) for number, flag in enumerate(value.values(), 1)
            }
        if isinstance(value, dict):
            return {self._rename(name): self.clean(item, key=name) for name, item in value.items()}
        return value

    def clean_error(self, error: Json) -> Json:
        """A copy of a wire error: its one-line message is what a client goes by, so it stays."""
        message = self._rename(str(error.get("message", "")).partition("\n")[0])
        return {**{name: self.clean(item, key=name) for name, item in error.items()}, "message": message}

    def leaks(self, text: str) -> list[str]:
        """The machine names that are still in a text."""
        return sorted(set(self._pattern.findall(text)))

    def _may_stay(self, text: str, key: str) -> bool:
        if text in self._own or text in self._own_text:
            return True
        return key not in _PROSE_KEYS and len(text.split()) < _PROSE_WORDS

    def _rename(self, text: str) -> str:
        return self._pattern.sub(lambda found: self._names[found[0]], text)


def _nameless(flag: object) -> object:
    """A feature flag without what it is called."""
    if not isinstance(flag, dict):
        return flag
    return {name: "flag" if name in _FLAG_NAMES else item for name, item in flag.items()}


def filler(text: str) -> str:
    """Neutral text of the same length, with the line breaks in the same places."""
    return "".join(char if char == "\n" else fill for char, fill in zip(text, cycle(_FILLER), strict=False))


def strings(value: object) -> Iterator[str]:
    """Every string in a JSON value, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from strings(list(value.values()))
    elif isinstance(value, Iterable):
        for item in value:
            yield from strings(item)
