"""Both ends of synaps for tests: an agent that says what a test wants, and a runtime whose frames are looked at."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from copilot_sdk import synaps
from copilot_sdk.runtime import EmbeddedRuntime
from copilot_sdk.transports.base import Transport, WrappedTransport
from copilot_sdk.transports.memory import MemoryTransport, memory_pair
from tests.support.further import further_protocol

READY: dict[str, Any] = {"type": "ready", "session_id": "s1", "model": "m", "protocol_version": 1}
USAGE: dict[str, Any] = {
    "input_tokens": 3, "output_tokens": 2, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0,
}  # fmt: skip
END: dict[str, Any] = {"type": "agent_end", "usage": USAGE}


def said(text: str) -> dict[str, Any]:
    """A piece of what a model writes."""
    return {"type": "message_update", "event": {"type": "text_delta", "delta": text}}


class RawAgent:
    """The far end of a client: takes commands and sends frames as JSON objects."""

    def __init__(self, transport: MemoryTransport) -> None:
        self.transport = transport

    async def send(self, *frames: dict[str, Any]) -> None:
        for frame in frames:
            await self.transport.send(json.dumps(frame).encode())

    async def receive(self) -> dict[str, Any]:
        command: dict[str, Any] = json.loads(await self.transport.receive())
        assert further_protocol("synaps").faults("Request", command) == []
        return command

    async def expect(self, kind: str) -> str:
        """The name of the next command, which is of a kind."""
        command = await self.receive()
        assert command["type"] == kind
        return str(command.get("id", ""))

    async def answer(self, name: str, command: str, **body: Any) -> None:
        await self.send({"type": "response", "id": name, "command": command, **body})


@asynccontextmanager
async def raw_agent(**options: Any) -> AsyncIterator[tuple[synaps.Client, RawAgent]]:
    """A client, and the raw far end of its connection; the agent leaves at the end."""
    near, far = memory_pair()
    agent = RawAgent(far)
    await agent.send(READY)
    client = synaps.connect(transport=near, **options)
    await client.start()
    try:
        yield client, agent
    finally:
        await far.aclose()
        await client.close()


class CheckedTransport(WrappedTransport):
    """Holds what an agent sends to the schema, and keeps it."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self.frames: list[dict[str, Any]] = []

    async def receive(self) -> bytes:
        line = await super().receive()
        frame: dict[str, Any] = json.loads(line)
        protocol = further_protocol("synaps")
        assert protocol.faults("Response" if frame["type"] == "response" else "Event", frame) == []
        assert line.startswith(b'{"type"')
        self.frames.append(frame)
        return line

    @property
    def kinds(self) -> list[str]:
        """What came, frame by frame; of a turn's events the kind of the event, of an answer its command."""
        return [
            str(frame.get("command") or (frame.get("event") or {}).get("type") or frame["type"])
            for frame in self.frames
        ]


@asynccontextmanager
async def embedded_agent(
    runtime: EmbeddedRuntime, folder: Path, continued: str | None = None
) -> AsyncIterator[tuple[synaps.Client, CheckedTransport]]:
    """A client of a runtime in this process, and what the runtime sends."""
    transport = CheckedTransport(runtime.connect_synaps(folder=folder, continued=continued))
    async with synaps.connect(transport=transport) as client:
        yield client, transport
