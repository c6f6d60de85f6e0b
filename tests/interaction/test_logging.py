"""Which loggers there are, and what they say of a connection and of a session."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from copilot_sdk import tool
from tests.support.fake_runtime import SESSION, FakeRuntime

ROOT = Path(__file__).parents[2]


def test_every_logger_stands_in_the_guide() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")]
    used = {name for source in sources for name in re.findall(r'getLogger\("(.*?)"\)', source)}
    guide = (ROOT / "docs/guides/observability.md").read_text("utf-8")
    assert used == set(re.findall(r"^\| `(copilot_sdk\.[\w.]+)`", guide, re.MULTILINE))


async def test_a_connection_is_told_of(runtime: FakeRuntime, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with runtime.client():
        pass
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("copilot_sdk.client", logging.INFO)
    assert record.message == "connected to the other end in this process: runtime 9.9.9, protocol 3"


async def test_a_lost_connection_is_a_warning(runtime: FakeRuntime, caplog: pytest.LogCaptureFixture) -> None:
    async with runtime.client() as client:
        session = await client.create_session(session_id=SESSION)
        async with session.events() as events:
            await runtime.drop()
            with pytest.raises(ConnectionError):
                await anext(events)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("copilot_sdk.client", logging.WARNING)
    assert record.message.startswith("the runtime is gone: connection closed: ")


async def test_no_level_shows_what_is_in_a_message(
    runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    @tool
    def look_up(word: str) -> str:
        return "hush, result"

    caplog.set_level(logging.DEBUG)
    async with runtime.client() as client:
        session = await client.create_session(session_id=SESSION, tools=[look_up])
        await session.send("hush, prompt").accepted()
        await runtime.message("hush, message")
        await runtime.event("assistant.message", {"content": ["hush, misfit"]})
        await runtime.request_tool("look_up", {"word": "hush, argument"})
        await runtime.tool_answer()
        await client.ping("hush, ping")
    assert "session.send" in caplog.text
    assert "hush" not in caplog.text
