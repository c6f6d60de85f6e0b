"""Permission requests of the built-in tools."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from copilot_sdk.runtime.core.permission_rules import Ask, Json
from copilot_sdk.runtime.core.shell_text import segments, writes_by_redirection
from copilot_sdk.runtime.core.tools.base import Arguments, ToolContext


def to_read(context: ToolContext, path: Path, intention: str) -> Sequence[Ask]:
    """Reading a file or directory; a path outside the allowed directories is asked about by itself first."""
    request = {"kind": "read", "intention": f"{intention}: {path}", "path": str(path)}
    read = Ask(request, request, approval={"kind": "read"}, argument=str(path))
    return [*_outside(context, path, request, "read"), read]


def to_write(
    context: ToolContext, path: Path, intention: str, diff: str, *, before: str | None, after: str
) -> Sequence[Ask]:
    """Creating or changing a file; `before` is None for a new one."""
    edit = {"after": {"path": str(path), "content": after}}
    if before is not None:
        edit = {"before": {"path": str(path), "content": before}, **edit}
    request = {
        "kind": "write",
        "intention": intention,
        "fileName": str(path),
        "diff": diff,
        "newFileContents": after,
        "fileEdits": [edit],
        "canOfferSessionApproval": True,
    }
    write = Ask(request, request, approval={"kind": "write"}, argument=str(path))
    return [*_outside(context, path, request, "write"), write]


def to_run(command: str, intention: str) -> Sequence[Ask]:
    """Running a shell command; an approval covers exactly that command."""
    common = {
        "fullCommandText": command,
        "intention": intention,
        "canOfferSessionApproval": False,
    }
    request = {
        "kind": "shell",
        **common,
        "shellType": "bash",
        "commands": [{"identifier": command, "readOnly": False}],
        "commandSegments": [
            {"identifier": segment.identifier, "fullCommandText": segment.text}
            for segment in segments(command)
        ],
        "possiblePaths": [],
        "possibleUrls": [],
        "hasWriteFileRedirection": writes_by_redirection(command),
    }
    prompt = {"kind": "commands", **common, "commandIdentifiers": [command]}
    approval = {"kind": "commands", "commandIdentifiers": [command]}
    return [Ask(request, prompt, approval=approval, argument=command)]


def to_fetch(url: str) -> Sequence[Ask]:
    """Fetching what is at an address."""
    request = {"kind": "url", "intention": "Fetch what is at this address.", "url": url}
    return [Ask(request, request, argument=url)]


def to_call(name: str, description: str, arguments: Arguments) -> Sequence[Ask]:
    """Calling a tool that a client provides."""
    request = {
        "kind": "custom-tool",
        "toolName": name,
        "toolDescription": description,
        "args": dict(arguments),
    }
    return [Ask(request, request, approval={"kind": "custom-tool", "toolName": name}, argument=name)]


def after_hook(context: ToolContext, name: str, arguments: Arguments, message: str) -> Ask:
    """What a `preToolUse` hook wants the user to decide."""
    request = {
        "kind": "hook",
        "toolName": name,
        "toolArgs": dict(arguments),
        "hookMessage": message or "No reason provided",
        "workingDirectory": str(context.working_directory),
    }
    return Ask(request, request, argument=name)


def _outside(context: ToolContext, path: Path, request: Json, access: str) -> Sequence[Ask]:
    reading = access == "read"
    if context.session.paths.allows(path, reading=reading):
        return []
    prompt: dict[str, object] = {"kind": "path", "accessKind": access, "paths": [str(path)]}
    if reading:
        prompt["readOnlyDirectories"] = [str(path if path.is_dir() else path.parent)]
    return [Ask(request, prompt, argument=str(path))]
