"""Policies for reading and writing below folders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from copilot_sdk.errors import UsageError
from copilot_sdk.permissions._policy import Policy, allow_if

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import PermissionRequest, PermissionRequestWrite


def allow_reads(*folders: str | os.PathLike[str]) -> Policy:
    """Allow reading below folders, and abstain from everything else.

    Paths are resolved on this machine, links and `..` included, so the runtime has to see the same files. What
    cannot be resolved, or is not absolute, is not allowed.

    Args:
        folders: The folders; relative ones are taken from the current directory, now.

    Raises:
        UsageError: There is no folder.
    """
    roots = _roots(folders)

    def holds(request: PermissionRequest) -> bool:
        from copilot_sdk._generated.copilot.types import PermissionRequestRead

        return isinstance(request, PermissionRequestRead) and _all_below(
            [request.path, request.resolved_path], roots
        )

    return allow_if(holds, f"allow_reads({_shown(roots)})")


def allow_writes(*folders: str | os.PathLike[str]) -> Policy:
    """Allow creating, changing and deleting files below folders, and abstain from everything else.

    Args:
        folders: See `allow_reads`, also for how paths are resolved.

    Raises:
        UsageError: There is no folder.
    """
    roots = _roots(folders)

    def holds(request: PermissionRequest) -> bool:
        from copilot_sdk._generated.copilot.types import PermissionRequestWrite

        return isinstance(request, PermissionRequestWrite) and _all_below(_written(request), roots)

    return allow_if(holds, f"allow_writes({_shown(roots)})")


def _roots(folders: tuple[str | os.PathLike[str], ...]) -> list[Path]:
    if not folders:
        raise UsageError("name the folder whose files are allowed")
    return [Path(folder).resolve() for folder in folders]


def _shown(roots: list[Path]) -> str:
    return ", ".join(repr(str(root)) for root in roots)


def _written(request: PermissionRequestWrite) -> list[str | None]:
    paths = [request.file_name, request.resolved_path]
    for edit in request.file_edits or ():
        paths += [side.path for side in (edit.before, edit.after) if side is not None]
    return paths


def _all_below(paths: list[str | None], roots: list[Path]) -> bool:
    given = [path for path in paths if path is not None]
    return bool(given) and all(_is_below(path, roots) for path in given)


def _is_below(path: str, roots: list[Path]) -> bool:
    real = real_path(path)
    return real is not None and any(real.is_relative_to(root) for root in roots)


def real_path(path: str) -> Path | None:
    """Where a path leads to; what is missing at its end is taken as it is written.

    Returns:
        None if that cannot be told for sure.
    """
    if not Path(path).is_absolute():
        return None
    try:
        # Strict: what cannot be looked at could be a link to anywhere.
        return Path(os.path.realpath(path, strict=True))
    except FileNotFoundError:
        folder, name = os.path.split(path)
        # A link to what is missing, or a step up from there.
        if os.path.lexists(path) or name in {os.curdir, os.pardir}:
            return None
        parent = real_path(folder) if folder != path else None
        return None if parent is None else parent / name
    except (OSError, ValueError):
        return None
