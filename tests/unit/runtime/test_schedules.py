"""Scheduled prompts, through `session.schedule`, on a clock that the tests turn."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from copilot_sdk.runtime import Reply, ScriptedModel, embedded
from tests.unit.runtime.harness import Client, Join, Json

START = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)  # a Friday


class Hands:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.moment = START
        self._waiting: list[tuple[datetime, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((self.moment + timedelta(seconds=seconds), future))
            await future

    def turn(self, **span: float) -> None:
        self.moment += timedelta(**span)
        due = [entry for entry in self._waiting if entry[0] <= self.moment]
        self._waiting = [entry for entry in self._waiting if entry not in due]
        for _, future in due:
            if not future.done():
                future.set_result(None)


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def gate() -> asyncio.Event:
    """What the model waits for before it answers: set at first."""
    event = asyncio.Event()
    event.set()
    return event


@pytest.fixture
async def client(
    stack: AsyncExitStack, join: Join, clock: Hands, gate: asyncio.Event, tmp_path: Path
) -> Client:
    """A client of a session on the clock."""
    model = ScriptedModel(lambda _: Reply("done", hold=gate))
    runtime = await stack.enter_async_context(embedded(model, home=tmp_path / "home", clock=clock))
    client = await join(runtime)
    await client.open()
    return client


async def add(client: Client, method: str, **params: object) -> Json:
    entry: Json = (await client.call(f"session.schedule.{method}", **params))["entry"]
    return entry


async def entries(client: Client) -> list[Json]:
    found: list[Json] = (await client.call("session.schedule.list"))["entries"]
    return found


def milliseconds(**span: float) -> int:
    return int((START + timedelta(**span)).timestamp() * 1000)


async def test_a_prompt_is_sent_at_each_interval(client: Client, clock: Hands) -> None:
    entry = await add(client, "add", interval="5m", prompt="look around", displayPrompt="Look")
    assert entry == {
        "id": 1,
        "intervalMs": 300_000,
        "prompt": "look around",
        "recurring": True,
        "displayPrompt": "Look",
        "nextRunAt": "2026-03-27T12:05:00.000Z",
    }
    clock.turn(minutes=4)
    await client.call("ping")
    assert not client.of("user.message")
    for minutes in (1, 5):
        clock.turn(minutes=minutes)
        await client.until("session.idle")
    first, second = client.of("user.message")
    assert first["content"] == second["content"] == "[Scheduled prompt #1]\nLook"
    assert (first["transformedContent"], first["source"]) == (
        "[Scheduled prompt #1]\nlook around",
        "schedule-1",
    )
    assert (await entries(client))[0]["nextRunAt"] == "2026-03-27T12:15:00.000Z"


async def test_what_is_sent_once_is_over_then(client: Client, clock: Hands) -> None:
    await add(client, "add", interval="10s", prompt="a", recurring=False)
    await add(client, "addAt", at=milliseconds(seconds=20), prompt="b")
    clock.turn(seconds=10)
    await client.until("session.schedule_cancelled", id=1)
    clock.turn(seconds=10)
    await client.until("session.schedule_cancelled", id=2)
    assert [message["source"] for message in client.of("user.message")] == ["schedule-1", "schedule-2"]
    assert await entries(client) == []


async def test_a_moment_that_is_past_is_now(client: Client) -> None:
    await add(client, "addAt", at=milliseconds(seconds=-1), prompt="late")
    await client.until("session.idle")
    assert len(client.of("user.message")) == 1


@pytest.mark.parametrize(
    ("expression", "zone", "expected"),
    [
        ("0 9 * * 1", None, "2026-03-30T09:00:00.000Z"),
        ("0 9 * * MON", "Europe/Berlin", "2026-03-30T07:00:00.000Z"),
        ("*/5 9-17 * * 1-5", None, "2026-03-27T12:05:00.000Z"),
        ("@daily", None, "2026-03-28T00:00:00.000Z"),
    ],
)
async def test_cron_expressions_are_read_in_their_zone(
    client: Client, expression: str, zone: str | None, expected: str
) -> None:
    named = {} if zone is None else {"tz": zone}
    entry = await add(client, "addCron", cron=expression, prompt="go", **named)
    assert (entry["nextRunAt"], entry["tz"]) == (expected, zone or "Etc/UTC")


async def test_a_cron_prompt_is_sent_again_and_again(client: Client, clock: Hands) -> None:
    await add(client, "addCron", cron="0 * * * *", prompt="go")
    for _ in range(2):
        clock.turn(hours=1)
        await client.until("session.idle")
    assert len(client.of("user.message")) == 2


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("add", {"interval": "soon"}, 'Invalid interval "soon". Try 30s, 5m, 2h, or 1d.'),
        ("add", {"interval": "0s"}, 'Invalid interval "0s". Try 30s, 5m, 2h, or 1d.'),
        ("add", {"interval": "9s"}, "Minimum interval is 10s."),
        ("add", {"interval": "25h"}, "Maximum interval is 1d."),
        ("add", {"interval": "5m", "prompt": " "}, "Prompt cannot be empty."),
        ("addCron", {"cron": "* * * *"}, 'Invalid cron expression "* * * *".'),
        ("addCron", {"cron": "0 0 30 2 *"}, 'Invalid cron expression "0 0 30 2 *".'),
        ("addCron", {"cron": "0 9 * * 1", "tz": "Mars/X"}, 'Invalid cron expression "0 9 * * 1".'),
        ("addAt", {"at": 10**18}, f"Invalid time {10**18}."),
        ("rearmSelfPaced", {"id": 7, "at": 1}, "No active schedule with id 7."),
    ],
)
async def test_what_is_wrong_with_a_schedule_is_told(
    client: Client, method: str, params: Json, error: str
) -> None:
    result = await client.call(f"session.schedule.{method}", **{"prompt": "p", **params})
    assert result == {"error": error}
    assert not client.of("session.schedule_created")


async def test_a_number_alone_counts_minutes(client: Client) -> None:
    assert (await add(client, "add", interval="90", prompt="p"))["intervalMs"] == 5_400_000


async def test_a_self_paced_prompt_runs_when_it_was_told_to(
    client: Client, clock: Hands, gate: asyncio.Event
) -> None:
    gate.clear()
    entry = await add(client, "addSelfPaced", prompt="watch the build")
    assert (entry["selfPaced"], entry["nextRunAt"]) == (True, "2026-03-27T12:00:00.000Z")
    assert await client.call("session.schedule.hasSelfPaced") == {"hasSelfPaced": True}
    entry = await add(client, "rearmSelfPaced", id=1, at=milliseconds(minutes=10))
    assert entry["nextRunAt"] == "2026-03-27T12:10:00.000Z"
    gate.set()
    await client.until("session.idle")
    assert [entry["id"] for entry in await entries(client)] == [1]
    clock.turn(minutes=10)
    await client.until("session.schedule_cancelled", id=1)
    first, _ = client.of("user.message")
    assert "self-paced schedule #1" in first["content"]
    assert "watch the build" in first["content"]
    assert await client.call("session.schedule.hasSelfPaced") == {"hasSelfPaced": False}


async def test_the_run_that_a_schedule_waits_for_can_be_moved(
    client: Client, clock: Hands, gate: asyncio.Event
) -> None:
    gate.clear()
    await add(client, "addSelfPaced", prompt="p")
    await add(client, "rearmSelfPaced", id=1, at=milliseconds(hours=10))
    gate.set()
    await client.until("session.idle")
    await add(client, "rearmSelfPaced", id=1, at=milliseconds(minutes=1))
    clock.turn(minutes=1)
    await client.until("session.idle")
    assert len(client.of("user.message")) == 2


async def test_a_schedule_with_a_time_of_its_own_is_not_set_anew(client: Client) -> None:
    await add(client, "add", interval="5m", prompt="p")
    result = await client.call("session.schedule.rearmSelfPaced", id=1, at=milliseconds(hours=1))
    assert result == {"error": "Schedule #1 is not self-paced and cannot be re-armed."}


async def test_a_schedule_that_was_stopped_sends_nothing(client: Client, clock: Hands) -> None:
    entry = await add(client, "add", interval="10s", prompt="p")
    assert await client.call("session.schedule.stop", id=99) == {}
    assert await client.call("session.schedule.stop", id=1) == {"entry": entry}
    assert client.of("session.schedule_cancelled") == [{"id": 1}]
    clock.turn(minutes=1)
    await client.call("ping")
    assert not client.of("user.message")
    assert (await add(client, "add", interval="10s", prompt="p"))["id"] == 2


async def test_schedules_outlive_the_session_that_made_them(client: Client, clock: Hands) -> None:
    await add(client, "add", interval="5m", prompt="p", displayPrompt="P")
    await add(client, "add", interval="1h", prompt="gone")
    await add(client, "addAt", at=milliseconds(hours=2), prompt="later")
    await client.call("session.schedule.stop", id=2)
    before = await entries(client)
    await client.call("session.suspend")
    await client.call("session.resume")
    assert await entries(client) == before
    assert (await add(client, "add", interval="5m", prompt="new"))["id"] == 4
    await client.call("session.schedule.hydrate")
    assert [entry["id"] for entry in await entries(client)] == [1, 3, 4]
    clock.turn(minutes=5)
    await client.until("session.idle")
    assert {message["source"] for message in client.of("user.message")} == {"schedule-1", "schedule-4"}
