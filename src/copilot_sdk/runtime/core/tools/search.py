"""Tools that search: grep for contents, glob for names."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import translate
from itertools import islice
from pathlib import Path

from copilot_sdk.runtime.core.permission_rules import Ask
from copilot_sdk.runtime.core.tools import asks
from copilot_sdk.runtime.core.tools.base import (
    Arguments,
    ToolContext,
    ToolError,
    ToolResult,
    choice,
    flag,
    flag_argument,
    schema,
    text,
    text_argument,
)
from copilot_sdk.runtime.core.tools.files import lines_of

_MATCHES_SHOWN = 500
_LINE_CHARACTERS = 500
_FILE_BYTES = 5_000_000
_SKIPPED = frozenset({".git", "node_modules", "__pycache__", ".venv"})


class Grep:
    """Finds lines that match a regular expression."""

    name = "grep"
    description = "Search files for a regular expression."
    parameters = schema(
        ["pattern"],
        pattern=text("Regular expression, in Python's syntax."),
        path=text("File or directory to search; the working directory if absent."),
        glob=text("Only files whose name matches, for example `*.py`."),
        output_mode=choice(
            "What to show: the matching lines, the names of files, or a count per file.",
            "content",
            "files_with_matches",
            "count",
        ),
        ignore_case=flag("Whether upper and lower case are the same."),
    )

    def asks(self, context: ToolContext, arguments: Arguments) -> Sequence[Ask]:
        """Asks to read."""
        path = context.resolve(text_argument(arguments, "path", "."))
        return asks.to_read(context, path, "Search in directory" if path.is_dir() else "Search in file")

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Searches."""
        options = re.IGNORECASE if flag_argument(arguments, "ignore_case") else 0
        try:
            pattern = re.compile(text_argument(arguments, "pattern"), options)
        except re.error as error:
            raise ToolError(f"The pattern is no regular expression: {error}") from error
        root = context.resolve(text_argument(arguments, "path", "."))
        if not root.exists():
            raise ToolError(f"{root} does not exist.")
        names = re.compile(translate(text_argument(arguments, "glob", "*")))
        mode = text_argument(arguments, "output_mode", "content")
        lines = await asyncio.to_thread(_grep, root, pattern, names, mode)
        return _listed(lines, "No matches found.")


class Glob:
    """Finds files by name."""

    name = "glob"
    description = "Find files whose path matches a pattern such as `src/**/*.py`."
    parameters = schema(
        ["pattern"],
        pattern=text("Pattern of the path; `**` stands for any number of folders."),
        path=text("Directory to begin at; the working directory if absent."),
    )

    def asks(self, context: ToolContext, arguments: Arguments) -> Sequence[Ask]:
        """Asks to read."""
        path = context.resolve(text_argument(arguments, "path", "."))
        return asks.to_read(context, path, "Search for files in")

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Searches."""
        root = context.resolve(text_argument(arguments, "path", "."))
        pattern = text_argument(arguments, "pattern")
        try:
            found = await asyncio.to_thread(_glob, root, pattern)
        except (ValueError, NotImplementedError) as error:
            raise ToolError(f"The pattern '{pattern}' cannot be used: {error}") from error
        return _listed(found, "No files found.")


def _grep(root: Path, pattern: re.Pattern[str], names: re.Pattern[str], mode: str) -> list[str]:
    lines: list[str] = []
    for path in _files(root):
        if not names.match(path.name) or path.stat().st_size > _FILE_BYTES:
            continue
        matches = list(_matches(path, pattern))
        if not matches:
            continue
        shown = path.name if path == root else str(path.relative_to(root))
        if mode == "content":
            lines += [f"{shown}:{number}:{line[:_LINE_CHARACTERS]}" for number, line in matches]
        else:
            lines.append(f"{shown}:{len(matches)}" if mode == "count" else shown)
        if len(lines) > _MATCHES_SHOWN:
            break
    return lines


def _matches(path: Path, pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    try:
        content = path.read_bytes().decode("utf-8")
    except (UnicodeDecodeError, OSError):
        return
    for number, line in enumerate(lines_of(content), 1):
        if pattern.search(line):
            yield number, line


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        yield from (Path(folder, name) for name in sorted(names) if Path(folder, name).is_file())


def _glob(root: Path, pattern: str) -> list[str]:
    found = (path for path in root.glob(pattern) if path.is_file() and not _SKIPPED & set(path.parts))
    return sorted(str(path.relative_to(root)) for path in islice(found, _MATCHES_SHOWN + 1))


def _listed(lines: Sequence[str], nothing: str) -> ToolResult:
    if len(lines) > _MATCHES_SHOWN:
        return ToolResult("\n".join([*lines[:_MATCHES_SHOWN], "... and more; narrow the search"]))
    return ToolResult("\n".join(lines) or nothing)
