"""Hooks in files: commands that the user, a repository or a plugin wants to be run at places in a turn."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from copilot_sdk._model.json_values import is_array, is_object, objects_in
from copilot_sdk.runtime.core.json_files import MalformedFile, read_object

Origin = Literal["user", "repository", "plugin"]

FOLDER = Path(".github") / "hooks"
_SECONDS = 30.0
_TYPES = (
    "preToolUse",
    "postToolUse",
    "postToolUseFailure",
    "userPromptSubmitted",
    "sessionStart",
    "sessionEnd",
    "errorOccurred",
    "agentStop",
    "subagentStart",
    "subagentStop",
    "preCompact",
    "permissionRequest",
    "notification",
)


@dataclass(frozen=True, slots=True)
class FileHook:
    """One command.

    Attributes:
        type: The wire's name of the place at which it is run.
        command: What bash is to run.
        origin: Whose it is.
        source: The file or plugin it is from, for people.
        folder: Where it is run, from the working directory on.
        variables: What is added to its environment.
        seconds: How long it may take.
        matcher: A pattern for the names of tools; None for all.
    """

    type: str
    command: str
    origin: Origin
    source: str
    folder: str = "."
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    seconds: float = _SECONDS
    matcher: str | None = None

    @property
    def key(self) -> str:
        """What it is disabled by in the settings; the same wherever it is found."""
        parts = (self.origin, Path(self.source).name, self.type, self.command, self.matcher or "")
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def matches(self, tool: object) -> bool:
        """Whether it is for a tool; for what is no tool call every hook is."""
        if self.matcher is None or not isinstance(tool, str):
            return True
        try:
            return re.fullmatch(self.matcher, tool) is not None
        except re.error:
            return False


@dataclass(slots=True)
class Found:
    """Hooks that were found, and what could not be read."""

    hooks: list[FileHook] = field(default_factory=list[FileHook])
    errors: list[str] = field(default_factory=list[str])

    def look_in(self, folder: Path, origin: Origin, *, shown_from: Path | None = None) -> None:
        """Adds the hooks in the files of a folder; `shown_from` is what their paths are told relative to."""
        for path in sorted(folder.glob("*.json")):
            self.look_at(path, origin, str(path if shown_from is None else path.relative_to(shown_from)))

    def look_at(self, path: Path, origin: Origin, source: str) -> None:
        """Adds the hooks in a file."""
        try:
            content = read_object(path)
        except MalformedFile as error:
            self.errors.append(f"Failed to load hooks from {source}: {error}")
            return
        self.hooks += _hooks_of(content, origin, source)

    def look_at_plugin(self, folder: Path, source: str, variables: Mapping[str, str]) -> None:
        """Adds the hooks of a plugin, which run in its folder with some variables."""
        for path in (folder / "hooks.json", folder / "hooks" / "hooks.json"):
            if not path.is_file():
                continue
            found = Found(errors=self.errors)
            found.look_at(path, "plugin", source)
            of_file = {**variables, "COPILOT_HOOK_DIR": str(path.parent)}
            self.hooks += [
                replace(hook, folder=str(folder / hook.folder), variables={**of_file, **hook.variables})
                for hook in found.hooks
            ]


def in_order(hooks: Sequence[FileHook]) -> list[FileHook]:
    """Hooks by the place at which they are run."""
    return sorted(hooks, key=lambda hook: _TYPES.index(hook.type))


def _hooks_of(content: Mapping[str, object], origin: Origin, source: str) -> Iterator[FileHook]:
    by_type = content.get("hooks")
    if content.get("version", 1) != 1 or not is_object(by_type):
        return
    for hook_type, entries in by_type.items():
        if hook_type not in _TYPES or not is_array(entries):
            continue
        for entry in objects_in(entries):
            command = entry.get("bash") or entry.get("command")
            if entry.get("type", "command") == "command" and isinstance(command, str):
                yield _hook(hook_type, command, origin, source, entry)


def _hook(hook_type: str, command: str, origin: Origin, source: str, entry: Mapping[str, object]) -> FileHook:
    variables, seconds, matcher = entry.get("env"), entry.get("timeoutSec"), entry.get("matcher")
    return FileHook(
        type=hook_type,
        command=command,
        origin=origin,
        source=source,
        folder=str(entry.get("cwd") or "."),
        variables={name: str(value) for name, value in variables.items()} if is_object(variables) else {},
        seconds=float(seconds) if isinstance(seconds, int | float) else _SECONDS,
        matcher=matcher if isinstance(matcher, str) else None,
    )
