"""What a client is told before the core is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest

from copilot_sdk._rpc.peer import Peer
from copilot_sdk.errors import (
    AuthenticationFailed,
    AuthenticationNotConfigured,
    AuthenticationRequired,
    InternalError,
)
from copilot_sdk.runtime import Runtime
from copilot_sdk.runtime.copilot.connection import Connection
from copilot_sdk.runtime.copilot.reception import Reception
from copilot_sdk.transports.memory import memory_pair

SECONDS = 10.0


class Stage:
    """A client at the reception; the core comes when `arrive` is called."""

    def __init__(self, runtime: Runtime, token: str | None) -> None:
        ours, theirs = memory_pair()
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.peer = Peer(
            ours,
            default_timeout=SECONDS,
            on_notification=lambda method, _: self.heard.put_nowait(method),
        )
        self.reception = Reception(theirs, token=token)
        self._runtime = runtime

    def arrive(self) -> asyncio.Task[None]:
        return asyncio.create_task(Connection(self._runtime, self.reception).serve())


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    async with Runtime() as runtime:
        yield runtime


async def test_what_needs_the_core_waits_for_it_while_pings_are_answered(runtime: Runtime) -> None:
    stage = Stage(runtime, None)
    async with stage.peer, stage.reception:
        asking = [asyncio.create_task(stage.peer.request("status.get")) for _ in range(2)]
        await stage.reception.wait_for_need()
        assert (await stage.peer.request("ping", {"message": "x"}))["message"] == "pong: x"
        assert not any(task.done() for task in asking)
        serving = stage.arrive()
        assert {answer["protocolVersion"] for answer in await asyncio.gather(*asking)} == {3}
    await serving


async def test_nobody_needs_the_core_for_a_client_that_pings_and_leaves(runtime: Runtime) -> None:
    stage = Stage(runtime, None)
    async with stage.reception:
        waiting = asyncio.create_task(stage.reception.wait_for_need())
        async with stage.peer:
            await stage.peer.request("ping")
            assert not waiting.done()
        await waiting
        assert stage.reception.peer.closed


async def test_a_client_that_is_not_let_in_is_told_so_at_once(runtime: Runtime) -> None:
    stage = Stage(runtime, "s3cret")
    async with stage.peer, stage.reception:
        for method in ("ping", "session.create"):
            with pytest.raises(AuthenticationRequired):
                await stage.peer.request(method)
        with pytest.raises(AuthenticationFailed):
            await stage.peer.request("connect", {"token": "guess"})
        assert not stage.reception.admitted
    stage = Stage(runtime, None)
    async with stage.peer, stage.reception:
        with pytest.raises(AuthenticationNotConfigured):
            await stage.peer.request("connect", {"token": "x"})


@pytest.mark.parametrize(
    ("method", "params", "told"),
    [
        (
            "connect",
            {"token": 1},
            "Request connect failed with message: token: Input should be a valid string",
        ),
        (
            "connect",
            {"clientInfo": {"editorName": 1}},
            "clientInfo.editorName: Input should be a valid string",
        ),
        ("connect", {"supportedTaskKinds": "agent"}, "supportedTaskKinds: Input should be a valid list"),
        ("ping", {"message": 1}, "Request ping failed with message: message: Input should be a valid string"),
    ],
)
async def test_what_is_wrong_with_a_greeting_is_told_by_the_core(
    runtime: Runtime, method: str, params: Mapping[str, object], told: str
) -> None:
    stage = Stage(runtime, None)
    async with stage.peer, stage.reception:
        serving = stage.arrive()
        with pytest.raises(InternalError, match=told):
            await stage.peer.request(method, params)
    await serving


async def test_what_a_client_says_before_the_core_is_there_holds_afterwards(runtime: Runtime) -> None:
    stage = Stage(runtime, None)
    async with stage.peer, stage.reception:
        wanted = {"supportedTaskKinds": ["client"], "enableGitHubTelemetryForwarding": True}
        greeted = await stage.peer.request("connect", wanted)
        assert greeted["taskKinds"] == ["agent", "shell", "client"]
        serving = stage.arrive()
        await stage.peer.request("session.create", {"enableGitHubTelemetryForwarding": True})
        while await stage.heard.get() != "gitHubTelemetry.event":
            pass
        assert stage.reception.serves_tasks
    await serving
