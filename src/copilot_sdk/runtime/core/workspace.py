"""Where a session works: the folder and its git repository, read from the files of git."""

from __future__ import annotations

import re
from configparser import ConfigParser, Error
from dataclasses import dataclass
from pathlib import Path

from copilot_sdk.runtime.core.faults import RuntimeFault

_REMOTE = re.compile(r"(?:://|@)(?P<host>[^/:@]+)(?::\d+)?[/:](?P<repository>.+?)(?:\.git)?/?$")


@dataclass(frozen=True, slots=True)
class WorkContext:
    """The folder a session works in, and what git knows about it."""

    cwd: str
    git_root: str | None = None
    repository: str | None = None
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """What approvals beyond a session are kept for.

    Attributes:
        key: Names it in the file of approvals.
        is_repository: Whether it is a git repository; else it is a single directory.
    """

    key: str
    is_repository: bool


def existing_folder(folder: Path) -> Path:
    """A folder with its full path.

    Raises:
        RuntimeFault: There is no such folder.
    """
    full = folder.resolve()
    if not full.is_dir():
        raise RuntimeFault(f"Working directory does not exist: {folder}")
    return full


def look_around(folder: Path) -> WorkContext:
    """What is known about a folder."""
    root = next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), None)
    if root is None:
        return WorkContext(str(folder))
    git = _git_folder(root)
    return WorkContext(str(folder), str(root), _repository(git), _branch(git))


def location_of(folder: Path) -> Location:
    """The repository that a folder lies in, or else the folder itself."""
    root = look_around(folder).git_root
    return Location(root or str(folder), is_repository=root is not None)


def _git_folder(root: Path) -> Path:
    link = root / ".git"
    text = _read(link) if link.is_file() else ""
    return (root / text.removeprefix("gitdir:").strip()).resolve() if text.startswith("gitdir:") else link


def _branch(git: Path) -> str | None:
    head = _read(git / "HEAD").strip()
    return head.removeprefix("ref: refs/heads/") if head.startswith("ref: refs/heads/") else None


def _repository(git: Path) -> str | None:
    parser = ConfigParser(strict=False, interpolation=None)
    try:
        parser.read_string("\n".join(line.strip() for line in _read(git / "config").splitlines()))
        match = _REMOTE.search(parser.get('remote "origin"', "url"))
    except Error:
        return None
    return match["repository"] if match else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
