"""The document of the device: a file that only its administrators can write."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.managed.documents import read_document

FILE = Path("/etc/github-copilot/managed-settings.json")
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class DevicePolicy:
    """What the device has.

    Attributes:
        settings: The document in its canonical form; None where there is no file, or no good one.
        problem: Why the file cannot be used.
        sandbox: What it says of the sandbox, even so.
    """

    settings: Mapping[str, object] | None = None
    problem: str | None = None
    sandbox: Mapping[str, object] | None = None


def read_device(path: Path) -> DevicePolicy:
    """What a file says; nothing where there is none."""
    try:
        text = _text(path)
    except FileNotFoundError:
        return DevicePolicy()
    except (OSError, UnicodeDecodeError) as error:
        return DevicePolicy(problem=f"Failed to read managed settings from {path}: {error}")
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        return DevicePolicy(problem=f"Failed to read managed settings from {path}: invalid JSON: {error}")
    if not is_object(content):
        return DevicePolicy(problem=f"Failed to read managed settings from {path}: expected a JSON object")
    document = read_document(content)
    if document.settings is not None:
        return DevicePolicy(document.settings)
    sandbox = content.get("sandbox")
    problem = f"Managed settings schema validation failed: {document.problem}"
    return DevicePolicy(problem=problem, sandbox=sandbox if is_object(sandbox) else None)


def _text(path: Path) -> str:
    """The text of a file that nobody else may write, and that is no link.

    Raises:
        OSError: It cannot be read, or others may write it.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(descriptor, encoding="utf-8") as file:
        mode = os.fstat(descriptor).st_mode
        if mode & _OTHERS_MAY_WRITE:
            raise PermissionError(f"its group or everybody may write it (mode {stat.filemode(mode)})")
        return file.read()
