"""What a tour with the official SDK for Python is made of: its clients, and ears for its sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copilot import (  # pyright: ignore[reportMissingImports]
    CopilotClient,
    PermissionHandler,
    RuntimeConnection,
)

from tests.real.support.client_stage import WAIT_SECONDS
from tests.real.support.stage import MODEL_ID
from tests.real.support.tour import TouredRuntime
from tests.support.model_server import ModelServer

TOKEN = "no-secret"


@dataclass(eq=False)
class Tour:
    """A client of the official SDK with its runtime, and the model behind it."""

    runtime: TouredRuntime
    folder: Path
    model: ModelServer
    address: str
    client: Any

    async def create(self, **options: Any) -> Any:
        """Creates a session whose model is the scripted one."""
        return await self.client.create_session(**{**self.scripted, **options})

    async def resume(self, session_id: str, *, client: Any = None, **options: Any) -> Any:
        """Takes up a session, with the same model."""
        return await (client or self.client).resume_session(session_id, **{**self.scripted, **options})

    @property
    def scripted(self) -> dict[str, Any]:
        """What every session needs."""
        return {
            "model": MODEL_ID,
            "streaming": True,
            "provider": {
                "type": "openai",
                "base_url": self.model.base_url,
                "api_key": "no-secret",
                "wire_api": "completions",
            },
            "on_permission_request": PermissionHandler.approve_all,
            "working_directory": str(self.folder),
        }


class Ears:
    """Everything that a session says, in order."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self._news = asyncio.Event()

    def __call__(self, event: Any) -> None:
        """Takes an event down."""
        self.events.append(event)
        self._news.set()

    def of(self, kind: str) -> list[Any]:
        """The data of all events of a type."""
        return [event.data for event in self.events if event.type.value == kind]

    async def hear(self, kind: str) -> Any:
        """Waits for the first event of a type; gives its data."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not (found := self.of(kind)):
                self._news.clear()
                await self._news.wait()
        return found[0]


def connected(address: str) -> Any:
    """A client of the official SDK for a runtime that listens."""
    return CopilotClient(connection=RuntimeConnection.for_uri(address, connection_token=TOKEN))


@asynccontextmanager
async def started(client: Any) -> AsyncIterator[None]:
    """Has a client start its runtime, and closes in the end the pipes that the SDK leaves open."""
    await client.start()
    process = client._cli_process
    try:
        yield
    finally:
        await client.stop()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()
