"""The files that an agent reads and writes through its client."""

from __future__ import annotations

import io
import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot_sdk._callbacks import call_off_loop
from copilot_sdk.acp.errors import ResourceNotFound
from copilot_sdk.errors import InternalError, InvalidParams
from copilot_sdk.providers.folder import FolderFiles as _Rooted

if TYPE_CHECKING:
    from copilot_sdk._generated.acp.types import ReadTextFileRequest, WriteTextFileRequest
    from copilot_sdk.acp.options import Files


class FolderFiles:
    """The files of a folder of this machine, under their own paths; see `copilot_sdk.acp.options.Files`.

    No path leads out of the folder, neither by `..` nor by a symbolic link in it.

    Args:
        folder: The folder.
        read_only: True to let the agent write nothing.
    """

    def __init__(self, folder: str | os.PathLike[str], *, read_only: bool = False) -> None:
        self.read_only = read_only
        # The path as it was given and the real one: an agent may have either.
        self._names = {Path(os.path.abspath(folder)), Path(folder).resolve()}  # noqa: PTH100 - links stay
        self._files = _Rooted(folder)

    def read(self, path: str) -> bytes:
        """See `Files`."""
        return self._files.read(self._inside(path))

    def write(self, path: str, content: bytes, mode: int | None) -> None:
        """See `Files`."""
        if self.read_only:
            raise PermissionError(f"{path} may not be written: the folder is read only")
        self._files.write(self._inside(path), content, mode)

    def _inside(self, path: str) -> str:
        for name in self._names:
            if Path(path).is_relative_to(name):
                return Path(path).relative_to(name).as_posix()
        raise PermissionError(f"{path} leads out of the folder")


class ServedFiles:
    """Serves `fs/*` with some files.

    Args:
        files: Has them.
    """

    def __init__(self, files: Files) -> None:
        self._files = files

    async def read(self, params: ReadTextFileRequest) -> dict[str, Any]:
        """Answer `fs/read_text_file`."""
        for name, number, least in (("line", params.line, 1), ("limit", params.limit, 0)):
            if number is not None and number < least:
                raise InvalidParams(f"{name} has to be {least} or more, not {number}")
        content = await self._tried(params.path, self._files.read, params.path)
        try:
            text = bytes(content).decode()
        except UnicodeDecodeError:
            raise InvalidParams(f"{params.path} is no text in UTF-8") from None
        return {"content": _part(text, params.line, params.limit)}

    async def write(self, params: WriteTextFileRequest) -> dict[str, Any]:
        """Answer `fs/write_text_file`."""
        await self._tried(params.path, self._files.write, params.path, params.content.encode(), None)
        return {}

    @staticmethod
    async def _tried(path: str, function: Any, *args: object) -> Any:
        try:
            return await call_off_loop(function, *args)
        except FileNotFoundError:
            raise ResourceNotFound(f"no such file: {path}", {"uri": path}) from None
        except PermissionError as error:
            raise InvalidParams(f"not allowed: {error.strerror or error}") from None
        except OSError as error:
            raise InternalError(f"{path}: {error.strerror or error}") from None


def _part(text: str, line: int | None, limit: int | None) -> str:
    if line is None and limit is None:
        return text
    start = (line or 1) - 1
    # An editor counts other line ends as parts of a line.
    return "".join(islice(io.StringIO(text, newline="\n"), start, None if limit is None else start + limit))
