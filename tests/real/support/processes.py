"""Which processes belong to a runtime, read from /proc: also those that left its group or lost their parent."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def processes_with(variable: str, value: str) -> set[int]:
    """The ids of all running processes that were started with this environment variable."""
    wanted = f"{variable}={value}".encode()
    return {pid for pid in _running() if wanted in _read(pid, "environ").split(b"\0")}


def parent_of(pid: int) -> int:
    """The id of the process that started another one; 0 when that is gone."""
    _, _, rest = _read(pid, "stat").rpartition(b") ")
    fields = rest.split()
    return int(fields[1]) if fields else 0


async def all_ended(pids: Iterable[int]) -> None:
    """Waits until none of the processes runs any more."""
    for pid in pids:
        with suppress(ProcessLookupError):
            await _ended(os.pidfd_open(pid))


async def _ended(descriptor: int) -> None:
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _running() -> Iterator[int]:
    for entry in _PROC.iterdir():
        if entry.name.isdecimal() and _state(int(entry.name)) not in {b"", b"Z"}:
            yield int(entry.name)


def _state(pid: int) -> bytes:
    _, _, rest = _read(pid, "stat").rpartition(b") ")
    return rest[:1]


def _read(pid: int, name: str) -> bytes:
    with suppress(OSError):
        return (_PROC / str(pid) / name).read_bytes()
    return b""
