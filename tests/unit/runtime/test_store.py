"""The home folder: what outlives a process that is killed, and what two processes on it do to each other."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from io import FileIO
from pathlib import Path

import pytest

from copilot_sdk.errors import RpcError
from copilot_sdk.runtime.core.store import FolderStorage
from copilot_sdk.transports.stdio import StdioTransport
from tests.support.mcp_forge import Forge
from tests.unit.runtime.harness import Client, Join, Json, Start

# To start a process takes its time where many do.
_PATIENCE = 60.0

Launch = Callable[[], Awaitable[Client]]


@pytest.fixture(scope="module")
def forge() -> Iterator[Forge]:
    with Forge("tests.support.warm_runtime") as made:
        yield made


@pytest.fixture
def launch(stack: AsyncExitStack, tmp_path: Path, forge: Forge) -> Launch:
    """Starts runtimes in processes of their own, on one home folder."""

    async def run() -> Client:
        environment = {**os.environ, "COPILOT_HOME": str(tmp_path / "home")}
        transport = await StdioTransport.spawn(forge.command("--stdio"), env=environment, cwd=tmp_path)
        return await stack.enter_async_context(Client(transport, patience=_PATIENCE))

    return run


def _folder(tmp_path: Path) -> Path:
    return tmp_path / "home/session-state/one"


def _lines(tmp_path: Path) -> list[Json]:
    return [json.loads(line) for line in (_folder(tmp_path) / "events.jsonl").read_text().splitlines()]


def _kill(tmp_path: Path) -> None:
    (lock,) = _folder(tmp_path).glob("inuse.*.lock")
    os.kill(int(lock.name.split(".")[1].split("-")[0]), signal.SIGKILL)


async def _told(client: Client) -> set[str]:
    """The ids of the durable events that the client has heard of, once its runtime is dead."""
    await client.peer.wait_closed()
    return {event["id"] for event in client.events if not event.get("ephemeral")}


@pytest.mark.parametrize("pieces", [0, 1, 40])
async def test_a_runtime_that_is_killed_loses_nothing_that_it_told(
    launch: Launch, tmp_path: Path, pieces: int
) -> None:
    client = await launch()
    await client.open(sessionId="one", streaming=True)
    await client.turn("first")
    if pieces:
        said = "\n".join(f"!say {number}" for number in range(pieces))
        await client.send(f"{said}\n!call view {json.dumps({'path': '.'})}\n!hold")
        await client.until("assistant.message_delta", deltaContent=str(pieces - 1))
    _kill(tmp_path)
    told = await _told(client)
    again = await launch()
    again.session_id = "one"
    await again.call("session.resume")
    kept = (await again.call("session.getMessages"))["events"]
    assert told - {event["id"] for event in kept if event["type"] != "session.resume"} <= {
        event["id"] for event in client.events if event["type"] == "system.message"
    }
    await again.turn("second")
    assert [event["data"]["content"] for event in _lines(tmp_path) if event["type"] == "user.message"][
        -1
    ] == ("second")
    assert len(list(_folder(tmp_path).glob("inuse.*.lock"))) == 1
    assert [session["sessionId"] for session in (await again.call("sessions.list"))["sessions"]] == ["one"]


async def test_a_runtime_that_is_killed_again_and_again_always_comes_back(
    launch: Launch, tmp_path: Path
) -> None:
    client = await launch()
    await client.open(sessionId="one")
    for number in range(2):
        await client.turn(f"prompt {number}")
        await client.send("!say x\n" * 200 + "!hold")
        await client.until("user.message")
        _kill(tmp_path)
        await client.peer.wait_closed()
        client = await launch()
        client.session_id = "one"
        await client.call("session.resume")
    prompts = [e["data"]["content"] for e in _lines(tmp_path) if e["type"] == "user.message"]
    assert [prompt for prompt in prompts if prompt.startswith("prompt")] == ["prompt 0", "prompt 1"]


@pytest.mark.parametrize("cut", range(1, 60, 7))
async def test_a_line_torn_anywhere_is_cut_off(start: Start, join: Join, tmp_path: Path, cut: int) -> None:
    first = start()
    client = await join(first)
    await client.open(sessionId="one")
    await client.turn("first")
    await first.aclose()
    path = _folder(tmp_path) / "events.jsonl"
    stored = path.read_bytes()
    lines = stored.splitlines(keepends=True)
    path.write_bytes(stored[:-cut])
    client = await join(start())
    client.session_id = "one"
    await client.call("session.resume")
    whole = lines if cut == 1 else lines[:-1]
    assert path.read_bytes().startswith(b"".join(whole))
    assert [event["id"] for event in _lines(tmp_path)[: len(whole)]] == [
        json.loads(line)["id"] for line in whole
    ]


async def test_two_processes_may_use_a_session_but_neither_cuts_or_deletes_it(
    launch: Launch, tmp_path: Path
) -> None:
    first, second = await launch(), await launch()
    await first.open(sessionId="one")
    await first.turn("of the first")
    assert await first.call("sessions.checkInUse", sessionIds=["one", "nope"]) == {"inUse": []}
    assert await second.call("sessions.checkInUse", sessionIds=["one", "nope"]) == {"inUse": ["one"]}
    assert await second.call("sessions.bulkDelete", sessionIds=["one"]) == {"freedBytes": {}}
    with pytest.raises(RpcError, match="in use by another runtime"):
        await second.call("sessions.delete", sessionId="one")
    pruned = await second.call("sessions.pruneOld", olderThanDays=-1)
    assert (pruned["deleted"], pruned["skipped"]) == ([], ["one"])
    second.session_id = "one"
    await second.call("session.resume")
    assert second.of("session.resume")[0]["alreadyInUse"] is True
    assert (await second.call("session.metadata.snapshot"))["alreadyInUse"] is True
    await asyncio.gather(first.turn("more of the first"), second.turn("of the second"))
    prompts = {e["data"]["content"] for e in _lines(tmp_path) if e["type"] == "user.message"}
    assert prompts == {"of the first", "more of the first", "of the second"}
    event_id = first.prompt_event(0)
    with pytest.raises(RpcError, match="while another runtime uses the session"):
        await first.call("session.history.truncate", eventId=event_id)
    await second.call("session.destroy")
    assert (await first.call("session.history.truncate", eventId=event_id))["eventsRemoved"] > 0


async def test_locks_of_the_dead_hold_nobody_up(launch: Launch, tmp_path: Path) -> None:
    client = await launch()
    await client.open(sessionId="one")
    await client.turn("first")
    _kill(tmp_path)
    await _told(client)
    other = await launch()
    assert await other.call("sessions.releaseLock", sessionId="one") == {}
    assert list(_folder(tmp_path).glob("inuse.*.lock")) == []
    assert (await other.call("sessions.bulkDelete", sessionIds=["one"]))["freedBytes"]["one"] > 0
    assert not _folder(tmp_path).exists()


async def test_what_is_saved_is_on_the_disk(
    start: Start, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await join(start())
    await client.open(sessionId="one")
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    assert await client.call("sessions.save", sessionId="one") == {}
    assert await client.call("sessions.save", sessionId="nope") == {}
    assert len(synced) == 1
    await client.turn("hi")
    assert len(synced) == 2

    def broken(_: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(RpcError, match="could not be stored"):
        await client.call("sessions.save", sessionId="one")
    assert "the disk is full" in client.of("session.error")[-1]["message"]


async def test_an_event_that_finds_no_room_does_not_spoil_the_next_one(
    start: Start, join: Join, tmp_path: Path
) -> None:
    runtime = start()
    client = await join(runtime)
    await client.open(sessionId="one")
    storage = runtime.runtime.live("one").storage
    assert isinstance(storage, FolderStorage)
    storage._log = HalfFull(storage._log)  # type: ignore[assignment]
    await client.call("session.log", message="lost")
    await client.call("session.log", message="kept")
    assert client.of("session.error")[0]["errorType"] == "persistence"
    await runtime.aclose()
    client = await join(start())
    client.session_id = "one"
    await client.call("session.resume")
    events = (await client.call("session.getMessages"))["events"]
    assert [event["data"]["message"] for event in events if event["type"] == "session.info"] == ["kept"]


class HalfFull:
    """A file on a disk that has room for half a line, and then for more again."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self._room: int | None = 20

    def write(self, content: bytes) -> int | None:
        if self._room == 0:
            self._room = None
            raise OSError("no space left on device")
        written = self._file.write(content[: self._room])
        self._room = None if self._room is None else 0
        return written

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)
