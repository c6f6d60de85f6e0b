"""Permission requests of the built-in tools."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from copilot_sdk.runtime.core.permissions import Ask, Json
from copilot_sdk.runtime.core.tools.base import Arguments, ToolContext


def to_read(context: ToolContext, path: Path, intention: str) -> Sequence[Ask]:
    """Reading a file or directory; a path outside the allowed directories is asked about by itself first."""
    request = {"kind": "read", "intention": intention, "path": str(path)}
    read = Ask(request, request, approval={"kind": "read"}, argument=str(path))
    return [*_outside(context, path, request, "read"), read]


def to_write(
    context: ToolContext, path: Path, intention: str, diff: str, new_contents: str | None
) -> Sequence[Ask]:
    """Creating or changing a file."""
    request: dict[str, object] = {
        "kind": "write",
        "intention": intention,
        "fileName": str(path),
        "diff": diff,
        "canOfferSessionApproval": True,
    }
    if new_contents is not None:
        request["newFileContents"] = new_contents
    write = Ask(request, request, approval={"kind": "write"}, argument=str(path))
    return [*_outside(context, path, request, "write"), write]


def to_run(command: str, intention: str) -> Sequence[Ask]:
    """Running a shell command; an approval covers exactly that command."""
    request = {
        "kind": "shell",
        "fullCommandText": command,
        "intention": intention,
        "commands": [{"identifier": command, "readOnly": False}],
        "possiblePaths": [],
        "possibleUrls": [],
        "hasWriteFileRedirection": ">" in command,
        "canOfferSessionApproval": False,
    }
    prompt = {
        "kind": "commands",
        "fullCommandText": command,
        "intention": intention,
        "commandIdentifiers": [command],
        "canOfferSessionApproval": False,
    }
    approval = {"kind": "commands", "commandIdentifiers": [command]}
    return [Ask(request, prompt, approval=approval, argument=command)]


def to_call(name: str, description: str, arguments: Arguments) -> Sequence[Ask]:
    """Calling a tool that a client provides."""
    request = {
        "kind": "custom-tool",
        "toolName": name,
        "toolDescription": description,
        "args": dict(arguments),
    }
    return [Ask(request, request, approval={"kind": "custom-tool", "toolName": name}, argument=name)]


def after_hook(name: str, arguments: Arguments, message: str) -> Ask:
    """What a `preToolUse` hook wants the user to decide."""
    request = {"kind": "hook", "toolName": name, "toolArgs": dict(arguments), "hookMessage": message}
    return Ask(request, request, argument=name)


def _outside(context: ToolContext, path: Path, request: Json, access: str) -> Sequence[Ask]:
    config = context.session.config
    allowed = (config.working_directory, *config.additional_directories, context.session.folder)
    if any(path.is_relative_to(folder.resolve()) for folder in allowed):
        return []
    prompt = {"kind": "path", "accessKind": access, "paths": [str(path)]}
    return [Ask(request, prompt, argument=str(path))]
