"""Notes that clients keep with a session: texts by key, in a file of their own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Literal

from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.faults import InvalidInput
from copilot_sdk.runtime.core.file_system import replace_content
from copilot_sdk.runtime.core.storage import CLIENT_METADATA_FILE

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

_VERSION = 1
_KEY_BYTES = 256
_VALUE_BYTES = 16_384
_ENTRIES = 128


class UnreadableMetadata(ValueError):
    """A file of notes that cannot be read; `status` says why, as the wire has it."""

    def __init__(self, status: Literal["corrupt", "unsupportedVersion"]) -> None:
        self.status: Literal["corrupt", "unsupportedVersion"] = status
        super().__init__(f"client metadata cannot be read: {status}")


def read_notes(content: bytes) -> dict[str, str]:
    """The notes in a file.

    Raises:
        UnreadableMetadata: It holds none, or was written by a later version.
    """
    try:
        document: object = json.loads(content)
    except ValueError as error:
        raise UnreadableMetadata("corrupt") from error
    if is_object(document) and document.get("version") not in (None, _VERSION):
        raise UnreadableMetadata("unsupportedVersion")
    notes = document.get("metadata") if is_object(document) else None
    if not is_object(notes) or not all(isinstance(value, str) for value in notes.values()):
        raise UnreadableMetadata("corrupt")
    return {key: str(value) for key, value in notes.items()}


class ClientNotes:
    """The notes of a live session."""

    def __init__(self, session: Session) -> None:
        self._files = session.storage.files
        self._path = session.storage.folder / CLIENT_METADATA_FILE
        self._changing = asyncio.Lock()

    async def read(self) -> dict[str, str]:
        """All of them.

        Raises:
            UnreadableMetadata: They cannot be read.
        """
        if await self._files.status(self._path) is None:
            return {}
        return read_notes(await self._files.read(self._path))

    async def update(self, *, clear: bool, remove: Collection[str], put: Mapping[str, str]) -> dict[str, str]:
        """Changes them.

        Args:
            clear: Whether all are forgotten first, also those that cannot be read.
            remove: The keys to forget.
            put: What to note; it wins over `remove`.

        Returns:
            All notes afterwards.

        Raises:
            InvalidInput: A key or a text cannot be taken.
            UnreadableMetadata: The notes so far cannot be read.
        """
        if len(put) > _ENTRIES:
            raise InvalidInput(f"client metadata is invalid: set exceeds {_ENTRIES} entries")
        for key, value in put.items():
            _check(key, value)
        async with self._changing:
            known = {} if clear else await self.read()
            notes = {**{key: value for key, value in known.items() if key not in remove}, **put}
            if len(notes) > _ENTRIES:
                raise InvalidInput(f"client metadata is invalid: metadata exceeds {_ENTRIES} entries")
            content = json.dumps({"version": _VERSION, "metadata": notes})
            await replace_content(self._files, self._path, content.encode())
        return notes


def _check(key: str, value: str) -> None:
    if not key:
        raise InvalidInput("client metadata is invalid: keys must not be empty")
    if len(key.encode()) > _KEY_BYTES:
        raise InvalidInput(f"client metadata is invalid: key exceeds {_KEY_BYTES} bytes")
    if len(value.encode()) > _VALUE_BYTES:
        raise InvalidInput(f"client metadata is invalid: value for key '{key}' exceeds {_VALUE_BYTES} bytes")
