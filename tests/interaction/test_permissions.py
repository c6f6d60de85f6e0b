"""Permission requests: who decides, and what the runtime is told when nobody can."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from copilot_sdk import CopilotClient, UsageError, approve_all, approve_once, deny_all, reject
from copilot_sdk.permissions import (
    LeftOpen,
    PermissionHandler,
    PermissionInvocation,
    Policy,
    allow_commands,
    allow_reads,
    approve_for_session,
    leave_all_open,
    leave_open,
    user_not_available,
    with_context,
)
from copilot_sdk.session import Session
from copilot_sdk.types import PermissionRequest, PermissionRequestRead
from tests.support.fake_runtime import SESSION, FakeRuntime
from tests.support.hang import Hang


async def open_with(client: CopilotClient, handler: PermissionHandler | None) -> Session:
    return await client.create_session(session_id=SESSION, on_permission=handler)


@pytest.mark.parametrize(
    ("handler", "decision"),
    [
        (approve_all, {"kind": "approve-once"}),
        (deny_all, {"kind": "reject", "feedback": "Permission was refused by policy."}),
        (lambda _: approve_once(), {"kind": "approve-once"}),
        (lambda _: reject(), {"kind": "reject"}),
        (lambda _: reject("ask first"), {"kind": "reject", "feedback": "ask first"}),
        (lambda _: approve_for_session(), {"kind": "approve-for-session"}),
        (
            lambda _: approve_for_session(domain="example.com"),
            {"kind": "approve-for-session", "domain": "example.com"},
        ),
        (lambda _: user_not_available(), {"kind": "user-not-available"}),
    ],
)
async def test_a_decision_goes_to_the_runtime(
    client: CopilotClient, runtime: FakeRuntime, handler: PermissionHandler, decision: dict[str, Any]
) -> None:
    await open_with(client, handler)
    assert (await runtime.asked("session.create"))["requestPermission"] is True
    await runtime.request_permission()
    assert await runtime.asked("session.permissions.handlePendingPermissionRequest") == {
        "sessionId": SESSION,
        "requestId": "r1",
        "result": decision,
    }


async def test_the_handler_sees_what_is_asked_for(client: CopilotClient, runtime: FakeRuntime) -> None:
    seen: list[PermissionRequest] = []

    async def decide(request: PermissionRequest) -> Any:
        seen.append(request)
        return approve_once()

    await open_with(client, decide)
    await runtime.request_permission()
    await runtime.decision()
    (request,) = seen
    assert isinstance(request, PermissionRequestRead)
    assert (request.path, request.intention) == ("/etc/passwd", "look")


async def test_a_kind_of_request_that_is_new_is_asked_too(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    seen: list[Any] = []

    def decide(request: PermissionRequest) -> Any:
        seen.append(request)
        return approve_once()

    await open_with(client, decide)
    data = {"requestId": "r1", "permissionRequest": {"kind": "teleport", "where": "Mars"}}
    await runtime.event("permission.requested", data)
    assert await runtime.decision() == {"kind": "approve-once"}
    assert seen[0].raw["where"] == "Mars"


async def test_a_plain_handler_may_block(client: CopilotClient, runtime: FakeRuntime) -> None:
    free = threading.Event()

    def decide(request: PermissionRequest) -> Any:
        assert free.wait(10)
        return approve_once()

    await open_with(client, decide)
    await runtime.request_permission()
    await client.ping()
    free.set()
    assert await runtime.decision() == {"kind": "approve-once"}


@pytest.mark.parametrize("outcome", [ValueError("broken"), None, True, "approve-once", 5])
async def test_a_handler_that_fails_counts_as_nobody_there(
    client: CopilotClient, runtime: FakeRuntime, outcome: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(request: PermissionRequest) -> Any:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    await open_with(client, fail)
    await runtime.request_permission()
    assert await runtime.decision() == {"kind": "user-not-available"}
    assert [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_request_that_cannot_be_read_is_refused(client: CopilotClient, runtime: FakeRuntime) -> None:
    await open_with(client, approve_all)
    await runtime.event("permission.requested", {"requestId": "r1"})
    assert await runtime.decision() == {"kind": "user-not-available"}


async def test_what_a_hook_has_decided_is_not_asked(client: CopilotClient, runtime: FakeRuntime) -> None:
    await open_with(client, approve_all)
    await runtime.request_permission(request="r1", resolvedByHook=True)
    await runtime.request_permission(request="r2")
    assert (await runtime.asked("session.permissions.handlePendingPermissionRequest"))["requestId"] == "r2"


async def test_without_a_handler_nothing_is_answered(client: CopilotClient, runtime: FakeRuntime) -> None:
    await open_with(client, None)
    assert (await runtime.asked("session.create"))["requestPermission"] is False
    await runtime.request_permission()
    await client.ping()
    assert runtime.count("session.permissions.handlePendingPermissionRequest") == 0


async def test_a_session_without_a_policy_says_once_why_tools_are_denied(
    client: CopilotClient, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    async def tool_ends(session: Session, *codes: str) -> None:
        for code in codes:
            error = {"message": "no", "code": code}
            await runtime.event(
                "tool.execution_complete", {"toolCallId": "c", "success": False, "error": error}
            )
        await client.ping()
        await session.close()

    await tool_ends(await open_with(client, None), "failure")
    assert not caplog.records
    await tool_ends(await open_with(client, approve_all), "denied")
    assert not caplog.records
    await tool_ends(await open_with(client, None), "denied", "denied")
    (record,) = caplog.records
    assert (record.levelname, record.name) == ("WARNING", "copilot_sdk.session")
    assert "on_permission=" in record.message


async def test_a_policy_that_abstains_refuses_and_the_model_goes_on(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    await open_with(client, allow_reads("/nowhere") | allow_commands("ls"))
    await runtime.request_permission()
    assert await runtime.decision() == {"kind": "reject", "feedback": "Permission was refused by policy."}


async def test_a_decision_of_another_client_ends_the_question_here(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    work = Hang()

    async def hang(request: PermissionRequest) -> Any:
        await work.forever()

    await open_with(client, hang)
    await runtime.request_permission()
    await work.begun.wait()
    await runtime.event("permission.completed", {"requestId": "r1", "result": {"kind": "approved"}})
    await work.ended.wait()
    await client.ping()
    assert runtime.count("session.permissions.handlePendingPermissionRequest") == 0


async def test_a_handler_of_two_arguments_sees_more_than_the_request(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    seen: list[PermissionInvocation] = []

    def decide(request: PermissionRequest, invocation: PermissionInvocation) -> Any:
        seen.append(invocation)
        return approve_once()

    await open_with(client, decide)
    await runtime.request_permission(request="r1")
    assert await runtime.decision() == {"kind": "approve-once"}
    prompt = {"kind": "read", "intention": "look", "path": "/etc/passwd", "managedApprovalRequired": True}
    await runtime.event("session.managed_settings_resolved", managed_settings())
    await runtime.request_permission(request="r2", promptRequest=prompt)
    assert await runtime.decision(2) == {"kind": "approve-once"}
    first, second = seen
    assert first == PermissionInvocation(SESSION, "r1")
    assert (second.request_id, second.managed_approval_required, second.managed) == ("r2", True, True)
    assert second.prompt_request is not None
    assert second.prompt_request.to_wire() == prompt
    assert second.managed_settings is not None
    assert second.managed_settings.to_wire() == managed_settings()


async def test_a_handler_of_three_arguments_is_a_mistake(client: CopilotClient, runtime: FakeRuntime) -> None:
    def decide(request: PermissionRequest, invocation: PermissionInvocation, more: str) -> Any:
        return approve_once()

    with pytest.raises(UsageError, match="wants 3 arguments"):
        await open_with(client, decide)  # type: ignore[arg-type]
    assert runtime.count("session.create") == 0


@pytest.mark.parametrize("handler", [lambda _: leave_open(), leave_all_open])
async def test_a_request_that_is_left_open_is_not_answered(
    client: CopilotClient, runtime: FakeRuntime, handler: PermissionHandler
) -> None:
    left = asyncio.Event()

    async def decide(request: PermissionRequest, invocation: PermissionInvocation) -> LeftOpen:
        answer = await Policy(handler).decide(request, invocation)
        left.set()
        assert isinstance(answer, LeftOpen)
        return answer

    await open_with(client, decide)
    await runtime.request_permission()
    await left.wait()
    await client.ping()
    assert runtime.count("session.permissions.handlePendingPermissionRequest") == 0


async def test_how_a_decision_came_about_is_told(client: CopilotClient, runtime: FakeRuntime) -> None:
    await open_with(
        client, lambda _: with_context(reject("no"), outcome="prompted_user", source="human_response")
    )
    await runtime.request_permission()
    told = await runtime.asked("session.permissions.handlePendingPermissionRequest")
    assert told["result"] == {"kind": "reject", "feedback": "no"}
    assert told["decisionContext"] == {
        "outcome": "prompted_user", "source": "human_response", "surface": "sdk",
    }  # fmt: skip


async def test_approving_everything_is_up_to_the_administrator(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    await open_with(client, approve_all)
    for count, (disabled, kind) in enumerate(
        [(False, "approve-once"), (True, "reject"), (False, "approve-once")]
    ):
        await runtime.event(
            "session.managed_settings_resolved", managed_settings(bypassPermissionsDisabled=disabled)
        )
        await runtime.request_permission(request=f"r{count}")
        assert (await runtime.decision(count + 1))["kind"] == kind


def managed_settings(**members: Any) -> dict[str, Any]:
    return {
        "source": "client",
        "serverManaged": False,
        "deviceManaged": False,
        "failClosed": False,
        "bypassPermissionsDisabled": False,
        "managedKeys": ["permissions"],
        **members,
    }
