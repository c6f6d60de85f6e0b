"""Lost connections on real runtimes: a process that is killed, and a line that breaks."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from copilot_sdk import ConnectionClosed, CopilotClient
from copilot_sdk.client_tasks import ClientTask
from copilot_sdk.events import AssistantMessageDelta
from copilot_sdk.recovery import ConnectionRecovered, Recovery
from copilot_sdk.types import TaskClientInfo
from tests.real.support.client_stage import ClientStage, first
from tests.support.model_server import Reply

QUICK = Recovery(first_delay=0.05)


def client_of(live: ClientStage) -> CopilotClient:
    program, *arguments = live.runtime.command
    return CopilotClient(
        program, cli_args=arguments, env=live.environment, cwd=live.work, log_level="none", recovery=QUICK
    )


async def test_a_killed_runtime_is_started_again_and_the_session_remembers(live: ClientStage) -> None:
    await live.client.close()
    async with client_of(live) as client:
        live.says(Reply("Noted."), Reply("Seven."))
        session = await live.create(client=client)
        await session.send("Remember seven.")
        async with session.events(ConnectionRecovered) as events:
            os.kill(live.runtime_process, signal.SIGKILL)
            event = await first(events)
        assert event.data.attempts == 1
        assert (await session.send("What was it?")).text == "Seven."
    said = [message.get("content") for message in live.model.requests[1].messages]
    assert "Noted." in said


async def test_a_turn_that_dies_with_the_runtime_fails_and_the_next_one_does_not(live: ClientStage) -> None:
    await live.client.close()
    async with client_of(live) as client:
        live.says(Reply("Hello."), Reply(["Talk ", "without end."], hold=live.hold(), hold_after=1))
        session = await live.create(client=client)
        await session.send("Hi.")
        turn = session.send("Talk.")
        async with session.events(AssistantMessageDelta) as deltas:
            await first(deltas)
        os.kill(live.runtime_process, signal.SIGKILL)
        with pytest.raises(ConnectionClosed):
            await turn
        live.says(Reply("Here again."))
        assert (await session.send("Still there?")).text == "Here again."


async def test_a_task_of_the_program_goes_on_and_is_listed_by_the_next_runtime(live: ClientStage) -> None:
    await live.client.close()
    halfway, recovered = asyncio.Event(), asyncio.Event()

    async def work(task: ClientTask) -> str:
        await task.progress("halfway", percentage=50)
        halfway.set()
        await recovered.wait()
        await task.progress("nearly there")
        return "done"

    async with client_of(live) as client:
        live.says(Reply("Noted."))
        session = await live.create(client=client)
        await session.send("Begin the log, without which no session is kept.")
        task = await session.start_task(work, description="Work")
        await halfway.wait()
        async with session.events(ConnectionRecovered) as events:
            os.kill(live.runtime_process, signal.SIGKILL)
            await first(events)
        recovered.set()
        assert await task.wait() == "completed"
        (listed,) = (await session.rpc.tasks.list()).tasks
    assert isinstance(listed, TaskClientInfo)
    assert (listed.id, listed.status, listed.result) == (task.id, "completed", "done")
