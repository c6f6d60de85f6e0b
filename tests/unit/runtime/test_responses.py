"""Models behind the Responses interface, over HTTP and over websockets that a client opens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence

import pytest

from copilot_sdk.providers import ModelRequest, ModelRequests
from tests.unit.runtime.harness import Client, Join, Json, Start, types

PROVIDER = {
    "type": "openai",
    "baseUrl": "http://model.invalid/v1",
    "apiKey": "k3y",
    "wireApi": "responses",
    "transport": "websockets",
}
USAGE = {
    "input_tokens": 7,
    "output_tokens": 3,
    "input_tokens_details": {"cached_tokens": 2},
    "output_tokens_details": {"reasoning_tokens": 1},
}


def said(*pieces: str) -> list[Json]:
    message = {"type": "message", "content": [{"type": "output_text", "text": "".join(pieces)}]}
    return [
        {"type": "response.created"},
        {"type": "response.reasoning_summary_text.delta", "delta": "Hm"},
        *({"type": "response.output_text.delta", "delta": piece} for piece in pieces),
        {"type": "response.output_item.done", "item": message},
        {"type": "response.completed", "response": {"id": "r1", "output": [message], "usage": USAGE}},
    ]


def called(name: str, arguments: str) -> list[Json]:
    call = {"type": "function_call", "call_id": "c1", "name": name, "arguments": arguments}
    return [
        {"type": "response.output_item.done", "item": call},
        {"type": "response.completed", "response": {"id": "r2", "output": [call]}},
    ]


class Model(ModelRequests):
    """Plays answers, one after the other; over a websocket, if it takes any."""

    def __init__(self, answers: Sequence[list[Json]], *, websocket: bool = True, status: int = 101) -> None:
        super().__init__()
        self.answers = list(answers)
        self.websocket = websocket
        self.status = status
        self.opened: list[Json] = []
        self.bodies: list[Json] = []
        self.closed = 0

    async def respond(self, request: ModelRequest) -> None:
        self.opened.append(request.start_request.to_wire())
        body = b"".join([piece async for piece in request.body()])
        self.bodies.append(json.loads(body))
        await request.start(200, {"content-type": ["text/event-stream"]})
        if not self.bodies[-1].get("stream"):
            await request.send(json.dumps(self.answers.pop(0)[-1]["response"]))
            return
        for event in self.answers.pop(0):
            await request.send(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n")

    async def respond_websocket(self, request: ModelRequest) -> None:
        self.opened.append(request.start_request.to_wire())
        if not self.websocket:
            await super().respond_websocket(request)
        await request.start(self.status)
        try:
            async for message in request.messages():
                self.bodies.append(json.loads(message))
                if not self.answers:
                    return
                events = self.answers.pop(0)
                for event in events:
                    await request.send(json.dumps(event))
                if events[-1]["type"] == "response.output_text.delta":
                    return
        finally:
            self.closed += 1


@pytest.fixture
async def models() -> AsyncIterator[list[Model]]:
    models: list[Model] = []
    yield models
    for model in models:
        await model.release()


async def opened(client: Client, model: Model, models: list[Model], **options: object) -> Model:
    models.append(model)
    client.serve({"llm_inference": model})
    await model.register(client.peer)
    await client.open(**{"provider": PROVIDER, "model": "big", "streaming": True, **options})
    return model


async def test_one_websocket_serves_one_answer_after_the_other(
    start: Start, join: Join, models: list[Model]
) -> None:
    client = await join(start())
    model = await opened(client, Model([said("Hel", "lo"), said("Again")]), models)
    await client.turn("first")
    await client.turn("second")
    assert [delta["deltaContent"] for delta in client.of("assistant.message_delta")][:2] == ["Hel", "lo"]
    assert [message["content"] for message in client.of("assistant.message")] == ["Hello", "Again"]
    (start_request,) = model.opened
    assert (start_request["url"], start_request["transport"]) == (
        "ws://model.invalid/v1/responses",
        "websocket",
    )
    assert start_request["headers"]["authorization"] == ["Bearer k3y"]
    assert [body["type"] for body in model.bodies] == ["response.create"] * 2
    texts = [(item["role"], item["content"][0]["text"]) for item in model.bodies[1]["input"]]
    assert texts == [("user", "first"), ("assistant", "Hello"), ("user", "second")]
    usage = client.of("assistant.usage")[0]
    assert (usage["inputTokens"], usage["outputTokens"], usage["cacheReadTokens"]) == (7, 3, 2)
    await client.call("session.destroy")
    while not model.closed:
        await client.call("ping")


async def test_tools_are_called_and_their_results_sent(start: Start, join: Join, models: list[Model]) -> None:
    client = await join(start())
    call = called("report_intent", '{"intent": "x"}')
    model = await opened(client, Model([call, said("Done")]), models)
    await client.turn("go")
    assert client.of("assistant.message")[-1]["content"] == "Done"
    made, result = model.bodies[1]["input"][-2:]
    assert (made["type"], made["call_id"], made["name"]) == ("function_call", "c1", "report_intent")
    assert (result["type"], result["call_id"]) == ("function_call_output", "c1")
    assert "report_intent" in [tool["name"] for tool in model.bodies[0]["tools"]]


@pytest.mark.parametrize("refusal", [{"websocket": False}, {"status": 403}])
async def test_a_websocket_that_is_refused_is_done_without(
    start: Start, join: Join, models: list[Model], refusal: Json
) -> None:
    client = await join(start())
    model = await opened(client, Model([said("By HTTP."), said("Again.")], **refusal), models)
    await client.turn("first")
    await client.turn("second")
    assert [message["content"] for message in client.of("assistant.message")] == ["By HTTP.", "Again."]
    assert not client.of("model.call_failure")
    http = "http://model.invalid/v1/responses"
    assert [opened["url"] for opened in model.opened] == ["ws://model.invalid/v1/responses", http, http]


async def test_without_streaming_the_answer_comes_whole(
    start: Start, join: Join, models: list[Model]
) -> None:
    client = await join(start())
    provider = PROVIDER | {"transport": "http", "maxOutputTokens": 9}
    model = await opened(
        client, Model([said("Hello")]), models, provider=provider, streaming=False, reasoningEffort="high"
    )
    await client.turn("go")
    assert client.of("assistant.message")[0]["content"] == "Hello"
    (body,) = model.bodies
    assert (body["reasoning"], body["max_output_tokens"]) == ({"summary": "auto", "effort": "high"}, 9)


async def test_an_answer_that_was_cut_off_goes_on(start: Start, join: Join, models: list[Model]) -> None:
    cut = said("One")
    cut[-1] = {
        "type": "response.incomplete",
        "response": {"id": "r1", "incomplete_details": {"reason": "max_output_tokens"}},
    }
    client = await join(start())
    model = await opened(client, Model([cut, said(" two")]), models)
    await client.turn("go")
    assert len(model.bodies) == 2


async def test_a_failure_is_tried_again_over_a_new_websocket(
    start: Start, join: Join, models: list[Model]
) -> None:
    failed = [{"type": "response.failed", "response": {"error": {"message": "overloaded"}}}]
    broken = [{"type": "response.output_text.delta", "delta": "He"}]
    client = await join(start())
    model = await opened(client, Model([failed, said("Hello")]), models)
    await client.turn("go")
    assert client.of("model.call_failure")[0]["errorMessage"] == "overloaded"
    assert client.of("assistant.message")[-1]["content"] == "Hello"
    assert len(model.opened) == 2
    model.answers = [broken]
    await client.turn("go on")
    assert "session.error" in types(client.events)
