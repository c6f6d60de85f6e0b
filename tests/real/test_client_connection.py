"""The connection of the public client: its handshake, its ways, its end."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from copilot_sdk import (
    AuthenticationFailed,
    AuthenticationRequired,
    ConnectionClosed,
    CopilotClient,
    RpcError,
    approve_all,
)
from copilot_sdk._connect import Connect
from copilot_sdk._rpc.peer import Peer
from copilot_sdk.errors import AuthenticationNotConfigured
from copilot_sdk.events import AssistantMessageDelta, SessionShutdown, ToolExecutionComplete
from copilot_sdk.types import ConnectClientInfo
from tests.real.support.client_stage import CLI, ClientStage, first, listening
from tests.real.support.processes import all_ended
from tests.support.model_server import Reply, ToolCall

PROMPT_SECONDS = 5.0


async def test_the_handshake_tells_the_versions(live: ClientStage) -> None:
    assert live.client.protocol_version == 3
    assert live.client.runtime_version == live.runtime.version
    status = await live.client.status()
    assert (status.version, status.protocol_version) == (live.runtime.version, 3)


async def test_a_ping_comes_back(live: ClientStage) -> None:
    pong = await live.client.ping("anybody there?")
    assert pong.message == "pong: anybody there?"
    assert pong.protocol_version == 3


async def test_nobody_is_signed_in(live: ClientStage) -> None:
    status = await live.client.auth_status()
    assert status.is_authenticated is False
    if live.runtime is CLI:
        with pytest.raises(RpcError, match="Not authenticated"):
            await live.client.models()


async def test_a_runtime_takes_its_home_its_idle_timeout_and_who_the_client_is(live: ClientStage) -> None:
    program, *arguments = live.runtime.command
    home = live.folder / "another"
    frames: list[Any] = []
    client = CopilotClient(
        program,
        cli_args=arguments,
        env=live.environment,
        cwd=live.work,
        log_level="none",
        home=home,
        session_idle_timeout=1,
        client_info=ConnectClientInfo(editor_name="acme", editor_version="2.4.0"),
        on_frame=lambda frame: frames.append(frame.json()),
    )
    live.says(Reply("Hello."))
    async with client:
        session = await live.create(client=client)
        ended = asyncio.create_task(first(session.events(SessionShutdown)))
        await session.send("Say hello.")
        assert (home / "session-state" / session.id).is_dir()
        # The CLI looks for such sessions from time to time only.
        if live.runtime is not CLI:
            await ended
        ended.cancel()
    greeting = [message for message in frames if message.get("method") == "connect"]
    # Taken at once: nothing had to be left out.
    assert [message["params"]["clientInfo"]["editorName"] for message in greeting] == ["acme"]


async def test_a_runtime_over_tcp_is_started_and_stopped_like_one_over_pipes(live: ClientStage) -> None:
    before = live.processes
    live.says(Reply("Hello."))
    async with live.new_client(tcp=True) as client:
        session = await live.create(client=client)
        answer = await session.send("Say hello.")
        started = live.processes - before
    assert answer.text == "Hello."
    assert started
    async with asyncio.timeout(PROMPT_SECONDS):
        await all_ended(started)


async def test_a_connection_token_lets_in_who_has_it(live: ClientStage) -> None:
    async with listening(live, token="open-sesame") as address:
        async with CopilotClient.connect(address, token="open-sesame") as client:
            assert (await client.ping()).protocol_version == 3
        with pytest.raises(AuthenticationFailed) as caught:
            await CopilotClient.connect(address, token="open-barley").start()
        assert "open-barley" not in str(caught.value)
        with pytest.raises(AuthenticationRequired, match="COPILOT_CONNECTION_TOKEN as the argument `token`"):
            await CopilotClient.connect(address).start()


async def test_before_the_handshake_a_runtime_with_a_token_serves_nothing(live: ClientStage) -> None:
    async with listening(live, token="open-sesame") as address:
        async with Peer(await Connect.parse(address)()) as peer:
            with pytest.raises(AuthenticationRequired):
                await peer.request("ping", {}, timeout=PROMPT_SECONDS)


async def test_a_token_for_a_runtime_without_one_is_refused(live: ClientStage) -> None:
    async with listening(live) as address:
        with pytest.raises(AuthenticationNotConfigured):
            await CopilotClient.connect(address, token="open-sesame").start()
        async with CopilotClient.connect(address) as client:
            assert client.runtime_version == live.runtime.version


async def test_a_runtime_that_is_killed_ends_what_waits_for_it_at_once(live: ClientStage) -> None:
    live.says(Reply(["Talk ", "without ", "end."], hold=live.hold(), hold_after=1))
    session = await live.create()
    async with session.events() as events, session.events(AssistantMessageDelta) as deltas:
        answering = session.send("Talk.")
        await first(deltas)
        os.kill(live.runtime_process, signal.SIGKILL)
        async with asyncio.timeout(PROMPT_SECONDS):
            with pytest.raises(ConnectionClosed) as caught:
                await answering
            with pytest.raises(ConnectionClosed):
                await first(events, lambda event: False)
            with pytest.raises(ConnectionClosed):
                await live.client.ping()
    assert caught.value.exit_code == -signal.SIGKILL


async def test_a_stopped_client_leaves_no_process_behind(live: ClientStage) -> None:
    command = {"command": "sleep 1000", "description": "Wait", "mode": "async", "shellId": "wait"}
    live.says(Reply(tool_calls=[ToolCall("bash", command)]), Reply("It runs."))
    session = await live.create(on_permission=approve_all)
    async with session.events(ToolExecutionComplete) as done:
        await session.send("Wait in the background.").accepted()
        assert (await first(done)).data.success is True
    running = live.processes
    assert len(running) > 1
    await live.client.close()
    async with asyncio.timeout(PROMPT_SECONDS):
        await all_ended(running)
    assert live.processes == set()


async def test_a_client_that_is_closed_in_the_middle_of_a_turn_ends_it(live: ClientStage) -> None:
    live.says(Reply(["Talk ", "without ", "end."], hold=live.hold(), hold_after=1))
    session = await live.create()
    async with session.events(AssistantMessageDelta) as deltas:
        await session.send("Talk.").accepted()
        await first(deltas)
    async with asyncio.timeout(PROMPT_SECONDS):
        await live.client.close()
    await asyncio.to_thread(live.model.wait_until_quiet, timeout=PROMPT_SECONDS)
