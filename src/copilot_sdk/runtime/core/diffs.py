"""What is different in files: in a working tree, as git tells it, and between two texts."""

from __future__ import annotations

import asyncio
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.git import run_git

DiffMode = Literal["unstaged", "branch", "session"]

_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_LARGEST_BYTES = 1_000_000
_KINDS = {"A": "added", "D": "deleted", "R": "renamed"}
_USUAL_BRANCHES = ("main", "master")
_DIFF_OPTIONS = ("--no-color", "--no-ext-diff", "--find-renames")


@dataclass(frozen=True, slots=True)
class FileDiff:
    """The change of one file; texts are given where they were asked for and the file is there."""

    path: str
    diff: str
    kind: str
    old_path: str | None = None
    truncated: bool = False
    before: str | None = None
    after: str | None = None

    def to_wire(self) -> dict[str, object]:
        """The change as JSON."""
        contents = {"before": self.before, "after": self.after}
        return {
            "path": self.path,
            "diff": self.diff,
            "changeType": self.kind,
            **({} if self.old_path is None else {"oldPath": self.old_path}),
            **({"isTruncated": True} if self.truncated else {}),
            **({} if contents == {"before": None, "after": None} else {"contents": contents}),
        }


@dataclass(frozen=True, slots=True)
class Diff:
    """The changes of several files.

    Attributes:
        mode: What they are changes since.
        changes: The changes.
        base_branch: The branch that they are compared with.
        unavailable: Why those that were wanted are not to be had.
    """

    mode: DiffMode
    changes: Sequence[FileDiff] = ()
    base_branch: str | None = None
    unavailable: str | None = None


async def working_tree(
    folder: Path, mode: Literal["unstaged", "branch"], *, ignore_whitespace: bool = False
) -> Diff:
    """What is different in the working tree of a folder; nothing outside of a repository.

    Args:
        folder: A folder in the tree.
        mode: Whether since the last commit, or since the branch left the main one.
        ignore_whitespace: Whether changes of white space alone count for nothing.

    Raises:
        RuntimeFault: Git cannot tell.
    """
    code, found, _ = await _run(folder, "rev-parse", "--show-toplevel")
    if code != 0:
        return Diff("unstaged", base_branch=_USUAL_BRANCHES[0] if mode == "branch" else None)
    root = Path(found.strip())
    branch = await _main_branch(root) if mode == "branch" else None
    base = await _base(root, branch)
    options = (*_DIFF_OPTIONS, *(["--ignore-all-space"] if ignore_whitespace else []))
    names = (await _git(root, "diff", "--name-status", "-z", *options, base)).split("\0")
    text = await _git(root, "-c", "core.quotePath=false", "diff", *options, base)
    parts = [part.rstrip("\n") for part in re.split(r"^(?=diff --git )", text, flags=re.MULTILINE) if part]
    changes = [_shortened(change) for change in _changes(names, parts)]
    untracked = (await _git(root, "ls-files", "--others", "--exclude-standard", "-z")).split("\0")
    changes += [await asyncio.to_thread(_new_file, root, path) for path in untracked if path]
    return Diff(mode, sorted(changes, key=lambda change: change.path), branch)


def text_diff(path: str, before: str | None, after: str | None, *, contents: bool) -> FileDiff:
    """The difference of two texts of a file; None is a file that is not there."""
    old, new = (None if text is None else text.splitlines() for text in (before, after))
    names = ("/dev/null" if old is None else f"a/{path}", "/dev/null" if new is None else f"b/{path}")
    lines = difflib.unified_diff(old or [], new or [], *names, lineterm="")
    kind = "added" if old is None else "deleted" if new is None else "modified"
    head = f"diff --git a/{path} b/{path}"
    shown = (before, after) if contents else (None, None)
    return FileDiff(path, "\n".join([head, *lines]), kind, before=shown[0], after=shown[1])


def count_lines(before: str, after: str) -> tuple[int, int]:
    """How many lines were added and removed."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)


def _changes(names: Sequence[str], parts: Sequence[str]) -> list[FileDiff]:
    """The changes that git lists, each with its part of the whole diff, which is in the same order."""
    found: list[FileDiff] = []
    fields, left = iter(names), iter(parts)
    for status in fields:
        if not status:
            break
        path = next(fields)
        old = None
        if status[0] == "R":
            old, path = path, next(fields)
        found.append(FileDiff(path, next(left, ""), _KINDS.get(status[0], "modified"), old))
    return found


def _shortened(change: FileDiff) -> FileDiff:
    if len(change.diff) <= _LARGEST_BYTES:
        return change
    return FileDiff(change.path, change.diff[:_LARGEST_BYTES], change.kind, change.old_path, truncated=True)


def _new_file(root: Path, path: str) -> FileDiff:
    head = f"diff --git a/{path} b/{path}\nnew file mode 100644\n"
    try:
        with (root / path).open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except OSError:
        content = b""
    if b"\0" in content:
        return FileDiff(path, f"{head}Binary files /dev/null and b/{path} differ", "added")
    lines = content[:_LARGEST_BYTES].decode(errors="replace").splitlines()
    body = "\n".join([f"@@ -0,0 +1,{len(lines)} @@", *(f"+{line}" for line in lines)])
    diff = f"{head}--- /dev/null\n+++ b/{path}\n{body}"
    return FileDiff(path, diff, "added", truncated=len(content) > _LARGEST_BYTES)


async def _main_branch(root: Path) -> str:
    """The branch that others leave: the one the origin says, or what is usual."""
    known = (await _git(root, "for-each-ref", "--format=%(refname)\t%(symref)", "refs")).splitlines()
    refs = dict(line.split("\t") for line in known)
    if origin := refs.get("refs/remotes/origin/HEAD"):
        return origin.removeprefix("refs/remotes/")
    for name in _USUAL_BRANCHES:
        if f"refs/heads/{name}" in refs:
            return name
    raise RuntimeFault("No base branch was found to compare with")


async def _base(root: Path, branch: str | None) -> str:
    if branch is not None:
        return (await _git(root, "merge-base", "HEAD", branch)).strip()
    found = await _git(root, "rev-list", "--max-count=1", "--all")
    return "HEAD" if found.strip() else _EMPTY_TREE


async def _run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    try:
        return await run_git(folder, *arguments)
    except OSError as error:
        raise RuntimeFault(f"Failed to spawn git: {error.strerror or error}") from error


async def _git(folder: Path, *arguments: str) -> str:
    code, output, problem = await _run(folder, *arguments)
    if code != 0:
        raise RuntimeFault(problem.strip() or f"git {arguments[0]} failed with status {code}")
    return output
