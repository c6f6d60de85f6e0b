"""What the reference runtime does otherwise than the CLI, in the words of `notes.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from copilot_sdk.runtime.copilot.methods import METHODS

FILE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, slots=True)
class Note:
    """What there is to say of a method that is served.

    Attributes:
        words: What it does otherwise.
        refused: Whether its handler refuses it to everybody.
    """

    words: str
    refused: bool = False


def load() -> Mapping[str, Note]:
    """The notes by method.

    Raises:
        ValueError: A method has two notes, or is not served.
    """
    notes: dict[str, Note] = {}
    for method, note in _entries():
        if method in notes:
            raise ValueError(f"{method} has two notes in {FILE.name}")
        if method not in METHODS:
            raise ValueError(f"{method} has a note in {FILE.name} and is not served")
        notes[method] = note
    return notes


def _entries() -> Iterator[tuple[str, Note]]:
    for entry in tomllib.loads(FILE.read_text(encoding="utf-8"))["note"]:
        for method in entry["methods"]:
            yield method, Note(entry["words"], entry.get("refused", False))
