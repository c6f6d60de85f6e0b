"""Files of sessions in a folder, as the official SDK for Python wants them to be provided."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from copilot import SessionFsFileInfo, SessionFsProvider  # pyright: ignore[reportMissingImports]
from copilot.rpc import (  # pyright: ignore[reportMissingImports]
    SessionFSReaddirWithTypesEntry,
    SessionFSReaddirWithTypesEntryType,
)


class Files(SessionFsProvider):  # type: ignore[misc]  # the SDK is installed for these tests alone
    """Keeps everything below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def at(self, path: str) -> Path:
        """Where a file of the session is in truth."""
        return self.root / path.lstrip("/")

    async def read_file(self, path: str) -> str:
        return self.at(path).read_text()

    async def write_file(self, path: str, content: str, mode: int | None = None) -> None:
        self.at(path).parent.mkdir(parents=True, exist_ok=True)
        self.at(path).write_text(content)

    async def append_file(self, path: str, content: str, mode: int | None = None) -> None:
        self.at(path).parent.mkdir(parents=True, exist_ok=True)
        with self.at(path).open("a") as file:
            file.write(content)

    async def exists(self, path: str) -> bool:
        return self.at(path).exists()

    async def stat(self, path: str) -> Any:
        found = self.at(path).stat()
        changed = datetime.fromtimestamp(found.st_mtime, UTC)
        is_folder = self.at(path).is_dir()
        return SessionFsFileInfo(not is_folder, is_folder, found.st_size, changed, changed)

    async def mkdir(self, path: str, recursive: bool, mode: int | None = None) -> None:
        self.at(path).mkdir(parents=recursive, exist_ok=recursive)

    async def readdir(self, path: str) -> list[str]:
        return [entry.name for entry in self.at(path).iterdir()]

    async def readdir_with_types(self, path: str) -> list[Any]:
        kinds = SessionFSReaddirWithTypesEntryType
        return [
            SessionFSReaddirWithTypesEntry(entry.name, kinds.DIRECTORY if entry.is_dir() else kinds.FILE)
            for entry in self.at(path).iterdir()
        ]

    async def rm(self, path: str, recursive: bool, force: bool) -> None:
        if recursive and self.at(path).is_dir():
            shutil.rmtree(self.at(path), ignore_errors=force)
        else:
            self.at(path).unlink(missing_ok=force)

    async def rename(self, src: str, dest: str) -> None:
        self.at(dest).parent.mkdir(parents=True, exist_ok=True)
        self.at(src).rename(self.at(dest))
