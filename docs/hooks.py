# ruff: noqa: INP001 - mkdocs loads this file by its path
"""Completes the pages of the reference that are lists: namespaces of methods, options, events and errors."""

from __future__ import annotations

import ast
import inspect
import itertools
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from copilot_sdk import errors, options
from copilot_sdk._generated.copilot.api.server import ServerRPC
from copilot_sdk._generated.copilot.api.session import SessionRPC
from copilot_sdk._generated.copilot.events import EVENTS

_SESSION_OPTIONS = {
    "both": (options.SessionOptions, options.SessionCallbacks, options.SessionWireOptions),
    "create": (options.SessionCreateOptions, options.SessionCreateWireOptions),
    "resume": (options.SessionResumeOptions, options.SessionResumeWireOptions),
}


def on_page_markdown(markdown: str, *, page: Any, **_: object) -> str:
    """Adds what is generated to the text of a page; mkdocs calls it for each page."""
    match page.file.src_uri:
        case "reference/runtime-api.md":
            return markdown + "".join(_sections("client.rpc", ServerRPC))
        case "reference/session-api.md":
            return markdown + "".join(_sections("session.rpc", SessionRPC))
        case "reference/options.md":
            return markdown + "\n".join(_options())
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


def _options() -> Iterator[str]:
    yield from ("", "## Of sessions", "", "| Option | Serves | Says | Type |", "| --- | --- | --- | --- |")
    for serves, kinds in _SESSION_OPTIONS.items():
        for name, annotation, text in (field for kind in kinds for field in _fields(kind)):
            yield f"| `{name}` | {serves} | {text} | `{annotation}` |"
    yield from ("", "## Of clients", "", "| Option | Says | Type |", "| --- | --- | --- |")
    for name, annotation, text in _fields(options.ClientOptions):
        yield f"| `{name}` | {text} | `{annotation}` |"
    yield from ("", "## Types of handlers", "")
    for name in options.__all__:
        if name.endswith(("Handler", "Transform")):
            yield f"::: copilot_sdk.options.{name}\n"


def _fields(kind: type[Any]) -> Iterator[tuple[str, str, str]]:
    """Name, type and docstring of the fields that a class itself declares."""
    definition: Any = ast.parse(inspect.getsource(kind)).body[0]
    for field, text in itertools.pairwise(definition.body):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
            said = " ".join(ast.literal_eval(text.value).split())
            yield ast.unparse(field.target), ast.unparse(field.annotation), said


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
