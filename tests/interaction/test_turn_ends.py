"""Turns that end before their time: the connection is lost, the session closed, the turn aborted."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import Any

import pytest

from copilot_sdk import ConnectionClosed, CopilotClient
from copilot_sdk.errors import InternalError
from copilot_sdk.session import Session
from tests.support.fake_runtime import SESSION, FakeRuntime
from tests.support.turns import begun, types

pytestmark = pytest.mark.usefixtures("hardly_any_quiet")


async def test_a_lost_connection_ends_a_turn_at_once(session: Session, runtime: FakeRuntime) -> None:
    turns = [await begun(session, runtime), session.send("two")]
    await turns[1].accepted()
    await runtime.drop()
    for turn in turns:
        with pytest.raises(ConnectionClosed):
            await turn
        with pytest.raises(ConnectionClosed):
            await types(turn)
    with pytest.raises(ConnectionClosed):
        session.send("more")
    with pytest.raises(ConnectionClosed):
        session.events()
    with pytest.raises(ConnectionClosed):
        await session.rpc.abort()


async def test_a_lost_connection_ends_a_turn_that_is_not_accepted(
    session: Session, runtime: FakeRuntime
) -> None:
    runtime.answers["session.send"] = lambda _: asyncio.Event().wait()
    turn = session.send("go")
    await runtime.asked("session.send")
    await runtime.drop()
    with pytest.raises(ConnectionClosed):
        await turn


async def test_a_session_that_is_closed_during_a_turn_ends_it(session: Session, runtime: FakeRuntime) -> None:
    turn = await begun(session, runtime)
    await session.close()
    with pytest.raises(ConnectionClosed, match="session was closed before the turn ended"):
        await turn


async def test_a_session_that_is_closed_while_a_prompt_is_sent_ends_its_turn(
    session: Session, runtime: FakeRuntime
) -> None:
    runtime.answers["session.send"] = lambda _: asyncio.Event().wait()
    turn = session.send("go")
    await session.close()
    with pytest.raises(ConnectionClosed, match="session was closed"):
        await turn


async def test_a_session_that_the_runtime_shuts_down_ends_its_turn(
    session: Session, runtime: FakeRuntime
) -> None:
    turn = await begun(session, runtime)
    await runtime.event("session.shutdown", {"shutdownType": "routine"}, agentId="sub")
    await runtime.event("session.shutdown", {"shutdownType": "routine"})
    with pytest.raises(ConnectionClosed, match="has shut session s1 down"):
        await turn
    seen = [(await anext(turn)).type for _ in range(3)]
    assert seen == ["user.message", "session.shutdown", "session.shutdown"]
    with pytest.raises(ConnectionClosed):
        await anext(turn)
    with pytest.raises(ConnectionClosed, match="shut"):
        session.send("more")
    await session.close()
    assert runtime.count("session.destroy") == 0


async def test_a_failure_that_nobody_has_waited_for_is_logged(
    session: Session, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    turn = await begun(session, runtime)
    await runtime.event("session.error", {"errorType": "query", "message": "no model"})
    async with session.events("session.idle") as idle:
        await runtime.event("session.idle")
        await anext(idle)
    assert turn.done
    with caplog.at_level(logging.ERROR, "copilot_sdk"):
        del turn
        gc.collect()
    assert "a turn failed, and nobody has waited for it: no model" in caplog.text


# ------------------------------------------------------------------- aborting


async def test_an_aborted_turn_ends_with_a_result(session: Session, runtime: FakeRuntime) -> None:
    turn = await begun(session, runtime)
    await runtime.delta("Once")
    await turn.abort("user_initiated")
    assert await runtime.asked("session.abort") == {"sessionId": SESSION, "reason": "user_initiated"}
    await runtime.event("abort", {"reason": "user_initiated"})
    await runtime.event("session.idle", {"aborted": True})
    result = await turn
    assert (result.aborted, result.text) == (True, "Once")
    await turn.abort()
    assert runtime.count("session.abort") == 1


async def test_prompts_that_an_abort_drops_from_the_queue_end_as_aborted(
    session: Session, runtime: FakeRuntime
) -> None:
    first = await begun(session, runtime)
    second = session.send("two")
    await second.accepted()
    await session.abort()
    await runtime.event("abort", {"reason": "user_initiated"})
    await runtime.event("session.idle", {"aborted": True})
    assert (await first).aborted
    assert (await second).aborted
    assert runtime.count("session.metadata.activity") == 0


async def test_cancelling_who_waits_leaves_the_turn_alone(
    client: CopilotClient, session: Session, runtime: FakeRuntime
) -> None:
    turn = await begun(session, runtime)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await turn
    await client.ping()
    assert runtime.count("session.abort") == 0
    await runtime.event("session.idle")
    assert not (await turn).aborted


@pytest.mark.parametrize("how", ["result", "events", "accepted"])
async def test_cancelling_who_waits_aborts_the_turn_where_that_was_asked_for(
    session: Session, runtime: FakeRuntime, how: str
) -> None:
    go = asyncio.Event()

    async def send(params: Any) -> dict[str, str]:
        await go.wait()
        return {"messageId": "m1"}

    runtime.answers["session.send"] = send
    turn = session.send("go", abort_on_cancel=True)
    await runtime.asked("session.send")

    async def wait() -> None:
        if how == "accepted":
            await turn.accepted()
        elif how == "events":
            await types(turn)
        else:
            await turn

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert runtime.count("session.abort") == 0
    go.set()
    await runtime.asked("session.abort")
    await runtime.event("abort", {"reason": "user_initiated"})
    await runtime.event("session.idle", {"aborted": True})
    assert (await turn).aborted


async def test_an_abort_on_cancel_that_fails_is_logged(
    session: Session, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    refused = asyncio.Event()

    def refuse(params: Any) -> None:
        refused.set()
        raise InternalError("cannot")

    runtime.answers["session.abort"] = refuse
    turn = await begun(session, runtime, abort_on_cancel=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await turn
    await refused.wait()
    await runtime.event("session.idle")
    await turn
    assert "could not be aborted: cannot" in caplog.text
