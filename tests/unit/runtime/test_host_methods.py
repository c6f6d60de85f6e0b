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


async def test_a_family_of_models_is_changed_by_one_connection_at_a_time(start: Start, join: Join) -> None:
    runtime, family = start(), {"registry": "azureml", "name": "phi"}
    one, two = await join(runtime), await join(runtime)
    other_process = await join(start())
    lease = await one.call("azureMl.acquireFamily", **family)
    for client in (one, two, other_process):
        with pytest.raises(InternalError, match="phi is being changed by another"):
            await client.call("azureMl.acquireFamily", **family)
    with pytest.raises(InternalError, match="leaseId: this connection has no such lease"):
        await two.call("azureMl.releaseFamily", **family, **lease)
    assert await one.call("azureMl.releaseFamily", **family, **lease) == {}
    assert await two.call("azureMl.acquireFamily", **family)
    await two.peer.aclose()
    while True:
        try:
            assert await other_process.call("azureMl.acquireFamily", **family)
        except InternalError:
            await one.call("ping")
        else:
            break


async def test_the_home_folder_keeps_one_name_for_hosts(start: Start, join: Join) -> None:
    runtime = start()
    client = await join(runtime)
    assert await client.call("host.listSessions") == {"sessions": []}
    assert await client.call("host.listSessions") == {"sessions": []}
    assert len(list((runtime.runtime.home / "ahp").iterdir())) == 1
    (runtime.runtime.home / "settings.json").write_text("{")
    with pytest.raises(InternalError, match="The settings cannot be read"):
        await client.call("host.listSessions")


@pytest.mark.parametrize("headers", ["nonsense", "[]", '{"x-a": 1}'])
async def test_headers_that_are_none_are_refused(start: Start, join: Join, headers: str) -> None:
    client = await join(start())
    with pytest.raises(InternalError, match="headersJson"):
        await client.call(
            "mcp.oauth.fetchProtectedResourceMetadata", requestUrl="http://127.0.0.1:1", headersJson=headers
        )
