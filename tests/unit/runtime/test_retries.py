"""Model calls that failed: when they are made again, on a clock that lets nobody wait, and after a compaction."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from copilot_sdk.runtime import Call, ModelFault, Reply, fault_of_status
from tests.unit.runtime.harness import Client, Join, Start, asked_of, types

SUMMARY = Reply("<overview>\nAll of it.\n</overview>\n<checkpoint_title>My title</checkpoint_title>")
TOO_LONG = Reply(error=fault_of_status(413, "413 too large"))


class Haste:
    """A clock on which each wait is over at once; it keeps how long they would have been."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


def failing(status: int | None, **details: object) -> Reply:
    """A call that fails with a status, or breaks off."""
    if status is None:
        return Reply(error=ModelFault("broke off", retryable=True))
    return Reply(error=ModelFault(f"{status} no", status=status, **details))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "reason", "waits", "notices"),
    [
        (408, "api_error", [0.5, 1, 2, 4, 8], 5),
        (409, "api_error", [0.5, 1, 2, 4, 8], 5),
        (500, "api_error", [0.5, 1, 2, 4, 8], 5),
        (529, "api_error", [0.5, 1, 2, 4, 8], 5),
        (429, "rate_limit", [6, 7, 9, 13, 21], 0),
        (None, "streaming_error", [1, 1, 1, 1, 1], 5),
    ],
)
async def test_a_failure_that_may_pass_is_waited_out_five_times(
    start: Start, join: Join, status: int | None, reason: str, waits: list[float], notices: int
) -> None:
    clock = Haste()
    client = await join(start([failing(status)] * 6, clock=clock, retry_delays=None))
    await client.open()
    await client.turn("hi")
    assert len(clock.waits) == len(waits)
    for waited, planned in zip(clock.waits, waits, strict=True):
        assert 0.8 * planned <= waited <= 1.2 * planned
    assert [retry["reason"] for retry in client.of("assistant.turn_retry")] == [reason] * 5
    infos = [info for info in client.of("session.info") if info["infoType"] == "model_retry"]
    assert len(infos) == notices
    (error,) = client.of("session.error")
    assert f"asked 5 times more within {sum(clock.waits):.2f} s" in error["message"]
    assert len(client.of("model.call_failure")) == 6


async def test_credentials_that_were_turned_down_are_tried_twice_more(start: Start, join: Join) -> None:
    clock = Haste()
    client = await join(
        start([failing(401, retryable=True, error_type="authentication")] * 3, clock=clock, retry_delays=None)
    )
    await client.open()
    await client.turn("hi")
    assert clock.waits == [1, 1]
    (error,) = client.of("session.error")
    assert (error["errorType"], error["message"]) == ("authentication", "401 no")


@pytest.mark.parametrize(("wanted", "least", "most"), [(0, 1, 1), (3, 3, 3.6), (180, 180, 216)])
async def test_what_a_provider_asks_for_is_waited_and_no_less_than_a_second(
    start: Start, join: Join, wanted: float, least: float, most: float
) -> None:
    clock = Haste()
    script = [failing(503, retry_after=wanted), Reply("there")]
    client = await join(start(script, clock=clock, retry_delays=None))
    await client.open()
    await client.turn("hi")
    (waited,) = clock.waits
    assert least <= waited <= most
    assert client.of("assistant.message")[0]["content"] == "there"


async def test_a_provider_that_wants_to_be_left_alone_for_long_is_not_waited_for(
    start: Start, join: Join
) -> None:
    clock = Haste()
    client = await join(start([failing(429, retry_after=181)], clock=clock, retry_delays=None))
    await client.open()
    await client.turn("hi")
    assert clock.waits == []
    assert client.of("session.error")[0]["message"] == "429 no"


async def test_delays_that_were_given_are_those_that_are_waited(start: Start, join: Join) -> None:
    clock = Haste()
    script = [failing(429), failing(None), failing(500)]
    client = await join(start(script, clock=clock, retry_delays=(0.25, 0.75)))
    await client.open()
    await client.turn("hi")
    assert clock.waits == [0.25, 0.75]


async def test_each_call_of_a_turn_has_tries_of_its_own(start: Start, join: Join) -> None:
    clock = Haste()
    calling = Reply(calls=[Call("report_intent", {"intent": "x"})])
    script = [failing(None), failing(None), calling, failing(None), Reply("done")]
    client = await join(start(script, clock=clock, retry_delays=None))
    await client.open()
    await client.turn("hi")
    assert [retry["turnId"] for retry in client.of("assistant.turn_retry")] == ["0", "0", "1"]
    assert client.of("assistant.message")[-1]["content"] == "done"


async def test_a_failure_for_good_is_not_tried_again(start: Start, join: Join) -> None:
    clock = Haste()
    client = await join(start([failing(500), failing(422)], clock=clock, retry_delays=None))
    await client.open()
    await client.turn("hi")
    assert len(clock.waits) == 1
    assert client.of("session.error")[0]["message"] == "422 no"


async def _talked(client: Client) -> int:
    """Opens a session in which something was said; returns how many events there are."""
    await client.open()
    await client.turn("Alpha.")
    return len(client.events)


@pytest.mark.parametrize(
    "fault",
    [
        ModelFault("413 too large", status=413),
        ModelFault("400 prompt is too long: 2 tokens > 1 maximum", status=400),
        ModelFault("422 Your input exceeds the context window of this model.", status=422),
        ModelFault("400 no", status=400, code="context_length_exceeded"),
    ],
)
async def test_a_conversation_that_is_too_long_is_compacted_and_the_model_asked_again(
    start: Start, join: Join, fault: ModelFault
) -> None:
    runtime = start([Reply("A1."), Reply(error=fault), SUMMARY, Reply("B1."), Reply("C1.")])
    client = await join(runtime)
    before = await _talked(client)
    await client.turn("Beta.")
    told = [
        event
        for event in types(client.events[before:])
        if event.startswith(
            ("model.", "assistant.turn_retry", "session.info", "session.compaction", "assistant.m")
        )
    ]
    assert told == [
        "model.call_failure",
        "assistant.turn_retry",
        "session.info",
        "session.compaction_start",
        "session.compaction_complete",
        "assistant.message",
    ]
    assert client.of("assistant.turn_retry")[0]["reason"] == "forced_compaction"
    (ended,) = client.of("session.compaction_complete")
    assert (ended["trigger"], ended["success"], ended["messagesRemoved"]) == ("context_limit_retry", True, 2)
    (again,) = [message.text for message in asked_of(runtime)[3].messages[1:]]
    assert "Alpha." in again
    assert "Beta." in again
    assert "All of it." in again
    assert client.of("assistant.message")[-1]["content"] == "B1."
    await client.turn("Gamma.")
    assert [message.text for message in asked_of(runtime)[4].messages[2:]] == ["B1.", "Gamma."]


async def test_without_a_summary_the_model_is_asked_again_all_the_same(start: Start, join: Join) -> None:
    client = await join(start([Reply("A1."), TOO_LONG, failing(400), Reply("B1.")]))
    await _talked(client)
    await client.turn("Beta.")
    (ended,) = client.of("session.compaction_complete")
    assert (ended["success"], ended["outcome"], ended["statusCode"]) == (False, "failed", 400)
    assert client.of("assistant.message")[-1]["content"] == "B1."


async def test_a_conversation_that_stays_too_long_is_an_error(start: Start, join: Join) -> None:
    client = await join(start([Reply("A1."), TOO_LONG, SUMMARY, *[TOO_LONG] * 5]))
    await _talked(client)
    await client.turn("Beta.")
    (error,) = client.of("session.error")
    assert (error["statusCode"], error["message"].endswith("It failed last with: 413 too large")) == (
        413,
        True,
    )
    assert len(client.of("session.compaction_complete")) == 1
    reasons = [retry["reason"] for retry in client.of("assistant.turn_retry")]
    assert reasons == ["forced_compaction", "api_error", "api_error"]


async def test_a_conversation_may_fit_although_it_was_turned_down_after_its_compaction(
    start: Start, join: Join
) -> None:
    client = await join(start([Reply("A1."), TOO_LONG, SUMMARY, TOO_LONG, Reply("B1.")]))
    await _talked(client)
    await client.turn("Beta.")
    assert client.of("assistant.message")[-1]["content"] == "B1."
    assert client.of("session.error") == []


async def test_a_prompt_that_is_too_long_by_itself_cannot_be_compacted(start: Start, join: Join) -> None:
    runtime = start([TOO_LONG])
    client = await join(runtime)
    await client.open()
    await client.turn("Alpha.")
    assert "begin a new session" in client.of("session.error")[0]["message"]
    assert len(asked_of(runtime)) == 1
    assert not client.of("session.compaction_start")


async def test_an_abort_ends_the_wait_for_a_new_try(start: Start, join: Join) -> None:
    client = await join(start([failing(429, retry_after=100)], retry_delays=None))
    await client.open()
    await client.send("hi")
    await client.until("model.call_failure")
    assert (await client.call("session.abort"))["success"] is True
    assert (await client.until("session.idle"))["data"]["aborted"] is True
