"""What runs in the process of a sample that measures a server: the reference runtime, or the real Copilot CLI.

Both are started by, and talk to, the same peer: what is measured is what they take themselves.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.processes import Metrics
from copilot_sdk._rpc.peer import Peer
from copilot_sdk.transports.address import Address, connect
from copilot_sdk.transports.stdio import StdioTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from copilot_sdk.transports.base import Transport

SESSIONS = 1_000
DELTAS = 10_000
CLIENTS = 4
PINGS = 200
_PASSES = 10
_SECONDS = 100.0
_FLAGS = ("--headless", "--no-auto-update", "--log-level", "none")
# A provider of its own, so that nobody has to sign in; nothing is sent to it.
_SESSION: dict[str, Any] = {
    "model": "scripted",
    "provider": {"type": "openai", "baseUrl": "http://127.0.0.1:9/v1"},
}


def command_of(side: str) -> list[str]:
    """The command line of a server.

    Raises:
        CLIUnavailable: The CLI was not fetched.
    """
    if side == "ours":
        return [sys.executable, "-m", "copilot_sdk.runtime"]
    from tests.real.support.cli import installed_cli

    return [str(installed_cli())]


def has_cli() -> bool:
    """Whether the real CLI is there, and can reach nobody."""
    from tests.real.support.cli import CLIUnavailable, installed_cli
    from tests.real.support.netns import is_isolated

    try:
        installed_cli()
    except CLIUnavailable:
        return False
    return is_isolated()


@dataclass(frozen=True, slots=True)
class Server:
    """A server and a client of it.

    Attributes:
        peer: The client.
        pid: The process of the server.
        home: Its home folder.
        started: When it was started, by `time.perf_counter`.
    """

    peer: Peer
    pid: int
    home: Path
    started: float

    async def call(self, method: str, **params: object) -> Any:
        return await self.peer.request(method, params)

    def cpu_ms(self) -> float:
        """CPU time of the process so far, all of its threads included."""
        after_name = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) * 1e3 / os.sysconf("SC_CLK_TCK")

    def resident_mib(self) -> float:
        """Memory of the process."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="utf-8").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@asynccontextmanager
async def server(side: str, *arguments: str) -> AsyncIterator[Server]:
    """Starts a server in a home of its own; who it is for says `connect`."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        transport = await StdioTransport.spawn(
            [*command_of(side), *_FLAGS, *arguments, "--stdio"], env={**os.environ, "COPILOT_HOME": folder}
        )
        found = re.search(r"process (\d+)", transport.describe())
        assert found is not None
        async with Peer(transport, default_timeout=_SECONDS) as peer:
            yield Server(peer, int(found.group(1)), Path(folder), started)


async def start(side: str) -> Metrics:
    """From the start of the process to its first answers."""
    async with server(side) as started:
        metrics: Metrics = {}
        for method, params in (("connect", {}), ("session.create", _SESSION)):
            await started.call(method, **params)
            name = method.rpartition(".")[2]
            metrics[f"{name}_wall_ms"] = (time.perf_counter() - started.started) * 1e3
            metrics[f"{name}_cpu_ms"] = started.cpu_ms()
        metrics["rss_mib"] = started.resident_mib()
        return metrics


async def ping(side: str) -> Metrics:
    """Round trips, one after another, with a session open."""
    async with server(side) as running:
        await running.call("connect")
        await running.call("session.create", **_SESSION)
        await running.call("ping", message="x")
        taken: list[tuple[float, float]] = []
        for _ in range(_PASSES):
            wall, cpu = time.perf_counter(), running.cpu_ms()
            for _ in range(PINGS):
                await running.call("ping", message="x")
            taken.append((time.perf_counter() - wall, running.cpu_ms() - cpu))
        wall, cpu = map(min, zip(*taken, strict=True))
        return {"wall_us": wall / PINGS * 1e6, "cpu_us": cpu / PINGS * 1e3}


async def sessions(side: str) -> Metrics:
    """Sessions that are all open at the same time."""
    async with server(side) as running:
        await running.call("connect")
        await running.call("session.create", **_SESSION)
        before = running.resident_mib()
        cpu = running.cpu_ms()
        for _ in range(SESSIONS):
            await running.call("session.create", **_SESSION)
        after = running.resident_mib()
        return {
            "rss_mib": after,
            "each_kib": (after - before) / SESSIONS * 2**10,
            "cpu_ms": (running.cpu_ms() - cpu) / SESSIONS,
        }


class Listener:
    """A client that keeps the deltas that it hears."""

    def __init__(self, transport: Transport) -> None:
        self.heard: list[str] = []
        self.idle = asyncio.Event()
        self.peer = Peer(transport, on_notification=self._hear, default_timeout=_SECONDS)

    def _hear(self, _: str, params: Mapping[str, Any]) -> None:
        event = params.get("event", {})
        if event.get("type") == "assistant.message_delta":
            self.heard.append(event["data"]["deltaContent"])
        elif event.get("type") == "session.idle":
            self.idle.set()


async def deltas(side: str) -> Metrics:
    """A streamed answer, to several clients of one session; whoever misses one ends the sample."""
    pieces = [f"{number} " for number in range(DELTAS)]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.json"
        script.write_text(json.dumps([{"text": pieces}]), encoding="utf-8")
        where = Address("unix", path=f"{folder}/socket")
        process = await asyncio.create_subprocess_exec(
            *command_of(side),
            *_FLAGS,
            *("--script", str(script), "--listen", str(where)),
            env={**os.environ, "COPILOT_HOME": folder},
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        await process.stdout.readline()
        async with AsyncExitStack() as exits:
            listeners = [Listener(await connect(where)) for _ in range(CLIENTS)]
            for listener in listeners:
                await exits.enter_async_context(listener.peer)
            for listener, method in zip(listeners, ["create", *["resume"] * (CLIENTS - 1)], strict=True):
                params = {"sessionId": "shared", "streaming": True}
                await listener.peer.request(f"session.{method}", params)
            wall = time.perf_counter()
            await listeners[0].peer.request("session.send", {"sessionId": "shared", "prompt": "go"})
            for listener in listeners:
                await listener.idle.wait()
            wall = time.perf_counter() - wall
            if any(listener.heard != pieces for listener in listeners):
                raise RuntimeError("a client lost a delta, or heard one twice or at another place")
            await listeners[0].peer.request("runtime.shutdown")
        await process.wait()
    return {"wall_us": wall / DELTAS / CLIENTS * 1e6, "delivered": float(DELTAS * CLIENTS)}


SERVERS: dict[str, Callable[[str], Awaitable[Metrics]]] = {
    "runtime_start": start,
    "runtime_ping": ping,
    "runtime_sessions": sessions,
    "runtime_deltas": deltas,
}


def measure(side: str, case: str) -> Metrics:
    """Runs a case."""

    async def run() -> Metrics:
        return await SERVERS[case](side)

    return asyncio.run(run())
