"""Wrapping of the prose that goes into generated docstrings."""

from __future__ import annotations

import textwrap

WIDTH = 110


def wrap(text: str, indent: int) -> str:
    """Text wrapped so that it fits behind `indent` blanks; list items and paragraphs stay apart."""
    lines: list[str] = []
    for line in text.split("\n"):
        hanging = "  " if line.startswith("- ") else ""
        lines.extend(
            textwrap.wrap(line, WIDTH - indent, subsequent_indent=hanging, break_long_words=False) or [""]
        )
    return "\n".join(lines)


def paragraph(text: str, indent: int) -> str:
    """A docstring's text, escaped and indented for its place; a single line stays one."""
    text = text.replace("\\", "\\\\").replace('"' * 3, "'" * 3)
    lines = wrap(text, indent + 6).split("\n")
    if len(lines) == 1:
        return lines[0]
    margin = " " * indent
    return "\n".join([lines[0], *(margin + line if line else "" for line in lines[1:]), margin])


def quoted(text: str, indent: int) -> str:
    """The docstring with its quotes."""
    body = paragraph(text, indent)
    quotes = '"' * 3
    return f"{quotes}{body} {quotes}" if body.endswith('"') else f"{quotes}{body}{quotes}"
