"""What is told on the way, and the error at the end of a turn."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from copilot_sdk.synaps import TurnFailed
from copilot_sdk.synaps._told import Told
from copilot_sdk.synaps.events import AutoTurnResponse, ErrorEvent, TextDelta, UnknownVariant
from copilot_sdk.synaps.types import MessageUpdateEvent, PromptResponse, TurnBudgetExceeded


@pytest.mark.parametrize(
    ("frame", "kind", "event"),
    [
        ({"type": "message_update", "event": {"type": "text_delta", "delta": "x"}}, "text_delta", TextDelta),
        ({"type": "message_update", "event": {"type": "odd"}}, "odd", UnknownVariant),
        ({"type": "message_update", "event": None}, "message_update", MessageUpdateEvent),
        ({"type": "error", "message": "x"}, "error", ErrorEvent),
        ({"type": "odd", "event": {"type": "text_delta"}}, "odd", UnknownVariant),
        (
            {"type": "response", "id": "auto:1", "command": "auto_turn", "ok": True},
            "auto_turn",
            AutoTurnResponse,
        ),
    ],
)
def test_a_frame_is_told_as_the_event_that_it_holds(frame: dict[str, Any], kind: str, event: type) -> None:
    told = Told(frame)
    assert told.type == kind
    assert type(told.event) is event


def test_the_text_of_an_event_is_that_of_the_model_alone() -> None:
    def text(event: object) -> str:
        return Told({"type": "message_update", "event": event}).text

    assert text({"type": "text_delta", "delta": "x"}) == "x"
    assert text({"type": "text_delta", "delta": 5}) == ""
    assert text({"type": "thinking_delta", "delta": "x"}) == ""
    assert Told({"type": "agent_end"}).text == ""


def test_a_failed_turn_survives_pickle_and_hides_credentials() -> None:
    outcome = TurnBudgetExceeded(dimension="wall_clock")
    response = PromptResponse(id="1", ok=False, error="token=hunter2hunter2", outcome=outcome)
    error = pickle.loads(pickle.dumps(TurnFailed(response)))
    assert isinstance(error, TurnFailed)
    assert (error.outcome, error.response) == (outcome, response)
    assert "hunter2" not in str(error) + error.message
    assert "without a message" in str(TurnFailed(PromptResponse(id="1", ok=False)))
