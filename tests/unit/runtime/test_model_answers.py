"""Answers of model providers that are odd or broken."""

from __future__ import annotations

import json
from collections.abc import Sequence

import httpx
import pytest
import respx

from copilot_sdk.runtime.core.config import ModelProvider
from copilot_sdk.runtime.core.faults import ModelFault
from copilot_sdk.runtime.core.models.base import (
    Completed,
    Message,
    ModelEvent,
    ModelRequest,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
)
from copilot_sdk.runtime.core.models.provider import ProviderModel

BASE = "https://models.test"
CHAT, RESPONSES, MESSAGES = "/chat/completions", "/responses", "/v1/messages"
PROVIDERS = {
    CHAT: ModelProvider(BASE),
    RESPONSES: ModelProvider(BASE, wire_api="responses"),
    MESSAGES: ModelProvider(BASE, type="anthropic"),
}
SAYS_HALF = {
    CHAT: {"choices": [{"delta": {"content": "half"}}]},
    RESPONSES: {"type": "response.output_text.delta", "delta": "half"},
    MESSAGES: {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "half"},
    },
}
every_api = pytest.mark.parametrize("path", PROVIDERS)


async def ask(path: str, answer: httpx.Response | Exception) -> list[ModelEvent]:
    """The events of an answer of the API at a path."""
    model = ProviderModel(PROVIDERS[path])
    request = ModelRequest("m", [Message("user", "hi")])
    with respx.mock:
        route = respx.post(BASE + path)
        route.side_effect = [answer]
        try:
            return [event async for event in model.respond(request)]
        finally:
            await model.aclose()


def stream(*payloads: object) -> httpx.Response:
    """A streamed answer; a payload that is text is sent as it is."""
    frames = [
        payload if isinstance(payload, str) else f"data: {json.dumps(payload, ensure_ascii=False)}\n\n"
        for payload in payloads
    ]
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, text="".join(frames))


def said(events: Sequence[ModelEvent]) -> str:
    """What the model said."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def end(events: Sequence[ModelEvent]) -> Completed:
    """How it ended."""
    last = events[-1]
    assert isinstance(last, Completed)
    return last


@every_api
async def test_a_stream_that_ends_too_early_is_a_fault_that_may_pass(path: str) -> None:
    with pytest.raises(ModelFault, match="broke off") as failed:
        await ask(path, stream(SAYS_HALF[path]))
    assert failed.value.retryable


@every_api
async def test_a_stream_that_is_no_json_is_a_fault_that_may_pass(path: str) -> None:
    with pytest.raises(ModelFault, match="no JSON object: '<html>'") as failed:
        await ask(path, stream("data: <html>\n\n"))
    assert failed.value.retryable


@every_api
async def test_a_provider_out_of_reach_is_a_fault_that_names_it(path: str) -> None:
    with pytest.raises(ModelFault, match=f"{BASE}{path} could not be used: no route") as failed:
        await ask(path, httpx.ConnectError("no route"))
    assert failed.value.retryable


@every_api
async def test_an_address_that_is_none_is_a_fault(path: str) -> None:
    model = ProviderModel(ModelProvider("nonsense", type=PROVIDERS[path].type))
    with pytest.raises(ModelFault, match="could not be used"):
        _ = [event async for event in model.respond(ModelRequest("m", [Message("user", "hi")]))]
    await model.aclose()


@pytest.mark.parametrize(
    ("path", "payload", "kind", "code", "passes"),
    [
        (CHAT, {"error": {"message": "too much", "code": "rate_limit_exceeded"}}, "rate_limit", None, True),
        (CHAT, {"error": "too much"}, "query", "", True),
        (
            RESPONSES,
            {"type": "error", "code": "server_error", "message": "too much"},
            "query",
            "server_error",
            True,
        ),
        (RESPONSES, {"type": "error", "error": {"type": "x", "message": "too much"}}, "query", "x", True),
        (
            RESPONSES,
            {
                "type": "response.failed",
                "response": {
                    "status": "failed",
                    "error": {"code": "insufficient_quota", "message": "too much"},
                },
            },
            "quota",
            "insufficient_quota",
            False,
        ),
        (
            MESSAGES,
            {"type": "error", "error": {"type": "overloaded_error", "message": "too much"}},
            "query",
            "overloaded_error",
            True,
        ),
        (
            MESSAGES,
            {"type": "error", "error": {"type": "authentication_error", "message": "too much"}},
            "authentication",
            "authentication_error",
            False,
        ),
    ],
)
async def test_an_error_in_the_middle_of_an_answer_is_a_fault(
    path: str, payload: object, kind: str, code: str | None, passes: bool
) -> None:
    with pytest.raises(ModelFault, match="too much") as failed:
        await ask(path, stream(SAYS_HALF[path], payload))
    fault = failed.value
    assert (fault.error_type, fault.retryable) == (kind, passes)
    assert (fault.code or "") == ("rate_limit_exceeded" if code is None else code)


ARGUMENTS = ('{"path": ', '"a.py"}')
CALLS: dict[str, list[object]] = {
    CHAT: [
        {"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "view"}}]}}]},
        *(
            {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}}]}
            for piece in ARGUMENTS
        ),
        {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]},
    ],
    RESPONSES: [
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {"type": "function_call", "id": "fc", "call_id": "c", "name": "view", "arguments": ""},
        },
        *(
            {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": piece}
            for piece in ARGUMENTS
        ),
        {
            "type": "response.output_item.done",
            "output_index": 0,
            "item": {
                "type": "function_call",
                "call_id": "c",
                "name": "view",
                "arguments": "".join(ARGUMENTS),
            },
        },
        {"type": "response.completed", "response": {"status": "completed"}},
    ],
    MESSAGES: [
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "tool_use", "id": "c", "name": "view", "input": {}},
        },
        *(
            {
                "type": "content_block_delta",
                "index": 1,
                "delta": {"type": "input_json_delta", "partial_json": piece},
            }
            for piece in ("", *ARGUMENTS)
        ),
        {"type": "message_stop"},
    ],
}


@every_api
async def test_the_arguments_of_a_call_are_told_as_they_come_in(path: str) -> None:
    events = await ask(path, stream(*CALLS[path]))
    assert events[:-1] == [ToolCallDelta("c", "view", piece) for piece in ARGUMENTS]
    assert end(events).tool_calls == (ToolCall("c", "view", "".join(ARGUMENTS)),)


async def test_separators_inside_a_text_do_not_end_a_line() -> None:
    text = "one\u2028two\x85three"
    events = await ask(CHAT, stream({"choices": [{"delta": {"content": text}, "finish_reason": "stop"}]}))
    assert said(events) == text


async def test_the_end_mark_ends_an_answer_without_a_reason() -> None:
    events = await ask(CHAT, stream(SAYS_HALF[CHAT], "data: [DONE]\n\n"))
    assert (said(events), end(events).finish_reason) == ("half", "")


async def test_comments_and_events_without_data_are_passed_over() -> None:
    done = {"choices": [{"delta": {"content": "ok"}, "finish_reason": "stop"}]}
    events = await ask(CHAT, stream(": still there\n\n", "event: ping\n\n", done, "data: [DONE]\n\n"))
    assert said(events) == "ok"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (CHAT, {"id": "x", "choices": [{"message": {"content": "whole"}, "finish_reason": "stop"}]}),
        (
            RESPONSES,
            {
                "id": "x",
                "status": "completed",
                "output": [{"type": "message", "content": [{"type": "output_text", "text": "whole"}]}],
            },
        ),
        (MESSAGES, {"id": "x", "content": [{"type": "text", "text": "whole"}], "stop_reason": "end_turn"}),
    ],
)
async def test_an_answer_in_one_piece_is_taken_although_a_stream_was_asked_for(
    path: str, answer: object
) -> None:
    events = await ask(path, httpx.Response(200, json=answer))
    assert (said(events), end(events).call_id, end(events).finish_reason) == ("whole", "x", "stop")


async def test_calls_and_thoughts_of_a_message_in_one_piece_are_taken() -> None:
    blocks = [
        {"type": "thinking", "thinking": "Hm", "signature": "s"},
        {"type": "tool_use", "id": "a", "name": "view", "input": {"path": "x"}},
        {"type": "server_tool_use", "id": "b", "name": "web_search", "input": {}},
    ]
    answer = {"content": blocks, "stop_reason": "tool_use", "usage": {"input_tokens": 3, "output_tokens": 2}}
    events = await ask(MESSAGES, httpx.Response(200, json=answer))
    assert [event.text for event in events if isinstance(event, ReasoningDelta)] == ["Hm"]
    assert end(events).tool_calls == (ToolCall("a", "view", '{"path": "x"}'),)
    assert (end(events).opaque, end(events).finish_reason) == ("s", "tool_calls")


async def test_parts_of_a_summary_stand_apart() -> None:
    def part(index: int, text: str) -> object:
        kind = "response.reasoning_summary_text.delta"
        return {"type": kind, "output_index": 0, "summary_index": index, "delta": text}

    done = {"type": "response.completed", "response": {"status": "completed"}}
    events = await ask(RESPONSES, stream(part(0, "One"), part(0, "."), part(1, "Two."), done))
    thoughts = "".join(event.text for event in events if isinstance(event, ReasoningDelta))
    assert thoughts == "One.\n\nTwo."


async def test_a_refusal_is_what_the_model_says() -> None:
    done = {"type": "response.completed", "response": {"status": "completed"}}
    events = await ask(RESPONSES, stream({"type": "response.refusal.delta", "delta": "I will not."}, done))
    assert said(events) == "I will not."


async def test_several_signatures_are_not_taken_for_one() -> None:
    def signed(index: int) -> list[object]:
        delta = {"type": "signature_delta", "signature": f"s{index}"}
        return [
            {"type": "content_block_start", "index": index, "content_block": {"type": "thinking"}},
            {"type": "content_block_delta", "index": index, "delta": delta},
        ]

    events = await ask(MESSAGES, stream(*signed(0), *signed(1), {"type": "message_stop"}))
    assert end(events).opaque is None


async def test_credits_of_the_service_are_counted() -> None:
    choice = {"delta": {"content": "ok"}, "finish_reason": "stop"}
    billed = {"choices": [choice], "usage": {}, "copilot_usage": {"total_nano_aiu": 2_500_000_000}}
    assert end(await ask(CHAT, stream(billed))).usage.ai_credits == 2.5


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"error": {"message": "no", "code": "c"}}, ("400 no", "c")),
        ({"message": "no"}, ("400 no", None)),
        ({"error": "no"}, ("400 no", None)),
        (["no"], ('400 ["no"]', None)),
        (None, ("400 ", None)),
    ],
)
@every_api
async def test_a_refusal_says_what_the_provider_says(
    path: str, body: object, told: tuple[str, str | None]
) -> None:
    answer = httpx.Response(400) if body is None else httpx.Response(400, json=body)
    with pytest.raises(ModelFault) as failed:
        await ask(path, answer)
    assert (failed.value.message, failed.value.code) == told
    assert not failed.value.retryable


@every_api
async def test_a_provider_that_is_full_says_when_to_ask_again(path: str) -> None:
    with pytest.raises(ModelFault) as failed:
        await ask(path, httpx.Response(429, headers={"retry-after": "7"}, json={}))
    fault = failed.value
    assert (fault.error_type, fault.status, fault.retry_after, fault.retryable) == (
        "rate_limit",
        429,
        7,
        True,
    )


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5, 1.5),
        ({"retry-after": "0.5"}, 0.5, 0.5),
        ({"retry-after": "Sat, 01 Jan 2101 00:00:00 GMT"}, 1e9, 3e9),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0, 0),
    ],
)
async def test_when_to_ask_again_is_said_in_several_ways(
    headers: dict[str, str], least: float, most: float
) -> None:
    with pytest.raises(ModelFault) as failed:
        await ask(CHAT, httpx.Response(429, headers=headers, json={}))
    assert failed.value.retry_after is not None
    assert least <= failed.value.retry_after <= most


@pytest.mark.parametrize("nonsense", ["soon", "", "nan", "inf"])
async def test_a_time_that_makes_no_sense_is_none(nonsense: str) -> None:
    with pytest.raises(ModelFault) as failed:
        await ask(CHAT, httpx.Response(429, headers={"retry-after": nonsense}, json={}))
    assert failed.value.retry_after is None


@pytest.mark.parametrize(("status", "verdict", "passes"), [(500, "false", False), (400, "true", True)])
async def test_a_provider_may_say_itself_whether_to_ask_again(
    status: int, verdict: str, passes: bool
) -> None:
    with pytest.raises(ModelFault) as failed:
        await ask(CHAT, httpx.Response(status, headers={"x-should-retry": verdict}, json={}))
    assert failed.value.retryable is passes


@pytest.mark.parametrize(
    ("provider", "url"),
    [
        (ModelProvider(BASE), "/models"),
        (ModelProvider(BASE, type="anthropic"), "/v1/models"),
        (ModelProvider(BASE, type="azure"), "/openai/v1/models"),
        (ModelProvider(BASE, type="azure", azure_api_version="1"), "/openai/models?api-version=1"),
    ],
)
async def test_models_are_listed_where_the_provider_lists_them(provider: ModelProvider, url: str) -> None:
    model = ProviderModel(provider)
    with respx.mock:
        respx.get(BASE + url).respond(json={"data": [{"id": "a"}, {"id": "b", "display_name": "Bee"}, {}]})
        listed = await model.catalogue()
    await model.aclose()
    assert [(info.id, info.name) for info in listed] == [("a", "a"), ("b", "Bee")]
