"""What a session keeps beside its events: files, pasted texts, and the objective of the autopilot."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.file_system import FileStatus

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

_OBJECTIVE = "autopilot-objective.json"
_OUTSIDE = "Path must be within the workspace files directory"
_NOT_NORMAL = "Path must be a normalized relative session artifact path"


class WorkspaceFiles:
    """The files of one session. All paths are below its `files` folder; what cannot be done is a `RuntimeFault`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._files = session.storage.files
        self._root = session.storage.folder / "files"
        self._objective = session.storage.folder / _OBJECTIVE
        self._objective_lock = asyncio.Lock()
        self._last_paste = 0

    async def listed(self) -> Sequence[str]:
        """The paths of all files."""
        if await self._files.status(self._root) is None:
            return []
        return await self._below(self._root, "")

    async def _below(self, folder: PurePath, prefix: str) -> list[str]:
        found: list[str] = []
        for name in await self._files.names(folder):
            if name.endswith("/"):
                found += await self._below(folder / name, prefix + name)
            else:
                found.append(prefix + name)
        return found

    async def read(self, path: str) -> str:
        """The text of a file."""
        target = self._inside(path)
        with _told():
            status = await self._files.status(target)
            if status is not None and status.is_folder:
                raise RuntimeFault("EISDIR: illegal operation on a directory")
            return (await self._files.read(target)).decode(errors="replace")

    async def write(self, path: str, content: str) -> None:
        """Makes or replaces a file, and tells the clients."""
        target = self._inside(path)
        with _told():
            known = await self._files.status(target)
            await self._files.write(target, content.encode())
        operation = "create" if known is None else "update"
        shown = str(target.relative_to(self._root))
        self._session.emit(types.SessionWorkspaceFileChangedData(path=shown, operation=operation))

    async def paste(self, content: str) -> tuple[Path, int]:
        """Keeps a text that was pasted.

        Returns:
            Where, and how many bytes it takes.
        """
        # Two pastes within a millisecond are two files.
        self._last_paste = max(int(time.time() * 1_000), self._last_paste + 1)
        target, encoded = self._root / f"paste-{self._last_paste}.txt", content.encode()
        with _told():
            await self._files.write(target, encoded)
        return target, len(encoded)

    async def status(self, path: str) -> FileStatus:
        """What is at a path."""
        return await self._existing(self._artifact(path))

    async def make_folder(self, path: str, *, parents: bool) -> None:
        """Makes a folder; with the folders above it, it may exist already."""
        target = self._artifact(path)
        with _told():
            status = await self._files.status(target)
            if status is not None and not (parents and status.is_folder):
                raise _fault(errno.EEXIST, "File exists")
            if not parents and target.parent != self._root:
                await self._existing(target.parent)
            await self._files.make_folder(target)

    async def rename(self, source: str, target: str) -> None:
        """Moves a file or a folder; a file at the target is replaced."""
        old, new = self._artifact(source), self._artifact(target)
        with _told():
            await self._existing(old)
            await self._files.rename(old, new)

    async def remove(self, path: str, *, recursive: bool, force: bool) -> None:
        """Deletes a file, or a folder with what is in it.

        Args:
            path: Which one.
            recursive: Whether it may be a folder.
            force: Whether it need not be there.
        """
        target = self._artifact(path)
        with _told():
            if force and await self._files.status(target) is None:
                return
            if (await self._existing(target)).is_folder and not recursive:
                raise RuntimeFault("ERR_FS_EISDIR: path is a directory")
            await self._files.remove(target)

    async def read_objective(self) -> str | None:
        """The objective of the autopilot, if there is one."""
        async with self._objective_alone():
            if await self._files.status(self._objective) is None:
                return None
            return (await self._files.read(self._objective)).decode(errors="replace")

    async def write_objective(self, content: str) -> bool:
        """Sets the objective of the autopilot.

        Returns:
            Whether there was none before.
        """
        async with self._objective_alone():
            fresh = await self._files.status(self._objective) is None
            await self._files.write(self._objective, content.encode())
        return fresh

    async def delete_objective(self) -> bool:
        """Deletes the objective of the autopilot, and tells whether there was one."""
        async with self._objective_alone():
            if await self._files.status(self._objective) is None:
                return False
            await self._files.remove(self._objective)
        return True

    @asynccontextmanager
    async def _objective_alone(self) -> AsyncGenerator[None]:
        """Nobody reads the objective while it is written."""
        async with self._objective_lock:
            with _told():
                yield

    async def _existing(self, target: Path) -> FileStatus:
        with _told():
            status = await self._files.status(target)
        if status is None:
            raise _fault(errno.ENOENT, "No such file or directory")
        return status

    def _inside(self, path: str) -> Path:
        root = self._files.resolve(self._root, ".")
        target = self._files.resolve(self._root, path)
        if target == root or root not in target.parents:
            raise RuntimeFault(_OUTSIDE)
        return self._root / target.relative_to(root)

    def _artifact(self, path: str) -> Path:
        parts = path.split("/")
        if any(part in ("", ".", "..") for part in parts) or "\\" in path:
            raise RuntimeFault(_NOT_NORMAL)
        return self._inside(path)


def _fault(number: int, text: str) -> RuntimeFault:
    return RuntimeFault(f"{errno.errorcode[number]}: {text} (os error {number})")


@contextmanager
def _told() -> Generator[None]:
    """Turns what goes wrong with a file into a fault that says so the way the CLI does."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise RuntimeFault(str(error)) from error
        raise _fault(error.errno, error.strerror or "unknown error") from error
