"""Telemetry that is forwarded to clients."""

from __future__ import annotations

import json

from copilot_sdk.runtime import Call, Reply, fault_of_status
from copilot_sdk.types import GitHubTelemetryNotification
from tests.unit.runtime.harness import Client, Join, Start

SECRET = "xylophone"


async def forwarded(client: Client) -> None:
    await client.call("connect", enableGitHubTelemetryForwarding=True)


def kinds(client: Client) -> list[str]:
    return [told["event"]["kind"] for told in client.telemetry]


async def test_what_happens_is_measured_and_nothing_that_is_said(start: Start, join: Join) -> None:
    script = [
        Reply(SECRET, calls=[Call("report_intent", {"intent": SECRET})]),
        Reply(SECRET),
        Reply(error=fault_of_status(400, SECRET)),
    ]
    client = await join(start(script))
    await forwarded(client)
    await client.open(name=SECRET)
    await client.turn(SECRET)
    await client.turn(SECRET)
    await client.call("session.destroy")
    told = kinds(client)
    assert told[:4] == ["session_start", *["pending_messages_modified"] * 2, "user_message"]
    assert {"assistant_turn_start", "assistant_message", "assistant_usage", "tool_call_executed"} <= set(told)
    assert {"session_idle", "model_call_failure", "session_error"} <= set(told)
    assert told[-1] == "session_shutdown"
    assert SECRET not in json.dumps(client.telemetry)
    for notification in client.telemetry:
        assert not GitHubTelemetryNotification.model_validate(notification).misfits()
        assert notification["sessionId"] == notification["event"]["session_id"] == client.session_id
        assert notification["restricted"] is False
    said = next(told["event"] for told in client.telemetry if told["event"]["kind"] == "user_message")
    assert said["metrics"] == {"content_length": len(SECRET), "attachment_count": 0}
    failed = next(told["event"] for told in client.telemetry if told["event"]["kind"] == "session_error")
    assert (failed["properties"]["error_type"], failed["metrics"]["status_code"]) == ("query", 400)


async def test_it_is_told_of_all_sessions_to_whoever_asked(start: Start, join: Join) -> None:
    runtime = start([Reply("hi")])
    one, two, three = await join(runtime), await join(runtime), await join(runtime)
    await forwarded(one)
    await forwarded(two)
    await three.open()
    await three.turn("go")
    assert not three.telemetry
    await one.call("ping")
    await two.call("ping")
    assert kinds(one) == kinds(two)
    assert "session_start" in kinds(one)


async def test_a_session_may_be_left_out(start: Start, join: Join) -> None:
    client = await join(start([Reply("hi")]))
    await forwarded(client)
    await client.open(enableSessionTelemetry=False)
    await client.turn("go")
    assert not client.telemetry
