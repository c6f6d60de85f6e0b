"""Policies put together, and the decisions that they make."""

from __future__ import annotations

import asyncio
import functools
import threading
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk import UsageError
from copilot_sdk.permissions import (
    DecisionInContext,
    LeftOpen,
    PermissionInvocation,
    Policy,
    allow_tools,
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
from copilot_sdk.types import PermissionDecision, PermissionRequest
from tests.support.permissions import (
    INVOCATION,
    ONCE,
    REFUSED,
    UNKNOWN,
    custom,
    decide,
    mcp,
    read,
    shell,
    url,
    wire,
    write,
)


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
