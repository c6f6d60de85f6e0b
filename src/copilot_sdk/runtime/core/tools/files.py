"""Tools for files: view, create, edit."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

from copilot_sdk._model.json_values import is_array
from copilot_sdk.runtime.core.permission_rules import Ask
from copilot_sdk.runtime.core.tools import asks
from copilot_sdk.runtime.core.tools.base import (
    Arguments,
    ToolContext,
    ToolError,
    ToolResult,
    schema,
    text,
    text_argument,
)

_VIEW_BYTES = 50_000
_HEADER = 2
"""Lines of a unified diff before the first change."""


class View:
    """Shows a file with line numbers, or what a directory holds."""

    name = "view"
    description = "Show a file with line numbers, or list a directory. `view_range` limits it to some lines."
    parameters = schema(
        ["path"],
        path=text("Path of the file or directory."),
        view_range={
            "type": "array",
            "items": {"type": "integer"},
            "description": "First and last line to show, counted from 1; -1 as the last stands for the end.",
        },
    )

    async def asks(self, context: ToolContext, arguments: Arguments) -> Sequence[Ask]:
        """Asks to read."""
        path = context.resolve(text_argument(arguments, "path"))
        return asks.to_read(
            context, path, "List directory" if await _is_folder(context, path) else "Read file"
        )

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Reads."""
        path = context.resolve(text_argument(arguments, "path"))
        if await _is_folder(context, path):
            names = await context.files.names(path)
            return ToolResult("\n".join(names) or "(empty directory)", detail=_unchanged(path, names, None))
        lines = lines_of(await _read(context, path))
        first, last = _range(arguments.get("view_range"), len(lines))
        shown = lines[first - 1 : last]
        content = "\n".join(f"{number}. {line}" for number, line in enumerate(shown, first))
        detail = _unchanged(path, shown, first)
        if len(content) > _VIEW_BYTES:
            note = "\n... the rest was left out; give a `view_range` to see it"
            return ToolResult(content[:_VIEW_BYTES] + note, detail=detail)
        return ToolResult(content or "(empty file)", detail=detail)


class Create:
    """Makes a new file."""

    name = "create"
    description = "Create a file with the given text. The file must not exist yet; its folders are made."
    parameters = schema(
        ["path", "file_text"], path=text("Path of the new file."), file_text=text("What to put in it.")
    )

    def asks(self, context: ToolContext, arguments: Arguments) -> Sequence[Ask]:
        """Asks to write."""
        path = context.resolve(text_argument(arguments, "path"))
        content = text_argument(arguments, "file_text", "")
        return asks.to_write(
            context, path, "Create file", _diff(path, None, content), before=None, after=content
        )

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Writes."""
        path = context.resolve(text_argument(arguments, "path"))
        if await context.files.status(path) is not None:
            raise ToolError(f"{path} exists already; use `edit` to change it.")
        content = text_argument(arguments, "file_text", "")
        await _write(context, path, content)
        context.session.usage.record_change(str(path), added=len(lines_of(content)), removed=0)
        return ToolResult(f"Created {path}", detail=_diff(path, None, content))


class Edit:
    """Replaces one passage of a file."""

    name = "edit"
    description = "Replace one passage of a file. `old_str` has to occur exactly once."
    parameters = schema(
        ["path", "old_str", "new_str"],
        path=text("Path of the file."),
        old_str=text("The passage to replace, exactly as it stands in the file."),
        new_str=text("What to put in its place."),
    )

    async def asks(self, context: ToolContext, arguments: Arguments) -> Sequence[Ask]:
        """Asks to write."""
        path, before, after = await _edited(context, arguments)
        return asks.to_write(
            context, path, "Edit file", _diff(path, before, after), before=before, after=after
        )

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Writes."""
        path, before, after = await _edited(context, arguments)
        await _write(context, path, after)
        changes = list(_hunks(path, before, after))[_HEADER:]
        context.session.usage.record_change(
            str(path),
            added=sum(line.startswith("+") for line in changes),
            removed=sum(line.startswith("-") for line in changes),
        )
        return ToolResult(f"Edited {path}", detail=_diff(path, before, after))


def lines_of(content: str) -> list[str]:
    """The lines of a text. Only a newline ends a line, as editors and compilers count them."""
    return [line.removesuffix("\r") for line in content.removesuffix("\n").split("\n")] if content else []


async def _is_folder(context: ToolContext, path: Path) -> bool:
    status = await context.files.status(path)
    return status is not None and status.is_folder


async def _read(context: ToolContext, path: Path) -> str:
    try:
        content = await context.files.read(path)
        return content.decode()
    except UnicodeDecodeError as error:
        raise ToolError(f"{path} is not a text file.") from error
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror or error}") from error


async def _write(context: ToolContext, path: Path, content: str) -> None:
    try:
        await context.session.rewind.write(path, content.encode())
    except OSError as error:
        raise ToolError(f"{path} cannot be written: {error.strerror or error}") from error


async def _edited(context: ToolContext, arguments: Arguments) -> tuple[Path, str, str]:
    path = context.resolve(text_argument(arguments, "path"))
    old, new = text_argument(arguments, "old_str"), text_argument(arguments, "new_str", "")
    before = await _read(context, path)
    found = before.count(old) if old else 0
    if found != 1:
        raise ToolError(f"`old_str` has to occur exactly once in {path}, but it occurs {found} times.")
    return path, before, before.replace(old, new)


def _diff(path: Path, before: str | None, after: str) -> str:
    """The change of a file as git shows it; `before` is None for a new file."""
    return "\n".join([*_opening(path, new=before is None), *_hunks(path, before, after), ""])


def _unchanged(path: Path, lines: Sequence[str], first: int | None) -> str:
    """Lines as a change that changes nothing; `first` is the number of the first one, None for those of a folder."""
    old, start = (f"--- a{path}", first) if first is not None else ("--- a/dev/null", 1)
    span = f"@@ -{start},{len(lines) if first is not None else 0} +{start},{len(lines)} @@"
    body = [old, f"+++ b{path}", span, *(f" {line}" for line in lines)]
    return "\n".join([*_opening(path, new=first is None), *body, ""])


def _opening(path: Path, *, new: bool) -> list[str]:
    mode, kind = (["create file mode 100644"], "") if new else ([], " 100644")
    return ["", f"diff --git a{path} b{path}", *mode, f"index 0000000..0000000{kind}"]


def _hunks(path: Path, before: str | None, after: str) -> Iterator[str]:
    return difflib.unified_diff(
        lines_of(before or ""),
        lines_of(after),
        "a/dev/null" if before is None else f"a{path}",
        f"b{path}",
        lineterm="",
    )


def _range(value: object, count: int) -> tuple[int, int]:
    if value is None:
        return 1, count
    if is_array(value) and len(value) == 2:
        first, last = value
        if isinstance(first, int) and isinstance(last, int):
            first, last = max(1, first), count if last == -1 else last
            if first > max(1, count) or last < first - (count == 0):
                raise ToolError(f"`view_range` is out of bounds: there are {count} lines.")
            return first, last
    raise ToolError("`view_range` has to be a list of two line numbers.")
