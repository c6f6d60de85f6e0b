"""Files that live as long as the program."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

from copilot_sdk.providers.files import FileStatus


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Entry:
    content: bytes | None  # None for a directory
    modified: datetime = field(default_factory=_now)
    created: datetime = field(default_factory=_now)


class MemoryFiles:
    """The files of one session in memory; see `Files`."""

    def __init__(self) -> None:
        self._entries: dict[PurePosixPath, _Entry] = {PurePosixPath("/"): _Entry(None)}
        self._lock = threading.Lock()

    def read(self, path: str) -> bytes:
        """See `Files`."""
        with self._lock:
            content = self._entry(_parse(path)).content
        if content is None:
            raise IsADirectoryError(path)
        return content

    def write(self, path: str, content: bytes, mode: int | None) -> None:  # noqa: ARG002 - part of `Files`
        """See `Files`; the mode has no meaning in memory."""
        with self._lock:
            self._write(_parse(path), content)

    def append(self, path: str, content: bytes, mode: int | None) -> None:  # noqa: ARG002 - part of `Files`
        """See `Files`; the mode has no meaning in memory."""
        with self._lock:
            at = _parse(path)
            known = self._entries.get(at)
            self._write(at, (known.content or b"" if known else b"") + content)

    def status(self, path: str) -> FileStatus:
        """See `Files`."""
        with self._lock:
            entry = self._entry(_parse(path))
        return FileStatus(entry.content is None, len(entry.content or b""), entry.modified, entry.created)

    def names(self, path: str) -> list[str]:
        """See `Files`."""
        with self._lock:
            at = _parse(path)
            if self._entry(at).content is not None:
                raise NotADirectoryError(path)
            return sorted(known.name for known in self._entries if known.parent == at and known != at)

    def make_directory(self, path: str, recursive: bool, mode: int | None) -> None:  # noqa: ARG002 - part of `Files`
        """See `Files`; the mode has no meaning in memory."""
        with self._lock:
            at = _parse(path)
            known = self._entries.get(at)
            if known is not None and not (recursive and known.content is None):
                raise FileExistsError(path)
            if not recursive:
                self._entry(at.parent)
            self._make_directories(at)

    def remove(self, path: str, recursive: bool) -> None:
        """See `Files`."""
        with self._lock:
            at = _parse(path)
            self._entry(at)
            inside = [known for known in self._entries if at in known.parents]
            if inside and not recursive:
                raise OSError(f"{path} is not empty")
            for known in [at, *inside]:
                if known != known.parent:
                    del self._entries[known]

    def rename(self, source: str, target: str) -> None:
        """See `Files`."""
        with self._lock:
            start, end = _parse(source), _parse(target)
            moved = self._entry(start)
            if start == end:
                return
            known = self._entries.get(end)
            if start in end.parents or (
                known is not None and (known.content is None or moved.content is None)
            ):
                raise FileExistsError(f"{source} cannot be moved to {target}")
            self._make_directories(end.parent)
            for path in [path for path in self._entries if path == start or start in path.parents]:
                self._entries[end / path.relative_to(start)] = self._entries.pop(path)

    def _entry(self, path: PurePosixPath) -> _Entry:
        if path not in self._entries:
            raise FileNotFoundError(str(path))
        return self._entries[path]

    def _write(self, path: PurePosixPath, content: bytes) -> None:
        known = self._entries.get(path)
        if known is not None and known.content is None:
            raise IsADirectoryError(str(path))
        self._make_directories(path.parent)
        self._entries[path] = (
            _Entry(content) if known is None else replace(known, content=content, modified=_now())
        )

    def _make_directories(self, path: PurePosixPath) -> None:
        for each in [*reversed(path.parents), path]:
            if self._entries.setdefault(each, _Entry(None)).content is not None:
                raise NotADirectoryError(str(each))


def _parse(path: str) -> PurePosixPath:
    """An absolute path without `.` and `..`, which never lead above the root."""
    parts: list[str] = []
    for part in PurePosixPath("/", path).parts[1:]:
        if part == "..":
            del parts[-1:]
        else:
            parts.append(part)
    return PurePosixPath("/", *parts)
