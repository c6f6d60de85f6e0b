"""Git worktrees of tasks: each task of a project in a repository has a branch and a folder of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from copilot_sdk.runtime.core.git import GitContext, GitFault, context_of, run_git
from copilot_sdk.runtime.core.scope import TaskScope

_GIT_SECONDS = 60.0
_TOO_LONG = f"git took more than {_GIT_SECONDS:g} s"
_IDENTITY = ("-c", "user.name=tau", "-c", "user.email=tau@localhost")

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Worktree:
    """Where a task is worked at.

    Attributes:
        root: The top folder of the repository of the project.
        path: The top folder of the worktree.
        branch: Its branch.
        target: The branch that it was made of, and goes back to.
    """

    root: str
    path: str
    branch: str
    target: str

    def folder_of(self, project: str) -> Path:
        """What stands in the worktree for the folder of the project, which may be below the top of the repository."""
        return Path(self.path, Path(project).resolve().relative_to(Path(self.root).resolve()))


class Worktrees:
    """Makes worktrees, brings what was done in them back, and removes them, one after the other.

    What has begun comes to its end, also when nobody waits for it any more: git that is killed leaves things half done.

    Args:
        home: The folder that they stand in.
    """

    def __init__(self, home: Path) -> None:
        self._home = home.resolve()
        self._scope = TaskScope("git")
        self._one_at_a_time = asyncio.Lock()
        self._running: asyncio.Task[Any] | None = None

    async def aclose(self) -> None:
        """Return once git does nothing more, in bounded time."""
        if self._running is not None:
            await asyncio.wait({self._running})
        await self._scope.aclose()

    async def make(self, task_id: int, project: str, note: Callable[[Worktree], None]) -> None:
        """Makes a worktree of the branch that is checked out in a folder, if there is one with a commit.

        Args:
            task_id: The task that it is for.
            project: The folder.
            note: Takes it as soon as it is there, also when nobody waits for it any more.

        Raises:
            GitFault: It cannot be made.
        """
        await self._whole(self._make, task_id, project, note)

    async def keep(self, tree: Worktree, message: str) -> bool:
        """Commits what was changed and is in no commit yet, and tells whether the branch has anything new.

        Raises:
            GitFault: It cannot be committed.
        """
        return await self._whole(_keep, tree, message)

    async def merge(self, tree: Worktree, message: str) -> None:
        """Merges the branch into that which it was made of, in the folder of the project.

        Raises:
            GitFault: They do not go together, or another branch is checked out there. The folder is as it was.
        """
        await self._whole(_merge, tree, message)

    async def remove(self, tree: Worktree, message: str) -> None:
        """Removes the folder, and the branch too, if it has been merged; see `keep` for what is in no commit yet.

        Raises:
            GitFault: That cannot be committed, or the folder not be removed.
        """
        await self._whole(_remove, tree, message)

    async def _whole(self, work: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
        async def outcome() -> T | GitFault:
            try:
                return await work(*args, **kwargs)
            except GitFault as fault:
                return fault

        async with self._one_at_a_time:
            self._running = running = self._scope.start(outcome(), name="command")
            await asyncio.wait({running})
            result = running.result()
        if isinstance(result, GitFault):
            raise result
        return result

    async def _make(self, task_id: int, project: str, note: Callable[[Worktree], None]) -> None:
        context = await _look_at(project)
        root, target = context.root, context.branch
        if root is None or target is None or context.head is None:
            return
        known = (await _git(root, "for-each-ref", "--format=%(refname:short)", "refs/heads")).split()
        names = (f"tau/task-{task_id}" + (f"-{n}" if n > 1 else "") for n in count(1))
        branch = next(name for name in names if name not in known)
        path = self._home / branch.replace("/", "-")
        path.parent.mkdir(parents=True, exist_ok=True)
        await _git(root, "worktree", "add", "-b", branch, str(path), target)
        note(Worktree(root, str(path), branch, target))


async def _keep(tree: Worktree, message: str) -> bool:
    await _git(tree.path, "add", "--all")
    if await _git(tree.path, "status", "--porcelain"):
        await _commit(tree.path, "commit", "--no-verify", "-m", message)
    return await _git(tree.path, "rev-list", "--count", f"{tree.target}..{tree.branch}") != "0"


async def _merge(tree: Worktree, message: str) -> None:
    if (await _look_at(tree.root)).branch != tree.target:
        raise GitFault(f"{tree.target} is not checked out in {tree.root}: check it out and approve again")
    if await _merges(tree.root):
        raise GitFault(f"somebody merges in {tree.root}: end that and approve again")
    try:
        await _commit(tree.root, "merge", "--no-ff", "-m", message, tree.branch)
    except GitFault:
        if await _merges(tree.root):
            await _git(tree.root, "merge", "--abort")
        raise


async def _remove(tree: Worktree, message: str) -> None:
    await _git(tree.root, "worktree", "prune")
    if f"worktree {tree.path}" in (await _git(tree.root, "worktree", "list", "--porcelain")).split("\n"):
        await _keep(tree, message)
        await _git(tree.root, "worktree", "remove", tree.path)
    merged = await _git(tree.root, "branch", "--format=%(refname:short)", "--merged", tree.target)
    if tree.branch in merged.split():
        await _git(tree.root, "branch", "--delete", "--force", tree.branch)


async def _look_at(folder: str) -> GitContext:
    try:
        async with asyncio.timeout(_GIT_SECONDS):
            return await context_of(folder)
    except TimeoutError:
        raise GitFault(_TOO_LONG) from None


async def _merges(root: str) -> bool:
    try:
        await _git(root, "rev-parse", "--verify", "--quiet", "MERGE_HEAD")
    except GitFault:
        return False
    return True


async def _commit(folder: str, *arguments: str) -> None:
    """Runs a command that makes a commit: in the name of the user, or else of the daemon; nobody can sign it."""
    try:
        await _git(folder, "config", "user.email")
        identity: tuple[str, ...] = ()
    except GitFault:
        identity = _IDENTITY
    await _git(folder, *identity, "-c", "commit.gpgSign=false", *arguments)


async def _git(folder: str, *arguments: str) -> str:
    """What a command of git prints.

    Raises:
        GitFault: It fails or takes too long, or there is no git.
    """
    try:
        async with asyncio.timeout(_GIT_SECONDS):
            code, out, err = await run_git(folder, *arguments)
    except TimeoutError:
        raise GitFault(_TOO_LONG) from None
    except OSError as error:
        raise GitFault(f"git cannot be started in {folder}: {error.strerror}") from error
    if code != 0:
        raise GitFault((err or out).strip() or f"git failed with exit code {code}")
    return out.strip()
