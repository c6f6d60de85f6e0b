"""Which processes use a session: each holds a lock in its folder, which the system drops when the process dies."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Self

from copilot_sdk.runtime.core.clock import new_id

_PATTERN = "inuse.*.lock"


class Hold:
    """Says that this runtime uses a session, until it is released or the process dies."""

    def __init__(self, lock: sqlite3.Connection, path: Path) -> None:
        self._lock = lock
        self._path = path

    @classmethod
    def take(cls, folder: Path) -> Self:
        """Begins to use the session of a folder."""
        while True:
            path = folder / f"inuse.{os.getpid()}-{new_id()[:8]}.lock"
            lock = lock_file(path)
            # Whoever looked at it before it was locked took it for one of the dead, and removed it.
            if lock is not None and path.exists():
                return cls(lock, path)

    def held_elsewhere(self) -> bool:
        """Whether another runtime uses the session too."""
        return in_use(self._path.parent, besides=self._path)

    def release(self) -> None:
        """Ends the use."""
        self._lock.close()
        self._path.unlink(missing_ok=True)


def in_use(folder: Path, *, besides: Path | None = None) -> bool:
    """Whether a runtime uses the session of a folder; what dead ones left is removed."""
    held = [_is_held(path) for path in folder.glob(_PATTERN) if path != besides]
    return any(held)


def _is_held(path: Path) -> bool:
    lock = lock_file(path)
    if lock is None:
        return True
    with closing(lock):
        path.unlink(missing_ok=True)
    return False


def lock_file(path: Path) -> sqlite3.Connection | None:
    """A lock on a file; None if another holds it.

    It is that of SQLite, as the locks of the systems have little in common.
    """
    lock = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        lock.close()
        return None
    return lock
