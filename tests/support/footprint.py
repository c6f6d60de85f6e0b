"""What a process holds that can be left behind: threads, child processes, file descriptors. Read from /proc."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Footprint:
    """What this process holds at a moment.

    Attributes:
        threads: The threads that run, by name.
        children: The ids of the processes that it has started, also of those that nobody has waited for.
        descriptors: The file descriptors that are open, and what they stand for.
    """

    threads: frozenset[str]
    children: frozenset[int]
    descriptors: frozenset[tuple[int, str]]

    @classmethod
    def take(cls) -> Self:
        """Look at this process."""
        return cls(
            threads=frozenset(f"{thread.name} {thread.ident}" for thread in threading.enumerate()),
            children=frozenset(_children()),
            descriptors=frozenset(_descriptors()),
        )

    def since(self, earlier: Footprint) -> Footprint:
        """What has come up since an earlier moment and is still there."""
        return Footprint(
            threads=self.threads - earlier.threads,
            children=self.children - earlier.children,
            descriptors=self.descriptors - earlier.descriptors,
        )


NOTHING = Footprint(frozenset(), frozenset(), frozenset())


def _children() -> Iterator[int]:
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            # It may end while it is looked at.
            with suppress(OSError):
                _, _, rest = (entry / "stat").read_text().rpartition(") ")
                if int(rest.split()[1]) == os.getpid():
                    yield int(entry.name)


def _descriptors() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc/self/fd").iterdir():
        # The one that the listing itself had is gone.
        with suppress(OSError):
            yield int(entry.name), str(entry.readlink())
