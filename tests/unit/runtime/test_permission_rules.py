"""What is allowed or forbidden in advance: rules, approvals, locations, paths, addresses, trusted folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from copilot_sdk.errors import InternalError
from copilot_sdk.runtime import Call, Reply
from copilot_sdk.runtime.core.home_files import HomeFiles
from copilot_sdk.runtime.core.saved_permissions import SavedPermissions
from tests.unit.runtime.harness import Client, Join, Json, Start

VIEW = Call("view", {"path": "."})
READ = {"kind": "read"}


async def _opened(start: Start, join: Join, *calls: Call, **options: object) -> Client:
    """A session whose agent makes these calls, each in a turn of its own."""
    client = await join(start([reply for call in calls for reply in (Reply(calls=[call]), Reply("ok"))]))
    await client.open(**{"requestPermission": True, **options})
    return client


async def _decided(client: Client, **decision: object) -> Json:
    """Waits for the next request and decides on it."""
    request: Json = (await client.until("permission.requested"))["data"]
    await client.call(
        "session.permissions.handlePendingPermissionRequest", requestId=request["requestId"], result=decision
    )
    return request


def _succeeded(client: Client) -> list[bool]:
    return [data["success"] for data in client.of("tool.execution_complete")]


# -------------------------------------------------------------------------- rules


async def test_rules_of_the_location_are_kept_apart_and_can_be_taken_back(start: Start, join: Join) -> None:
    client = await _opened(start, join, VIEW, VIEW)
    rule = {"kind": "read", "argument": None}
    modify = "session.permissions.modifyRules"
    await client.call(modify, scope="location", add=[rule])
    await client.call(modify, scope="session", removeAll=True)
    await client.turn("go")
    assert not client.of("permission.requested")
    await client.call(modify, scope="location", remove=[rule])
    await client.send("go")
    await _decided(client, kind="approve-once")
    await client.until("session.idle")


async def test_what_an_administrator_forbids_or_asks_stands_above_all(start: Start, join: Join) -> None:
    bash = Call("bash", {"command": "true"})
    managed = {
        "permissions": {"deny": ["Read"], "ask": ["Shell(true)"], "disableBypassPermissionsMode": "disable"}
    }
    client = await _opened(start, join, VIEW, bash, managedSettings=managed)
    for mode, done in (("allow-all", False), ("manual", True)):
        answer = await client.call("session.permissions.setMode", mode=mode)
        assert answer == {"success": done, "mode": "manual"}
    with pytest.raises(InternalError, match="administrator"):
        await client.call("session.permissions.setApproveAll", enabled=True)
    rules = {"approved": [READ | {"argument": None}, {"kind": "shell", "argument": None}], "denied": []}
    await client.call("session.permissions.configure", rules=rules)
    await client.turn("go")
    assert "`Read`" in client.of("tool.execution_complete")[0]["error"]["message"]
    await client.send("go")
    await _decided(client, kind="approve-once")
    await client.until("session.idle")
    assert _succeeded(client) == [False, True]


async def test_what_an_administrator_allows_is_not_asked(start: Start, join: Join) -> None:
    client = await _opened(start, join, VIEW, managedSettings={"permissions": {"allow": ["Read"]}})
    await client.turn("go")
    assert _succeeded(client) == [True]
    assert not client.of("permission.requested")


async def test_reading_alone_can_be_approved(start: Start, join: Join) -> None:
    client = await _opened(start, join, VIEW, Call("bash", {"command": "true"}))
    await client.call("session.permissions.configure", approveAllReadPermissionRequests=True)
    await client.turn("go")
    await client.send("go")
    assert (await _decided(client, kind="approve-once"))["permissionRequest"]["kind"] == "shell"
    await client.until("session.idle")


# -------------------------------------------------------------------------- modes


@pytest.mark.parametrize("mode", ["manual", "allow-all"])
async def test_the_mode_decides_whether_it_is_asked(start: Start, join: Join, mode: str) -> None:
    client = await _opened(start, join, VIEW)
    set_mode = "session.permissions.setMode"
    assert await client.call(set_mode, mode=mode) == {"success": True, "mode": mode}
    assert await client.call("session.permissions.getMode") == {"mode": mode}
    await client.send("go")
    if mode == "manual":
        assert (await _decided(client, kind="approve-once"))["permissionMode"] == mode
    await client.until("session.idle")
    assert len(client.of("permission.requested")) == (mode == "manual")


async def test_a_mode_that_the_runtime_does_not_have_is_not_taken(start: Start, join: Join) -> None:
    client = await _opened(start, join)
    answer = await client.call("session.permissions.setMode", mode="assisted")
    assert answer == {"success": False, "mode": "manual"}
    with pytest.raises(InternalError, match="mode: expected one of"):
        await client.call("session.permissions.setMode", mode="bogus")


async def test_a_client_can_begin_and_cease_to_decide(start: Start, join: Join) -> None:
    client = await _opened(start, join, VIEW, VIEW, requestPermission=False)
    await client.turn("go")
    assert await client.call("session.permissions.setRequired", required=True) == {"success": True}
    assert await client.call("session.permissions.notifyPromptShown", message="?") == {"success": True}
    await client.send("go")
    await client.until("permission.requested")
    await client.call("session.permissions.setRequired", required=False)
    await client.until("session.idle")
    assert _succeeded(client) == [False, False]


# ---------------------------------------------------------------------- locations


async def test_an_approval_for_the_location_outlives_the_session(
    start: Start, join: Join, tmp_path: Path
) -> None:
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    (repository / "src").mkdir()
    client = await _opened(start, join, VIEW, VIEW, VIEW, workingDirectory=str(repository / "src"))
    resolved = await client.call(
        "session.permissions.locations.resolve", workingDirectory=str(repository / "src")
    )
    assert resolved == {"locationKey": str(repository), "locationType": "repo"}
    await client.send("go")
    await _decided(client, kind="approve-for-location", approval=READ, locationKey=resolved["locationKey"])
    await client.until("session.idle")
    assert client.of("permission.completed")[0]["result"]["kind"] == "approved-for-location"
    client.session_id = ""
    await client.open(requestPermission=True, workingDirectory=str(repository))
    await client.turn("go")
    assert len(client.of("permission.requested")) == 1
    assert await client.call("session.permissions.resetSessionApprovals") == {"success": True}
    await client.send("go")
    await _decided(client, kind="approve-once")
    await client.until("session.idle")


async def test_approvals_of_a_location_are_put_into_force_when_it_is_applied(
    start: Start, join: Join, tmp_path: Path
) -> None:
    client = await _opened(start, join, VIEW)
    approval = {"kind": "commands", "commandIdentifiers": ["git log", "ls"]}
    for added in (READ, approval, READ):
        answer = await client.call(
            "session.permissions.locations.addToolApproval", locationKey=str(tmp_path), approval=added
        )
        assert answer == {"success": True}
    apply = "session.permissions.locations.apply"
    applied = await client.call(apply, workingDirectory=str(tmp_path))
    assert applied == {
        "locationKey": str(tmp_path),
        "locationType": "dir",
        "changed": True,
        "appliedRuleCount": 3,
        "appliedDirectoryCount": 0,
        "appliedRules": [
            {"kind": "read", "argument": None},
            {"kind": "shell", "argument": "git log"},
            {"kind": "shell", "argument": "ls"},
        ],
    }
    again = await client.call(apply, workingDirectory=str(tmp_path))
    assert (again["changed"], again["appliedRuleCount"]) == (False, 0)
    await client.turn("go")
    assert not client.of("permission.requested")


@pytest.mark.parametrize(
    ("approval", "kinds"),
    [
        ({"kind": "mcp", "serverName": "pump", "toolName": None}, [("pump", None)]),
        ({"kind": "mcp", "serverName": "pump", "toolName": "on"}, [("pump", "on")]),
        ({"kind": "custom-tool", "toolName": "dig"}, [("custom-tool", "dig")]),
        ({"kind": "memory"}, [("memory", None)]),
    ],
)
async def test_approvals_are_shown_as_rules(
    start: Start, join: Join, tmp_path: Path, approval: Json, kinds: list[tuple[str, str | None]]
) -> None:
    client = await _opened(start, join)
    await client.call(
        "session.permissions.locations.addToolApproval", locationKey=str(tmp_path), approval=approval
    )
    applied = await client.call("session.permissions.locations.apply", workingDirectory=str(tmp_path))
    assert [(rule["kind"], rule["argument"]) for rule in applied["appliedRules"]] == kinds


# ------------------------------------------------------------------------- places


async def test_the_primary_directory_is_where_relative_paths_begin(
    start: Start, join: Join, tmp_path: Path
) -> None:
    for name in ("work", "other"):
        (tmp_path / name).mkdir()
    client = await _opened(start, join, workingDirectory=str(tmp_path / "work"))
    await client.call("session.permissions.configure", paths={"includeTempDirectory": False})
    update = "session.permissions.paths.updatePrimary"
    assert await client.call(update, path=str(tmp_path / "other")) == {"success": True}
    listed = await client.call("session.permissions.paths.list")
    assert (listed["primary"], listed["directories"]) == (str(tmp_path / "other"), [str(tmp_path / "other")])
    check = "session.permissions.paths.isPathWithinAllowedDirectories"
    assert await client.call(check, path="bed.txt") == {"allowed": True}
    assert await client.call(check, path=str(tmp_path / "work")) == {"allowed": False}
    for method in (update, "session.permissions.paths.add"):
        with pytest.raises(InternalError, match="does not exist"):
            await client.call(method, path=str(tmp_path / "nowhere"))


async def test_the_workspace_is_the_folder_of_the_session(start: Start, join: Join, tmp_path: Path) -> None:
    client = await join(start())
    folder = Path((await client.open(workingDirectory=str(tmp_path)))["workspacePath"])
    check = "session.permissions.paths.isPathWithinWorkspace"
    assert await client.call(check, path=str(folder / "plan.md")) == {"allowed": True}
    assert await client.call(check, path=str(tmp_path)) == {"allowed": False}
    await client.call("session.permissions.configure", paths={"workspacePath": str(tmp_path)})
    assert await client.call(check, path=str(tmp_path)) == {"allowed": True}


@pytest.mark.parametrize(
    ("decision", "asked"),
    [
        ({"kind": "approve-for-session"}, ["path", "read", "read"]),
        ({"kind": "approve-once"}, ["path", "read", "path", "read"]),
    ],
)
async def test_a_path_can_be_approved_for_the_session(
    start: Start, join: Join, tmp_path: Path, decision: Json, asked: list[str]
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "bed.txt").write_text("peas")
    view = Call("view", {"path": str(tmp_path / "bed.txt")})
    client = await _opened(start, join, view, view, workingDirectory=str(tmp_path / "work"))
    await client.call("session.permissions.configure", paths={"includeTempDirectory": False})
    for kind in asked:
        if not client.of("tool.execution_start") or len(_succeeded(client)) == 1:
            await client.send("go")
        request = await _decided(client, **(decision if kind == "path" else {"kind": "approve-once"}))
        assert request["promptRequest"]["kind"] == kind
        if kind == "read":
            await client.until("session.idle")
    assert _succeeded(client) == [True, True]


async def test_directories_can_be_approved_for_reading_alone(
    start: Start, join: Join, tmp_path: Path
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "bed.txt").write_text("peas")
    path = str(tmp_path / "bed.txt")
    edit = Call("edit", {"path": path, "old_str": "peas", "new_str": "beans"})
    client = await _opened(
        start, join, Call("view", {"path": path}), edit, workingDirectory=str(tmp_path / "work")
    )
    await client.call("session.permissions.configure", paths={"includeTempDirectory": False})
    await client.call("session.permissions.configure", approveAllToolPermissionRequests=True)
    await client.send("go")
    directories = [str(tmp_path)]
    request = await _decided(client, kind="approve-read-only-for-session", directories=directories)
    assert request["promptRequest"]["readOnlyDirectories"] == directories
    await client.until("session.idle")
    await client.send("go")
    assert (await _decided(client, kind="reject"))["promptRequest"]["accessKind"] == "write"
    await client.until("session.idle")
    assert _succeeded(client) == [True, False]


async def test_paths_need_not_be_checked_at_all(start: Start, join: Join, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    view = Call("view", {"path": str(tmp_path)})
    client = await _opened(start, join, view, workingDirectory=str(tmp_path / "work"))
    paths = {"unrestricted": True, "includeTempDirectory": False}
    await client.call("session.permissions.configure", paths=paths, approveAllToolPermissionRequests=True)
    await client.turn("go")
    assert _succeeded(client) == [True]
    assert not client.of("permission.requested")


async def test_a_trusted_folder_is_trusted_with_all_below_it(
    start: Start, join: Join, tmp_path: Path
) -> None:
    client = await _opened(start, join)
    trusted = "session.permissions.folderTrust.isTrusted"
    assert await client.call(trusted, path=str(tmp_path)) == {"trusted": False}
    await client.call("session.permissions.folderTrust.addTrusted", path=str(tmp_path))
    assert await client.call(trusted, path=str(tmp_path / "bed")) == {"trusted": True}
    assert await client.call(trusted, path=str(tmp_path.parent)) == {"trusted": False}
    saved = "permissions.folderTrust.checkTrust"
    assert await client.call(saved, path=str(tmp_path / "bed")) == {"trusted": True}
    elsewhere = {"path": str(tmp_path), "configDir": str(tmp_path / "elsewhere")}
    assert await client.call(saved, **elsewhere) == {"trusted": False}


@pytest.mark.parametrize(
    "broken", ["{", "[]", '// by the CLI\n{"trustedFolders": 5, "locations": 5, "allowedUrls": [7]}']
)
def test_a_file_that_cannot_be_read_allows_nothing(tmp_path: Path, broken: str) -> None:
    for name in ("config.json", "permissions-config.json", "settings.json"):
        (tmp_path / name).write_text(broken)
    saved = SavedPermissions(tmp_path)
    assert not saved.trusts(tmp_path)
    assert not saved.allows_url("https://example.com")
    assert saved.approvals("x") == []


def test_what_others_keep_in_the_files_stays(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('// by the CLI\n{"theme": "dark"}')
    saved = SavedPermissions(tmp_path)
    saved.trust(tmp_path)
    saved.trust(tmp_path)
    saved.approve("x", READ)
    saved.forget("x")
    settings: Mapping[str, object] = HomeFiles(tmp_path).read("config.json")
    assert settings == {"theme": "dark", "trustedFolders": [str(tmp_path)]}
    assert saved.approvals("x") == []
