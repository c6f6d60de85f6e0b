"""Programs that a runtime starts join its session."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from copilot_sdk import CopilotClient, UsageError
from copilot_sdk.extension import join_session
from copilot_sdk.runtime import embedded
from copilot_sdk.runtime.copilot.connection import Connection
from copilot_sdk.runtime.copilot.reception import Reception
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.stdio import StdioTransport
from tests.support import extension

PROGRAM = Path(extension.__file__)


async def test_an_extension_serves_the_session_it_was_started_for_until_that_ends() -> None:
    async with embedded() as runtime:

        async def connect() -> Transport:
            return runtime.connect()

        async with CopilotClient.over(connect) as client:
            session = await client.create_session()
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "SESSION_ID": session.id}
            child = await StdioTransport.spawn([sys.executable, str(PROGRAM)], env=environment)
            async with session.events("session.tools_updated") as changes:
                serving = asyncio.create_task(Connection(runtime.runtime, Reception(child)).serve())
                await anext(changes)
            said = (await session.send("!call process_id {}")).text
            types = [event.type for event in (await session.rpc.get_messages()).events]
    await serving
    assert child.describe().endswith(f"(process {said.removeprefix('The tools answered: ')})")
    assert "session.resume" not in types


async def test_a_program_that_no_runtime_has_started_has_no_session_to_join(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SESSION_ID", raising=False)
    with pytest.raises(UsageError, match="SESSION_ID is not set"):
        async with join_session():
            pass
