"""Model requests of the runtime, sent by the client."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import httpx
import pytest

from copilot_sdk import RpcError, UsageError
from copilot_sdk.providers import ModelForwarder, ModelRequest, ModelRequests
from tests.support.fake_runtime import SESSION, FakeRuntime

START: dict[str, Any] = {
    "requestId": "q1",
    "method": "POST",
    "url": "http://model/v1/chat?x=1",
    "headers": {"Content-Type": ["application/json"], "X-Two": ["a", "b"], "Host": ["other"]},
}
SET_UP = "llmInference.setProvider"
MEGABYTE = 1024 * 1024
RESPONSE_START, RESPONSE_CHUNK = "llmInference.httpResponseStart", "llmInference.httpResponseChunk"


@pytest.fixture
def accepting(runtime: FakeRuntime) -> FakeRuntime:
    runtime.answers |= {SET_UP: {}, RESPONSE_START: {"accepted": True}, RESPONSE_CHUNK: {"accepted": True}}
    return runtime


async def ask(runtime: FakeRuntime, *chunks: str, **changed: Any) -> None:
    """Sends a request as the runtime does: the body in pieces that wait for nothing."""
    calls = [runtime.peer.request("llmInference.httpRequestStart", {**START, **changed})]
    for index, data in enumerate(chunks, 1):
        chunk = {"requestId": "q1", "data": data, "end": index == len(chunks)}
        calls.append(runtime.peer.request("llmInference.httpRequestChunk", chunk))
    assert await asyncio.gather(*calls) == [{}] * len(calls)


async def answer(runtime: FakeRuntime) -> list[dict[str, Any]]:
    """All pieces of the answer, without the identifier."""
    count = 1
    while not (await runtime.asked(RESPONSE_CHUNK, count)).get("end"):
        count += 1
    return [params for method, params in runtime.requests if method == RESPONSE_CHUNK]


def text(chunks: list[dict[str, Any]]) -> str:
    return b"".join(base64.b64decode(chunk["data"]) for chunk in chunks).decode()


async def test_a_request_is_forwarded_and_its_answer_comes_back(accepting: FakeRuntime) -> None:
    seen: list[httpx.Request] = []

    def model(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, headers=[("X-Id", "1"), ("X-Id", "2")], text="good")

    async with httpx.AsyncClient(transport=httpx.MockTransport(model)) as http:
        async with accepting.client(handlers={"llm_inference": ModelForwarder(http)}):
            assert [method for method, _ in accepting.requests] == ["connect", SET_UP]
            await ask(accepting, '{"a":', "1}")
            chunks = await answer(accepting)
            started = await accepting.asked(RESPONSE_START)
    (request,) = seen
    assert (request.method, str(request.url), request.content) == ("POST", START["url"], b'{"a":1}')
    assert request.headers["host"] == "model"
    assert request.headers.get_list("x-two") == ["a", "b"]
    assert (started["requestId"], started["status"], started["headers"]["x-id"]) == ("q1", 201, ["1", "2"])
    assert "content-length" not in started["headers"]
    assert text(chunks) == "good"
    assert "error" not in chunks[-1]


async def test_a_model_that_cannot_be_reached_is_a_broken_connection(accepting: FakeRuntime) -> None:
    def model(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    async with httpx.AsyncClient(transport=httpx.MockTransport(model)) as http:
        async with accepting.client(handlers={"llm_inference": ModelForwarder(http)}):
            await ask(accepting, "")
            (chunk,) = await answer(accepting)
    assert "no route" in chunk["error"]["message"]
    assert accepting.count(RESPONSE_START) == 0


class Slow(ModelRequests):
    """Echoes the pieces of the body at once, then waits."""

    def __init__(self) -> None:
        super().__init__()
        self.cancelled = asyncio.Event()

    async def respond(self, request: ModelRequest) -> None:
        await request.start(200, {})
        async for chunk in request.body():
            await request.send(chunk.upper())
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()


async def test_pieces_go_both_ways_before_the_end_and_a_request_can_be_cancelled(
    accepting: FakeRuntime,
) -> None:
    slow = Slow()
    async with accepting.client(handlers={"llm_inference": slow}):
        await ask(accepting)
        piece = {"requestId": "q1", "data": base64.b64encode(b"one").decode(), "binary": True}
        await accepting.peer.request("llmInference.httpRequestChunk", piece)
        assert text([await accepting.asked(RESPONSE_CHUNK)]) == "ONE"
        await accepting.peer.request("llmInference.httpRequestChunk", {**piece, "data": "dHdv", "end": True})
        assert text([await accepting.asked(RESPONSE_CHUNK, 2)]) == "TWO"
        cancel = {"requestId": "q1", "data": "", "cancel": True}
        assert await accepting.peer.request("llmInference.httpRequestChunk", cancel) == {}
        await slow.cancelled.wait()
        assert await accepting.peer.request("llmInference.httpRequestChunk", cancel) == {}
    assert accepting.count(RESPONSE_CHUNK) == 2


async def test_the_end_of_the_connection_ends_the_requests_under_way(accepting: FakeRuntime) -> None:
    slow = Slow()
    async with accepting.client(handlers={"llm_inference": slow}):
        await ask(accepting, "x")
        await accepting.asked(RESPONSE_CHUNK)
    assert slow.cancelled.is_set()


class Stopping(ModelRequests):
    """Fails in a way that looks like a cancellation."""

    async def respond(self, request: ModelRequest) -> None:
        waiting = asyncio.get_running_loop().create_future()
        waiting.cancel()
        await waiting


@pytest.mark.parametrize(
    ("error", "told"),
    [(None, "cancelled"), (ValueError("the token=" + 20 * "x"), "ValueError: the token=***")],
)
async def test_a_request_whose_answer_fails_is_answered(
    accepting: FakeRuntime, error: Exception | None, told: str
) -> None:
    class Failing(Stopping):
        async def respond(self, request: ModelRequest) -> None:
            if error is not None:
                raise error
            await super().respond(request)

    async with accepting.client(handlers={"llm_inference": Failing()}):
        await ask(accepting, "x")
        (chunk,) = await answer(accepting)
    assert told in chunk["error"]["message"]


def test_an_answer_to_requests_has_to_be_defined() -> None:
    incomplete: Any = ModelRequests
    with pytest.raises(TypeError, match="respond"):
        incomplete()


class Reluctant(ModelRequests):
    """Reads when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.read = asyncio.Semaphore(0)

    async def respond(self, request: ModelRequest) -> None:
        await request.start(200)
        async for chunk in request.body():
            await self.read.acquire()
            await request.send(str(len(chunk)))


def piece(size: int, **more: Any) -> dict[str, Any]:
    return {"requestId": "q1", "data": size * "x", **more}


async def send(runtime: FakeRuntime, *pieces: dict[str, Any]) -> list[asyncio.Task[Any]]:
    other = {**piece(0), "requestId": "other"}
    *calls, last = (
        asyncio.create_task(runtime.peer.request("llmInference.httpRequestChunk", piece))
        for piece in (*pieces, other)
    )
    # It is answered after all of them that do not wait.
    await last
    return calls


async def test_a_piece_is_answered_when_there_is_room_for_another(accepting: FakeRuntime) -> None:
    reluctant = Reluctant()
    async with accepting.client(handlers={"llm_inference": reluctant}):
        await ask(accepting)
        calls = await send(
            accepting, *(piece(size) for size in (1000, MEGABYTE, 2000, 3000)), piece(0, end=True)
        )
        assert [call.done() for call in calls] == [True, False, False, False, False]
        for _ in range(4):
            reluctant.read.release()
        chunks = await answer(accepting)
        assert await asyncio.gather(*calls) == 5 * [{}]
    # In the order of their coming, and the end behind them.
    assert [chunk["data"] for chunk in chunks] == ["1000", str(MEGABYTE), "2000", "3000", ""]


async def test_pieces_that_nobody_reads_any_more_are_answered(accepting: FakeRuntime) -> None:
    async with accepting.client(handlers={"llm_inference": Reluctant()}):
        await ask(accepting)
        calls = await send(accepting, *(piece(MEGABYTE) for _ in range(3)))
        await accepting.peer.request("llmInference.httpRequestChunk", {**piece(0), "cancel": True})
        assert await asyncio.gather(*calls) == 3 * [{}]


async def test_a_runtime_that_waits_for_no_answer_cannot_pile_up_pieces(accepting: FakeRuntime) -> None:
    async with accepting.client(handlers={"llm_inference": Reluctant()}):
        await ask(accepting)
        calls = await send(accepting, *(piece(MEGABYTE) for _ in range(40)))
        chunks = await answer(accepting)
        assert await asyncio.gather(*calls) == 40 * [{}]
    assert "did not read the request as fast as it came" in chunks[-1]["error"]["message"]


async def test_empty_pieces_take_room_too(accepting: FakeRuntime) -> None:
    class Idle(ModelRequests):
        async def respond(self, request: ModelRequest) -> None:
            await asyncio.Event().wait()

    async with accepting.client(handlers={"llm_inference": Idle()}):
        await ask(accepting)
        for _ in range(1000):
            (call,) = await send(accepting, piece(0))
            if not call.done():
                break
        else:
            raise AssertionError("there was room for any number of them")


async def test_model_requests_are_not_served_by_a_session(accepting: FakeRuntime) -> None:
    async with accepting.client() as client:
        with pytest.raises(UsageError, match="llm_inference"):
            await client.create_session(session_id=SESSION, handlers={"llm_inference": Slow()})
    assert accepting.count("session.create") == 0


async def test_a_runtime_without_model_requests_refuses_the_client(runtime: FakeRuntime) -> None:
    with pytest.raises(RpcError):
        await runtime.client(handlers={"llm_inference": Slow()}).start()
