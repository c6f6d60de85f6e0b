"""The rows: names of the official SDK, what copilot_sdk has for them, and a verdict. `rows/` has them as data."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
NAMES = FOLDER / "names.txt"
CHAPTERS = (
    "connecting",
    "sessions",
    "options",
    "turns",
    "tools",
    "permissions",
    "hooks",
    "questions",
    "models",
    "storage",
    "hosting",
    "errors",
)


class Verdict(StrEnum):
    """How the two compare for a name."""

    HAVE = "have"
    BETTER = "better"
    OTHER = "other way"
    COMING = "coming"
    NOT = "not"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        theirs: Names of the official SDK, or patterns with `*` for those that no row names outright.
        ours: What copilot_sdk has; see `ours.find`.
        alike: True if what a pattern stands for has the same name below the one of ours at the same place.
        verdict: How they compare.
        note: How it is better or otherwise, or why it is not there.
    """

    theirs: Sequence[str]
    ours: Sequence[str] = ()
    alike: bool = False
    verdict: Verdict
    note: str = ""


@dataclass(frozen=True)
class Chapter:
    """The rows about one subject."""

    title: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Table:
    """All rows, beside all names that there are.

    Attributes:
        names: The public names of the official SDK, as `names.public_names` gives them.
        chapters: The rows.
    """

    names: Sequence[str]
    chapters: Sequence[Chapter]

    @cached_property
    def rows(self) -> list[Row]:
        """The rows of all chapters."""
        return [row for chapter in self.chapters for row in chapter.rows]

    @cached_property
    def owners(self) -> Mapping[str, tuple[Row, str]]:
        """By name the row that has it, and the entry there: the name itself, else the first pattern that fits."""
        entries = [(entry, row) for row in self.rows for entry in row.theirs]
        exact = {entry: row for entry, row in entries if "*" not in entry}
        patterns = [(entry, row) for entry, row in entries if "*" in entry]
        found: dict[str, tuple[Row, str]] = {}
        for name in self.names:
            if name in exact:
                found[name] = exact[name], name
            elif match := next((e for e in patterns if fnmatchcase(name, e[0])), None):
                found[name] = match[1], match[0]
        return found

    def names_of(self, row: Row) -> list[str]:
        """The names that a row is about, in the order of its entries."""
        own = [
            (row.theirs.index(entry), name) for name, (owner, entry) in self.owners.items() if owner is row
        ]
        return [name for _, name in sorted(own)]

    def counterparts(self, row: Row) -> Iterator[str]:
        """What copilot_sdk has to have for a row: what it points to, and the same names below that."""
        yield from row.ours
        for name in self.names_of(row) if row.alike else ():
            _, entry = self.owners[name]
            prefix, pattern, _ = entry.partition("*")
            if pattern:
                yield row.ours[row.theirs.index(entry)] + prefix[-1] + snake_case(name[len(prefix) :])

    def problems(self) -> Iterator[str]:
        """Where the rows do not cover the names, or name what the official SDK does not have."""
        yield from (f"{name} has no row" for name in self.names if name not in self.owners)
        used = {entry for _, entry in self.owners.values()}
        entries = Counter(entry for row in self.rows for entry in row.theirs)
        yield from (f"{entry} stands for nothing" for entry in entries if entry not in used)
        yield from (f"{entry} is in {count} rows" for entry, count in entries.items() if count > 1)
        for row in self.rows:
            if not row.note and row.verdict is not Verdict.HAVE:
                yield f"{row.theirs[0]}: {row.verdict} without a note"


def load() -> Table:
    """The table as it stands in the repository."""
    chapters = [
        _chapter(tomllib.loads((FOLDER / "rows" / f"{name}.toml").read_text("utf-8"))) for name in CHAPTERS
    ]
    return Table(NAMES.read_text(encoding="utf-8").splitlines(), chapters)


def _chapter(data: Mapping[str, Any]) -> Chapter:
    rows = [Row(**{**row, "verdict": Verdict(row["verdict"])}) for row in data["row"]]
    return Chapter(data["title"], rows)


def last_part(name: str) -> str:
    """The member or the argument that a name ends with."""
    return re.split(r"[.(]", name.removesuffix(")"))[-1]


def snake_case(name: str) -> str:
    """A name of the wire as Python has it."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
