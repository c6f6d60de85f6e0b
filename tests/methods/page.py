"""The page that lists the methods of the reference runtime: the same text for the same code and survey."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from copilot_sdk._generated.copilot.methods import OUTBOUND
from copilot_sdk.runtime.copilot.methods import METHODS
from copilot_sdk.runtime.copilot.refusals import REFUSALS
from tests.methods.notes import Note
from tests.real.support.cli import VERSION
from tests.real.survey.page import by_namespace
from tests.real.survey.verdicts import Kind, Verdict

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "runtime-methods.md"


class Standing(StrEnum):
    """What a method is to the reference runtime; the value is what the page says."""

    SERVED = "served"
    REFUSED = "refused"
    LACKING = "not served"


_MEANINGS = {
    Standing.SERVED: "it does what the method is for, and refuses where the CLI would",
    Standing.REFUSED: "nobody can have it: it is refused in the words of the CLI",
    Standing.LACKING: "it is answered as a method that is not known",
}
_INTRODUCTION = f"""\
# Methods of the reference runtime

Every method that a client can call: what the [reference runtime](runtime.md) does with it, beside what the
[survey](survey.md) found Copilot CLI {VERSION} to do, whose classes and reasons are explained there. `nox -s methods`
writes this page from the code, the survey and `tests/methods/notes.toml`; a test holds that it is up to date.

A method that is served may be refused all the same: both runtimes refuse what needs an account while nobody is signed
in, or a server, a task or a file that is not there. Where a served method is known to do something else than in the
CLI, the note says what.
"""


def page(cli: Sequence[Verdict], notes: Mapping[str, Note]) -> str:
    """The whole page.

    Args:
        cli: What the CLI does with each method.
        notes: What the reference runtime does otherwise, by method.
    """
    rows = {verdict.method: _row(verdict, notes.get(verdict.method)) for verdict in cli}
    lines = [_INTRODUCTION, *_counts(list(rows.values()))]
    for scope, namespaces in by_namespace(rows).items():
        lines += ["", f"## {scope}"]
        for namespace, methods in namespaces.items():
            lines += _section(namespace, {method: rows[method] for method in methods})
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class _Row:
    """One method in both runtimes."""

    here: Standing
    cli: Kind
    note: str


def _row(cli: Verdict, note: Note | None) -> _Row:
    method = cli.method
    if method not in METHODS:
        return _Row(Standing.LACKING, cli.kind, "")
    if note is not None:
        return _Row(Standing.REFUSED if note.refused else Standing.SERVED, cli.kind, note.words)
    until = OUTBOUND[method].until
    gone = "" if until is None else f"newer than {until}, the CLI has it no more"
    return _Row(Standing.REFUSED if method in REFUSALS else Standing.SERVED, cli.kind, gone)


def _counts(rows: Sequence[_Row]) -> Iterator[str]:
    numbers = Counter((row.here, row.cli) for row in rows)
    columns = [kind for kind in Kind if any(row.cli is kind for row in rows)]
    yield "| Here | Means | Methods | " + " | ".join(f"CLI: {kind}" for kind in columns) + " |"
    yield "| --- | --- | --: | " + " | ".join("--:" for _ in columns) + " |"
    for here, meaning in _MEANINGS.items():
        cells = [numbers[here, kind] for kind in columns]
        yield f"| {here} | {meaning} | {sum(cells)} | " + " | ".join(map(str, cells)) + " |"
    totals = [sum(numbers[here, kind] for here in Standing) for kind in columns]
    yield f"| | all | {len(rows)} | " + " | ".join(map(str, totals)) + " |"


def _section(namespace: str, rows: Mapping[str, _Row]) -> Iterator[str]:
    """The methods of a namespace, folded up."""
    numbers = Counter(row.here for row in rows.values())
    counts = [f"{numbers[here]} {here}" for here in Standing if numbers[here]]
    if noted := sum(bool(row.note) for row in rows.values()):
        counts.append(f"{noted} with a note")
    yield ""
    yield f'??? note "{namespace}: {", ".join(counts)}"'
    yield ""
    yield "    | Wire method | Here | CLI | Note |"
    yield "    | --- | --- | --- | --- |"
    for method, row in rows.items():
        yield f"    | `{method}` | {row.here} | {row.cli} | {row.note} |"
