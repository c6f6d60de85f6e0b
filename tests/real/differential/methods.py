"""Which methods the scenarios call: recorded from what the CLI answered, so that it is known without playing them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.real.differential.actor import Take
from tests.real.survey.page import survey
from tests.real.survey.verdicts import Kind

RECORD = Path(__file__).with_name("methods.json")

NOT_PLAYED: Mapping[str, str] = {}
"""Methods that both runtimes serve and no scenario calls, with the reason."""


def recorded() -> Mapping[str, Sequence[str]]:
    """The methods by the name of the scenario in which the CLI answered them with a result."""
    record: Mapping[str, Sequence[str]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return record


def record(takes: Mapping[str, Take]) -> None:
    """Writes down what the CLI answered."""
    methods = {name: sorted(take.methods) for name, take in takes.items()}
    RECORD.write_text(json.dumps(methods, indent=1) + "\n", encoding="utf-8")


def played() -> set[str]:
    """The methods that some scenario calls."""
    return {method for methods in recorded().values() for method in methods}


def served_by_the_cli() -> set[str]:
    """The methods that the survey found the CLI to serve without an account and without a network."""
    return {verdict.method for verdict in survey() if verdict.kind is Kind.SERVED}
