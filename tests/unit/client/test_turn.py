"""Which events belong to a turn, seen from the events alone."""

from __future__ import annotations

from typing import Any

import pytest

from copilot_sdk._turn import Turn
from copilot_sdk.events import decode


def event(kind: str, agent: str | None = None, **data: Any) -> Any:
    raw = {"id": "e", "timestamp": "", "parentId": None, "type": kind, "data": data}
    return decode(raw if agent is None else {**raw, "agentId": agent})


def error(**data: Any) -> Any:
    return event("session.error", errorType="query", message="m", **data)


def follow(turn: Turn, *events: Any) -> Turn:
    for item in events:
        turn.look(item)
    return turn


def test_idle_ends_a_turn() -> None:
    assert not follow(Turn("m1", busy=False), event("assistant.message", messageId="a", content="")).ended
    assert follow(Turn("m1", busy=False), event("session.idle")).ended


def test_idle_of_a_sub_agent_does_not() -> None:
    assert not follow(Turn("m1", busy=False), event("session.idle", agent="sub")).ended


@pytest.mark.parametrize(
    ("before", "ended"),
    [
        ([], False),
        ([event("user.message", content="", messageId="m0")], False),
        ([event("user.message", content="", messageId="m1")], True),
        ([event("user.message", content="")], True),
        ([event("user.message", "sub", content="", messageId="m1")], False),
        ([event("user.message", messageId="m1")], True),
        ([error(originatingMessageId="m1")], True),
        ([error(originatingMessageId="m0")], False),
        ([error()], False),
    ],
)
def test_after_another_turn_idle_counts_once_ours_has_begun(before: list[Any], ended: bool) -> None:
    assert follow(Turn("m1", busy=True), *before, event("session.idle")).ended is ended


def test_the_first_error_is_the_cause() -> None:
    turn = follow(Turn("m1", busy=False), error(statusCode=500), error(statusCode=400))
    assert turn.error is not None
    assert turn.error.status_code == 500


def test_errors_of_others_are_not_ours() -> None:
    turn = follow(
        Turn("m1", busy=False),
        error(originatingMessageId="m0"),
        event("session.error", "sub", errorType="query", message="m"),
    )
    assert turn.error is None


def test_an_error_without_readable_data_is_still_an_error() -> None:
    turn = Turn("m1", busy=False)
    turn.look(decode({"type": "session.error", "data": None}))
    assert turn.error is not None
    assert turn.error.error_type == "unknown"


def test_messages_belong_to_the_prompt_that_they_name() -> None:
    turn = Turn("m1", busy=True)
    ours = event("assistant.message", messageId="a", content="", originatingMessageId="m1")
    others = event("assistant.message", messageId="a", content="", originatingMessageId="m0")
    nameless = event("assistant.message", messageId="a", content="")
    assert (turn.owns(ours), turn.owns(others), turn.owns(nameless)) == (True, False, False)
    turn.look(event("user.message", content="", messageId="m1"))
    assert (turn.owns(ours), turn.owns(others), turn.owns(nameless)) == (True, False, True)
    assert not turn.owns(event("assistant.message", "sub", messageId="a", content=""))
