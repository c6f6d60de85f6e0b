"""Connections that are lost, and got over where that was asked for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from copilot_sdk import (
    ConnectError,
    ConnectionClosed,
    CopilotClient,
    RequestTimeout,
    RpcError,
    UsageError,
    approve_all,
    tool,
)
from copilot_sdk.client_tasks import ClientTask
from copilot_sdk.errors import InternalError
from copilot_sdk.events import AssistantMessage, UserMessage
from copilot_sdk.recovery import ConnectionRecovered, Recovery
from copilot_sdk.session import Session
from copilot_sdk.turns import _turns
from tests.support.fake_runtime import CLIENT_TASK, SESSION, FakeRuntime

QUICK = Recovery(attempts=3, first_delay=0.001, longest_delay=0.001)


@pytest.fixture(autouse=True)
def hardly_any_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_turns, "_QUIET_SECONDS", 0.01)


@pytest.fixture
async def client(runtime: FakeRuntime) -> AsyncIterator[CopilotClient]:
    runtime.answers["session.getMessages"] = {"events": []}
    async with runtime.client(recovery=QUICK) as client:
        yield client


async def recovered(session: Session) -> ConnectionRecovered:
    async with session.events(ConnectionRecovered) as events:
        return await anext(events)


async def lose(runtime: FakeRuntime, session: Session) -> ConnectionRecovered:
    """Lose the connection, and wait until there is another one."""
    waiting = asyncio.create_task(recovered(session))
    await asyncio.sleep(0)
    await runtime.drop()
    return await waiting


async def test_a_session_goes_on_over_a_new_connection(
    client: CopilotClient, session: Session, runtime: FakeRuntime
) -> None:
    event = await lose(runtime, session)
    assert (event.data.attempts, event.data.missed) == (1, 0)
    assert event.type == "client.connection_recovered"
    params = await runtime.asked("session.resume")
    assert (params["sessionId"], params["continuePendingWork"]) == (SESSION, True)
    turn = session.send("still there?")
    await turn.accepted()
    await runtime.turn("m1", "yes")
    assert (await turn).text == "yes"
    assert (await client.ping()).message == "pong"


async def test_without_being_asked_a_client_gets_over_nothing(runtime: FakeRuntime) -> None:
    async with runtime.client() as client:
        session = await client.create_session(session_id=SESSION)
        stream = session.events()
        await runtime.drop()
        with pytest.raises(ConnectionClosed):
            await anext(stream)
        assert runtime.count("connect") == 1


async def test_a_session_is_taken_up_with_the_options_and_callbacks_that_it_has_now(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    @tool
    def first() -> None:
        """One."""

    @tool
    def second() -> None:
        """Two."""

    runtime.answers["session.tools.set"] = {}
    session = await client.create_session(
        session_id=SESSION,
        tools=[first],
        model="m",
        on_permission=approve_all,
        name="n",
    )
    await session.set_tools([second])
    await lose(runtime, session)
    params = await runtime.asked("session.resume")
    assert [offered["name"] for offered in params["tools"]] == ["second"]
    assert (params["model"], params["requestPermission"]) == ("m", True)
    assert "name" not in params


async def test_events_that_were_missed_come_once_and_before_those_that_follow(
    session: Session, runtime: FakeRuntime
) -> None:
    async def event(kind: str, number: int, text: str) -> dict[str, Any]:
        data = {"content": text, "messageId": f"m{number}"}
        return await runtime.event(kind, data, id=f"e-{number}")

    seen = session.events(UserMessage, AssistantMessage, ConnectionRecovered)
    known = await event("user.message", 1, "one")
    await anext(seen)
    missed = [
        {**known, "id": f"e-{number}", "data": {"content": text, "messageId": f"m{number}"}}
        for number, text in ((2, "two"), (3, "three"))
    ]

    async def log(params: Any) -> dict[str, Any]:
        # Those that come over the new connection may be older than the log that is asked for.
        await event("user.message", 3, "three")
        await event("user.message", 4, "four")
        return {"events": [known, *missed]}

    runtime.answers["session.getMessages"] = log
    assert (await lose(runtime, session)).data.missed == 2
    assert isinstance(await anext(seen), ConnectionRecovered)
    followed = [await anext(seen) for _ in range(3)]
    texts = [event.data.content for event in followed if isinstance(event, UserMessage)]
    assert texts == ["two", "three", "four"]


async def test_that_the_session_was_shut_down_meanwhile_is_no_end(
    session: Session, runtime: FakeRuntime
) -> None:
    shutdown = {"id": "x", "type": "session.shutdown", "data": {"shutdownType": "routine"}}
    runtime.answers["session.getMessages"] = {"events": [shutdown]}
    assert (await lose(runtime, session)).data.missed == 1
    await session.abort()


async def test_what_was_before_a_resumed_session_is_not_missed(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    session = await client.resume_session(SESSION)
    old = {"id": "old", "type": "user.message", "data": {"content": "long ago"}}
    runtime.answers["session.getMessages"] = {"events": [old]}
    assert (await lose(runtime, session)).data.missed == 0


async def test_calls_wait_for_the_connection(
    client: CopilotClient, session: Session, runtime: FakeRuntime
) -> None:
    back = asyncio.Event()

    async def connect(params: Any) -> dict[str, Any]:
        if runtime.count("connect") > 1:
            await back.wait()
        return {"ok": True, "protocolVersion": 3, "version": "1.0.102"}

    runtime.answers["connect"] = connect
    waiting = asyncio.create_task(recovered(session))
    await asyncio.sleep(0)
    await runtime.drop()
    await runtime.asked("connect", 2)
    with pytest.raises(RequestTimeout):
        await client.rpc.ping(request_timeout=0.01)
    calls = [asyncio.create_task(client.ping()), asyncio.create_task(session.abort())]
    turn = session.send("go")
    back.set()
    await waiting
    for call in calls:
        await call
    assert await turn.accepted() == "m1"
    assert client.runtime_version == "1.0.102"


async def test_calls_under_way_fail_because_nobody_knows_whether_they_were_heard(
    client: CopilotClient, session: Session, runtime: FakeRuntime
) -> None:
    runtime.answers["session.send"] = lambda _: asyncio.Event().wait()
    turn = session.send("go")
    await runtime.asked("session.send")
    await lose(runtime, session)
    with pytest.raises(ConnectionClosed):
        await turn


async def test_a_turn_that_went_on_meanwhile_ends_with_its_result(
    session: Session, runtime: FakeRuntime
) -> None:
    turn = session.send("go")
    await turn.accepted()
    await runtime.prompt("m1")
    await lose(runtime, session)
    await runtime.asked("session.metadata.activity")
    await runtime.message("there I am", "m1")
    await runtime.event("session.idle")
    assert (await turn).text == "there I am"


async def test_a_turn_whose_end_was_missed_ends_with_what_the_log_has(
    session: Session, runtime: FakeRuntime
) -> None:
    turn = session.send("go")
    await turn.accepted()
    await runtime.prompt("m1")
    known = await runtime.event("assistant.turn_start", {"turnId": "0"})
    await anext(turn)
    runtime.answers["session.metadata.activity"] = {"hasActiveWork": False, "abortable": False}
    message = {"content": "done", "messageId": "a", "originatingMessageId": "m1"}
    runtime.answers["session.getMessages"] = {
        "events": [
            known,
            {**known, "id": "x1", "type": "assistant.message", "data": message},
            {**known, "id": "x2", "type": "assistant.turn_end"},
        ]
    }
    await lose(runtime, session)
    assert (await turn).text == "done"


async def test_a_turn_that_broke_off_with_the_runtime_fails(session: Session, runtime: FakeRuntime) -> None:
    turn = session.send("go")
    await turn.accepted()
    await runtime.prompt("m1")
    await anext(turn)
    runtime.answers["session.metadata.activity"] = {"hasActiveWork": False, "abortable": False}
    await lose(runtime, session)
    with pytest.raises(ConnectionClosed):
        await turn
    again = session.send("again")
    await again.accepted()
    await runtime.turn("m2", "well")
    assert (await again).text == "well"


async def test_a_tool_that_ran_on_meanwhile_answers_over_the_new_connection(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    @tool
    async def slow() -> str:
        """Slow."""
        entered.set()
        await leave.wait()
        return "ready"

    session = await client.create_session(session_id=SESSION, tools=[slow])
    await runtime.request_tool("slow")
    await entered.wait()
    await lose(runtime, session)
    leave.set()
    assert await runtime.tool_answer() == "ready"


async def test_a_task_of_the_program_is_listed_again_and_tells_its_end(
    session: Session, runtime: FakeRuntime
) -> None:
    listed = iter(["t1", "t2"])
    register, update = "session.tasks.register", "session.tasks.update"

    gone, halfway = asyncio.Event(), asyncio.Event()

    async def take(params: dict[str, Any]) -> dict[str, Any]:
        if params["id"] == "t1" and gone.is_set():
            raise RpcError(-32010, "TASK_NOT_FOUND", {"taskId": "t1"})
        return {"task": {**CLIENT_TASK, "id": params["id"]}, "applied": True, "duplicate": False}

    runtime.answers[register] = lambda _: {
        "task": {**CLIENT_TASK, "id": next(listed)},
        "created": True,
        "reclaimed": False,
    }
    runtime.answers[update] = take

    async def work(task: ClientTask) -> str:
        await task.progress("halfway", percentage=50)
        halfway.set()
        await gone.wait()
        await task.progress("nearly there")
        return "done"

    task = await session.start_task(work, description="Work")
    await halfway.wait()
    await lose(runtime, session)
    gone.set()
    assert await task.wait() == "completed"
    first, again = [params for name, params in runtime.requests if name == register]
    assert first == again
    told = [(params["id"], params["sequence"]) for name, params in runtime.requests if name == update]
    assert (task.id, told) == ("t2", [("t1", 1), ("t2", 1), ("t2", 2)])


async def test_a_task_that_ends_while_the_connection_is_lost_tells_it_over_the_next(
    session: Session, runtime: FakeRuntime
) -> None:
    register, update = "session.tasks.register", "session.tasks.update"
    listed = iter(["t1", "t2"])
    ended = asyncio.Event()

    def again(_: object) -> dict[str, Any]:
        return {"task": {**CLIENT_TASK, "id": next(listed)}, "created": True, "reclaimed": False}

    async def take(params: dict[str, Any]) -> dict[str, Any]:
        if params["id"] == "t1":
            raise RpcError(-32010, "TASK_NOT_FOUND", {"taskId": "t1"})
        return {"task": {**CLIENT_TASK, "id": "t2"}, "applied": True, "duplicate": False}

    runtime.answers |= {register: again, update: take}

    async def work(_: ClientTask) -> None:
        await ended.wait()

    task = await session.start_task(work, description="Work")

    async def resuming(_: object) -> dict[str, Any]:
        ended.set()
        for _ in range(3):
            await asyncio.sleep(0)
        return {"sessionId": SESSION}

    runtime.answers["session.resume"] = resuming
    await lose(runtime, session)
    assert await task.wait() == "completed"
    assert runtime.requests[-1] == (update, {**runtime.requests[-1][1], "id": "t2", "sequence": 1})


async def test_a_task_that_the_runtime_does_not_list_again_goes_on_alone(
    session: Session, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    runtime.answers["session.tasks.register"] = {
        "task": CLIENT_TASK,
        "created": True,
        "reclaimed": False,
    }
    runtime.answers["session.tasks.update"] = {"task": CLIENT_TASK, "applied": True, "duplicate": False}
    ends = asyncio.Event()

    async def work(_: ClientTask) -> None:
        await ends.wait()

    task = await session.start_task(work, description="Work")
    runtime.answers["session.tasks.register"] = RpcError(-32013, "TASK_UNSUPPORTED")
    await lose(runtime, session)
    assert "the task t1 is not listed any more" in caplog.text
    ends.set()
    assert await task.wait() == "completed"


async def test_it_is_tried_more_than_once(
    client: CopilotClient, session: Session, runtime: FakeRuntime
) -> None:
    failures = iter([ConnectError("not yet"), ConnectError("not yet")])
    connect = runtime.connect

    async def reach() -> Any:
        if (failure := next(failures, None)) is not None:
            raise failure
        return await connect()

    client._connection._connector = reach
    assert (await lose(runtime, session)).data.attempts == 3


async def test_when_nothing_helps_the_loss_is_the_end(
    client: CopilotClient, session: Session, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    async def reach() -> Any:
        raise ConnectError("nobody is there")

    client._connection._connector = reach
    stream = session.events()
    with caplog.at_level(logging.WARNING, "copilot_sdk"):
        await runtime.drop()
        with pytest.raises(ConnectionClosed):
            await anext(stream)
    assert "could not be reached again: nobody is there" in caplog.text
    with pytest.raises(ConnectionClosed):
        session.send("go")
    with pytest.raises(ConnectionClosed):
        await client.ping()


async def test_a_new_connection_that_breaks_at_once_is_another_loss(
    session: Session, runtime: FakeRuntime
) -> None:
    async def resume(params: Any) -> Any:
        if runtime.count("session.resume") == 1:
            await runtime.drop()
        return {"sessionId": SESSION}

    runtime.answers["session.resume"] = resume
    assert (await lose(runtime, session)).data.attempts == 2


async def test_a_session_that_is_gone_ends_and_the_others_go_on(
    client: CopilotClient, session: Session, runtime: FakeRuntime
) -> None:
    other = await client.create_session(session_id="other")
    lost = other.events()

    def resume(params: Any) -> Any:
        if params["sessionId"] == "other":
            raise InternalError("Session not found: other")
        return {"sessionId": SESSION}

    runtime.answers["session.resume"] = resume
    await lose(runtime, session)
    with pytest.raises(ConnectionClosed, match="could not be taken up again: Session not found"):
        await anext(lost)
    await session.abort()


async def test_a_client_can_be_closed_while_it_tries(runtime: FakeRuntime) -> None:
    async with runtime.client(recovery=Recovery(first_delay=60, longest_delay=60)) as client:
        session = await client.create_session(session_id=SESSION)
        tried = asyncio.Event()

        async def reach() -> Any:
            tried.set()
            raise ConnectError("nobody is there")

        client._connection._connector = reach
        await runtime.drop()
        await tried.wait()
        turn = session.send("go")
    with pytest.raises(ConnectionClosed):
        await turn


@pytest.mark.parametrize(
    "wrong", [{"attempts": 0}, {"first_delay": 0}, {"first_delay": 5, "longest_delay": 1}]
)
def test_a_recovery_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Recovery(**wrong)
