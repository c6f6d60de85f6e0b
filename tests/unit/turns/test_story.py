"""What the result of a turn says, from its events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_sdk._arrival import Arrival
from copilot_sdk.errors import RateLimited
from copilot_sdk.turns import ModelUsage, ToolCall
from copilot_sdk.turns._story import Story


def event(kind: str, agent: str | None = None, **data: Any) -> Arrival:
    raw: dict[str, Any] = {"id": "e", "timestamp": "", "parentId": None, "type": kind, "data": data}
    return Arrival(raw if agent is None else {**raw, "agentId": agent})


def delta(text: str, message: str = "a") -> Arrival:
    return event("assistant.message_delta", messageId=message, deltaContent=text)


def message(text: str, name: str = "a", **data: Any) -> Arrival:
    return event("assistant.message", messageId=name, content=text, **data)


def usage(reason: str = "stop", model: str = "m", agent: str | None = None, **data: Any) -> Arrival:
    return event("assistant.usage", agent, model=model, finishReason=reason, **data)


END = event("assistant.turn_end", turnId="0")


def told(*events: Arrival) -> Story:
    story = Story()
    for item in events:
        story.look(item)
    return story


def test_the_text_is_that_of_the_last_message() -> None:
    story = told(
        delta("Let "), delta("me."), message("Let me."), END, delta("Done", "b"), message("Done.", "b")
    )
    assert story.text == "Done."
    assert len(story.messages) == 2


def test_the_text_grows_while_it_is_streamed() -> None:
    assert told(delta("Hel"), delta("lo")).text == "Hello"
    assert told(message("One."), END, delta("Tw", "b")).text == "Tw"


def test_a_message_that_went_on_after_the_limit_of_output_is_whole() -> None:
    first = [delta("Once upon"), delta(" a"), usage("length"), END]
    second = [delta(" time,", "b"), usage("length"), END]
    last = [delta(" the", "c"), delta(" end.", "c"), usage(), message(" the end.", "c"), END]
    assert told(*first, *second, *last).text == "Once upon a time, the end."
    assert told(*first).text == "Once upon a"


def test_parts_that_come_as_messages_of_their_own_are_joined_too() -> None:
    story = told(
        usage("length"), message("Once"), END, usage("length"), message(" upon"), END, usage(), message(".")
    )
    assert story.text == "Once upon."
    assert told(message("One."), END, usage(), message("Two.")).text == "Two."


def test_the_messages_of_one_reply_are_joined() -> None:
    parts = [message("One ", chunkIndex=0, chunkCount=2), message("two.", "b", chunkIndex=1, chunkCount=2)]
    assert told(*parts).text == "One two."


def test_a_repeated_model_call_begins_its_text_anew() -> None:
    retry = event("assistant.turn_retry", turnId="0", reason="streaming_error")
    assert told(delta("Hel"), retry, delta("Hello", "b"), usage(), message("Hello", "b"), END).text == "Hello"


def test_what_sub_agents_say_is_not_the_answer() -> None:
    said = event("assistant.message", "sub", messageId="x", content="aside")
    assert told(message("Mine."), said).text == "Mine."


def test_usage_counts_by_model_and_in_total_with_sub_agents() -> None:
    story = told(
        usage(
            inputTokens=10,
            outputTokens=2,
            cacheReadTokens=4,
            cacheWriteTokens=1,
            reasoningTokens=1,
            cost=1.5,
            duration=250,
        ),
        usage(inputTokens=5, outputTokens=1, duration=750),
        usage(model="small", agent="sub", inputTokens=7, cost=0.5),
    )
    assert story.usage.models == {
        "m": ModelUsage(
            calls=2,
            input_tokens=15,
            output_tokens=3,
            cache_read_tokens=4,
            cache_write_tokens=1,
            reasoning_tokens=1,
            cost=1.5,
            duration=1.0,
        ),
        "small": ModelUsage(calls=1, input_tokens=7, cost=0.5),
    }
    total = story.usage.total
    assert (total.calls, total.input_tokens, total.cost) == (3, 22, 2.0)


def test_tool_calls_have_what_went_in_and_what_came_out() -> None:
    def start(name: str, agent: str | None = None) -> Arrival:
        return event("tool.execution_start", agent, toolCallId=name, toolName=name, arguments={"x": 1})

    story = told(
        start("well"),
        start("badly", "sub"),
        start("open"),
        event("tool.execution_complete", toolCallId="well", success=True, result={"content": "fine"}),
        event("tool.execution_complete", "sub", toolCallId="badly", success=False, error={"message": "no"}),
        event("tool.execution_complete", toolCallId="unheard of", success=True),
    )
    assert story.tool_calls == (
        ToolCall(id="well", name="well", arguments={"x": 1}, success=True, result="fine"),
        ToolCall(id="badly", name="badly", arguments={"x": 1}, agent_id="sub", success=False, error="no"),
        ToolCall(id="open", name="open", arguments={"x": 1}),
    )


def test_the_first_error_is_the_cause() -> None:
    story = told(
        event("session.error", errorType="rate_limit", message="slow down"),
        event("session.error", errorType="query", message="gave up"),
    )
    assert isinstance(story.error, RateLimited)


def test_an_error_that_the_agent_got_over_is_none() -> None:
    story = told(event("session.error", errorType="rate_limit", message="slow down"), message("Here."))
    assert story.error is None


@pytest.mark.parametrize(
    "last", [event("abort", reason="user_initiated"), event("session.idle", aborted=True)]
)
def test_an_aborted_turn_says_so(last: Arrival) -> None:
    assert told(delta("Hel"), last).aborted
    assert told(delta("Hel"), last).text == "Hel"
    assert not told(event("session.idle")).aborted


KINDS = st.sampled_from(
    [
        "assistant.message",
        "assistant.message_delta",
        "assistant.usage",
        "assistant.turn_end",
        "assistant.turn_retry",
        "tool.execution_start",
        "tool.execution_complete",
        "session.error",
        "session.idle",
        "user.message",
        "permission.requested",
    ]
)
NAMES = st.sampled_from(
    [
        "messageId",
        "content",
        "deltaContent",
        "toolCallId",
        "toolName",
        "result",
        "error",
        "model",
        "cost",
        "duration",
    ]
)
VALUES: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.just({"content": 3})
    | st.just([])
)


@given(
    st.lists(
        st.tuples(KINDS, st.none() | st.just("sub"), st.dictionaries(NAMES, VALUES) | st.none() | st.text())
    )
)
def test_nothing_in_an_event_makes_it_fail(events: list[tuple[str, str | None, Any]]) -> None:
    story = told(*(Arrival({"type": kind, "agentId": agent, "data": data}) for kind, agent, data in events))
    assert isinstance(story.text, str)
    assert story.usage.total.calls >= 0
    assert len(story.tool_calls) >= 0
