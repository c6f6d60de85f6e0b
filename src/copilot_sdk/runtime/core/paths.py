"""Which paths the tools of a session may use without asking."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from copilot_sdk.runtime.core.faults import RuntimeFault

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session


class PathPolicy:
    """The directories that the tools of one session may use.

    Attributes:
        unrestricted: Whether paths are not checked at all.
        approved: Single paths that the user approved for the session.
        readable: Directories whose files may be read.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._primary: Path | None = None
        self._added: list[Path] = []
        self._temporary = True
        self._workspace = session.folder
        self.unrestricted = False
        self.approved: list[Path] = []
        self.readable: list[Path] = []

    @property
    def primary(self) -> Path:
        """The directory that relative paths are seen from; the working directory unless another one was set."""
        return self._primary or self._session.config.working_directory

    def directories(self) -> Sequence[Path]:
        """The directories that may be used, without the folder of the session."""
        temporary = [Path(tempfile.gettempdir())] if self._temporary else []
        return [self.primary, *temporary, *self._session.config.additional_directories, *self._added]

    def allows(self, path: Path, *, reading: bool) -> bool:
        """Whether a path may be used without asking about it."""
        if self.unrestricted:
            return True
        folders = [*self.directories(), self._session.folder, *(self.readable if reading else ())]
        return path in self.approved or any(self._contains(folder, path) for folder in folders)

    def resolve(self, path: str) -> Path:
        """A path with its full name."""
        return self._session.storage.files.resolve(self.primary, path)

    def is_within_allowed(self, path: str) -> bool:
        """Whether a path lies in a directory that may be used."""
        resolved = self.resolve(path)
        return any(self._contains(folder, resolved) for folder in self.directories())

    def is_within_workspace(self, path: str) -> bool:
        """Whether a path lies in the folder of the session, where it keeps its plan and its files."""
        return self._contains(self._workspace, self.resolve(path))

    def add(self, folder: Path) -> Path:
        """Adds a directory.

        Raises:
            RuntimeFault: There is no such directory.
        """
        self._added.append(_existing(self.primary / folder))
        return self._added[-1]

    def set_primary(self, folder: Path) -> None:
        """Sets the directory that relative paths are seen from; the tools go on working where they do.

        Raises:
            RuntimeFault: There is no such directory.
        """
        self._primary = _existing(folder)

    def replace(
        self, *, added: Sequence[Path], unrestricted: bool, temporary: bool, workspace: Path | None
    ) -> None:
        """Puts another policy in the place of this one."""
        self._primary, self._added, self._temporary = None, list(added), temporary
        self._session.config.additional_directories = ()
        self.unrestricted = unrestricted
        self._workspace = workspace or self._session.folder
        self.forget()

    def approve(self, path: Path) -> None:
        """Approves a path for the session: a directory with all that is in it."""
        (self._added if path.is_dir() else self.approved).append(path)

    def _contains(self, folder: Path, path: Path) -> bool:
        return self._session.storage.files.contains(folder, path)

    def forget(self) -> None:
        """Forgets the paths that the user approved."""
        self.approved.clear()
        self.readable.clear()


def _existing(folder: Path) -> Path:
    if not folder.exists():
        raise RuntimeFault(f"Directory does not exist or cannot be accessed: {folder}")
    if not folder.is_dir():
        raise RuntimeFault(f"Not a directory: {folder}")
    return folder.resolve()
