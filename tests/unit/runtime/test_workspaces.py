"""`session.workspaces`: files, checkpoints, the objective of the autopilot, and what is different."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from copilot_sdk.errors import RpcError
from tests.unit.runtime.harness import Client, Join, Json, Start, text_at

OUTSIDE = "Path must be within the workspace files directory"
NOT_NORMAL = "Path must be a normalized relative session artifact path"


@pytest.fixture
async def client(start: Start, join: Join, tmp_path: Path) -> Client:
    client = await join(start())
    (tmp_path / "work").mkdir()
    await client.open(workingDirectory=str(tmp_path / "work"), clientName="tester")
    await client.turn("hi")
    return client


def _folder(tmp_path: Path, client: Client) -> Path:
    return tmp_path / "home/session-state" / client.session_id


async def _files(client: Client) -> list[str]:
    listed: list[str] = (await client.call("session.workspaces.listFiles"))["files"]
    return listed


async def test_files_are_written_told_and_read_back(client: Client, tmp_path: Path) -> None:
    for path, content in (("a.txt", "one"), ("a.txt", "two"), ("d/e.txt", "x")):
        await client.call("session.workspaces.createFile", path=path, content=content)
    assert await _files(client) == ["a.txt", "d/e.txt"]
    assert await client.call("session.workspaces.readFile", path="a.txt") == {"content": "two"}
    assert (_folder(tmp_path, client) / "files/d/e.txt").read_text() == "x"
    assert client.of("session.workspace_file_changed") == [
        {"path": "a.txt", "operation": "create"},
        {"path": "a.txt", "operation": "update"},
        {"path": "d/e.txt", "operation": "create"},
    ]


@pytest.mark.parametrize("path", ["../up.txt", "/etc/hostname", "", "a/../../x"])
async def test_files_outside_are_out_of_reach(client: Client, tmp_path: Path, path: str) -> None:
    with pytest.raises(RpcError, match=OUTSIDE):
        await client.call("session.workspaces.createFile", path=path, content="x")
    with pytest.raises(RpcError, match=OUTSIDE):
        await client.call("session.workspaces.readFile", path=path)
    assert not (_folder(tmp_path, client) / "up.txt").exists()


async def test_a_link_leads_nowhere_outside(client: Client, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (_folder(tmp_path, client) / "files/link").symlink_to(tmp_path)
    with pytest.raises(RpcError, match=OUTSIDE):
        await client.call("session.workspaces.readFile", path="link/secret.txt")
    with pytest.raises(RpcError, match=OUTSIDE):
        await client.call("session.workspaces.removePath", path="link/secret.txt")
    assert (tmp_path / "secret.txt").read_text() == "secret"


async def test_what_cannot_be_read_is_told_as_the_cli_does(client: Client) -> None:
    await client.call("session.workspaces.createFile", path="d/e.txt", content="x")
    with pytest.raises(RpcError, match=r"ENOENT: No such file or directory \(os error 2\)"):
        await client.call("session.workspaces.readFile", path="nope")
    with pytest.raises(RpcError, match="EISDIR: illegal operation on a directory"):
        await client.call("session.workspaces.readFile", path="d")


async def test_paths_are_made_moved_looked_at_and_removed(client: Client) -> None:
    await client.call("session.workspaces.createFile", path="a.txt", content="AA")
    status = await client.call("session.workspaces.statFile", path="a.txt")
    assert (status["isFile"], status["isDirectory"], status["size"]) == (True, False, 2)
    assert status["mtimeMs"] >= status["birthtimeMs"] > 1e12
    await client.call("session.workspaces.createDirectory", path="k")
    with pytest.raises(RpcError, match="EEXIST"):
        await client.call("session.workspaces.createDirectory", path="k")
    with pytest.raises(RpcError, match="ENOENT"):
        await client.call("session.workspaces.createDirectory", path="m/n")
    await client.call("session.workspaces.createDirectory", path="m/n", recursive=True)
    assert (await client.call("session.workspaces.statFile", path="m/n"))["isDirectory"]
    await client.call("session.workspaces.renamePath", source="a.txt", destination="k/b.txt")
    assert await _files(client) == ["k/b.txt"]
    with pytest.raises(RpcError, match="ENOENT"):
        await client.call("session.workspaces.renamePath", source="nope", destination="x")
    with pytest.raises(RpcError, match="ERR_FS_EISDIR"):
        await client.call("session.workspaces.removePath", path="k")
    await client.call("session.workspaces.removePath", path="k", recursive=True)
    await client.call("session.workspaces.removePath", path="k", force=True)
    with pytest.raises(RpcError, match="ENOENT"):
        await client.call("session.workspaces.removePath", path="k")
    assert await _files(client) == []


@pytest.mark.parametrize("path", ["../x", ".", "a//b", "/a"])
async def test_such_paths_have_to_be_normal(client: Client, path: str) -> None:
    for method, params in (
        ("statFile", {"path": path}),
        ("createDirectory", {"path": path}),
        ("removePath", {"path": path, "force": True}),
        ("renamePath", {"source": path, "destination": "x"}),
    ):
        with pytest.raises(RpcError, match=NOT_NORMAL):
            await client.call(f"session.workspaces.{method}", **params)


async def test_pastes_are_kept_each_in_a_file_of_its_own(client: Client) -> None:
    saved = [
        (await client.call("session.workspaces.saveLargePaste", content=content))["saved"]
        for content in ("x" * 10, "yé")
    ]
    assert [paste["sizeBytes"] for paste in saved] == [10, 3]
    assert sorted(await _files(client)) == sorted(paste["filename"] for paste in saved)
    assert text_at(saved[1]["filePath"]) == "yé"


async def test_checkpoints_are_numbered_listed_read_and_cut(client: Client, tmp_path: Path) -> None:
    added = await client.call("session.workspaces.addSummary", title="First | summary!", content="body one")
    assert added["summary"]["checkpointNumber"] == 1
    assert text_at(added["summary"]["checkpointPath"]) == "body one"
    await client.call("session.workspaces.addSummary", title="", content="body two")
    listed = (await client.call("session.workspaces.listCheckpoints"))["checkpoints"]
    assert listed == [
        {"number": 1, "title": "First summary!", "filename": "001-first-summary.md"},
        {
            "number": 2,
            "title": f"Session {client.session_id[:8]}",
            "filename": f"002-session-{client.session_id[:8]}.md",
        },
    ]
    assert await client.call("session.workspaces.readCheckpoint", number=2) == {"content": "body two"}
    assert await client.call("session.workspaces.readCheckpoint", number=9) == {"content": None}
    left = await client.call("session.workspaces.truncateSummaries", keepCount=1)
    assert left["workspace"]["summary_count"] == 1
    names = sorted(path.name for path in (_folder(tmp_path, client) / "checkpoints").iterdir())
    assert names == ["001-first-summary.md", "index.md"]
    assert await client.call("session.workspaces.readCheckpoint", number=2) == {"content": None}


async def test_the_objective_is_set_read_and_forgotten(client: Client) -> None:
    call = client.call
    assert await call("session.workspaces.readAutopilotObjective") == {"content": None}
    assert await call("session.workspaces.deleteAutopilotObjective") == {"deleted": False}
    for content, operation in (("one", "create"), ("two", "update")):
        written = await call("session.workspaces.writeAutopilotObjective", content=content)
        assert written == {"operation": operation}
    assert await call("session.workspaces.autopilotObjectiveExists") == {"exists": True}
    assert await call("session.workspaces.readAutopilotObjective") == {"content": "two"}
    assert await call("session.workspaces.deleteAutopilotObjective") == {"deleted": True}
    assert await call("session.workspaces.autopilotObjectiveExists") == {"exists": False}


async def test_the_workspace_is_described_and_moved(client: Client, tmp_path: Path) -> None:
    got = await client.call("session.workspaces.getWorkspace")
    workspace = got["workspace"]
    assert got["path"] == str(_folder(tmp_path, client))
    assert (workspace["id"], workspace["cwd"]) == (client.session_id, str(tmp_path / "work"))
    assert (workspace["client_name"], workspace["user_named"]) == ("tester", False)
    assert await client.call("session.workspaces.ensure") == {"workspace": workspace}
    context = {"cwd": "/q", "branch": "bb", "gitRoot": "/g", "repository": "o/r", "hostType": "github"}
    await client.call("session.workspaces.updateMetadata", context=context)
    stored = json.loads((_folder(tmp_path, client) / "workspace.yaml").read_text())
    assert {stored[name] for name in ("cwd", "branch", "git_root", "repository")} == {"/q", "bb", "/g", "o/r"}
    again = await client.call("session.workspaces.updateMetadata", context={"cwd": "/q2"})
    assert again["workspace"]["cwd"] == "/q2"
    assert "branch" not in again["workspace"]


def _git(folder: Path, *arguments: str) -> None:
    hermetic = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=hermetic)


async def _diff(client: Client, mode: str, **options: object) -> dict[str, Json]:
    result = await client.call("session.workspaces.diff", mode=mode, **options)
    assert result["isFallback"] is False
    return {change["path"]: change for change in result["changes"]}


async def test_what_is_different_is_told_as_git_does(client: Client, tmp_path: Path) -> None:
    work = tmp_path / "work"
    _git(work, "init", "-q", "-b", "main")
    (work / "a.txt").write_text("one\n")
    assert set(await _diff(client, "unstaged")) == {"a.txt"}
    _git(work, "add", ".")
    _git(work, "commit", "-qm", "x")
    assert await _diff(client, "unstaged") == {}
    (work / "a.txt").write_text("one  \ntwo\n")
    (work / "ü n.txt").write_text("new\n")
    changes = await _diff(client, "unstaged")
    assert changes["a.txt"]["changeType"] == "modified"
    assert "+two" in changes["a.txt"]["diff"]
    assert changes["ü n.txt"]["changeType"] == "added"
    assert changes["ü n.txt"]["diff"].endswith("@@ -0,0 +1,1 @@\n+new")
    spaced = await _diff(client, "unstaged", ignoreWhitespace=True)
    assert "-one" not in spaced["a.txt"]["diff"]
    _git(work, "checkout", "-qb", "feature")
    _git(work, "add", ".")
    _git(work, "commit", "-qm", "y")
    _git(work, "mv", "ü n.txt", "moved.txt")
    (work / "a.txt").unlink()
    since_commit = await _diff(client, "unstaged")
    assert since_commit["a.txt"]["changeType"] == "deleted"
    assert (since_commit["moved.txt"]["changeType"], since_commit["moved.txt"]["oldPath"]) == (
        "renamed",
        "ü n.txt",
    )
    whole = await client.call("session.workspaces.diff", mode="branch")
    assert whole["baseBranch"] == "main"
    assert {change["path"]: change["changeType"] for change in whole["changes"]} == {
        "a.txt": "deleted",
        "moved.txt": "added",
    }


@pytest.mark.parametrize(("mode", "base"), [("unstaged", None), ("branch", "main"), ("session", None)])
async def test_nothing_is_different_outside_of_a_repository(
    client: Client, mode: str, base: str | None
) -> None:
    result = await client.call("session.workspaces.diff", mode=mode)
    assert (result["requestedMode"], result["mode"], result["changes"]) == (mode, "unstaged", [])
    assert (result["isFallback"], result.get("baseBranch")) == (mode != "unstaged", base)


async def test_contents_are_for_session_diffs_only(client: Client) -> None:
    with pytest.raises(RpcError, match="includeContents is only supported for session diffs"):
        await client.call("session.workspaces.diff", mode="branch", includeContents=True)
    untracked = await client.call("session.workspaces.diff", mode="session")
    assert (untracked["isFallback"], untracked["unavailableReason"]) == (
        True,
        "file-change-tracking-disabled",
    )
