"""The page of the documentation that tells what a survey found: the same text for the same verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from copilot_sdk._generated.copilot.methods import OUTBOUND
from tests.real.support.cli import VERSION
from tests.real.survey.calls import python_call
from tests.real.survey.verdicts import Kind, Verdict

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "survey.md"

_MEANINGS = {
    Kind.SERVED: "a result came, and was read into its own class",
    Kind.ACCOUNT: "refused: nobody is signed in",
    Kind.PRECONDITION: "refused for another reason, which the note names",
    Kind.UNKNOWN: "the CLI does not know the method",
    Kind.SILENT: "no answer in time",
}
_INTRODUCTION = f"""\
# Survey of the CLI

Every method that a client can call, as Copilot CLI {VERSION} answers it through the typed API: with nobody signed in,
no network and a scripted model. `nox -s survey` plays it and writes this page; `nox -s real` checks that it holds.

A method that was called more than once counts as served if one call was. A refusal says what this survey could not
offer, not that the method is of no use: most need a signed-in user, a host of another kind, or something that is
switched on elsewhere.
"""


def page(found: Sequence[Verdict]) -> str:
    """The whole page."""
    lines = [_INTRODUCTION, *_counts(found)]
    for scope in ("client.rpc", "session.rpc"):
        lines += ["", f"## {scope}"]
        within = [verdict for verdict in found if python_call(verdict.method).startswith(f"{scope}.")]
        for namespace, members in groupby(sorted(within, key=_place), key=_namespace):
            lines += _section(namespace, list(members))
    return "\n".join(lines) + "\n"


def counts(found: Iterable[Verdict]) -> str:
    """The counts by class in one line."""
    numbers = Counter(verdict.kind for verdict in found)
    return ", ".join(f"{numbers[kind]} {kind}" for kind in Kind if numbers[kind])


def _counts(found: Sequence[Verdict]) -> Iterator[str]:
    yield "| Class | Means | Methods |"
    yield "| --- | --- | --: |"
    numbers = Counter(verdict.kind for verdict in found)
    for kind, meaning in _MEANINGS.items():
        yield f"| {kind} | {meaning} | {numbers[kind]} |"
    yield f"| | all | {len(found)} |"


def _section(namespace: str, members: Sequence[Verdict]) -> Iterator[str]:
    """The methods of a namespace, folded up."""
    yield ""
    yield f'??? note "{namespace}: {counts(members)}"'
    yield ""
    yield "    | Wire method | Call | Runtimes | Class | Note |"
    yield "    | --- | --- | --- | --- | --- |"
    for member in members:
        call = f"`{python_call(member.method)}`"
        yield f"    | `{member.method}` | {call} | {_runtimes(member.method)} | {member.kind} | {member.note} |"


def _runtimes(method: str) -> str:
    """Which runtimes have the method; empty if all do that the schema covers."""
    since, until = OUTBOUND[method].since, OUTBOUND[method].until
    if since is None:
        return "" if until is None else f"up to {until}"
    if until is None:
        return f"from {since}"
    return f"{since} only" if since == until else f"{since} to {until}"


def _namespace(verdict: Verdict) -> str:
    """The first namespace below the root; methods of the root itself come under the root."""
    parts = python_call(verdict.method).split(".")
    return ".".join(parts[: 3 if len(parts) > 3 else 2])


def _place(verdict: Verdict) -> tuple[str, str]:
    return _namespace(verdict), python_call(verdict.method)
