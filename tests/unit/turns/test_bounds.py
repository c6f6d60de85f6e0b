"""Which events belong to a turn, seen from the events alone."""

from __future__ import annotations

from typing import Any

import pytest

from copilot_sdk._arrival import Arrival
from copilot_sdk.turns._bounds import Bounds


def event(kind: str, agent: str | None = None, **data: Any) -> Arrival:
    raw: dict[str, Any] = {"id": "e", "timestamp": "", "parentId": None, "type": kind, "data": data}
    return Arrival(raw if agent is None else {**raw, "agentId": agent})


def prompt(name: str | None = None, **data: Any) -> Arrival:
    return event("user.message", **{"content": "", **({} if name is None else {"messageId": name}), **data})


def error(**data: Any) -> Arrival:
    return event("session.error", errorType="query", message="m", **data)


def idle(**data: Any) -> Arrival:
    return event("session.idle", **data)


def bounds(name: str = "m1", *, busy: bool = False, **options: Any) -> Bounds:
    made = Bounds(busy=busy, **options)
    made.message_id = name
    return made


def follow(turn: Bounds, *events: Arrival) -> Bounds:
    for item in events:
        turn.look(item)
    return turn


def test_a_turn_begins_with_its_prompt_and_ends_when_the_session_is_idle() -> None:
    turn = follow(bounds(), prompt("m1"))
    assert turn.begun
    assert follow(turn, event("assistant.message", content="")).over is False
    assert follow(turn, idle()).over


@pytest.mark.parametrize(
    "stranger",
    [
        [event("session.idle", agent="sub")],
        [event("user.message", "sub", content="", messageId="m1")],
        [error(originatingMessageId="m0")],
        [prompt("m0")],
    ],
)
def test_what_is_about_others_begins_and_ends_nothing(stranger: list[Arrival]) -> None:
    turn = follow(bounds(), *stranger)
    assert not turn.begun
    assert not turn.over


def stopped(reason: str, **output: Any) -> Arrival:
    return event("hook.end", hookType="agentStop", output={"decision": "block", "reason": reason, **output})


def test_what_a_hook_wants_before_the_agent_stops_belongs_to_the_turn() -> None:
    turn = follow(
        bounds(), prompt("m1"), stopped("Say more."), prompt("m2", content="Say more.", delivery="queued")
    )
    assert not turn.over
    assert turn.look(error(originatingMessageId="m2"))
    assert follow(turn, prompt("m3", content="Say more.", delivery="queued")).over


@pytest.mark.parametrize(
    "hook",
    [stopped("Say more.", decision="allow"), event("hook.end", hookType="agentStop"), stopped("Say less.")],
)
def test_the_next_prompt_ends_a_turn_whose_hook_wants_nothing_or_something_else(hook: Arrival) -> None:
    turn = follow(bounds(), prompt("m1"), hook, prompt("m2", content="Say more.", delivery="queued"))
    assert turn.over


def test_an_idle_event_before_the_prompt_is_taken_up_is_unclear_until_it_is() -> None:
    turn = follow(bounds(), idle())
    assert (turn.unclear, turn.over) == (True, False)
    follow(turn, prompt("m1"))
    assert (turn.unclear, turn.over) == (False, False)
    assert follow(turn, idle()).over


def test_a_prompt_that_was_aborted_in_the_queue_ends_with_idle() -> None:
    assert follow(bounds(busy=True), event("abort", reason="user_initiated"), idle(aborted=True)).over


def test_an_abort_from_before_the_prompt_was_accepted_says_nothing_about_it() -> None:
    turn = Bounds(busy=True)
    follow(turn, event("abort", reason="user_initiated"))
    turn.message_id = "m1"
    assert not follow(turn, idle(aborted=True)).over


def test_the_next_prompt_of_the_queue_ends_the_turn_and_does_not_belong_to_it() -> None:
    turn = follow(bounds(), prompt("m1"))
    assert turn.look(prompt("m2", delivery="queued")) is False
    assert turn.over


@pytest.mark.parametrize(
    "message",
    [
        prompt("m2", delivery="steering"),
        prompt("m2", source="skill-pdf"),
        prompt("m2", isAutopilotContinuation=True),
        prompt(None, source="system"),
    ],
)
def test_messages_within_a_turn_do_not_end_it(message: Arrival) -> None:
    turn = follow(bounds(), prompt("m1"))
    assert turn.look(message)
    assert not turn.over


def test_events_of_a_turn_that_others_have_joined_name_any_of_its_prompts() -> None:
    turn = follow(bounds(), prompt("m1"))
    late = event("assistant.message", content="", originatingMessageId="m2")
    assert turn.look(late) is False
    follow(turn, prompt("m2", delivery="steering"))
    assert turn.look(late)
    joined = follow(bounds("m2", busy=True, steering=True), prompt("m2", delivery="steering"))
    assert joined.look(event("assistant.message", content="", originatingMessageId="m1"))


def test_events_before_the_prompt_belong_to_it_unless_another_turn_is_under_way() -> None:
    assert bounds().look(event("session.skills_loaded"))
    waiting = bounds(busy=True)
    assert waiting.look(event("assistant.message_delta")) is False
    assert waiting.look(event("assistant.message_delta", agent="sub")) is False
    assert waiting.look(idle()) is False
    assert waiting.look(event("session.skills_loaded"))


def test_a_prompt_of_somebody_else_means_that_their_turn_is_under_way() -> None:
    turn = follow(bounds(), prompt("m9"))
    assert turn.look(event("assistant.message_delta")) is False


def test_an_event_that_names_the_prompt_begins_its_turn() -> None:
    turn = bounds(busy=True)
    assert turn.look(event("session.warning", originatingMessageId="m1"))
    assert follow(turn, idle()).over


class TestRuntimesThatNameNoPrompts:
    def test_prompts_are_taken_up_in_the_order_in_which_they_were_sent(self) -> None:
        one = bounds("m1")
        two = bounds("m2", busy=True, ahead=one)
        for arrival in (prompt(), event("assistant.message", content="")):
            two.look(arrival)
            one.look(arrival)
        assert (one.begun, two.begun) == (True, False)
        second = prompt(delivery="queued")
        two.look(second)
        one.look(second)
        assert (one.over, two.begun) == (True, True)

    def test_a_steering_message_ends_nothing(self) -> None:
        one = bounds("m1")
        two = bounds("m2", busy=True, steering=True, ahead=one)
        for arrival in (prompt(), prompt()):
            two.look(arrival)
            one.look(arrival)
        assert (one.over, one.begun, two.begun) == (False, True, True)

    def test_a_message_of_the_runtime_itself_is_nobodys_prompt(self) -> None:
        assert not follow(bounds(), prompt(source="system")).begun

    def test_errors_of_prompts_that_were_never_taken_up_are_theirs_in_turn(self) -> None:
        one = bounds("m1")
        two = bounds("m2", busy=True, ahead=one)
        belongs = [(two.look(arrival), one.look(arrival)) for arrival in (error(), error())]
        assert belongs == [(False, True), (True, False)]

    def test_an_error_is_that_of_the_turn_under_way(self) -> None:
        turn = follow(bounds(), prompt())
        assert turn.look(error())
        assert bounds("m2", busy=True, ahead=turn).look(error()) is False
