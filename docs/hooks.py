# ruff: noqa: INP001 - mkdocs loads this file by its path
"""Completes the pages of the reference that follow from the schema: namespaces of methods, and events."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from copilot_sdk._generated.copilot.api.server import ServerRPC
from copilot_sdk._generated.copilot.api.session import SessionRPC
from copilot_sdk._generated.copilot.events import FAMILIES


def on_page_markdown(markdown: str, *, page: Any, **_: object) -> str:
    """Adds what is generated to the text of a page; mkdocs calls it for each page."""
    match page.file.src_uri:
        case "reference/runtime-api.md":
            return markdown + "".join(_sections("client.rpc", ServerRPC))
        case "reference/session-api.md":
            return markdown + "".join(_sections("session.rpc", SessionRPC))
        case "reference/events.md":
            return markdown + "\n".join(["", "| Type | Class | |", "| --- | --- | --- |", *_rows()])
        case _:
            return markdown


def _sections(path: str, kind: type[Any]) -> Iterator[str]:
    yield f"\n## {path}\n\n::: {kind.__module__}.{kind.__name__}\n    options:\n      show_root_toc_entry: false\n"
    for name, member in vars(kind).items():
        if isinstance(member, cached_property):
            namespace = type(getattr(kind(None), name))
            yield from _sections(f"{path}.{name}", namespace)


def _rows() -> Iterator[str]:
    events = {kind: found for load in FAMILIES.values() for kind, found in load().items()}
    for kind, found in sorted(events.items()):
        summary = " ".join((inspect.getdoc(found) or "").partition("\n\nWire type:")[0].split())
        yield f"| `{kind}` | `{found.__name__}` | {summary.replace('|', chr(92) + '|')} |"
