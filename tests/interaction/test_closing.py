"""Closing: complete, in bounded time, from anywhere, and any number of times."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from copilot_sdk import ConnectionClosed, CopilotClient, RpcError, UsageError, tool
from copilot_sdk import _core as core_module
from copilot_sdk import _scope as scope_module
from copilot_sdk.errors import InternalError
from copilot_sdk.session import Session
from tests.support.fake_runtime import SESSION, FakeRuntime


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the waits for those who do not end short."""
    monkeypatch.setattr(core_module, "_LEAVE_SECONDS", 0.02)
    monkeypatch.setattr(scope_module, "_DRAIN_SECONDS", 0.02)
    monkeypatch.setattr(scope_module, "_CANCEL_SECONDS", 0.02)


def others() -> set[asyncio.Task[Any]]:
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def test_nothing_of_a_client_outlives_it() -> None:
    before = others()
    runtime = FakeRuntime()
    async with runtime.client() as client:
        session = await client.create_session(session_id=SESSION, on_permission=lambda _: None)  # type: ignore[arg-type]
        session.on("*", lambda _: None)
        turn = session.send("go")
        await runtime.asked("session.send")
        await runtime.turn("m1", "x")
        await turn
        session.events()
    assert runtime.count("session.destroy") == 1
    await runtime.peer.aclose()
    assert others() == before


async def test_a_closed_session_refuses_everything_and_says_what_to_do(
    session: Session, runtime: FakeRuntime
) -> None:
    async with session:
        rpc = session.rpc
    for call in (
        session.abort(),
        session.rpc.abort(),
        rpc.tasks.list(),
    ):
        with pytest.raises(UsageError, match=r"resume_session\('s1'\)"):
            await call
    for subscribe in (session.events, lambda: session.on("*", print), lambda: session.send("x")):
        with pytest.raises(UsageError, match="is closed"):
            subscribe()
    await session.close()
    assert [method for method, _ in runtime.requests] == ["connect", "session.create", "session.destroy"]
    assert repr(session) == "<Session s1 (closed)>"


async def test_concurrent_closes_end_together(
    client: CopilotClient, session: Session, runtime: FakeRuntime
) -> None:
    go = asyncio.Event()

    async def destroy(params: Any) -> dict[str, Any]:
        await go.wait()
        return {}

    runtime.answers["session.destroy"] = destroy
    closing = [asyncio.create_task(target.close()) for target in (session, client, session, client)]
    await runtime.asked("session.destroy")
    assert not any(task.done() for task in closing)
    go.set()
    await asyncio.gather(*closing)
    assert runtime.count("session.destroy") == 1


async def test_a_cancelled_close_goes_on(session: Session, runtime: FakeRuntime) -> None:
    go = asyncio.Event()

    async def destroy(params: Any) -> dict[str, Any]:
        await go.wait()
        return {}

    runtime.answers["session.destroy"] = destroy
    closing = asyncio.create_task(session.close())
    await runtime.asked("session.destroy")
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    go.set()
    await session.close()
    assert runtime.count("session.destroy") == 1


@pytest.mark.parametrize("answer", [InternalError("Session not found: s1"), "hang"])
async def test_a_runtime_that_does_not_let_go_is_left_all_the_same(
    client: CopilotClient,
    session: Session,
    runtime: FakeRuntime,
    caplog: pytest.LogCaptureFixture,
    quick: None,
    answer: Any,
) -> None:
    runtime.answers["session.destroy"] = answer if answer != "hang" else lambda _: asyncio.Event().wait()
    await session.close()
    assert "leaving session s1 failed" in caplog.text
    await client.create_session(session_id=SESSION)
    runtime.answers["session.destroy"] = {}


async def test_the_error_of_the_body_is_not_hidden_by_the_close(runtime: FakeRuntime) -> None:
    async def fail() -> None:
        async with runtime.client() as client, await client.create_session():
            await runtime.drop()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()


async def test_many_sessions_are_left_at_the_same_time(client: CopilotClient, runtime: FakeRuntime) -> None:
    all_there = asyncio.Event()

    async def destroy(params: Any) -> dict[str, Any]:
        if runtime.count("session.destroy") == 3:
            all_there.set()
        await all_there.wait()
        return {}

    runtime.answers["session.destroy"] = destroy
    for _ in range(3):
        await client.create_session()
    await client.close()


async def test_closing_cancels_tools_and_permission_handlers_that_run(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    begun, ended = asyncio.Semaphore(0), []

    async def hang(what: str) -> Any:
        begun.release()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(what)

    @tool
    async def slow() -> str:
        await hang("tool")
        return ""

    session = await client.create_session(
        session_id=SESSION, tools=[slow], on_permission=lambda _: hang("permission")
    )
    await runtime.request_tool("slow", request="r1")
    await runtime.request_permission(request="r2")
    for _ in range(2):
        await begun.acquire()
    await session.close()
    assert sorted(ended) == ["permission", "tool"]
    assert runtime.count("session.tools.handlePendingToolCall") == 0


async def test_handlers_that_do_not_end_do_not_hold_up_the_close(
    client: CopilotClient, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture, quick: None
) -> None:
    begun, free = asyncio.Semaphore(0), asyncio.Event()

    async def stubborn(*_: Any) -> str:
        begun.release()
        while not free.is_set():
            with suppress(asyncio.CancelledError):
                await free.wait()
        return ""

    @tool(name="stubborn")
    async def stubborn_tool() -> str:
        return await stubborn()

    session = await client.create_session(session_id=SESSION, tools=[stubborn_tool])
    session.on("external_tool.requested", stubborn)  # type: ignore[arg-type]
    await runtime.request_tool("stubborn")
    for _ in range(2):
        await begun.acquire()
    await client.close()
    assert "session s1: 2 handlers go on although they were cancelled" in caplog.text
    free.set()


@pytest.mark.parametrize("target", ["session", "client"])
@pytest.mark.parametrize("place", ["callback", "tool", "permission"])
async def test_a_handler_may_close_what_it_belongs_to_and_goes_on(
    runtime: FakeRuntime, target: str, place: str
) -> None:
    after: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    client = runtime.client()
    await client.start()

    async def leave(*_: Any) -> Any:
        await (session.close() if target == "session" else client.close())
        after.set_result("went on")
        return ""

    @tool
    async def leaving() -> str:
        await leave()
        return ""

    session = await client.create_session(session_id=SESSION, tools=[leaving], on_permission=leave)
    if place == "callback":
        session.on("assistant.message_delta", leave)
        await runtime.delta("a")
    elif place == "tool":
        await runtime.request_tool("leaving")
    else:
        await runtime.request_permission()
    assert await after == "went on"
    await client.close()
    assert runtime.count("session.destroy") == 1


async def test_two_callbacks_may_close_at_the_same_time(runtime: FakeRuntime) -> None:
    done = asyncio.Semaphore(0)
    async with runtime.client() as client:
        session = await client.create_session(session_id=SESSION)

        async def leave(_: Any) -> None:
            await client.close()
            done.release()

        session.on("assistant.message_delta", leave)
        session.on("assistant.message_delta", leave)
        await runtime.delta("a")
        for _ in range(2):
            await done.acquire()


async def test_calls_under_way_end_when_the_client_closes(
    client: CopilotClient, session: Session, runtime: FakeRuntime
) -> None:
    runtime.answers["session.send"] = runtime.answers["status.get"] = lambda _: asyncio.Event().wait()
    calls = [
        asyncio.ensure_future(session.send("x")),
        asyncio.create_task(client.status()),
        asyncio.create_task(anext(session.events(), None)),
    ]
    await runtime.asked("session.send")
    await runtime.asked("status.get")
    await client.close()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [ConnectionClosed, ConnectionClosed, type(None)]


async def test_a_session_that_is_being_created_when_the_client_closes_is_not_given_out(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    runtime.answers["session.create"] = lambda _: asyncio.Event().wait()
    creating = asyncio.create_task(client.create_session())
    await runtime.asked("session.create")
    await client.close()
    with pytest.raises((ConnectionClosed, UsageError, RpcError)):
        await creating


async def test_a_failure_inside_is_logged_and_not_lost(
    client: CopilotClient, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> None:
        raise RuntimeError("a fault of our own")

    task = session._core.tasks.handle(broken())
    await asyncio.wait({task})
    await client.ping()
    assert "session s1: a task failed" in caplog.text
    assert "a fault of our own" in caplog.text
