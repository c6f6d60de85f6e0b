"""A daemon of tau in the process and clients of it; all that the daemon sends is held to the schema."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from copilot_sdk._protocol.exchanges import encode_frame, parse_frame
from copilot_sdk.runtime import ScriptedModel
from copilot_sdk.runtime.core.runtime import Runtime
from copilot_sdk.runtime.tau import connection
from copilot_sdk.runtime.tau.daemon import Daemon
from copilot_sdk.runtime.tau.plugins import process
from copilot_sdk.runtime.tau.pulse import Pulse
from copilot_sdk.tau import Client, Subscription
from copilot_sdk.tau.events import AgentDoneResponse, CancelledResponse, PhaseEvent
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.memory import memory_pair
from tests.support.tau import frame_faults, plugin_frame_faults

PATIENCE = 10.0


class Door:
    """The way to something within the process, as a client wants it."""

    def __init__(self, connect: Callable[[], Transport]) -> None:
        self._connect = connect
        self.opened = 0

    async def __call__(self) -> Transport:
        self.opened += 1
        return self._connect()

    async def aclose(self) -> None:
        """Nothing is held."""


@asynccontextmanager
async def daemon_of(
    model: ScriptedModel | None = None, *, home: Path | None = None, **limits: float
) -> AsyncIterator[Daemon]:
    """A daemon whose frames are held to the schema."""
    faults: list[str] = []

    def checked(find_faults: Callable[[dict[str, Any]], list[str]]) -> Callable[[dict[str, Any]], bytes]:
        def encode(frame: dict[str, Any]) -> bytes:
            faults.extend(find_faults(frame))
            return encode_frame(frame)

        return encode

    with (
        patch.object(connection, "encode_frame", checked(frame_faults)),
        patch.object(process, "encode_frame", checked(plugin_frame_faults)),
    ):
        async with Daemon(Runtime(home=home, model=model), **limits) as daemon:
            yield daemon
    assert faults == []


@asynccontextmanager
async def stage(
    model: ScriptedModel | None = None, *, home: Path | None = None, **limits: float
) -> AsyncIterator[tuple[Daemon, Client]]:
    """A daemon and a client of it."""
    async with daemon_of(model, home=home, **limits) as daemon, Client(Door(daemon.connect)) as client:
        yield daemon, client


async def session(client: Client, **members: Any) -> str:
    """A new session in a folder that is there."""
    return (await client.rpc.create_session(cwd="/tmp", **members)).session_id


async def until_idle(subscription: Subscription) -> list[Any]:
    """What a subscriber gets until a turn has ended and the session is idle."""
    found: list[Any] = []
    async with asyncio.timeout(PATIENCE):
        while not (_is_end(found[-2:])):
            found.append(await anext(subscription))
    return found


def _is_end(last: list[Any]) -> bool:
    match last:
        case [AgentDoneResponse() | CancelledResponse(), PhaseEvent(phase="Idle")]:
            return True
        case _:
            return False


async def until(subscription: Subscription, wanted: Callable[[Any], bool]) -> Any:
    """The next event of a kind."""
    async with asyncio.timeout(PATIENCE):
        async for event in subscription:
            if wanted(event):
                return event
    raise AssertionError("the subscription has ended")


class RawClient:
    """A client that speaks in frames."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    async def ask(self, tag: str, **members: Any) -> dict[str, Any]:
        """Send a request and give the next frame."""
        await self.transport.send(encode_frame({"type": tag, **members}))
        return await self.hear()

    async def hear(self) -> dict[str, Any]:
        """The next frame."""
        async with asyncio.timeout(PATIENCE):
            return parse_frame(await self.transport.receive())[1]


class FakeDaemon:
    """A daemon that says what a test wants."""

    def __init__(self) -> None:
        self.connections: list[Transport] = []
        self.door = Door(self._connect)
        self._opened = Pulse()

    def _connect(self) -> Transport:
        ours, theirs = memory_pair()
        self.connections.append(ours)
        self._opened.beat()
        return theirs

    async def opened(self, count: int) -> None:
        """Wait until so many connections were opened."""
        async with asyncio.timeout(PATIENCE):
            while len(self.connections) < count:
                await self._opened.wait()

    async def hear(self, number: int = -1) -> dict[str, Any]:
        """The next request on a connection."""
        async with asyncio.timeout(PATIENCE):
            return parse_frame(await self.connections[number].receive())[1]

    async def say(self, *frames: dict[str, Any], number: int = -1) -> None:
        """Send frames on a connection."""
        for frame in frames:
            await self.connections[number].send(encode_frame(frame))
