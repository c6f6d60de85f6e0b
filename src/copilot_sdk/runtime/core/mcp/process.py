"""The process of an MCP server, where the `mcp` package leaves it to others: its errors, and all that it started."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Self

_KEPT_BYTES = 4_000
_CHUNK_BYTES = 65_536

# Whoever starts the process with this learns its id, which is that of its group too, from the first line of its errors.
_WITH_ID = 'echo $$ >&2; exec "$@"'


class ServerProcess:
    """What a process writes to its standard error, and its end. Use it around the life of the process."""

    def __init__(self, hear: Callable[[str], None]) -> None:
        """Has each line that the process writes told to `hear`."""
        self._hear = hear
        self._line = b""

    def __enter__(self) -> Self:
        self._reading, writing = os.pipe()
        os.set_blocking(self._reading, False)
        self.errors = os.fdopen(writing, "w")
        self._process_id: int | None = None
        self._written = b""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._reading, self._read)
        return self

    def __exit__(self, *_: object) -> None:
        self._read()
        self._loop.remove_reader(self._reading)
        os.close(self._reading)
        self.errors.close()
        if self._process_id is not None:
            with suppress(ProcessLookupError, PermissionError):
                # What the server left behind goes with it.
                os.killpg(self._process_id, signal.SIGKILL)

    @staticmethod
    def command(program: str, *arguments: str) -> list[str]:
        """The command line that starts a program so that its group is known here."""
        return ["sh", "-c", _WITH_ID, "sh", program, *arguments]

    @property
    def last_words(self) -> str:
        """The last line that it wrote."""
        lines = self._written.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def _read(self) -> None:
        with suppress(BlockingIOError):
            while chunk := os.read(self._reading, _CHUNK_BYTES):
                self._written += chunk
                first, found, rest = self._written.partition(b"\n")
                if self._process_id is None and found:
                    self._process_id, self._written = int(first), rest
                    self._tell(rest)
                elif self._process_id is not None:
                    self._tell(chunk)
                self._written = self._written[-_KEPT_BYTES:]

    def _tell(self, written: bytes) -> None:
        *lines, self._line = (self._line + written).split(b"\n")
        self._line = self._line[-_KEPT_BYTES:]
        for line in lines:
            self._hear(line.decode(errors="replace"))
