"""Runs the commands of hooks in files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core import programs
from copilot_sdk.runtime.core.hook_files import FileHook
from copilot_sdk.runtime.core.shells import environment

_WARNS = 2


class HookFault(Exception):
    """The command of a hook went wrong; the text is for people."""


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What the command of a hook said; `warning` is what it wants people to know."""

    output: Mapping[str, object]
    warning: str | None = None


async def run(hook: FileHook, hook_input: Mapping[str, object], working_directory: Path) -> HookAnswer:
    """Runs a command: its input comes in as JSON, its answer is the JSON object that it prints.

    Raises:
        HookFault: It could not be run, took too long or failed.
    """
    try:
        ended = await programs.run(
            "bash",
            "-c",
            hook.command,
            cwd=working_directory / hook.folder,
            env={**environment(), **hook.variables},
            given=json.dumps(hook_input).encode(),
            seconds=hook.seconds,
        )
    except TimeoutError:
        raise HookFault(
            f"HookTimeoutError: Hook command timed out after {hook.seconds:g} seconds: {hook.command}"
        ) from None
    except OSError as error:
        raise HookFault(f"Error: Hook command could not be started: {error}") from error
    if ended.code == _WARNS:
        return HookAnswer({}, ended.err.decode(errors="replace").strip() or None)
    if ended.code != 0:
        raise HookFault(f"Error: Hook command failed with code {ended.code}")
    return HookAnswer(_answer_in(ended.out))


def _answer_in(printed: bytes) -> Mapping[str, object]:
    try:
        answer: object = json.loads(printed)
    except ValueError:
        return {}
    return answer if is_object(answer) else {}
