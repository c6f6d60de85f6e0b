"""What the runtime tells of git, of accounts it does not have, and of sessions as jobs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from copilot_sdk.errors import RpcError
from tests.unit.runtime.harness import Join, Json, Start


def git(folder: Path, *arguments: str) -> str:
    """Runs git as somebody."""
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a commit and four remotes, two of them on GitHub."""
    folder = tmp_path / "repository"
    (folder / "sub").mkdir(parents=True)
    git(folder, "init", "-b", "trunk")
    git(folder, "commit", "--allow-empty", "-m", "x")
    for name, url in (
        ("up", "https://github.com/owner/project.git"),
        ("origin", "git@github.com:me/fork.git"),
        ("lab", "https://gitlab.com/x/y.git"),
        ("evil", "https://example.com/github.com/a/b"),
    ):
        git(folder, "remote", "add", name, url)
    git(folder, "config", "branch.trunk.remote", "up")
    return folder


async def test_git_is_asked_about_a_repository(start: Start, join: Join, repository: Path) -> None:
    client = await join(start())
    cwd = str(repository / "sub")
    assert await client.call("git.currentBranchRemote", cwd=cwd) == {"remote": "up"}
    fork: Json = {"owner": "me", "name": "fork", "host": "github.com"}
    assert await client.call("git.reposFromRemotes", gitRoot=cwd) == {
        "repositories": [
            {**fork, "remoteName": "origin"},
            {"owner": "owner", "name": "project", "host": "github.com", "remoteName": "up"},
        ]
    }
    assert await client.call("gitHubRepository.atPath", path=cwd) == {"repository": fork}
    assert await client.call("git.workingDirectoryContext", cwd=cwd) == {
        "cwd": cwd,
        "gitRoot": str(repository),
        "repository": "me/fork",
        "hostType": "github",
        "repositoryHost": "github.com",
        "branch": "trunk",
        "headCommit": git(repository, "rev-parse", "HEAD"),
    }


async def test_git_is_asked_about_a_folder_that_is_no_repository(
    start: Start, join: Join, tmp_path: Path
) -> None:
    client = await join(start())
    for cwd, problem in (
        (str(tmp_path), "Git command failed: fatal: not a git repository"),
        (str(tmp_path / "no"), r"Failed to spawn git: No such file or directory \(os error 2\)"),
    ):
        assert await client.call("git.currentBranchRemote", cwd=cwd) == {"remote": "origin"}
        assert await client.call("git.workingDirectoryContext", cwd=cwd) == {"cwd": cwd}
        for method, params in (
            ("git.reposFromRemotes", {"gitRoot": cwd}),
            ("gitHubRepository.atPath", {"path": cwd}),
        ):
            with pytest.raises(RpcError, match=problem):
                await client.call(method, **params)


async def test_a_repository_without_remotes_is_none_of_github(
    start: Start, join: Join, tmp_path: Path
) -> None:
    git(tmp_path, "init", "-b", "main")
    client = await join(start())
    cwd = str(tmp_path)
    assert await client.call("gitHubRepository.atPath", path=cwd) in ({}, {"repository": None})
    context = await client.call("git.workingDirectoryContext", cwd=cwd)
    assert context == {"cwd": cwd, "gitRoot": cwd, "branch": "main"}


async def test_a_session_without_an_account_has_no_quota(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    quota = await client.call("session.quota.get")
    assert (quota["snapshots"], quota["planTier"], quota["isFreeUser"]) == ({}, "unknown", False)
    assert await client.call("session.quota.takeWarnings") == []
    with pytest.raises(RpcError, match="Not authenticated"):
        await client.call("session.quota.refresh")


async def test_a_session_without_an_account_is_not_steered_from_elsewhere(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    with pytest.raises(RpcError, match="Remote session has no current authentication"):
        await client.call("session.remote.enable")
    with pytest.raises(RpcError, match="invalid remote session mode 'often'"):
        await client.call("session.remote.enable", mode="often")
    assert await client.call("session.remote.enable", mode="off") == {
        "remoteSteerable": False,
        "started": False,
    }
    assert await client.call("session.remote.notifySteerableChanged", remoteSteerable=True) == {}
    assert client.of("session.remote_steerable_changed") == [{"remoteSteerable": True}]
    steerable = "sessions.getPersistedRemoteSteerable"
    known = await client.call(steerable, sessionId=client.session_id)
    assert known == {"remoteSteerable": True}
    assert await client.call("session.remote.disable") is None
    known = await client.call(steerable, sessionId=client.session_id)
    assert known == {"remoteSteerable": False}


async def test_features_go_with_the_telemetry_of_a_session(start: Start, join: Join) -> None:
    client = await join(start())
    await client.call("connect", enableGitHubTelemetryForwarding=True)
    await client.open()
    first = (await client.call("session.telemetry.getEngagementId"))["engagementId"]
    assert first == (await client.call("session.telemetry.getEngagementId"))["engagementId"]
    assert all("features" not in told["event"] for told in client.telemetry)
    client.telemetry.clear()
    await client.call("session.telemetry.setFeatureOverrides", features={"one": "on"})
    await client.turn("go")
    assert client.telemetry
    assert all(told["event"]["features"] == {"one": "on"} for told in client.telemetry)


async def test_no_session_is_a_job_of_the_cloud_agent(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open(clientName="me")
    parts: Json = {name: {} for name in ("repo", "model", "validation", "job", "onlineEvaluation")}
    assert await client.call("session.settings.snapshot") == {"clientName": "me", **parts}
    evaluate = "session.settings.evaluatePredicate"
    assert await client.call(evaluate, name="chronicleEnabled") == {"enabled": False}
    with pytest.raises(RpcError, match="Unknown demand setting: x"):
        await client.call(evaluate, name="x")
