"""The tables of docs/reference/official-sdk.md: the same text for the same data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.official import wire
from tests.official.table import Row, Table, Verdict, last_part

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "official-sdk.md"

_MEANINGS = {
    Verdict.HAVE: "the same, perhaps under another name",
    Verdict.BETTER: "the same, and more: the note says what",
    Verdict.OTHER: "another way leads there: the note says which",
    Verdict.COMING: "is being built",
    Verdict.NOT: "not here: the note says why, or what to do",
}
_HEAD = ("| github-copilot-sdk | copilot_sdk | Verdict | Note |", "| --- | --- | --- | --- |")


def written(text: str, table: Table, official: wire.Wire, ours: wire.Wire) -> str:
    """The page with its tables between their marks; the text around them is written by hand."""
    for mark, lines in (("rows", _rows(table)), ("wire", _wire(official, ours))):
        begin, end = f"<!-- {mark}: python -m tests.official -->\n", f"<!-- end of the {mark} -->\n"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n" + "\n".join(lines) + f"\n\n{end}{after}"
    return text


def _rows(table: Table) -> Iterator[str]:
    yield from _counts(table)
    missing = [
        row for verdict in (Verdict.NOT, Verdict.COMING) for row in table.rows if row.verdict is verdict
    ]
    sections = [("What is missing", missing), *((chapter.title, chapter.rows) for chapter in table.chapters)]
    for title, rows in sections:
        yield from ("", f"## {title}", "", *_HEAD)
        yield from (_line(table, row) for row in rows)


def _counts(table: Table) -> Iterator[str]:
    rows = Counter(row.verdict for row in table.rows)
    names = Counter(row.verdict for row, _ in table.owners.values())
    yield "| Verdict | Means | Rows | Names |"
    yield "| --- | --- | --: | --: |"
    for verdict, meaning in _MEANINGS.items():
        yield f"| {verdict} | {meaning} | {rows[verdict]} | {names[verdict]} |"
    yield f"| | all | {rows.total()} | {names.total()} |"


def _line(table: Table, row: Row) -> str:
    shown = [entry for entry in row.theirs if entry.startswith("*")] or table.names_of(row)
    ours = _code(list(dict.fromkeys(row.ours)))
    return f"| {'<br>'.join(grouped(shown))} | {ours} | {row.verdict} | {row.note} |"


def grouped(names: Iterable[str]) -> Iterator[str]:
    """Names in Markdown: the members of a class together, and the arguments of a function."""
    members: dict[str, list[str]] = {}
    for name in names:
        owner, member = _split(name)
        members.setdefault(owner, []).append(member)
    for owner, own in members.items():
        if len(own) > 1:
            yield f"`{owner}`: " + ", ".join(f"`{member}`" for member in own if member)
        elif owner.endswith("()"):
            yield f"`{owner[:-1]}{own[0]})`"
        else:
            yield f"`{'.'.join(filter(None, [owner, *own]))}`"


def _split(name: str) -> tuple[str, str]:
    """The class or function, and the member or argument of it; no member for a class or function itself."""
    member = last_part(name)
    owner = name.removesuffix(")")[: -len(member) - 1]
    if name.endswith(")"):
        return f"{owner}()", member
    # What stands in front of the name of a class is a module.
    return (name, "") if not owner or owner.islower() else (owner, member)


def _wire(official: wire.Wire, ours: wire.Wire) -> Iterator[str]:
    yield "| | copilot_sdk | only here | github-copilot-sdk | only there |"
    yield "| --- | --: | --: | --: | --- |"
    for title, here, there in (
        ("Methods that a program can call", ours.calls, official.calls),
        ("Methods and notifications of the runtime", ours.served, official.served),
        ("Events", ours.events, official.events),
    ):
        only_here, only_there = set(here) - set(there), sorted(set(there) - set(here))
        yield f"| {title} | {len(here)} | {len(only_here)} | {len(there)} | {_code(only_there)} |"
    yield f"| Types | {ours.types} | | {official.types} | |"
    yield f"| Enumerations | {ours.words} | | {official.words} | |"
    here_by, there_by = wire.namespaces(ours.calls), wire.namespaces(official.calls)
    every = sorted(here_by.keys() | there_by.keys())
    differ = [name for name in every if here_by[name] != there_by[name]]
    yield ""
    yield f"{len(every) - len(differ)} of {len(every)} namespaces have as many methods here as there. The others:"
    yield ""
    yield "| Namespace | copilot_sdk | github-copilot-sdk | Only here |"
    yield "| --- | --: | --: | --- |"
    for name in differ:
        own = [
            method
            for method in sorted(set(ours.calls) - set(official.calls))
            if wire.namespace(method) == name
        ]
        yield f"| `{name}` | {here_by[name]} | {there_by[name]} | {_code(own)} |"


def _code(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
