"""Files in a folder of this machine."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from copilot_sdk.providers.files import FileStatus, PartialWriteError


class FolderFiles:
    """The files of one session in a folder, which stands for the root; see `Files`.

    No path leads out of the folder, neither by `..` nor by a symbolic link in it.

    Args:
        folder: The folder; it is made when something is written.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._root = Path(folder).resolve()

    def read(self, path: str) -> bytes:
        """See `Files`."""
        return self._inside(path).read_bytes()

    def write(self, path: str, content: bytes, mode: int | None) -> None:
        """See `Files`."""
        self._write(path, content, os.O_TRUNC, mode)

    def append(self, path: str, content: bytes, mode: int | None) -> None:
        """See `Files`."""
        self._write(path, content, os.O_APPEND, mode)

    def status(self, path: str) -> FileStatus:
        """See `Files`."""
        at = self._inside(path)
        found = at.stat()
        # Linux tells no time of birth.
        created = getattr(found, "st_birthtime", found.st_ctime)
        return FileStatus(
            at.is_dir(),
            found.st_size,
            datetime.fromtimestamp(found.st_mtime, UTC),
            datetime.fromtimestamp(created, UTC),
        )

    def names(self, path: str) -> list[str]:
        """See `Files`."""
        return sorted(entry.name for entry in self._inside(path).iterdir())

    def make_directory(self, path: str, recursive: bool, mode: int | None) -> None:
        """See `Files`."""
        self._root.mkdir(parents=True, exist_ok=True)
        self._inside(path).mkdir(0o777 if mode is None else mode, parents=recursive, exist_ok=recursive)

    def remove(self, path: str, recursive: bool) -> None:
        """See `Files`. A symbolic link is deleted itself."""
        at = self._inside(path, follow=False)
        if at == self._root:
            raise PermissionError("the root stays")
        if at.is_symlink() or not at.is_dir():
            at.unlink()
        elif recursive:
            shutil.rmtree(at)
        else:
            at.rmdir()

    def rename(self, source: str, target: str) -> None:
        """See `Files`."""
        end = self._inside(target, follow=False)
        start = self._inside(source, follow=False)
        start.lstat()
        end.parent.mkdir(parents=True, exist_ok=True)
        start.replace(end)

    def _write(self, path: str, content: bytes, flag: int, mode: int | None) -> None:
        at = self._inside(path)
        at.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0) | flag
        opened = os.open(at, flags, 0o666 if mode is None else mode)
        try:
            with os.fdopen(opened, "wb") as file:
                file.write(content)
        except OSError as error:
            raise PartialWriteError(error.errno, error.strerror, path) from error

    def _inside(self, path: str, *, follow: bool = True) -> Path:
        parts = PurePosixPath("/", path).parts[1:]
        # On Windows a part can name a drive or hold several parts.
        if ".." in parts or any(os.path.splitdrive(part)[0] or Path(part).name != part for part in parts):
            raise PermissionError(f"{path} leads out of the session's files")
        plain = self._root.joinpath(*parts)
        found = plain.resolve() if follow or plain == self._root else plain.parent.resolve() / plain.name
        if not found.is_relative_to(self._root):
            raise PermissionError(f"{path} leads out of the session's files")
        return found
