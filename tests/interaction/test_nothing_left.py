"""After a client nothing is left: no task, thread, child process or file descriptor, however it came to its end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest

from copilot_sdk import ConnectError, ConnectionClosed, CopilotClient, sync, tool
from copilot_sdk.runtime import Runtime
from copilot_sdk.runtime.copilot.connection import Connection
from copilot_sdk.runtime.copilot.reception import Reception
from copilot_sdk.transports._listener import Listener
from copilot_sdk.transports.address import Address, listen
from copilot_sdk.transports.base import Transport
from tests.support.footprint import NOTHING, Footprint

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read from /proc")

SECONDS = 5.0
RUNTIME = ["-m", "copilot_sdk.runtime"]
Open: TypeAlias = Callable[[], CopilotClient]
Story: TypeAlias = Callable[[Open, Footprint], Awaitable[None]]


@tool(skip_permission=True)
def look() -> str:
    """Runs in a worker thread."""
    return "seen"


async def one_turn(opened: Open, _: Footprint) -> None:
    async with opened() as client:
        client.on_lifecycle(lambda _: None)
        session = await client.create_session(tools=[look], streaming=True)
        session.on("*", lambda _: None)
        await session.send("!call look {}")


async def closed_in_the_middle(opened: Open, _: Footprint) -> None:
    async with opened() as client:
        session = await client.create_session()
        session.events()
        await session.send("!hold").accepted()


async def cancelled(opened: Open, _: Footprint) -> None:
    holding = asyncio.Event()

    async def hold() -> None:
        async with opened() as client:
            turn = (await client.create_session()).send("!hold")
            await turn.accepted()
            holding.set()
            await turn

    task = asyncio.create_task(hold())
    await holding.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def killed(opened: Open, before: Footprint) -> None:
    async with opened() as client:
        turn = (await client.create_session()).send("!hold")
        await turn.accepted()
        (child,) = Footprint.take().since(before).children
        os.kill(child, signal.SIGKILL)
        with pytest.raises(ConnectionClosed):
            await turn


def program(way: str, home: Path) -> Open:
    """What makes a client of a runtime of its own."""
    environment = {**os.environ, "COPILOT_HOME": str(home)}
    match way:
        case "embedded":
            return partial(CopilotClient.embedded, home=home)
        case "stdio":
            return partial(CopilotClient, sys.executable, cli_args=RUNTIME, env=environment)
        case _:
            return partial(CopilotClient, sys.executable, cli_args=RUNTIME, env=environment, tcp=True)


async def listening(runtime: Runtime, where: str, folder: Path) -> Listener:
    """A runtime that listens in this process."""

    async def serve(transport: Transport) -> None:
        await Connection(runtime, Reception(transport)).serve()

    return await listen(Address.parse(where.format(folder=folder), listening=True), serve)


async def run(story: Story, opened: Open, before: Footprint) -> None:
    await story(opened, before)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert not Footprint.take().since(before).children


def left_since(before: Footprint) -> Footprint:
    """What is left, once the threads of functions that have returned, and of processes that were reaped, have ended."""
    for thread in threading.enumerate():
        if thread.name.startswith(("copilot_sdk callback", "asyncio-waitpid-")):
            thread.join(SECONDS)
    return Footprint.take().since(before)


@pytest.mark.parametrize(
    ("story", "way"),
    [
        (one_turn, "embedded"),
        (one_turn, "stdio"),
        (closed_in_the_middle, "embedded"),
        (closed_in_the_middle, "stdio"),
        (cancelled, "embedded"),
        (cancelled, "tcp"),
    ],
)
def test_nothing_is_left_after(story: Story, way: str, tmp_path: Path) -> None:
    before = Footprint.take()
    asyncio.run(run(story, program(way, tmp_path), before))
    assert left_since(before) == NOTHING


@pytest.mark.parametrize("way", ["stdio", "tcp"])
def test_nothing_is_left_of_a_runtime_that_was_killed(way: str, tmp_path: Path) -> None:
    before = Footprint.take()
    asyncio.run(run(killed, program(way, tmp_path), before))
    assert left_since(before) == NOTHING


def test_nothing_is_left_of_a_runtime_that_was_never_ready() -> None:
    async def story(opened: Open, _: Footprint) -> None:
        client = opened()
        with pytest.raises(ConnectError, match="not ready within"):
            await client.start()
        await client.close()

    before = Footprint.take()
    silent = partial(CopilotClient, "/bin/sh", cli_args=["-c", "cat > /dev/null"], start_timeout=0.05)
    asyncio.run(run(story, silent, before))
    assert left_since(before) == NOTHING


@pytest.mark.parametrize(
    "where", ["127.0.0.1:0", "unix:{folder}/socket", "ws://127.0.0.1:0", "http://127.0.0.1:0"]
)
def test_nothing_is_left_of_a_connection_to_a_runtime_that_listens(where: str, tmp_path: Path) -> None:
    async def story(_: Open, before: Footprint) -> None:
        async with Runtime(home=tmp_path) as runtime, await listening(runtime, where, tmp_path) as listener:
            await one_turn(partial(CopilotClient.connect, listener.address), before)

    before = Footprint.take()
    asyncio.run(run(story, CopilotClient, before))
    assert left_since(before) == NOTHING


@pytest.mark.parametrize("way", ["embedded", "stdio"])
def test_nothing_is_left_of_a_client_without_await(way: str, tmp_path: Path) -> None:
    before = Footprint.take()
    environment = {**os.environ, "COPILOT_HOME": str(tmp_path)}
    opened = (
        sync.CopilotClient.embedded(home=tmp_path)
        if way == "embedded"
        else sync.CopilotClient(sys.executable, cli_args=RUNTIME, env=environment)
    )
    with opened as client, client.create_session(tools=[look]) as session:
        session.on("*", lambda _: None)
        session.send("!call look {}").result()
        held = session.send("!hold")
        held.accepted()
    assert left_since(before) == NOTHING
    with pytest.raises(ConnectionClosed):
        held.result()
