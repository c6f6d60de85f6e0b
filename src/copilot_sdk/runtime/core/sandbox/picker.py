"""Which files a picker may offer in a sandbox: what commands could read there, and the folders on the way to it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from copilot_sdk.runtime.core.sandbox.config import Filesystem, SandboxConfig, UserPolicy
from copilot_sdk.runtime.core.sandbox.git import grants_of_git
from copilot_sdk.runtime.core.sandbox.tools import grants_of_tools

_ALWAYS_READABLE = os.devnull
_TEMPORARY = Path("/tmp")  # noqa: S108 where temporary files are unless TMPDIR says otherwise


def picker_policy(
    sandbox: SandboxConfig, folder: str, environment: Mapping[str, str]
) -> SandboxConfig | None:
    """The settings that a picker checks its candidates against; None without a sandbox, where all are offered.

    Args:
        sandbox: The settings of the session.
        folder: Its working directory.
        environment: The variables that say where tools and temporary files are.
    """
    if not sandbox.enabled:
        return None
    files = sandbox.filesystem
    adds_folder = sandbox.add_current_working_directory is not False
    home = _working_directory(folder) if adds_folder else None
    git = grants_of_git(home)
    writable = [
        *([] if home is None else [str(home)]),
        *map(str, git.writable),
        str(Path(environment.get("TMPDIR") or _TEMPORARY).resolve()),
        *_existing(files.readwrite_paths, folder),
    ]
    tools = [] if sandbox.allow_dev_tool_access is False else grants_of_tools(environment)
    readable = [*tools, *_read_only(files.readonly_paths, folder, writable), *map(str, git.readable)]
    policy = sandbox.user_policy or UserPolicy()
    seatbelt = policy.seatbelt or (policy.experimental and policy.experimental.seatbelt)
    granted = Filesystem(
        readwrite_paths=[*writable, *(files.readwrite_paths or ())],
        readonly_paths=[*readable, *(files.readonly_paths or ())],
        denied_paths=files.denied_paths,
    )
    return sandbox.model_copy(
        update={"user_policy": policy.model_copy(update={"filesystem": granted, "seatbelt": seatbelt})}
    )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A path that a picker would offer."""

    path: str
    is_directory: bool


def offered(candidates: Iterable[Candidate], folder: str, sandbox: SandboxConfig) -> list[bool]:
    """Which of the candidates a picker may offer.

    Args:
        candidates: What it would offer.
        folder: The working directory.
        sandbox: What `picker_policy` gave.
    """
    if not sandbox.enabled:
        return [True for _ in candidates]
    files = sandbox.filesystem
    denied = [_resolved(path) for path in _absolute(files.denied_paths, folder)]
    granted = [
        Path(os.path.normpath(path))
        for path in _absolute([*(files.readwrite_paths or ()), *(files.readonly_paths or ())], folder)
    ]
    if folder and sandbox.add_current_working_directory is not False and _is_there(folder):
        granted.append(Path(folder).resolve())
    granted = [path for path in granted if not _is_within(path, denied)]
    # Who follows the folders to a grant that is a link has to arrive at something granted.
    goals = [path for path in granted if _is_there(path) and _is_within(path.resolve(), granted)]
    return [_may_be_offered(candidate, granted, denied, goals) for candidate in candidates]


def _may_be_offered(
    candidate: Candidate, granted: Sequence[Path], denied: Sequence[Path], goals: Sequence[Path]
) -> bool:
    if not Path(candidate.path).is_absolute():
        return False
    path = _resolved(candidate.path)
    if _is_within(path, denied):
        return False
    if candidate.path == _ALWAYS_READABLE or _is_within(path, granted):
        return True
    return candidate.is_directory and any(goal.is_relative_to(path) for goal in goals)


def _is_within(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _working_directory(folder: str) -> Path | None:
    """The working directory by its real name; None for a relative one that is not there."""
    path = Path(folder)
    return path.resolve() if path.is_absolute() or (folder and _is_there(folder)) else None


def _absolute(paths: Sequence[str] | None, folder: str) -> list[str]:
    """The paths as seen from the working directory, otherwise spelled as they are; `~` is the home of the user."""
    # A path object would not keep the spelling.
    base = folder if not folder or folder.endswith("/") else f"{folder}/"
    expanded = [_expanded(path) for path in paths or () if path]
    return [path if Path(path).is_absolute() else f"{base}{path}" for path in expanded]


def _expanded(path: str) -> str:
    at_home = path == "~" or path.startswith("~/")
    return os.path.normpath(Path(path).expanduser()) if at_home else path


def _existing(paths: Sequence[str] | None, folder: str) -> list[str]:
    return [path for path in _absolute(paths, folder) if _is_there(path)]


def _read_only(paths: Sequence[str] | None, folder: str, writable: Sequence[str]) -> list[str]:
    """What may only be read; by its real name too where that could be written otherwise."""
    areas = [Path(area).resolve() for area in writable]
    found: list[str] = []
    for path in _existing(paths, folder):
        found.append(path)
        real = Path(path).resolve()
        if str(real) != path and _is_within(real, areas):
            found.append(str(real))
    return found


def _resolved(path: str) -> Path:
    """A path by its real name: that of what there is of it, and the rest as it is written."""
    there = whole = Path(path)
    while not _is_there(there) and there != there.parent:
        there = there.parent
    rest = whole.parts[len(there.parts) :]
    return Path(os.path.normpath(there.resolve().joinpath(*rest)))


def _is_there(path: str | Path) -> bool:
    try:
        return os.access(path, os.F_OK)
    except ValueError:
        return False
