"""What git needs in a sandbox: the work tree to read, and the folders of the repository to write."""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from pathlib import Path

_MARK = ".git"
_POINTER = "gitdir:"


@dataclass(frozen=True, slots=True)
class GitGrants:
    """Folders that git may use besides the working directory."""

    writable: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()


def grants_of_git(folder: Path | None) -> GitGrants:
    """What git may use when it is called in a folder.

    Args:
        folder: The working directory by its real name; None where commands may not use it.
    """
    if folder is None:
        return GitGrants()
    for root in (folder, *folder.parents):
        mark = root / _MARK
        if not (mark.exists() or mark.is_symlink()):
            continue
        if mark.is_file() and not mark.is_symlink() and _target(mark) is None:
            return GitGrants()
        outside = [path for path in _repository(mark) if not path.is_relative_to(folder)]
        return GitGrants(tuple(outside), () if root == folder else (root,))
    return GitGrants()


def _repository(mark: Path) -> list[Path]:
    """The folders of the repository that a `.git` stands for.

    A file points elsewhere, so that anybody who can write it could have any folder made writable: it counts only where
    what it points to points back.
    """
    if mark.is_symlink():
        return []
    if mark.is_dir():
        return [mark]
    target = _target(mark)
    if target is None or not target.is_dir():
        return []
    common = _named_in(target / "commondir", target)
    if common is not None:
        back = _named_in(target / "gitdir", target)
        is_worktree = back == mark and target.parent == common / "worktrees"
        return [target, common] if is_worktree else []
    return [target] if _work_tree(target) == mark.parent else []


def _target(mark: Path) -> Path | None:
    text = _text(mark)
    if text is None or not text.startswith(_POINTER):
        return None
    named = text.removeprefix(_POINTER).strip()
    return (mark.parent / named).resolve() if named else None


def _named_in(file: Path, base: Path) -> Path | None:
    """The path that a file holds."""
    text = _text(file)
    return (base / text).resolve() if text else None


def _work_tree(repository: Path) -> Path | None:
    """The work tree that a repository says it has, as that of a submodule does."""
    config = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        config.read_string(_text(repository / "config") or "")
    except configparser.Error:
        return None
    named = config.get("core", "worktree", fallback=None)
    return (repository / named).resolve() if named else None


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
