"""What git says about a folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from copilot_sdk.runtime.core import programs
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.shells import environment

_GITHUB = re.compile(
    r"(?:https?://|ssh://|git://)?(?:[^@/]+@)?(?P<host>github\.com|[^/:]+\.ghe\.com)(?::\d+/|[:/])"
    r"(?P<owner>[^/]+)/(?P<name>[^/]+?)(?:\.git)?/?$"
)
_DEFAULT_REMOTE = "origin"


class GitFault(RuntimeFault):
    """A command of git failed."""


@dataclass(frozen=True, slots=True)
class RemoteRepository:
    """A repository on GitHub that is a remote of a local one."""

    remote: str
    host: str
    owner: str
    name: str


@dataclass(frozen=True, slots=True)
class GitContext:
    """A folder as git knows it; all is None where there is no repository."""

    root: str | None = None
    branch: str | None = None
    head: str | None = None
    repository: RemoteRepository | None = None


async def remote_of_branch(folder: str) -> str:
    """The remote that the current branch belongs to."""
    branch = await _said(folder, "symbolic-ref", "--short", "HEAD")
    return await _said(folder, "config", f"branch.{branch}.remote") or _DEFAULT_REMOTE


async def repositories(folder: str) -> Sequence[RemoteRepository]:
    """The remotes that are on GitHub, `origin` first.

    Raises:
        GitFault: There is no repository, or no git.
    """
    lines = (await _git(folder, "remote", "-v")).splitlines()
    found: dict[str, RemoteRepository] = {}
    for line in lines:
        remote, _, rest = line.partition("\t")
        match = _GITHUB.match(rest.partition(" ")[0])
        if match is not None:
            found[remote] = RemoteRepository(remote, match["host"], match["owner"], match["name"])
    return sorted(found.values(), key=lambda each: (each.remote != _DEFAULT_REMOTE, each.remote))


async def context_of(folder: str) -> GitContext:
    """What git knows about a folder."""
    root = await _said(folder, "rev-parse", "--show-toplevel")
    if root is None:
        return GitContext()
    return GitContext(
        root=root,
        branch=await _said(folder, "symbolic-ref", "--short", "HEAD"),
        head=await _said(folder, "rev-parse", "--verify", "HEAD"),
        repository=next(iter(await repositories(folder)), None),
    )


async def _said(folder: str, *arguments: str) -> str | None:
    """What a command of git prints; None where it fails or says nothing."""
    try:
        return (await _git(folder, *arguments)).strip() or None
    except GitFault:
        return None


async def _git(folder: str, *arguments: str) -> str:
    try:
        code, out, err = await run_git(folder, *arguments)
    except OSError as error:
        raise GitFault(f"Failed to spawn git: {error.strerror} (os error {error.errno})") from error
    if code != 0:
        raise GitFault(f"Git command failed: {err}")
    return out


async def run_git(folder: str | Path, *arguments: str) -> tuple[int, str, str]:
    """Runs a command of git, in English and without waiting for locks; it is killed if this is cancelled.

    Returns:
        The exit code, what was printed, and what was complained of.

    Raises:
        OSError: There is no git, or no such folder.
    """
    ended = await programs.run(
        *("git", "--no-pager", *arguments),
        cwd=folder,
        env={**environment(), "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
    )
    return ended.code, ended.out.decode(errors="replace"), ended.err.decode(errors="replace")
