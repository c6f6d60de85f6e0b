"""Policies: what each allows, and what it abstains from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk import UsageError
from copilot_sdk.permissions import (
    LeftOpen,
    PermissionInvocation,
    Policy,
    allow_commands,
    allow_mcp_tools,
    allow_reads,
    allow_tools,
    allow_urls,
    allow_writes,
    approve_all,
    first_of,
    leave_all_open,
    remember_for_session,
)
from copilot_sdk.types import PermissionRequest, SessionManagedSettingsResolvedData
from tests.support.permissions import (
    INVOCATION,
    ONCE,
    UNKNOWN,
    allows,
    custom,
    mcp,
    read,
    request,
    settings,
    shell,
    url,
    wire,
    write,
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder `in` that is allowed, with links out of it, beside one that is not."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    (inside / "deep").mkdir(parents=True)
    outside.mkdir()
    for folder in (inside, outside):
        (folder / "file").write_text("x")
    (inside / "to_out").symlink_to(outside)
    (inside / "to_file").symlink_to(outside / "file")
    (inside / "to_nothing").symlink_to(outside / "nothing")
    (inside / "to_deep").symlink_to(inside / "deep")
    (inside / "loop").symlink_to(inside / "loop")
    (tmp_path / "in2").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("in/file", True),
        ("in", True),
        ("in/deep/../file", True),
        ("in/to_deep/new", True),
        ("in/new/newer/file", True),
        ("out/../in/file", True),
        ("out/file", False),
        ("in2", False),
        ("in/../out/file", False),
        ("in/to_out/file", False),
        ("in/to_out/new", False),
        ("in/to_file", False),
        ("in/to_nothing", False),
        ("in/to_nothing/x", False),
        ("in/to_deep/../../out/file", False),
        ("in/missing/../../out/file", False),
        ("in/loop", False),
        ("in/file/x", False),
        ("in/\0", False),
    ],
)
def test_files_are_allowed_by_where_they_really_are(home: Path, path: str, allowed: bool) -> None:
    asked = f"{home}/{path}"
    assert allows(allow_reads(home / "in"), read(asked)) is allowed
    assert allows(allow_writes(home / "in"), write(asked)) is allowed


def test_a_folder_may_be_named_by_a_link_and_there_may_be_several(home: Path) -> None:
    policy = allow_reads(home / "in2", home / "in" / "to_out")
    assert allows(policy, read(home / "out" / "file"))
    assert not allows(policy, read(home / "in" / "file"))


@pytest.mark.parametrize("path", ["", "file", "~/file", "in/file", "./in/file"])
def test_a_path_that_is_not_absolute_could_be_anywhere(
    home: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    assert not allows(allow_reads("in", "."), read(path))


def test_a_folder_is_meant_as_it_is_when_the_policy_is_made(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    policy = allow_reads("in")
    monkeypatch.chdir("/")
    assert allows(policy, read(home / "in" / "file"))


def test_reading_is_no_writing_and_no_other_thing(home: Path) -> None:
    file = home / "in" / "file"
    assert not allows(allow_reads(home), write(file))
    assert not allows(allow_writes(home), read(file))
    for policy in (allow_reads(home), allow_writes(home)):
        for other in (shell("cat file"), custom("file"), UNKNOWN):
            assert not allows(policy, other)


def test_the_path_that_the_runtime_has_resolved_counts_too(home: Path) -> None:
    inside, outside = str(home / "in" / "file"), str(home / "out" / "file")
    assert allows(allow_reads(home / "in"), read(inside, resolvedPath=inside))
    assert not allows(allow_reads(home / "in"), read(inside, resolvedPath=outside))
    assert not allows(allow_writes(home / "in"), write(inside, resolvedPath=outside))


def test_every_file_of_an_edit_has_to_be_allowed(home: Path) -> None:
    inside = {"path": str(home / "in" / "file"), "content": ""}
    outside = {"path": str(home / "out" / "file"), "content": ""}
    policy = allow_writes(home / "in")
    assert allows(policy, write(inside["path"], fileEdits=[{"before": inside, "after": inside}]))
    for edit in ({"before": inside, "after": outside}, {"before": outside}):
        assert not allows(policy, write(inside["path"], fileEdits=[{"after": inside}, edit]))


@pytest.mark.parametrize(
    ("command", "allowed"),
    [
        ("git status", True),
        ("  git\tstatus  ", True),
        ("git 'status'", True),
        ('"git" stat"us"', True),
        ("git log", True),
        ("git log --oneline 'a;b' \"c | d\"", True),
        ("git log -- '$HOME'", True),
        ("git status; git log && git log -1 || git status | git log", True),
        ("git status\ngit log\n", True),
        ("rm build/a.o", True),
        ("rm build/*", True),
        ("git", False),
        ("gits status", False),
        ("git status -v", False),
        ("git -C /tmp status", False),
        ("git push", False),
        ("git log; rm x", False),
        ("git log\nrm x", False),
        ("git log & rm x", False),
        ("git log &", False),
        ("git log |& cat", False),
        ("git log ;; git log", False),
        ("git log > x", False),
        ("git log < x", False),
        ("git log $(rm x)", False),
        ("git log `rm x`", False),
        ('git log "$(rm x)"', False),
        ("git log <(rm x)", False),
        ("git log $X", False),
        ("git log ~", False),
        ("git log \\\n x", False),
        ("git log {a,b}", False),
        ("git log # x", False),
        ("git log 'x", False),
        ("git log\rx", False),
        ("git\u00a0log", False),
        ("GIT_DIR=x git log", False),
        ("{ git log; }", False),
        ("if git log; then git log; fi", False),
        ("g?t log", False),
        ("git ';' git log", False),
        ("rm build/../x", False),
        ("rm build/?.o", False),
        ("rm build/a.o x", False),
        ("", False),
        (" \n ", False),
    ],
)
def test_commands_are_allowed_if_each_fits_a_pattern(command: str, allowed: bool) -> None:
    policy = allow_commands("git status", "git log *", "rm build/*.o", "rm build/*")
    # A `*` that is the last word stands for words; one within a word does not.
    assert allows(policy, shell(command)) is allowed


@pytest.mark.parametrize(
    "members",
    [
        {"hasWriteFileRedirection": True},
        {"shellType": "powershell"},
        {"commandSegments": [{"identifier": "rm", "fullCommandText": "rm x"}]},
        {
            "commandSegments": [
                {"identifier": "ls", "fullCommandText": "ls", "hasUnboundExecutableContent": True}
            ]
        },
    ],
)
def test_what_the_runtime_knows_of_a_command_counts_too(members: dict[str, Any]) -> None:
    policy = allow_commands("ls")
    fitting = {"shellType": "bash", "commandSegments": [{"identifier": "ls", "fullCommandText": "ls"}]}
    assert allows(policy, shell("ls", **fitting))
    assert not allows(policy, shell("ls", **members))


@pytest.mark.parametrize(
    "pattern", ["", "*", "l* -l", "ls; rm", "ls > x", "echo $X", "X=1 ls", "ls 'x", "a\nb"]
)
def test_a_pattern_that_would_not_be_one_command_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match="no pattern of a command"):
        allow_commands(pattern)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://example.com", True),
        ("http://EXAMPLE.com:8080/a?b#c", True),
        ("https://example.com./x", True),
        ("https://docs.python.org/3", True),
        ("https://python.org", False),
        ("https://evilpython.org", False),
        ("https://www.example.com", False),
        ("https://example.com.evil.net", False),
        ("https://example.com@evil.net", False),
        ("https://evil.net@example.com", False),
        ("https://evil.net\\@example.com", False),
        ("https://evil.net/@example.com", False),
        ("https://evil.net#@example.com", False),
        ("https:example.com", False),
        ("ftp://example.com", False),
        ("file://example.com/etc/passwd", False),
        ("//example.com", False),
        ("https://example.com:x/", False),
        ("https://example.com\t.evil.net", False),
        ("https://ex\u0430mple.com", False),
        ("https://[::1]/", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_addresses_are_allowed_by_their_host(address: str, allowed: bool) -> None:
    assert allows(allow_urls("Example.com", "*.python.org"), url(address)) is allowed


@pytest.mark.parametrize(
    "host", ["", "*", "*.", "https://example.com", "example.com/x", "a.*.b", "ex\u0430mple.com"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="no name of a host"):
        allow_urls(host)


def test_tools_of_servers_and_clients_are_allowed_by_name() -> None:
    policy = (
        allow_mcp_tools("git*", "get_*", "list") | allow_mcp_tools("clock") | allow_tools("weather", "db_*")
    )
    for asked in (mcp("github", "get_file"), mcp("git", "list"), mcp("clock", "now")):
        assert allows(policy, asked)
    for asked in (mcp("github", "github-get_file"), mcp("git.x", "git-x-list"), mcp("clock", "clock-now")):
        assert allows(policy, asked)
    for asked in (custom("weather"), custom("db_read")):
        assert allows(policy, asked)
    for asked in (
        mcp("github", "delete"),
        mcp("github", "git-get_file"),
        mcp("x", "x-list"),
        mcp("x", "list"),
    ):
        assert not allows(policy, asked)
    for asked in (mcp("GIT", "list"), custom("clock"), UNKNOWN):
        assert not allows(policy, asked)


@pytest.mark.parametrize(
    "make", [allow_reads, allow_writes, allow_commands, allow_urls, allow_tools, first_of]
)
def test_a_policy_of_nothing_is_a_mistake(make: Callable[[], Policy]) -> None:
    with pytest.raises(UsageError):
        make()


@pytest.mark.parametrize("escalation", ["managedApprovalRequired", "requestSandboxBypass"])
def test_what_asks_for_more_than_usual_is_left_to_others(home: Path, escalation: str) -> None:
    more = {escalation: True}
    file = home / "in" / "file"
    assert not allows(allow_reads(home), read(file, **more))
    assert not allows(allow_writes(home), write(file, **more))
    assert not allows(allow_commands("ls"), shell("ls", **more))
    assert not allows(allow_urls("a.b"), url("https://a.b", **more))
    # The runtime marks these, too, though no schema of it says so.
    assert not allows(allow_mcp_tools("s"), mcp("s", "t", **more))
    assert not allows(allow_tools("t"), custom("t", **more))
    assert allows(allow_urls("a.b"), url("https://a.b", **{escalation: False}))


NEEDS_PERSON = {
    "kind": "reject",
    "feedback": "Permission was refused: an administrator wants a person to approve this.",
}
NOT_ALL = {
    "kind": "reject",
    "feedback": "Permission was refused: an administrator has forbidden to approve everything.",
}


@pytest.mark.parametrize(
    "asked",
    [
        read("/x", managedApprovalRequired=True),
        shell("ls", managedApprovalRequired=True),
        custom("t", managedApprovalRequired=True),
        mcp("s", "t", managedApprovalRequired=True),
        request("teleport", managedApprovalRequired=True),
        # What does not fit its description is rather taken as a yes.
        custom("t", managedApprovalRequired="yes"),
    ],
)
async def test_approving_everything_ends_where_a_person_has_to_approve(asked: PermissionRequest) -> None:
    assert await approve_all.decide(asked) is None
    assert wire(await approve_all(asked)) == NEEDS_PERSON
    assert isinstance(await (approve_all | leave_all_open)(asked), LeftOpen)


async def test_what_the_prompt_alone_says_of_an_administrator_counts_too() -> None:
    needed = PermissionInvocation("s", "r", managed_approval_required=True)
    for policy in (approve_all, allow_tools("t"), remember_for_session(allow_tools("t"))):
        assert await policy.decide(custom("t"), INVOCATION) is not None
        assert await policy.decide(custom("t"), needed) is None
        assert wire(await policy(custom("t"), needed)) == NEEDS_PERSON


async def test_nothing_is_approved_with_all_else_where_an_administrator_has_forbidden_that() -> None:
    forbidden = PermissionInvocation(
        "s", "r", managed_settings=settings("permissions", bypassPermissionsDisabled=True)
    )
    assert wire(await approve_all(custom("t"), forbidden)) == NOT_ALL
    assert wire(await (allow_tools("u") | approve_all)(custom("t"), forbidden)) == NOT_ALL
    assert wire(await allow_tools("t")(custom("t"), forbidden)) == ONCE
    assert wire(await approve_all(custom("t"), INVOCATION)) == ONCE


def test_settings_are_managed_if_there_are_some_or_they_cannot_be_made_out() -> None:
    def managed(found: SessionManagedSettingsResolvedData | None) -> bool:
        return PermissionInvocation("s", "r", managed_settings=found).managed

    assert not managed(None)
    assert not managed(settings())
    assert managed(settings("model"))
    assert managed(settings(failClosed=True))
