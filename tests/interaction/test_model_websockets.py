"""Model requests of the runtime over a websocket."""

from __future__ import annotations

import asyncio
import base64
import re
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from copilot_sdk.providers import ModelForwarder, ModelRequest, ModelRequests
from tests.support.fake_runtime import FakeRuntime

CHUNK = "llmInference.httpRequestChunk"
RESPONSE_START, RESPONSE_CHUNK = "llmInference.httpResponseStart", "llmInference.httpResponseChunk"
ACCEPTED = {"accepted": True}
MEGABYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def accepting(runtime: FakeRuntime) -> FakeRuntime:
    runtime.answers |= {
        "llmInference.setProvider": {},
        RESPONSE_START: ACCEPTED,
        RESPONSE_CHUNK: ACCEPTED,
    }
    return runtime


@asynccontextmanager
async def model(
    serving: Callable[[ServerConnection], Awaitable[None]], **options: Any
) -> AsyncGenerator[str]:
    """A server that takes websockets; gives its URL."""
    async with serve(serving, "127.0.0.1", 0, **options) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/responses?x=1"


@asynccontextmanager
async def forwarding(runtime: FakeRuntime) -> AsyncGenerator[None]:
    """A client that forwards the requests of the runtime."""
    async with httpx.AsyncClient() as http:
        async with runtime.client(handlers={"llm_inference": ModelForwarder(http)}):
            yield


async def open_socket(runtime: FakeRuntime, url: str, **headers: list[str]) -> None:
    """Asks for a websocket as the runtime does."""
    start = {"requestId": "q1", "method": "GET", "url": url, "headers": headers, "transport": "websocket"}
    assert await runtime.peer.request("llmInference.httpRequestStart", start) == {}


async def send(runtime: FakeRuntime, data: str | bytes = "", **more: Any) -> None:
    """Sends a message as the runtime does."""
    coded = {"data": data} if isinstance(data, str) else {"data": _coded(data), "binary": True}
    assert await runtime.peer.request(CHUNK, {"requestId": "q1", **coded, **more}) == {}


async def received(runtime: FakeRuntime, count: int) -> tuple[str | bytes, dict[str, Any]]:
    """The count-th message that came back, and the whole chunk."""
    chunk = await runtime.asked(RESPONSE_CHUNK, count)
    data: str = chunk["data"]
    return (base64.b64decode(data) if chunk.get("binary") else data), chunk


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def echo(socket: ServerConnection) -> None:
    async for message in socket:
        await socket.send(message.upper())


async def test_messages_are_passed_on_both_ways_as_text_and_binary(runtime: FakeRuntime) -> None:
    seen: list[Request] = []

    async def upper(socket: ServerConnection) -> None:
        assert socket.request is not None
        seen.append(socket.request)
        await echo(socket)

    options = {"subprotocols": [Subprotocol("two")]}
    async with model(upper, **options) as url, forwarding(runtime):
        headers = {
            "Authorization": ["Bearer t"],
            "X-Two": ["a", "b"],
            "Host": ["other"],
            "User-Agent": ["CLI"],
        }
        await open_socket(runtime, url, **headers, **{"Sec-WebSocket-Protocol": ["one, two"]})
        started = await runtime.asked(RESPONSE_START)
        assert (started["requestId"], started["status"]) == ("q1", 101)
        assert started["headers"]["Sec-WebSocket-Protocol"] == ["two"]
        await send(runtime, "grüß")
        await send(runtime, b"\x00ab")
        await send(runtime)
        back = [await received(runtime, count) for count in (1, 2, 3)]
        assert [data for data, _ in back] == ["GRÜSS", b"\x00AB", ""]
        assert not any(chunk.get("end") for _, chunk in back)
    (request,) = seen
    assert request.path == "/v1/responses?x=1"
    assert request.headers["Host"].startswith("127.0.0.1:")
    assert request.headers.get_all("X-Two") == ["a", "b"]
    assert request.headers.get_all("User-Agent") == ["CLI"]
    assert request.headers.get_all("Authorization") == ["Bearer t"]


async def test_a_websocket_that_the_runtime_closes_is_closed(runtime: FakeRuntime) -> None:
    heard: asyncio.Future[list[str | bytes]] = asyncio.get_running_loop().create_future()

    async def listen(socket: ServerConnection) -> None:
        messages = [message async for message in socket]
        heard.set_result([*messages, str(socket.close_code)])

    async with model(listen) as url, forwarding(runtime):
        await open_socket(runtime, url)
        await send(runtime, "first")
        await send(runtime, "last", end=True)
        assert await heard == ["first", "last", "1000"]
        assert (await received(runtime, 1))[1] == {"requestId": "q1", "data": "", "end": True}


@pytest.mark.parametrize("ending", ["cancel", "close"])
async def test_a_websocket_is_closed_when_nobody_wants_it_any_more(runtime: FakeRuntime, ending: str) -> None:
    closed = asyncio.Event()

    async def listen(socket: ServerConnection) -> None:
        await socket.send("hello")
        await socket.wait_closed()
        closed.set()

    async with model(listen) as url:
        async with forwarding(runtime):
            await open_socket(runtime, url)
            await received(runtime, 1)
            if ending == "cancel":
                await send(runtime, cancel=True, end=True, cancelReason="runtime closed the websocket")
                await closed.wait()
        await closed.wait()
    assert runtime.count(RESPONSE_CHUNK) == 1


@pytest.mark.parametrize(("code", "error"), [(1000, None), (1011, "1011 .* overloaded")])
async def test_a_websocket_that_the_model_closes_is_closed_or_has_failed(
    runtime: FakeRuntime, code: int, error: str | None
) -> None:
    async def leave(socket: ServerConnection) -> None:
        await socket.send("bye")
        await socket.close(code, "overloaded")

    async with model(leave) as url, forwarding(runtime):
        await open_socket(runtime, url)
        assert (await received(runtime, 1))[0] == "bye"
        _, last = await received(runtime, 2)
        assert last["end"] is True
        if error is None:
            assert "error" not in last
        else:
            assert re.search(error, last["error"]["message"])
        # What still comes is taken and dropped.
        await send(runtime, "late")


async def test_a_model_that_refuses_a_websocket_has_its_answer_passed_on(runtime: FakeRuntime) -> None:
    def refuse(socket: ServerConnection, _: Request) -> Response:
        return socket.respond(HTTPStatus.UNAUTHORIZED, "who are you?")

    async with model(echo, process_request=refuse) as url, forwarding(runtime):
        await open_socket(runtime, url)
        assert (await received(runtime, 1))[0] == b"who are you?"
        assert (await received(runtime, 2))[1]["end"] is True
        started = await runtime.asked(RESPONSE_START)
    assert started["status"] == 401
    assert started["headers"]["Content-Type"] == ["text/plain; charset=utf-8"]
    assert "Content-Length" not in started["headers"]


async def test_a_model_that_cannot_be_reached_is_a_broken_connection(
    runtime: FakeRuntime, unused_tcp_port: int
) -> None:
    async with forwarding(runtime):
        await open_socket(runtime, f"http://127.0.0.1:{unused_tcp_port}/v1/responses")
        _, chunk = await received(runtime, 1)
    assert chunk["end"] is True
    assert str(unused_tcp_port) in chunk["error"]["message"]
    assert runtime.count(RESPONSE_START) == 0


async def test_without_the_library_the_runtime_is_told_what_is_missing(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("copilot_sdk.providers.websocket", "copilot_sdk.transports._websockets"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "websockets.asyncio.client", None)
    async with forwarding(runtime):
        await open_socket(runtime, "ws://127.0.0.1:9")
        _, chunk = await received(runtime, 1)
    assert "extra 'websocket'" in chunk["error"]["message"]


async def test_a_slow_model_makes_the_runtime_wait(runtime: FakeRuntime) -> None:
    slow, sizes = asyncio.Event(), list[int]()

    async def listen(socket: ServerConnection) -> None:
        await slow.wait()
        async for message in socket:
            sizes.append(len(message))

    async with model(listen, max_size=None, max_queue=1) as url, forwarding(runtime):
        await open_socket(runtime, url)
        calls = [asyncio.create_task(send(runtime, 4 * MEGABYTE * "x")) for _ in range(8)]
        calls.append(asyncio.create_task(send(runtime, end=True)))
        # Of another request, which there is not: it is answered at once, after those that are answered at once.
        await asyncio.create_task(send(runtime, requestId="other"))
        assert not calls[-1].done()
        slow.set()
        await asyncio.gather(*calls)
        assert (await received(runtime, 1))[1]["end"] is True
    assert sizes == 8 * [4 * MEGABYTE]


class Parrot(ModelRequests):
    """Answers websockets itself, and nothing else."""

    async def respond(self, request: ModelRequest) -> None:
        await request.start(404)

    async def respond_websocket(self, request: ModelRequest) -> None:
        await request.start(101, {"x-served-by": ["a parrot"]})
        async for message in request.messages():
            await request.send(message)
            await request.send(f"for {request.agent_invocation_id}")


async def test_a_program_can_answer_websockets_itself(runtime: FakeRuntime) -> None:
    async with runtime.client(handlers={"llm_inference": Parrot()}):
        await open_socket(runtime, "ws://nowhere")
        assert (await runtime.asked(RESPONSE_START))["headers"] == {"x-served-by": ["a parrot"]}
        await send(runtime, "a", agentInvocationId="loop-1")
        await send(runtime, b"b", agentInvocationId="loop-2")
        await send(runtime, end=True)
        assert (await received(runtime, 5))[1]["end"] is True
        back = [(await received(runtime, count))[0] for count in range(1, 5)]
    assert back == ["a", "for loop-1", b"b", "for loop-2"]


async def test_a_program_that_answers_no_websockets_sends_the_runtime_to_http(runtime: FakeRuntime) -> None:
    class Plain(ModelRequests):
        async def respond(self, request: ModelRequest) -> None:
            await request.start(204)

    async with runtime.client(handlers={"llm_inference": Plain()}):
        await open_socket(runtime, "wss://model/v1?token=secret")
        _, chunk = await received(runtime, 1)
    assert "opens no websocket to wss://model/v1;" in chunk["error"]["message"]
    assert runtime.count(RESPONSE_START) == 0
