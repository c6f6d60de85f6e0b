"""Permissions: who is asked, and what the answers mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from copilot_sdk.errors import InternalError
from copilot_sdk.runtime import Call, Reply
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of, tool

VIEW = Call("view", {"path": "."})


async def _asked(client: Client) -> Json:
    data: Json = (await client.until("permission.requested"))["data"]
    return data


async def _decide(client: Client, request: Json, **decision: object) -> Json:
    result: Json = await client.call(
        "session.permissions.handlePendingPermissionRequest", requestId=request["requestId"], result=decision
    )
    return result


async def test_without_a_permission_handler_tools_are_refused_without_an_event(
    start: Start, join: Join
) -> None:
    runtime = start([Reply(calls=[VIEW]), Reply("ok")])
    client = await join(runtime)
    await client.open()
    await client.turn("go")
    assert not client.of("permission.requested")
    assert client.of("tool.execution_complete")[0]["error"]["code"] == "denied"


async def test_even_looking_into_the_working_directory_is_asked_about(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[VIEW]), Reply("ok")]))
    await client.open(requestPermission=True)
    await client.send("go")
    request = await _asked(client)
    assert request["permissionRequest"]["kind"] == "read"
    (pending,) = (await client.call("session.permissions.pendingRequests"))["items"]
    assert (pending["requestId"], pending["request"]["kind"]) == (request["requestId"], "read")
    assert await _decide(client, request, kind="approve-once") == {"success": True}
    completed = (await client.until("permission.completed"))["data"]
    assert completed["result"] == {"kind": "approved"}
    await client.until("session.idle")
    assert client.of("tool.execution_complete")[0]["success"]


async def test_the_first_answer_counts(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[VIEW]), Reply("ok")]))
    await client.open(requestPermission=True)
    await client.send("go")
    request = await _asked(client)
    assert await _decide(client, request, kind="approve-once") == {"success": True}
    assert await _decide(client, request, kind="reject") == {"success": False}


async def test_a_path_outside_is_asked_about_twice(start: Start, join: Join, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    client = await join(start([Reply(calls=[Call("view", {"path": ".."})]), Reply("ok")]))
    await client.open(requestPermission=True, workingDirectory=str(inside))
    await client.call("session.permissions.configure", paths={"includeTempDirectory": False})
    await client.send("go")
    first = await _asked(client)
    assert (first["promptRequest"]["kind"], first["promptRequest"]["paths"]) == ("path", [str(tmp_path)])
    await _decide(client, first, kind="approve-once")
    second = await _asked(client)
    assert second["promptRequest"]["kind"] == "read"
    await _decide(client, second, kind="approve-once")
    await client.until("session.idle")
    assert client.of("tool.execution_complete")[0]["success"]


async def test_a_rejection_without_feedback_ends_the_turn(start: Start, join: Join) -> None:
    runtime = start([Reply(calls=[VIEW]), Reply("never")])
    client = await join(runtime)
    await client.open(requestPermission=True)
    await client.send("go")
    await _decide(client, await _asked(client), kind="reject")
    await client.until("session.idle")
    assert client.of("permission.completed")[0]["result"] == {"kind": "denied-interactively-by-user"}
    assert len(asked_of(runtime)) == 1


async def test_a_rejection_with_feedback_tells_the_model_why(start: Start, join: Join) -> None:
    runtime = start([Reply(calls=[VIEW]), Reply("I see")])
    client = await join(runtime)
    await client.open(requestPermission=True)
    await client.send("go")
    await _decide(client, await _asked(client), kind="reject", feedback="look elsewhere")
    await client.until("session.idle")
    assert "look elsewhere" in asked_of(runtime)[-1].messages[-1].text


async def test_a_user_who_is_not_there_refuses(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[VIEW]), Reply("ok")]))
    await client.open(requestPermission=True)
    await client.send("go")
    assert await _decide(client, await _asked(client), kind="user-not-available") == {"success": True}
    await client.until("session.idle")
    reported = client.of("permission.completed")[0]["result"]
    assert reported == {"kind": "denied-no-approval-rule-and-could-not-request-from-user"}
    assert not client.of("tool.execution_complete")[0]["success"]


@pytest.mark.parametrize(
    ("decision", "problem"),
    [
        ({"kind": "approved"}, "approve-once"),
        ({"kind": "denied-interactively-by-user"}, "reject"),
        ({"kind": "allow"}, "approve-once"),
        ({"kind": "approve-permanently", "domain": "example.com"}, "approve-for-session"),
        ({"kind": "approve-for-location", "locationKey": "/x"}, "approval"),
    ],
)
async def test_what_is_no_decision_is_an_error_and_the_request_goes_on_waiting(
    start: Start, join: Join, decision: Json, problem: str
) -> None:
    client = await join(start([Reply(calls=[VIEW]), Reply("ok")]))
    await client.open(requestPermission=True)
    await client.send("go")
    request = await _asked(client)
    with pytest.raises(InternalError, match=problem):
        await _decide(client, request, **decision)
    assert await _decide(client, request, kind="approve-once") == {"success": True}
    await client.until("session.idle")
    assert client.of("tool.execution_complete")[0]["success"]


async def test_an_approval_for_the_session_spares_the_next_prompt(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[VIEW]), Reply("a")] * 3))
    await client.open(requestPermission=True)
    await client.send("go")
    await _decide(client, await _asked(client), kind="approve-for-session", approval={"kind": "read"})
    await client.until("session.idle")
    assert client.of("permission.completed")[0]["result"] == {
        "kind": "approved-for-session",
        "approval": {"kind": "read"},
    }
    await client.turn("again")
    assert len(client.of("permission.requested")) == 1
    assert await client.call("session.permissions.resetSessionApprovals") == {"success": True}
    await client.send("and again")
    await _asked(client)


async def test_an_approval_for_the_session_that_names_nothing_is_one_for_once(
    start: Start, join: Join
) -> None:
    client = await join(start([Reply(calls=[VIEW]), Reply(calls=[VIEW]), Reply("b")]))
    await client.open(requestPermission=True)
    await client.send("go")
    await _decide(client, await _asked(client), kind="approve-for-session")
    await _asked(client)
    assert client.of("permission.completed")[0]["result"] == {"kind": "approved"}


async def test_an_approved_command_does_not_cover_another_one(start: Start, join: Join) -> None:
    calls = [Call("bash", {"command": "true"}), Call("bash", {"command": "true "})]
    client = await join(start([Reply(calls=calls[:1]), Reply(calls=calls[1:]), Reply("ok")]))
    await client.open(requestPermission=True)
    await client.send("go")
    first = await _asked(client)
    assert first["permissionRequest"]["kind"] == "shell"
    assert first["promptRequest"]["kind"] == "commands"
    await _decide(client, first, kind="approve-for-session")
    second = await _asked(client)
    assert second["promptRequest"]["fullCommandText"] == "true "
    await _decide(client, second, kind="approve-once")
    await client.until("session.idle")


async def test_custom_tools_ask_unless_they_skip_it(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[Call("t", {"x": 1})]), Reply("ok")]))
    await client.open(requestPermission=True, tools=[tool("t")])
    await client.send("go")
    request = await _asked(client)
    assert request["permissionRequest"]["kind"] == "custom-tool"
    assert request["permissionRequest"]["args"] == {"x": 1}
    await _decide(client, request, kind="approve-once")
    await client.until("external_tool.requested")


async def test_approve_all_asks_nothing(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[VIEW]), Reply("ok")]))
    await client.open(requestPermission=True)
    await client.call("session.permissions.setApproveAll", enabled=True)
    await client.turn("go")
    assert not client.of("permission.requested")
    assert client.of("tool.execution_complete")[0]["success"]


async def test_allow_all_is_announced_when_it_changes(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    for _ in range(2):
        await client.call("session.permissions.setAllowAll", enabled=True)
    assert client.of("session.permissions_changed") == [
        {
            "previousMode": "manual",
            "mode": "allow-all",
            "previousAllowAllPermissions": False,
            "allowAllPermissions": True,
        }
    ]
    assert await client.call("session.permissions.getAllowAll") == {"enabled": True}


async def test_a_rule_that_denies_wins_over_approve_all(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[VIEW]), Reply("ok")]))
    await client.open(requestPermission=True)
    rules = {"approved": [], "denied": [{"kind": "read", "argument": None}]}
    await client.call("session.permissions.configure", rules=rules, approveAllToolPermissionRequests=True)
    await client.turn("go")
    assert "rule" in client.of("tool.execution_complete")[0]["error"]["message"]


async def test_abort_settles_what_is_asked(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[VIEW])]))
    await client.open(requestPermission=True)
    await client.send("go")
    await _asked(client)
    await client.call("session.abort")
    await client.until("session.idle", aborted=True)
    assert client.of("permission.completed")[0]["result"]["kind"] == "cancelled"
    assert await client.call("session.permissions.pendingRequests") == {"items": []}


async def test_the_wait_ends_when_nobody_is_left_to_answer(start: Start, join: Join) -> None:
    runtime = start([Reply(calls=[VIEW]), Reply("ok")])
    asked, watching = await join(runtime), await join(runtime)
    await asked.open(requestPermission=True)
    watching.session_id = asked.session_id
    await watching.call("session.resume")
    await asked.send("go")
    await _asked(asked)
    await asked.peer.aclose()
    await watching.until("session.idle")
    assert not watching.of("tool.execution_complete")[0]["success"]
