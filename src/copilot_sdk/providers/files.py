"""The small interface behind a session's file system."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FileStatus:
    """What is at a path.

    Attributes:
        is_directory: True for a directory, False for a file.
        size: Bytes of a file.
        modified: When its content changed last, with a time zone.
        created: When it was made, with a time zone.
    """

    is_directory: bool
    size: int
    modified: datetime
    created: datetime


class PartialWriteError(OSError):
    """A write has failed after it had changed the file: `Files.write` raises it, so that the runtime is told."""


class Files(Protocol):
    """The files of one session: implement it to keep them where you like.

    Methods may be plain, which run in worker threads, or async. They raise `FileNotFoundError` for what is not
    there, and any other exception for what fails otherwise; the runtime is told which. Paths are what the runtime
    makes of the conventions and the state path of the `SessionFS`; it asks for paths of its host, too.
    """

    def read(self, path: str) -> Awaitable[bytes] | bytes:
        """The content of a file."""
        ...

    def write(self, path: str, content: bytes, mode: int | None) -> Awaitable[None] | None:
        """Make or replace a file and the directories above it; `mode` is for one that is new.

        Raises:
            PartialWriteError: It failed, and the file is not what it was.
        """
        ...

    def append(self, path: str, content: bytes, mode: int | None) -> Awaitable[None] | None:
        """Add to the end of a file, which is made as by `write` if it is not there."""
        ...

    def status(self, path: str) -> Awaitable[FileStatus] | FileStatus:
        """What is at a path."""
        ...

    def names(self, path: str) -> Awaitable[Sequence[str]] | Sequence[str]:
        """The names of what is in a directory."""
        ...

    def make_directory(self, path: str, recursive: bool, mode: int | None) -> Awaitable[None] | None:
        """Make a directory.

        Args:
            path: Where.
            recursive: True to make those above it too, and to be content with one that is there.
            mode: POSIX permission bits.
        """
        ...

    def remove(self, path: str, recursive: bool) -> Awaitable[None] | None:
        """Delete a file, an empty directory, or with `recursive` all that is in it."""
        ...

    def rename(self, source: str, target: str) -> Awaitable[None] | None:
        """Move a file or directory; a file that is at the target is replaced."""
        ...
