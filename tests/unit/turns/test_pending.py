"""What a session waits for, from its events."""

from __future__ import annotations

from typing import Any

import pytest

from copilot_sdk._arrival import Arrival
from copilot_sdk.turns import PendingRequest
from copilot_sdk.turns._pending import Pending


def event(kind: str, agent: str | None = None, **data: Any) -> Arrival:
    return Arrival({"type": kind, "agentId": agent, "data": data})


def after(*events: Arrival) -> Pending:
    pending = Pending()
    for item in events:
        pending.look(item)
    return pending


@pytest.mark.parametrize(
    ("asked", "name", "answered"),
    [
        (event("tool.execution_start", toolCallId="1", toolName="bash"), "bash", "tool.execution_complete"),
        (event("external_tool.requested", requestId="1", toolName="add"), "add", "external_tool.completed"),
        (
            event("permission.requested", requestId="1", permissionRequest={"kind": "shell"}),
            "shell",
            "permission.completed",
        ),
        (event("user_input.requested", requestId="1", question="?"), None, "user_input.completed"),
        (event("mcp.oauth_required", requestId="1", serverName="docs"), "docs", "mcp.oauth_completed"),
    ],
)
def test_what_was_asked_is_pending_until_it_is_answered(
    asked: Arrival, name: str | None, answered: str
) -> None:
    pending = after(asked)
    assert pending() == (PendingRequest(asked.type, "1", name),)
    pending.look(event(answered, requestId="1", toolCallId="1"))
    assert not pending


def test_nothing_is_pending_in_an_idle_session() -> None:
    asked = event("tool.execution_start", toolCallId="1", toolName="bash")
    assert after(asked, event("session.idle", agent="sub"))
    assert not after(asked, event("session.idle"))


def test_what_this_program_answers_is_pending_while_it_does() -> None:
    pending = Pending()
    with pending.serving("hooks.invoke"):
        pending.look(event("session.idle"))
        assert [str(item) for item in pending()] == ["hooks.invoke"]
    assert not pending


def test_a_request_without_an_identifier_is_passed_over() -> None:
    assert not after(event("permission.requested"), event("tool.execution_start", toolCallId=5))


def test_a_pending_request_says_what_it_is() -> None:
    assert str(PendingRequest("tool.execution_start", "1", "bash")) == "tool.execution_start (bash)"
