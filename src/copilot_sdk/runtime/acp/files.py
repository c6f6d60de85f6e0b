"""The files of a session as the client's editor has them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path, PurePath
from typing import TypeVar

from copilot_sdk._rpc.unset import UNSET
from copilot_sdk.acp.agent import Agent
from copilot_sdk.acp.errors import ResourceNotFound
from copilot_sdk.errors import CopilotError
from copilot_sdk.runtime.core.file_system import DiskFiles, FileStatus

ResultT = TypeVar("ResultT")


class ClientFiles(DiskFiles):
    """The files of this machine, of which the client reads and writes those of the workspace.

    What is in an editor and not saved yet is seen, and what tools write shows up in it. Only texts go through the
    client; all else, such as pictures and what the session keeps for itself, is read from disk.
    """

    def __init__(self, agent: Agent, session_id: str, folders: list[Path]) -> None:
        """Prepares the files.

        Args:
            agent: The way to the client.
            session_id: The session.
            folders: The workspace.
        """
        offered = agent.client_capabilities.fs
        self._reads = offered is not None and bool(offered.read_text_file)
        self._writes = offered is not None and bool(offered.write_text_file)
        self._agent = agent
        self._session_id = session_id
        self._folders = folders

    async def read(self, path: PurePath) -> bytes:
        """See `FileSystem`."""
        if not (self._reads and self._is_in_workspace(path)):
            return await super().read(path)
        status = await super().status(path)
        if status is not None and not await self._is_text(path):
            return await super().read(path)
        answer = await _asked(
            lambda: self._agent.client.fs.read_text_file(
                session_id=self._session_id, path=str(path), line=UNSET, limit=UNSET
            )
        )
        return answer.content.encode()

    async def write(self, path: PurePath, content: bytes) -> None:
        """See `FileSystem`."""
        text = _text(content) if self._writes and self._is_in_workspace(path) else None
        if text is None:
            await super().write(path, content)
            return
        await self.make_folder(path.parent)
        await _asked(
            lambda: self._agent.client.fs.write_text_file(
                session_id=self._session_id, path=str(path), content=text
            )
        )

    async def status(self, path: PurePath) -> FileStatus | None:
        """See `FileSystem`: a file may be there in the editor alone."""
        status = await super().status(path)
        if status is not None or not (self._reads and self._is_in_workspace(path)):
            return status
        try:
            content = await self.read(path)
        except OSError:
            return None
        return FileStatus(is_folder=False, size=len(content))

    async def _is_text(self, path: PurePath) -> bool:
        return _text(await super().read(path)) is not None

    def _is_in_workspace(self, path: PurePath) -> bool:
        return any(path.is_relative_to(folder) for folder in self._folders)


def _text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


async def _asked(ask: Callable[[], Awaitable[ResultT]]) -> ResultT:
    try:
        return await ask()
    except ResourceNotFound as error:
        raise FileNotFoundError(2, error.message) from error
    except CopilotError as error:
        raise OSError(str(error)) from error
