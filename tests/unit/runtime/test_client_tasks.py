"""Tasks that a client carries out."""

from __future__ import annotations

import asyncio

import pytest

from copilot_sdk.errors import InternalError, RpcError
from copilot_sdk.runtime import Reply
from tests.unit.runtime.harness import Client, Join, Json, Start, types

CANCEL = "tasks.cancel"


async def register(client: Client, task_id: str = "mine", **options: object) -> Json:
    registered: Json = await client.call(
        "session.tasks.register",
        **{"type": "client", "clientTaskId": task_id, "description": "Index", "cancellable": True, **options},
    )
    return registered


async def update(client: Client, task: Json, sequence: int, **said: object) -> Json:
    updated: Json = await client.call(
        "session.tasks.update", id=task["id"], sequence=sequence, update={"kind": "progress", **said}
    )
    return updated


async def listed(client: Client) -> list[Json]:
    tasks: list[Json] = (await client.call("session.tasks.list"))["tasks"]
    return tasks


@pytest.fixture
async def client(start: Start, join: Join) -> Client:
    client = await join(start([Reply("hi"), Reply("ho")]))
    await client.open()
    return client


async def test_a_task_is_listed_with_its_progress_and_its_result(client: Client) -> None:
    registered = await register(client, displayName="All")
    assert (registered["created"], registered["reclaimed"]) == (True, False)
    task = registered["task"]
    assert (task["status"], task["executionMode"], task["canCancel"]) == ("running", "background", True)
    assert (task["owner"]["kind"], task["owner"]["presence"]) == ("sdk", "connected")
    assert await register(client) == {"task": task, "created": False, "reclaimed": False}
    await update(client, task, 1, message="begun", phase="Scan", percentage=40)
    idle = await update(client, task, 2, percentage=None, status="idle")
    assert (idle["applied"], idle["duplicate"], idle["task"]["sequence"]) == (True, False, 2)
    assert idle["task"]["idleSince"]
    progress = (await client.call("session.tasks.getProgress", id=task["id"]))["progress"]
    assert (progress["status"], progress["phase"], progress["lastMessage"]) == ("idle", "Scan", "begun")
    assert "percentage" not in progress
    assert [line["message"] for line in progress["recentActivity"]] == ["begun"]
    await update(client, task, 3, status="running")
    await update(client, task, 4, kind="completed", result={"files": [1, 2]})
    (ended,) = await listed(client)
    assert (ended["status"], ended["result"], ended["canCancel"]) == ("completed", {"files": [1, 2]}, False)
    assert ended["completedAt"] >= ended["startedAt"]
    assert await client.call("session.tasks.remove", id=task["id"]) == {"removed": True}
    assert await listed(client) == []


async def test_a_task_that_failed_says_why(client: Client) -> None:
    task = (await register(client))["task"]
    await update(client, task, 1, kind="failed", error="no files", code="E1")
    (ended,) = await listed(client)
    assert (ended["status"], ended["error"], ended["errorCode"]) == ("failed", "no files", "E1")


async def test_updates_come_in_order(client: Client) -> None:
    task = (await register(client))["task"]
    await update(client, task, 1, message="begun")
    again = await update(client, task, 1, message="begun")
    assert (again["applied"], again["duplicate"]) == (False, True)
    for sequence, message in ((1, "other"), (5, "gap")):
        with pytest.raises(RpcError) as conflict:
            await update(client, task, sequence, message=message)
        assert (conflict.value.code, conflict.value.message) == (-32012, "TASK_CONFLICT")
        assert conflict.value.data == {
            "reason": "sequence_mismatch",
            "taskId": task["id"],
            "clientTaskId": "mine",
            "currentSequence": 1,
            "expectedSequence": 2,
            "receivedSequence": sequence,
        }
    await update(client, task, 2, kind="cancelled", reason="because")
    with pytest.raises(RpcError) as ended:
        await update(client, task, 3, message="more")
    assert ended.value.data == {"reason": "terminal", "taskId": task["id"]}


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({}, "empty progress update"),
        ({"percentage": 140}, "percentage must be finite and between 0 and 100"),
        ({"status": "asleep"}, "unknown variant `asleep`"),
        ({"kind": "nonsense"}, "unknown variant `nonsense`"),
    ],
)
async def test_an_update_has_to_make_sense(client: Client, said: Json, problem: str) -> None:
    task = (await register(client))["task"]
    with pytest.raises(RpcError, match=problem) as refused:
        await update(client, task, 1, **said)
    assert refused.value.code == -32602
    assert (await listed(client))[0]["sequence"] == 0


@pytest.mark.parametrize("name", ["clientTaskId", "description"])
async def test_a_task_has_an_id_and_a_description(client: Client, name: str) -> None:
    with pytest.raises(RpcError, match=f"{name} must be a non-empty string"):
        await register(client, **{name: ""})


async def test_the_session_is_at_rest_when_the_task_is(client: Client) -> None:
    task = (await register(client))["task"]
    await client.send("go")
    await client.until("assistant.turn_end")
    waiting = asyncio.create_task(client.call("session.tasks.waitForPending"))
    await client.call("ping")
    assert "session.idle" not in types(client.events)
    assert not waiting.done()
    await update(client, task, 1, status="idle")
    await client.until("session.idle")
    await waiting


async def test_a_task_is_cancelled_by_its_client(client: Client) -> None:
    client.answers[CANCEL] = lambda _: {"cancelled": True}
    task = (await register(client))["task"]
    assert await client.call("session.tasks.cancel", id=task["id"]) == {"cancelled": True}
    (asked,) = client.asked_for(CANCEL)
    assert asked["cancellationId"]
    assert {**asked, "cancellationId": ""} == {
        "sessionId": client.session_id,
        "id": task["id"],
        "clientTaskId": "mine",
        "cancellationId": "",
        "reason": "cancel_requested",
    }
    (ended,) = await listed(client)
    assert (ended["status"], ended["cancellationReason"]) == ("cancelled", "cancel_requested")
    assert await client.call("session.tasks.cancel", id=task["id"]) == {"cancelled": False}


def refuse(_: Json) -> Json:
    raise InternalError("cannot")


async def never(_: Json) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("answer", [lambda _: {"cancelled": False}, lambda _: {}, refuse, never])
async def test_a_client_that_does_not_stop_its_task_keeps_it(
    start: Start, join: Join, answer: object
) -> None:
    client = await join(start(cancel_seconds=0.01))
    await client.open()
    client.answers[CANCEL] = answer  # type: ignore[assignment]
    task = (await register(client))["task"]
    assert await client.call("session.tasks.cancel", id=task["id"]) == {"cancelled": False}
    assert (await listed(client))[0]["status"] == "running"


async def test_a_task_that_cannot_be_cancelled_is_let_be(client: Client) -> None:
    task = (await register(client, cancellable=False))["task"]
    assert task["canCancel"] is False
    assert await client.call("session.tasks.cancel", id=task["id"]) == {"cancelled": False}
    assert await client.call("session.tasks.remove", id=task["id"]) == {"removed": False}
    assert not client.asked_for(CANCEL)


async def test_a_task_belongs_to_its_client(start: Start, join: Join) -> None:
    runtime = start()
    one, two = await join(runtime), await join(runtime)
    await one.open()
    two.session_id = one.session_id
    await two.call("session.resume")
    task = (await register(one))["task"]
    with pytest.raises(RpcError) as refused:
        await update(two, task, 1, message="x")
    assert (refused.value.code, refused.value.message) == (-32011, "TASK_NOT_OWNER")
    assert (await register(two))["created"] is True
    one.answers[CANCEL] = lambda _: {"cancelled": False}
    await two.call("session.tasks.cancel", id=task["id"])
    assert one.asked_for(CANCEL)
    await one.call("session.resume")
    await update(one, task, 1, message="still mine")
    await one.call("session.detach")
    await update(one, task, 2, message="and still")
    await one.peer.aclose()
    while (await listed(two))[0]["status"] != "orphaned":
        await two.call("ping")
    orphan = (await listed(two))[0]
    assert (orphan["owner"]["presence"], orphan["canCancel"]) == ("disconnected", False)
    assert await two.call("session.tasks.cancel", id=task["id"]) == {"cancelled": False}
    assert await two.call("session.tasks.remove", id=task["id"]) == {"removed": True}
    with pytest.raises(RpcError) as unknown:
        await update(two, task, 3, message="x")
    assert (unknown.value.code, unknown.value.message) == (-32010, "TASK_NOT_FOUND")


async def test_a_client_that_does_not_know_such_tasks_has_none(start: Start, join: Join) -> None:
    client = await join(start())
    connected = await client.call("connect")
    assert connected["taskKinds"] == ["agent", "shell"]
    await client.open()
    with pytest.raises(RpcError) as refused:
        await register(client)
    assert (refused.value.code, refused.value.message) == (-32013, "TASK_UNSUPPORTED")


async def test_a_session_that_ends_leaves_the_task_to_its_client(client: Client) -> None:
    await register(client)
    assert await client.call("session.destroy") == {"success": True}
    assert not client.asked_for(CANCEL)
    await client.call("session.resume")
    assert await listed(client) == []
