"""Tasks of a daemon of tau in repositories: real git, a worktree for each task, and merges of what is approved."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk.runtime.tau.daemon import Daemon
from copilot_sdk.tau import Client
from copilot_sdk.tau.types import TaskInfo
from tests.support.tau_stage import PATIENCE, stage


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    git(folder, "add", ".")
    git(folder, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "by hand")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-qb", "main")
    commit(folder, notes="one\n")
    return folder


def writes(command: str) -> str:
    """A task whose agent runs a command."""
    return f"!call bash {json.dumps({'command': command})}"


async def began(client: Client, folder: Path, title: str, **members: Any) -> int:
    """A task that is ready, in the project in a folder."""
    await client.rpc.create_session(cwd=str(folder), project_name="p")
    task = (await client.rpc.task_create(project="p", title=title)).task
    await client.rpc.task_update(id=task.id, state="ready", **members)
    return task.id


async def become(daemon: Daemon, client: Client, number: int, state: str, *, there: bool = True) -> TaskInfo:
    """A task that has come to a state, and whose worktree is there or not."""
    async with asyncio.timeout(PATIENCE):
        while True:
            task = (await client.rpc.task_get(id=number)).task
            if task.state == state and (task.worktree_path is not None) is there:
                break
            await daemon.sessions.rested.wait()
    return task


async def test_a_task_is_worked_at_in_a_worktree_and_merged_once_it_is_approved(
    tmp_path: Path, repository: Path
) -> None:
    home = tmp_path / "home"
    async with stage(home=home) as (daemon, client):
        number = await began(client, repository, writes("echo two >> notes.txt; touch new.txt"))
        task = await become(daemon, client, number, "review")
        assert (task.branch, task.no_merge) == ("tau/task-1", False)
        worktree = Path(str(task.worktree_path))
        assert worktree.parent == home / "tau-worktrees"
        assert git(worktree, "status", "--porcelain") == ""
        assert git(worktree, "show", "HEAD:notes.txt") == "one\ntwo"
        assert git(worktree, "log", "-1", "--format=%an") == "tau"
        info = (await client.rpc.get_session_info(session_id=str(task.session_id))).info
        assert info.cwd == str(worktree)
    assert (repository / "notes.txt").read_text() == "one\n"
    async with stage(home=home) as (daemon, client):
        await client.rpc.task_update(id=number, state="approved")
        task = await become(daemon, client, number, "merged", there=False)
        assert task.branch == "tau/task-1"
        info = (await client.rpc.get_session_info(session_id=str(task.session_id))).info
        assert info.cwd == str(repository)
        states = [c.new_value for c in (await client.rpc.task_get(id=number)).history or ()]
        await client.rpc.create_session(cwd=str(repository))
    assert states[-3:] == ["approved", "merging", "merged"]
    assert (repository / "notes.txt").read_text() == "one\ntwo\n"
    assert (repository / "new.txt").exists()
    assert git(repository, "log", "-1", "--format=%s").startswith("Merge task 1: !call bash")


async def test_what_nobody_has_to_look_at_is_merged_at_once_and_what_changed_nothing_is_done(
    repository: Path,
) -> None:
    async with stage() as (daemon, client):
        changes = await began(client, repository, writes("touch new.txt"), skip_review=True)
        await become(daemon, client, changes, "merged", there=False)
        idle = await began(client, repository, "!say nothing to do", skip_review=True)
        await become(daemon, client, idle, "done", there=False)
        careful = await began(
            client, repository, writes("touch more.txt"), skip_review=True, require_approval=True
        )
        await become(daemon, client, careful, "review")
        await client.rpc.task_update(id=careful, state="closed")
        await become(daemon, client, careful, "closed", there=False)
    assert (repository / "new.txt").exists()
    assert not (repository / "more.txt").exists()
    # What was closed is not lost.
    assert git(repository, "branch", "--format=%(refname:short)").split() == ["main", "tau/task-3"]
    assert git(repository, "worktree", "list").count("\n") == 0


async def test_a_merge_that_fails_leaves_the_folder_as_it_is_and_can_be_tried_again(repository: Path) -> None:
    git(repository, "branch", "tau/task-1")
    async with stage() as (daemon, client):
        number = await began(client, repository, writes("echo agent > notes.txt"))
        task = await become(daemon, client, number, "review")
        assert task.branch == "tau/task-1-2"
        commit(repository, notes="somebody else\n")
        await client.rpc.task_update(id=number, state="approved")
        await become(daemon, client, number, "failed")
        assert git(repository, "status", "--porcelain") == ""
        assert (repository / "notes.txt").read_text() == "somebody else\n"
        git(repository, "switch", "-qc", "other")
        await client.rpc.task_update(id=number, state="approved")
        await become(daemon, client, number, "failed")
        git(repository, "switch", "-q", "main")
        git(repository, "reset", "-q", "--hard", "HEAD~1")
        (repository / "mine.txt").write_text("in no commit")
        await client.rpc.task_update(id=number, state="approved")
        await become(daemon, client, number, "merged", there=False)
        said = [message.content for message in (await client.rpc.task_get(id=number)).messages]
    assert "CONFLICT" in said[0]
    assert said[1].startswith("main is not checked out in")
    assert (repository / "notes.txt").read_text() == "agent\n"
    assert (repository / "mine.txt").read_text() == "in no commit"


async def test_the_work_at_a_task_that_is_closed_ends(repository: Path) -> None:
    async with stage() as (daemon, client):
        number = await began(client, repository, writes("touch new.txt; sleep 100; touch late.txt"))
        async with asyncio.timeout(PATIENCE):
            while (path := (await client.rpc.task_get(id=number)).task.worktree_path) is None:
                pass
            while not Path(path, "new.txt").exists():  # noqa: ASYNC110, ASYNC240
                await asyncio.sleep(0.01)
        await client.rpc.task_update(id=number, state="closed")
        session_id = daemon.board[number].session_id
        assert session_id is not None
        done = await client.rpc.wait_sessions(session_ids=[session_id], timeout_secs=10)
        assert done.results[0].status == "done"
        assert (await client.rpc.get_session_info(session_id=session_id)).info.last_exit_status == "cancelled"
        await become(daemon, client, number, "closed", there=False)
    assert not (repository / "late.txt").exists()
    assert git(repository, "ls-tree", "--name-only", "tau/task-1").split() == ["new.txt", "notes.txt"]


async def test_a_task_that_is_begun_again_goes_on_in_its_worktree(repository: Path) -> None:
    (repository / "part").mkdir()
    commit(repository / "part", inner="x")
    async with stage() as (daemon, client):
        number = await began(client, repository / "part", writes("ls; exit 1") + "\n!fail 400 no")
        task = await become(daemon, client, number, "failed")
        await client.rpc.task_update(id=number, state="ready", title=writes("pwd > where.txt"))
        again = await become(daemon, client, number, "review")
        assert (again.worktree_path, again.branch) == (task.worktree_path, task.branch)
        folder = Path(str(again.worktree_path), "part")
        assert (folder / "where.txt").read_text().strip() == str(folder)
        await client.rpc.task_update(id=number, state="failed")
        (folder / "last.txt").write_text("by hand")
        await client.rpc.task_update(id=number, state="approved")
        await become(daemon, client, number, "merged", there=False)
    assert (repository / "part" / "last.txt").read_text() == "by hand"


async def test_a_project_without_a_branch_has_no_worktrees(tmp_path: Path) -> None:
    git(tmp_path, "init", "-qb", "main")
    async with stage() as (daemon, client):
        number = await began(client, tmp_path, "!say hello")
        task = await become(daemon, client, number, "review", there=False)
        assert (task.branch, task.no_merge) == (None, True)
        info = (await client.rpc.get_session_info(session_id=str(task.session_id))).info
        assert info.cwd == str(tmp_path)
