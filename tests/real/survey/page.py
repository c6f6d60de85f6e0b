"""The page of the documentation that tells what a survey found: the same text for the same verdicts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
_ROW = re.compile(
    r"^    \| `(?P<method>[^`]+)` \| `[^`]+` \| [^|]* \| (?P<kind>\w+) \| (?P<note>[^|]*) \|$", re.MULTILINE
)


def page(found: Sequence[Verdict]) -> str:
    """The whole page."""
    lines = [_INTRODUCTION, *_counts(found)]
    verdicts = {verdict.method: verdict for verdict in found}
    for scope, namespaces in by_namespace(verdicts).items():
        lines += ["", f"## {scope}"]
        for namespace, methods in namespaces.items():
            lines += _section(namespace, [verdicts[method] for method in methods])
    return "\n".join(lines) + "\n"


def survey() -> list[Verdict]:
    """What the page tells, so that it can be compared without playing the survey."""
    rows = _ROW.finditer(PAGE.read_text(encoding="utf-8"))
    return [Verdict(row["method"], Kind(row["kind"]), row["note"]) for row in rows]


def by_namespace(methods: Iterable[str]) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Methods as they stand in a program: by what they are called on, and by the first namespace below it."""
    groups: dict[str, dict[str, list[str]]] = {"client.rpc": {}, "session.rpc": {}}
    for method in sorted(methods, key=lambda method: (_namespace(method), python_call(method))):
        namespace = _namespace(method)
        scope = ".".join(namespace.split(".")[:2])
        groups[scope].setdefault(namespace, []).append(method)
    return groups


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


def _namespace(method: str) -> str:
    """The first namespace below the root; methods of the root itself come under the root."""
    parts = python_call(method).split(".")
    return ".".join(parts[: 3 if len(parts) > 3 else 2])
