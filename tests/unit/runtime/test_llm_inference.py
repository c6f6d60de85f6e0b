"""Model requests of the runtime that a client sends."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable

import pytest

from copilot_sdk.errors import InternalError, RpcError
from copilot_sdk.runtime import embedded
from copilot_sdk.runtime.core.config import ModelProvider
from copilot_sdk.runtime.core.models.provider import ProviderModel
from tests.unit.runtime.harness import Client, Join, Json, Start

PROVIDER = {"type": "openai", "baseUrl": "http://model.invalid/v1", "apiKey": "k3y"}
START, CHUNK = "llmInference.httpRequestStart", "llmInference.httpRequestChunk"
Behaviour = Callable[["Model", str], Awaitable[None]]


def line(text: str, finish: str | None = None) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return f"data: {json.dumps({'id': 'c1', 'choices': [choice]})}\n\n"


class Model:
    """Answers model requests as a client, one behaviour after the other; what was accepted is kept."""

    def __init__(self, client: Client, *behaviours: Behaviour) -> None:
        self.client = client
        self.accepted: list[bool] = []
        self._behaviours = list(behaviours)
        self._tasks: list[asyncio.Task[None]] = []
        client.answers[START] = self._start
        client.answers[CHUNK] = lambda _: {}

    def _start(self, params: Json) -> Json:
        work = self._behaviours.pop(0)(self, params["requestId"])
        self._tasks.append(asyncio.ensure_future(work))
        return {}

    async def done(self) -> None:
        await asyncio.gather(*self._tasks)

    async def start(self, request_id: str, status: int = 200) -> None:
        headers = {"content-type": ["text/event-stream"]}
        result = await self.client.call(
            "llmInference.httpResponseStart", requestId=request_id, status=status, headers=headers
        )
        self.accepted.append(result["accepted"])

    async def chunk(self, request_id: str, data: str, **options: object) -> None:
        result = await self.client.call(
            "llmInference.httpResponseChunk", requestId=request_id, data=data, **options
        )
        self.accepted.append(result["accepted"])


async def well(model: Model, request_id: str) -> None:
    await model.start(request_id)
    await model.chunk(request_id, line("Hel"))
    await model.chunk(request_id, line("lo", "stop") + "data: [DONE]\n\n", end=True)


async def opened(client: Client, *behaviours: Behaviour) -> Model:
    model = Model(client, *behaviours)
    await client.call("llmInference.setProvider")
    await client.open(provider=PROVIDER, model="big", streaming=True)
    return model


async def test_the_client_sends_the_request_and_streams_the_answer(start: Start, join: Join) -> None:
    client = await join(start())
    await opened(client, well)
    await client.turn("hi", requestHeaders={"x-trace": "1"})
    assert [delta["deltaContent"] for delta in client.of("assistant.message_delta")] == ["Hel", "lo"]
    (began,) = client.asked_for(START)
    assert (began["method"], began["url"]) == ("POST", "http://model.invalid/v1/chat/completions")
    assert (began["sessionId"], began["transport"]) == (client.session_id, "http")
    assert (began["headers"]["authorization"], began["headers"]["x-trace"]) == (["Bearer k3y"], ["1"])
    assert not {"host", "content-length"} & began["headers"].keys()
    (chunk,) = client.asked_for(CHUNK)
    assert (chunk["requestId"], chunk["binary"], chunk["end"]) == (began["requestId"], False, True)
    assert json.loads(chunk["data"])["messages"][-1]["content"].endswith("hi")


async def test_pieces_may_be_cut_anywhere_and_be_binary(start: Start, join: Join) -> None:
    async def torn(model: Model, request_id: str) -> None:
        await model.start(request_id)
        data = (line("Grüße", "stop") + "data: [DONE]\n\n").encode()
        for index in range(0, len(data), 40):
            piece = base64.b64encode(data[index : index + 40]).decode()
            await model.chunk(request_id, piece, binary=True)
        await model.chunk(request_id, "", end=True)

    client = await join(start())
    await opened(client, torn)
    await client.turn("hi")
    assert client.of("assistant.message")[0]["content"] == "Grüße"


async def test_what_comes_after_the_end_is_not_accepted(start: Start, join: Join) -> None:
    async def late(model: Model, request_id: str) -> None:
        await well(model, request_id)
        await model.chunk(request_id, "late", end=True)
        await model.start(request_id)

    client = await join(start())
    model = await opened(client, late)
    await client.turn("hi")
    await model.done()
    assert model.accepted == [True, True, True, False, False]
    await model.start("nobody")
    assert model.accepted[-1] is False


async def test_an_answer_begins_once(start: Start, join: Join) -> None:
    async def twice(model: Model, request_id: str) -> None:
        await model.start(request_id)
        await model.start(request_id, 500)
        await model.chunk(request_id, line("Hello", "stop"), end=True)

    client = await join(start())
    model = await opened(client, twice)
    await client.turn("hi")
    assert model.accepted == [True, False, True]
    assert client.of("assistant.message")[0]["content"] == "Hello"


async def test_a_status_counts_as_if_the_runtime_had_asked_itself(start: Start, join: Join) -> None:
    async def busy(model: Model, request_id: str) -> None:
        await model.start(request_id, 503)
        await model.chunk(request_id, '{"error": {"message": "busy"}}', end=True)

    async def bad(model: Model, request_id: str) -> None:
        await model.start(request_id, 400)
        await model.chunk(request_id, '{"error": {"message": "bad thing"}}', end=True)

    client = await join(start())
    await opened(client, busy, bad)
    await client.turn("hi")
    (error,) = client.of("session.error")
    assert (error["message"], error["statusCode"]) == ("400 bad thing", 400)
    assert len(client.asked_for(START)) == 2


async def test_an_answer_that_breaks_off_is_asked_for_again(start: Start, join: Join) -> None:
    async def refused(model: Model, request_id: str) -> None:
        await model.chunk(request_id, "", end=True, error={"message": "broke", "code": "ECONN"})

    async def cut(model: Model, request_id: str) -> None:
        await model.start(request_id)
        await model.chunk(request_id, line("He"))
        await model.chunk(request_id, "", end=True, error={"message": "broke in the middle"})

    client = await join(start())
    await opened(client, refused, cut, well)
    await client.turn("hi")
    assert client.of("assistant.message")[-1]["content"] == "Hello"
    failures = [failure["errorMessage"] for failure in client.of("model.call_failure")]
    assert [failure.partition("could not be used: ")[2] for failure in failures] == [
        "broke",
        "broke in the middle",
    ]


async def test_an_answer_that_ends_before_it_began_is_a_failure(start: Start, join: Join) -> None:
    async def nothing(model: Model, request_id: str) -> None:
        await model.chunk(request_id, "", end=True)

    client = await join(start())
    await opened(client, nothing, nothing, nothing)
    await client.turn("hi")
    assert "ended before it began" in client.of("session.error")[0]["message"]


async def test_a_client_that_does_not_take_the_request_fails_it(start: Start, join: Join) -> None:
    client = await join(start())

    def refuse(_: Json) -> Json:
        raise InternalError("no inference here")

    await opened(client)
    client.answers[START] = refuse
    await client.turn("hi")
    assert "no inference here" in client.of("session.error")[0]["message"]
    assert len(client.asked_for(START)) == 3


async def test_a_client_that_never_takes_the_request_is_given_up_on(start: Start, join: Join) -> None:
    client = await join(start(provider_seconds=0.01))
    await opened(client)
    client.answers[START] = lambda _: asyncio.Event().wait()
    await client.turn("hi")
    assert "no answer within" in client.of("session.error")[0]["message"]


async def test_an_aborted_turn_cancels_the_request(start: Start, join: Join) -> None:
    async def begin(model: Model, request_id: str) -> None:
        await model.start(request_id)
        await model.chunk(request_id, line("He"))

    client = await join(start())
    model = await opened(client, begin)
    await client.send("hi")
    await client.until("assistant.message_delta")
    await client.call("session.abort")
    await client.until("session.idle")
    while len(client.asked_for(CHUNK)) < 2:
        await client.call("ping")
    cancel = client.asked_for(CHUNK)[-1]
    assert (cancel["cancel"], cancel["end"], cancel["data"]) == (True, True, "")
    assert cancel["cancelReason"] == "runtime cancelled the request"
    await model.chunk(cancel["requestId"], line("llo"))
    assert model.accepted[-1] is False


async def test_a_client_that_sends_faster_than_is_read_waits(start: Start, join: Join) -> None:
    sent: list[int] = []

    async def flood(model: Model, request_id: str) -> None:
        for index in range(40):
            await model.chunk(request_id, ": " + "x" * 100_000 + "\n\n")
            sent.append(index)
        await well(model, request_id)

    client = await join(start())
    await opened(client, flood)
    await client.send("hi")
    while len(sent) < 10:
        await client.call("ping")
    # The head has not been sent, so nothing is read yet.
    before = len(sent)
    for _ in range(20):
        await client.call("ping")
    assert len(sent) == before < 40


async def test_when_the_client_goes_its_requests_fail_and_no_other_way_is_taken(
    start: Start, join: Join
) -> None:
    async def begin(model: Model, request_id: str) -> None:
        await model.start(request_id)

    runtime = start()
    sender, user = await join(runtime), await join(runtime)
    Model(sender, begin)
    await sender.call("llmInference.setProvider")
    await user.open(provider=PROVIDER, model="big")
    await user.send("hi")
    await sender.until_asked(CHUNK)
    await sender.peer.aclose()
    await user.until("session.idle")
    failures = [failure["errorMessage"] for failure in user.of("model.call_failure")]
    assert "the client that sends model requests is gone" in failures[0]
    assert "connection closed" in failures[1]


async def test_there_is_one_sender_chosen_before_any_session(start: Start, join: Join) -> None:
    runtime = start()
    one, two = await join(runtime), await join(runtime)
    await one.call("llmInference.setProvider")
    await one.call("llmInference.setProvider")
    with pytest.raises(RpcError, match="Another client is already the LLM inference provider"):
        await two.call("llmInference.setProvider")
    await two.open()
    with pytest.raises(RpcError, match=r"Call llmInference\.setProvider before creating any sessions"):
        await one.call("llmInference.setProvider")


async def test_a_piece_that_is_no_base64_is_an_error(start: Start, join: Join) -> None:
    async def wrong(model: Model, request_id: str) -> None:
        with pytest.raises(RpcError, match="data"):
            await model.chunk(request_id, "###", binary=True)
        await well(model, request_id)

    client = await join(start())
    await opened(client, wrong)
    await client.turn("hi")
    assert client.of("assistant.message")[-1]["content"] == "Hello"


async def test_the_requests_of_the_runtimes_own_model_take_that_way_too(join: Join) -> None:
    model = ProviderModel(ModelProvider("http://model.invalid/v1", api_key="k3y"))
    async with embedded(model) as runtime:
        client = await join(runtime)
        Model(client, well)
        await client.call("llmInference.setProvider")
        await client.open(model="big", streaming=True)
        await client.turn("hi")
        assert client.of("assistant.message")[0]["content"] == "Hello"
        assert client.asked_for(START)[0]["url"] == "http://model.invalid/v1/chat/completions"
