"""`on_frame`: every message of a connection, for whoever made the client."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk import CopilotClient, UsageError, sync
from copilot_sdk.frames import Frame, FrameHandler, FrameRecorder
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.memory import MemoryTransport
from copilot_sdk.transports.tcp import listen
from copilot_sdk.types import ProviderConfig
from tests.support.fake_runtime import FakeRuntime

SECRET = "hunter2hunter2hunter2"


def transport_of(client: CopilotClient) -> Transport:
    peer = client._connection._peer
    assert peer is not None
    return peer._transport


def methods(frames: list[Frame], direction: str = "sent") -> list[str]:
    return [frame.json().get("method") for frame in frames if frame.direction == direction]


async def test_every_message_is_seen_in_its_order(runtime: FakeRuntime) -> None:
    async def answer(_: object) -> dict[str, Any]:
        await runtime.peer.notify("session.lifecycle", {"type": "session.created", "sessionId": "s"})
        return {"message": "pong", "timestamp": "2026-01-01T00:00:00Z", "protocolVersion": 3}

    frames: list[Frame] = []
    runtime.answers["ping"] = answer
    async with runtime.client(on_frame=frames.append) as client:
        await client.ping("hello")
    assert [(frame.direction, frame.json().get("method"), frame.json().get("id")) for frame in frames] == [
        ("sent", "connect", 1),
        ("received", None, 1),
        ("sent", "ping", 2),
        ("received", "session.lifecycle", None),
        ("received", None, 2),
    ]
    assert frames[2].json()["params"] == {"message": "hello"}
    assert sorted(frame.time for frame in frames) == [frame.time for frame in frames]


async def test_requests_of_the_runtime_and_the_answers_are_seen(runtime: FakeRuntime) -> None:
    frames: list[Frame] = []
    async with runtime.client(on_frame=frames.append):
        with pytest.raises(Exception, match="Method not found"):
            await runtime.peer.request("no.such")
    assert "no.such" in methods(frames, "received")
    assert frames[-1].direction == "sent"
    assert frames[-1].json()["error"]["code"] == -32601


async def test_what_is_no_message_is_seen_too(runtime: FakeRuntime) -> None:
    frames: list[Frame] = []
    async with runtime.client(on_frame=frames.append) as client:
        await runtime._far.send(b"not json")
        await client.ping()
    assert b"not json" in [frame.data for frame in frames if frame.direction == "received"]


@pytest.mark.parametrize(
    "error",
    [ValueError("no idea"), SystemExit(3), asyncio.CancelledError()],
    ids=lambda error: type(error).__name__,
)
async def test_a_callback_that_raises_changes_nothing_and_is_logged_once(
    runtime: FakeRuntime, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    frames: list[Frame] = []

    def fail(frame: Frame) -> None:
        frames.append(frame)
        raise error

    async with runtime.client(on_frame=fail) as client:
        await client.ping()
        await client.ping()
    assert methods(frames) == ["connect", "ping", "ping"]
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("copilot_sdk.callbacks", logging.ERROR)
    assert "on_frame raised" in record.message
    assert record.exc_info is not None


async def _later(frame: Frame) -> None: ...


@pytest.mark.parametrize("handler", ["frames.jsonl", 5, _later])
@pytest.mark.parametrize(
    "make",
    [
        CopilotClient,
        CopilotClient.embedded,
        lambda **options: CopilotClient.connect("1", **options),
        lambda **options: sync.CopilotClient.connect("1", **options),
    ],
)
def test_what_is_no_plain_function_is_refused(make: Callable[..., object], handler: Any) -> None:
    with pytest.raises(UsageError, match="on_frame has to be a plain function"):
        make(on_frame=handler)


async def test_nothing_stands_between_where_nobody_looks(runtime: FakeRuntime) -> None:
    async with runtime.client() as client:
        assert isinstance(transport_of(client), MemoryTransport)
    async with runtime.client(on_frame=print_nothing) as client:
        assert not isinstance(transport_of(client), MemoryTransport)
        assert transport_of(client).describe() == "the other end in this process"


def print_nothing(frame: Frame) -> None: ...


async def test_an_embedded_runtime_is_looked_at(tmp_path: Path) -> None:
    frames: list[Frame] = []
    async with (
        CopilotClient.embedded(on_frame=frames.append) as client,
        await client.create_session() as session,
    ):
        await session.send("!say hello")
    assert {"connect", "session.create", "session.send", "session.destroy"} <= {*methods(frames)}
    assert "session.event" in methods(frames, "received")


async def test_a_runtime_that_listens_is_looked_at(runtime: FakeRuntime) -> None:
    async def serve(transport: Any) -> None:
        runtime.adopt(transport)
        await runtime.peer.wait_closed()

    frames: list[Frame] = []
    listener = await listen("localhost", 0, serve)
    try:
        async with CopilotClient.connect(f"localhost:{listener.port}", on_frame=frames.append) as client:
            await client.ping()
    finally:
        await listener.aclose()
    assert methods(frames) == ["connect", "ping"]


async def test_a_process_is_looked_at(tmp_path: Path) -> None:
    frames: list[Frame] = []
    async with CopilotClient(
        sys.executable,
        cli_args=["-m", "copilot_sdk.runtime"],
        env={**os.environ, "COPILOT_HOME": str(tmp_path)},
        on_frame=frames.append,
    ) as client:
        await client.ping()
    assert methods(frames) == ["connect", "ping"]


def test_a_sync_client_calls_from_its_own_thread() -> None:
    frames: list[Frame] = []
    threads: set[str] = set()

    def look(frame: Frame) -> None:
        frames.append(frame)
        threads.add(threading.current_thread().name)

    with sync.CopilotClient.embedded(on_frame=look) as client:
        client.ping()
    assert methods(frames) == ["connect", "ping"]
    assert threads == {"copilot_sdk.sync"}


async def test_a_recording_of_a_session_has_no_credentials(runtime: FakeRuntime, tmp_path: Path) -> None:
    file = tmp_path / "frames.jsonl"
    with FrameRecorder(file) as record:
        on_frame: FrameHandler = record
        async with runtime.client(token=SECRET, on_frame=on_frame) as client:
            await client.create_session(
                github_token=SECRET,
                provider=ProviderConfig(
                    base_url="https://example.com", api_key=SECRET, headers={"X": SECRET}
                ),
            )
            runtime.answers["secrets.addFilterValues"] = {"ok": True}
            await client.rpc.secrets.add_filter_values(values=[SECRET])
    assert (await runtime.asked("secrets.addFilterValues"))["values"] == [SECRET]
    text = file.read_text()
    assert SECRET not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["message"].get("method") for line in lines if line["direction"] == "sent"] == [
        "connect",
        "session.create",
        "secrets.addFilterValues",
        "session.destroy",
    ]
