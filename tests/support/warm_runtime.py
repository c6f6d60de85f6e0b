"""The program of the runtime with all loaded that a turn needs, for a `Forge` to fork."""

from __future__ import annotations

import asyncio

from copilot_sdk import CopilotClient
from copilot_sdk.runtime.__main__ import main

__all__ = ["main"]


async def _play() -> None:
    async with CopilotClient.embedded() as client:
        await (await client.create_session(streaming=True)).send("!say hello")


asyncio.run(_play())
