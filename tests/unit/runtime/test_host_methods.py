"""Methods that are meant for the host of a runtime, called by a client."""

from __future__ import annotations

import asyncio

import pytest

from copilot_sdk.errors import InternalError, MethodNotFound, RpcError
from tests.unit.runtime.harness import Join, Start


async def test_no_process_is_started_for_a_client(start: Start, join: Join) -> None:
    client = await join(start())
    with pytest.raises(MethodNotFound, match=r"agentRegistry\.spawn is not enabled on this server"):
        await client.call("agentRegistry.spawn", cwd="/")


async def test_a_poll_for_sessions_ends_in_time_or_with_the_runtime(start: Start, join: Join) -> None:
    runtime = start()
    client = await join(runtime)
    nothing = {"events": [], "cursor": "0"}
    assert await client.call("sessions.pollSpawnedSessions") == nothing
    assert await client.call("sessions.pollSpawnedSessions", waitMs=1, cursor="7") == {
        **nothing,
        "cursor": "7",
    }
    polling = asyncio.create_task(client.call("sessions.pollSpawnedSessions", waitMs=60_000))
    await client.call("ping")
    assert not polling.done()
    runtime.runtime.request_stop()
    assert await polling == nothing


async def test_what_only_a_process_of_its_own_can_give_is_not_taken(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    target = {"sessionId": client.session_id}
    assert await client.call("sessions.configureSessionExtensions", **target, controller={}) is None
    with pytest.raises(InternalError, match="sessionId"):
        await client.call("sessions.configureSessionExtensions")
    with pytest.raises(InternalError, match="in-process"):
        await client.call("sessions.registerExtensionToolsOnSession", **target, loader={})


async def test_language_servers_are_for_sessions_that_are_there(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    assert await client.call("session.lsp.initialize", workingDirectory="/nowhere") is None
    with pytest.raises(RpcError, match="Session not found"):
        await client.call("session.lsp.initialize", sessionId="nobody")


async def test_settings_are_read_anew(start: Start, join: Join) -> None:
    runtime = start()
    client = await join(runtime)
    (runtime.runtime.home / "settings.json").write_text('{"disabledSkills": ["a"]}')
    assert await client.call("user.settings.reload") is None
    settings = (await client.call("user.settings.get"))["settings"]
    assert settings["disabledSkills"]["value"] == ["a"]
