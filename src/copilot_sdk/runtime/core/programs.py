"""Runs a program to its end, with all that it has started."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ended:
    """What a program that has ended said."""

    code: int
    out: bytes
    err: bytes


async def run(
    *command: str,
    env: Mapping[str, str],
    cwd: str | Path | None = None,
    given: bytes = b"",
    seconds: float | None = None,
) -> Ended:
    """Runs a program; what is left of it when this ends, however it ends, is killed.

    Args:
        *command: The program and its arguments.
        env: Its whole environment.
        cwd: Its working directory, unless it is that of this process.
        given: What it reads from its standard input.
        seconds: How long it may take, as long as it likes if None.

    Raises:
        OSError: It could not be started.
        TimeoutError: It took too long.
    """
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env=dict(env), stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate(given)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return Ended(process.returncode or 0, out, err)
