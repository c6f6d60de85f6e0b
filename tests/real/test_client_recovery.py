"""Lost connections on real runtimes: a process that is killed, and a line that breaks."""

from __future__ import annotations

import os
import signal

import pytest

from copilot_sdk import ConnectionClosed, CopilotClient
from copilot_sdk.events import AssistantMessageDelta
from copilot_sdk.recovery import ConnectionRecovered, Recovery
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
