"""Runs the commands of hooks in files."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from copilot_sdk._model.json_values import is_object
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
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            hook.command,
            cwd=working_directory / hook.folder,
            env={**environment(), **hook.variables},
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise HookFault(f"Error: Hook command could not be started: {error}") from error
    try:
        async with asyncio.timeout(hook.seconds):
            out, err = await process.communicate(json.dumps(hook_input).encode())
    except TimeoutError:
        raise HookFault(
            f"HookTimeoutError: Hook command timed out after {hook.seconds:g} seconds: {hook.command}"
        ) from None
    finally:
        await _end(process)
    if process.returncode == _WARNS:
        return HookAnswer({}, err.decode(errors="replace").strip() or None)
    if process.returncode != 0:
        raise HookFault(f"Error: Hook command failed with code {process.returncode}")
    return HookAnswer(_answer_in(out))


async def _end(process: Process) -> None:
    """Ends what is left of a command, with everything that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _answer_in(printed: bytes) -> Mapping[str, object]:
    try:
        answer: object = json.loads(printed)
    except ValueError:
        return {}
    return answer if is_object(answer) else {}
