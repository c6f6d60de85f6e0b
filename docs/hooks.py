# ruff: noqa: INP001 - mkdocs loads this file by its path
"""Completes the pages of the reference that are lists: namespaces of methods, events and errors."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from copilot_sdk import errors
from copilot_sdk._generated.copilot.api.server import ServerRPC
from copilot_sdk._generated.copilot.api.session import SessionRPC
from copilot_sdk._generated.copilot.events import EVENTS


def on_page_markdown(markdown: str, *, page: Any, **_: object) -> str:
    """Adds what is generated to the text of a page; mkdocs calls it for each page."""
    match page.file.src_uri:
        case "reference/runtime-api.md":
            return markdown + "".join(_sections("client.rpc", ServerRPC))
        case "reference/session-api.md":
            return markdown + "".join(_sections("session.rpc", SessionRPC))
        case "reference/events.md":
            return markdown + "\n".join(
                ["", "| Type and class | Says | Data |", "| --- | --- | --- |", *_rows()]
            )
        case "reference/errors.md":
            return markdown + "".join(f"\n::: copilot_sdk.errors.{name}\n" for name in _error_names())
        case _:
            return markdown


def _sections(path: str, kind: type[Any]) -> Iterator[str]:
    yield f"\n## {path}\n\n::: {kind.__module__}.{kind.__name__}\n    options:\n      show_root_toc_entry: false\n"
    for name, member in vars(kind).items():
        if isinstance(member, cached_property):
            namespace = type(getattr(kind(None), name))
            yield from _sections(f"{path}.{name}", namespace)


def _rows() -> Iterator[str]:
    for kind, found in sorted(EVENTS.items()):
        summary = " ".join((inspect.getdoc(found) or "").partition("\n\nWire type:")[0].split())
        fields = getattr(found.model_fields["data"].annotation, "model_fields", {})
        data = ", ".join(f"`{name}`" for name in fields)
        yield f"| `{kind}`<br>`{found.__name__}` | {summary} | {data} |"


def _error_names() -> Iterator[str]:
    for name, found in vars(errors).items():
        if isinstance(found, type) and issubclass(found, errors.CopilotError) and not name.startswith("_"):
            yield name
