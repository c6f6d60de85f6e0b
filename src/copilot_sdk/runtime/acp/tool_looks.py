"""How tool calls are shown to clients: a title, a kind, the places they work on and what they change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from copilot_sdk._generated.acp.types import (
    Content,
    Diff,
    TextContent,
    ToolCallContent,
    ToolCallLocation,
    ToolKind,
)
from copilot_sdk._model.json_values import is_array, is_object

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ToolLook:
    """How one tool call is shown."""

    title: str
    kind: ToolKind
    locations: Sequence[ToolCallLocation] = ()
    content: Sequence[ToolCallContent] = ()


def look_of(name: str, arguments: object, folder: Path) -> ToolLook:
    """How a tool call is shown before there is anything to tell of it.

    Args:
        name: The tool.
        arguments: What it is called with.
        folder: Where relative paths begin.
    """
    given = arguments if is_object(arguments) else {}
    look = _LOOKS.get(name)
    return ToolLook(_text(given, "description") or name, "other") if look is None else look(given, folder)


def text_content(text: str) -> Content:
    """What a tool says."""
    return Content(content=TextContent(text=text))


def result_content(name: str, arguments: object, result: Json, folder: Path) -> list[ToolCallContent]:
    """What a tool call that succeeded is shown to have given.

    Args:
        name: The tool.
        arguments: What it was called with.
        result: The result, as events tell it.
        folder: Where relative paths begin.
    """
    look = look_of(name, arguments, folder)
    if look.content:
        return list(look.content)
    return [text_content(str(result.get("content", "")))]


def location(path: str, line: int | None = None) -> ToolCallLocation:
    """A place in a file."""
    return ToolCallLocation(path=path) if line is None else ToolCallLocation(path=path, line=line)


def _view(given: Json, folder: Path) -> ToolLook:
    path = _path(given, folder)
    span = given.get("view_range")
    first = span[0] if is_array(span) and span and isinstance(span[0], int) and span[0] > 0 else None
    return ToolLook(f"Viewing {path}", "read", [location(path, first)])


def _create(given: Json, folder: Path) -> ToolLook:
    path = _path(given, folder)
    diff = Diff(path=path, old_text=None, new_text=_text(given, "file_text"))
    return ToolLook(f"Creating {path}", "edit", [location(path)], [diff])


def _edit(given: Json, folder: Path) -> ToolLook:
    path = _path(given, folder)
    diff = Diff(path=path, old_text=_text(given, "old_str"), new_text=_text(given, "new_str"))
    return ToolLook(f"Editing {path}", "edit", [location(path)], [diff])


def _bash(given: Json, _: Path) -> ToolLook:
    return ToolLook(_text(given, "description") or _text(given, "command") or "bash", "execute")


def _grep(given: Json, folder: Path) -> ToolLook:
    found = [location(_path(given, folder))] if given.get("path") else []
    return ToolLook(f"Searching for '{_text(given, 'pattern')}'", "search", found)


def _glob(given: Json, folder: Path) -> ToolLook:
    found = [location(_path(given, folder))] if given.get("path") else []
    return ToolLook(f"Finding files matching {_text(given, 'pattern')}", "search", found)


def _fetch(given: Json, _: Path) -> ToolLook:
    return ToolLook(f"Fetching {_text(given, 'url')}", "fetch")


def _intent(given: Json, _: Path) -> ToolLook:
    return ToolLook(_text(given, "intent") or "report_intent", "think")


def _plan(given: Json, _: Path) -> ToolLook:
    summary = _text(given, "summary")
    return ToolLook(
        "Ready to carry out the plan", "switch_mode", (), [text_content(summary)] if summary else []
    )


_LOOKS: Mapping[str, Callable[[Json, Path], ToolLook]] = {
    "view": _view,
    "create": _create,
    "edit": _edit,
    "bash": _bash,
    "grep": _grep,
    "glob": _glob,
    "web_fetch": _fetch,
    "report_intent": _intent,
    "exit_plan_mode": _plan,
}


def _text(given: Json, name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""


def _path(given: Json, folder: Path) -> str:
    return str(folder / _text(given, "path"))
