"""Files by absolute path: those of this machine, or those that a client keeps."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Protocol

from copilot_sdk.runtime.core.clock import new_id


@dataclass(frozen=True, slots=True)
class FileStatus:
    """What is at a path; the size is in bytes, the times are in milliseconds since 1970."""

    is_folder: bool
    size: int
    modified: float = 0.0
    created: float = 0.0


class FileSystem(Protocol):
    """Where files are. What cannot be done raises an `OSError`, a `FileNotFoundError` for what is not there."""

    def resolve(self, folder: Path, path: str) -> Path:
        """The absolute path of what a path in a folder leads to."""
        ...

    def contains(self, folder: Path, path: Path) -> bool:
        """Whether an absolute path is that of a folder, or of something in it."""
        ...

    async def status(self, path: PurePath) -> FileStatus | None:
        """What is at a path; None where there is nothing."""
        ...

    async def names(self, path: PurePath) -> list[str]:
        """The names of what is in a folder, in order; those of folders end with a slash."""
        ...

    async def read(self, path: PurePath) -> bytes:
        """The content of a file."""
        ...

    async def write(self, path: PurePath, content: bytes) -> None:
        """Makes or replaces a file, and makes the folders above it."""
        ...

    async def append(self, path: PurePath, content: bytes) -> None:
        """Adds to the end of a file, which is made if it is not there."""
        ...

    async def make_folder(self, path: PurePath) -> None:
        """Makes a folder and those above it, if it is not there."""
        ...

    async def rename(self, source: PurePath, target: PurePath) -> None:
        """Moves a file; one that is at the target is replaced."""
        ...

    async def remove(self, path: PurePath) -> None:
        """Deletes a file, or a folder with all that is in it."""
        ...


async def replace_content(files: FileSystem, path: PurePath, content: bytes) -> None:
    """Replaces a file in one step: it is the old one until all of the new one is there."""
    fresh = path.with_name(f"{path.name}.new")
    await files.write(fresh, content)
    await files.rename(fresh, path)


def replace_file(path: Path, content: bytes) -> None:
    """Replaces a file of this machine in one step: whatever happens, it is the old one or the new one."""
    fresh = path.with_name(f".{path.name}.{new_id()}.new")
    fresh.write_bytes(content)
    fresh.replace(path)


class DiskFiles:
    """The files of this machine."""

    def resolve(self, folder: Path, path: str) -> Path:
        """See `FileSystem`; `~` is the home folder."""
        return (folder / Path(path).expanduser()).resolve()

    def contains(self, folder: Path, path: Path) -> bool:
        """See `FileSystem`."""
        return path.is_relative_to(folder.resolve())

    async def status(self, path: PurePath) -> FileStatus | None:
        """See `FileSystem`."""
        return await asyncio.to_thread(_status, Path(path))

    async def names(self, path: PurePath) -> list[str]:
        """See `FileSystem`."""
        return await asyncio.to_thread(_names, Path(path))

    async def read(self, path: PurePath) -> bytes:
        """See `FileSystem`."""
        return await asyncio.to_thread(Path(path).read_bytes)

    async def write(self, path: PurePath, content: bytes) -> None:
        """See `FileSystem`."""
        await self.make_folder(path.parent)
        await asyncio.to_thread(Path(path).write_bytes, content)

    async def append(self, path: PurePath, content: bytes) -> None:
        """See `FileSystem`."""
        await asyncio.to_thread(_append, Path(path), content)

    async def make_folder(self, path: PurePath) -> None:
        """See `FileSystem`."""
        await asyncio.to_thread(Path(path).mkdir, parents=True, exist_ok=True)

    async def rename(self, source: PurePath, target: PurePath) -> None:
        """See `FileSystem`."""
        await asyncio.to_thread(Path(source).replace, target)

    async def remove(self, path: PurePath) -> None:
        """See `FileSystem`."""
        await asyncio.to_thread(_remove, Path(path))


def _status(path: Path) -> FileStatus | None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    # The time of birth is not known everywhere; where it is not, the earliest time that is stands for it.
    born = getattr(found, "st_birthtime", min(found.st_ctime, found.st_mtime))
    return FileStatus(path.is_dir(), found.st_size, found.st_mtime * 1_000, born * 1_000)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _names(path: Path) -> list[str]:
    return sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in path.iterdir())


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)
