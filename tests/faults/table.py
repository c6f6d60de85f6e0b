"""Writes the table into docs/concepts/faults.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from tests.faults.plan import SECTIONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "concepts" / "faults.md"
SIDES = ("ours", "official")
BEGIN, END = "<!-- table: python -m tests.faults -->\n", "<!-- end of the table -->\n"


def write_page(cells: Mapping[str, Mapping[str, str]]) -> None:
    """Puts the table between its marks; the text around it is written by hand."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + "\n".join(lines(cells)) + "\n" + END + after, encoding="utf-8")


def lines(cells: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """The table, one for each section."""
    for title, faults in SECTIONS.items():
        yield f"\n### {title}\n"
        yield f"| What goes wrong | copilot_sdk | github-copilot-sdk {version('github-copilot-sdk')} |"
        yield "| --- | --- | --- |"
        for fault in faults:
            yield f"| {fault.title} | {cells['ours'][fault.name]} | {cells['official'][fault.name]} |"
    yield ""
