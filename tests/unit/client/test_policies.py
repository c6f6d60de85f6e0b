"""Policies: what each allows, what it abstains from, and how they are put together."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from copilot_sdk import UsageError
from copilot_sdk.permissions import (
    DecisionInContext,
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
    approve_for_location,
    approve_once,
    approve_permanently,
    approve_reads_for_session,
    deny_all,
    first_of,
    leave_all_open,
    leave_open,
    reject,
    remember_for_location,
    remember_for_session,
    with_context,
)
from copilot_sdk.types import PermissionDecision, PermissionRequest, SessionManagedSettingsResolvedData

REQUESTS: TypeAdapter[PermissionRequest] = TypeAdapter(PermissionRequest)
ONCE = {"kind": "approve-once"}
REFUSED = {"kind": "reject", "feedback": "Permission was refused by policy."}


def request(kind: str, **members: Any) -> PermissionRequest:
    return REQUESTS.validate_python({"kind": kind, **members})


def read(path: Path | str, **members: Any) -> PermissionRequest:
    return request("read", intention="look", path=str(path), **members)


def write(path: Path | str, **members: Any) -> PermissionRequest:
    return request(
        "write", intention="change", fileName=str(path), diff="", canOfferSessionApproval=True, **members
    )


def shell(text: str, **members: Any) -> PermissionRequest:
    found = {
        "commands": [{"identifier": text, "readOnly": False}],
        "possiblePaths": [],
        "possibleUrls": [],
        "hasWriteFileRedirection": False,
        "canOfferSessionApproval": False,
        **members,
    }
    return request("shell", intention="run", fullCommandText=text, **found)


def mcp(server: str, name: str, **members: Any) -> PermissionRequest:
    return request("mcp", serverName=server, toolName=name, toolTitle=name, readOnly=False, **members)


def custom(name: str, **members: Any) -> PermissionRequest:
    return request("custom-tool", toolName=name, toolDescription="", **members)


def url(text: str, **members: Any) -> PermissionRequest:
    return request("url", intention="fetch", url=text, **members)


UNKNOWN = request("teleport", where="Mars")


INVOCATION = PermissionInvocation("s", "r")


def settings(*keys: str, **members: Any) -> SessionManagedSettingsResolvedData:
    """What the runtime tells of an administrator's settings."""
    told = {
        "source": "client" if keys else "none",
        "serverManaged": False,
        "deviceManaged": False,
        "failClosed": False,
        "bypassPermissionsDisabled": False,
        "managedKeys": list(keys),
        **members,
    }
    return SessionManagedSettingsResolvedData.model_validate(told)


def wire(answer: Any) -> Any:
    return None if answer is None else answer.to_wire()


def decide(policy: Policy, asked: PermissionRequest, invocation: PermissionInvocation | None = None) -> Any:
    return wire(asyncio.run(policy.decide(asked, invocation)))


def allows(policy: Policy, asked: PermissionRequest) -> bool:
    decision = decide(policy, asked)
    assert decision in (None, ONCE)
    return decision is not None


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


# ----------------------------------------------------------------- composition


def test_the_first_policy_that_decides_is_followed() -> None:
    seen: list[str] = []

    def plain(asked: PermissionRequest) -> PermissionDecision | None:
        seen.append(threading.current_thread().name)
        return reject("no") if asked.kind == "shell" else None

    async def later(asked: PermissionRequest) -> PermissionDecision | None:
        return approve_once() if asked.kind == "mcp" else None

    policy = allow_tools("weather") | plain | later | deny_all
    assert decide(policy, custom("weather")) == ONCE
    assert seen == []
    assert decide(policy, shell("ls")) == {"kind": "reject", "feedback": "no"}
    assert decide(policy, mcp("s", "t")) == ONCE
    assert decide(policy, UNKNOWN) == REFUSED
    assert threading.current_thread().name not in seen
    assert decide(plain | allow_tools("*"), custom("x")) == ONCE


def test_what_nobody_decides_on_is_refused() -> None:
    async def ask(policy: Policy) -> Any:
        return wire(await policy(UNKNOWN))

    policy = first_of(allow_tools("weather"), lambda _: None)
    assert decide(policy, UNKNOWN) is None
    assert asyncio.run(ask(policy)) == REFUSED
    assert asyncio.run(ask(policy | approve_all)) == ONCE


def test_a_policy_that_fails_is_not_passed_over() -> None:
    def fail(_: PermissionRequest) -> PermissionDecision:
        raise LookupError("broken")

    with pytest.raises(LookupError):
        decide(first_of(fail, approve_all), UNKNOWN)


def test_a_second_parameter_gets_the_invocation() -> None:
    class Person:
        def decide(self, asked: PermissionRequest, invocation: PermissionInvocation) -> PermissionDecision:
            return reject(invocation.session_id)

    async def later(asked: PermissionRequest, invocation: PermissionInvocation) -> PermissionDecision:
        return reject(invocation.request_id)

    def with_default(asked: PermissionRequest, reason: str = "no") -> PermissionDecision:
        return reject(reason)

    def anything(*args: Any, **_: Any) -> PermissionDecision:
        return reject(str(len(args)))

    said = [
        decide(first_of(function), UNKNOWN, INVOCATION)["feedback"]
        for function in (
            Person().decide,
            later,
            lambda asked, invocation: reject(f"{asked.kind} {invocation.session_id}"),
            functools.partial(later),
            with_default,
            anything,
        )
    ]
    assert said == ["s", "r", "teleport s", "r", "no", "1"]


async def test_who_needs_an_invocation_gets_none_from_a_call_without() -> None:
    policy = allow_tools("t") | (lambda asked, invocation: reject(invocation.request_id))
    assert wire(await policy(custom("t"))) == ONCE
    with pytest.raises(UsageError, match="pass it after the request"):
        await policy(UNKNOWN)
    assert wire(await policy(UNKNOWN, INVOCATION)) == {"kind": "reject", "feedback": "r"}


def test_a_function_of_other_arguments_is_no_policy() -> None:
    def decide(asked: PermissionRequest, invocation: PermissionInvocation, more: str) -> PermissionDecision:
        return reject(more)

    with pytest.raises(UsageError, match="wants 3 arguments"):
        Policy(decide)  # type: ignore[arg-type]


def test_a_policy_has_to_be_a_function() -> None:
    with pytest.raises(UsageError, match="has to be a function"):
        first_of(True)  # type: ignore[arg-type]


def test_a_policy_shows_what_it_is_made_of() -> None:
    assert repr(allow_tools("a") | approve_all) == "<Policy <Policy allow_tools('a')> | <Policy approve_all>>"


# -------------------------------------------------------------------- decisions


def test_what_can_be_said_exactly_is_remembered_for_the_session() -> None:
    policy = remember_for_session(approve_all)
    kind = "approve-for-session"
    assert decide(policy, custom("t")) == {"kind": kind, "approval": {"kind": "custom-tool", "toolName": "t"}}
    tool = {"kind": "mcp", "serverName": "s", "toolName": "t"}
    assert decide(policy, mcp("s", "t")) == {"kind": kind, "approval": tool}
    assert decide(policy, mcp("s", "s-t")) == {"kind": kind, "approval": tool}
    assert decide(policy, url("https://a.b/c")) == {"kind": kind, "domain": "a.b"}
    for other in (read("/x"), write("/x"), shell("ls"), url("x:y"), UNKNOWN):
        assert decide(policy, other) == ONCE


def test_what_can_be_said_exactly_is_remembered_for_the_location() -> None:
    policy = remember_for_location(approve_all, Path("/work"))
    approval = {"kind": "custom-tool", "toolName": "t"}
    expected = {"kind": "approve-for-location", "approval": approval, "locationKey": "/work"}
    assert decide(policy, custom("t")) == expected
    for other in (read("/x"), shell("ls"), url("https://a.b/c")):
        assert decide(policy, other) == ONCE


@pytest.mark.parametrize(
    "decision", [None, reject("no"), approve_permanently("a.b"), approve_for_location({"kind": "read"}, "/w")]
)
def test_other_decisions_are_not_touched(decision: PermissionDecision | None) -> None:
    def inner(_: PermissionRequest) -> PermissionDecision | None:
        return decision

    for policy in (remember_for_session(inner), remember_for_location(inner, "/work")):
        assert decide(policy, custom("t")) == wire(decision)


def test_decisions_are_what_the_wire_has() -> None:
    assert wire(approve_once(interactively=True)) == {"kind": "approve-once", "approvedInteractively": True}
    assert wire(approve_permanently("a.b")) == {"kind": "approve-permanently", "domain": "a.b"}
    assert wire(approve_for_location({"kind": "read"}, Path("/w"))) == {
        "kind": "approve-for-location", "approval": {"kind": "read"}, "locationKey": "/w",
    }  # fmt: skip
    assert wire(approve_reads_for_session("/a", Path("/b"))) == {
        "kind": "approve-read-only-for-session", "directories": ["/a", "/b"],
    }  # fmt: skip


def test_a_decision_says_how_it_came_about() -> None:
    said = with_context(
        reject("no"),
        outcome="prompted_user",
        source="human_response",
        response_capability="interactive",
        user_feedback="too early",
    )
    assert wire(said.decision) == {"kind": "reject", "feedback": "no"}
    assert wire(said.context) == {
        "outcome": "prompted_user", "source": "human_response", "surface": "sdk",
        "responseCapability": "interactive", "userFeedback": "too early",
    }  # fmt: skip
    again = with_context(said, outcome="auto_approved", source="host_policy", surface="acp")
    assert again.decision is said.decision
    assert wire(again.context) == {"outcome": "auto_approved", "source": "host_policy", "surface": "acp"}


async def test_what_was_said_of_a_decision_stays_with_it() -> None:
    def decide(_: PermissionRequest) -> DecisionInContext:
        return with_context(approve_once(), outcome="auto_approved", source="host_policy")

    for policy in (
        remember_for_session(decide),
        remember_for_location(decide, "/w"),
        allow_tools("x") | decide,
    ):
        answer = await policy(custom("t"))
        assert isinstance(answer, DecisionInContext)
        assert answer.context.source == "host_policy"
    once = await remember_for_session(decide)(shell("ls"))
    assert isinstance(once, DecisionInContext)
    assert wire(once.decision) == ONCE


async def test_what_a_person_has_to_approve_is_approved_once() -> None:
    asked = custom("t", managedApprovalRequired=True)
    for policy in (
        remember_for_session(lambda _: approve_once(interactively=True)),
        remember_for_location(lambda _: approve_once(interactively=True), "/w"),
    ):
        assert wire(await policy(asked)) == {"kind": "approve-once", "approvedInteractively": True}


async def test_a_request_that_is_left_open_is_asked_of_no_other_policy() -> None:
    policy = allow_tools("t") | (lambda _: leave_open()) | approve_all
    assert wire(await policy(custom("t"))) == ONCE
    assert await policy(UNKNOWN) == LeftOpen()
    assert await remember_for_session(leave_all_open)(custom("t")) == LeftOpen()
