"""Providers of models that speak over HTTP: what they are asked, and what becomes of their answers."""

from __future__ import annotations

import threading

import pytest

from tests.support.model_server import Failure, ModelServer, Reply, ToolCall, Usage
from tests.unit.runtime.harness import Client, Join, Json, Serve, Start


def _provider(server: ModelServer, **options: object) -> Json:
    return {
        "type": "openai",
        "wireApi": "completions",
        "baseUrl": server.base_url,
        "apiKey": "k3y",
        **options,
    }


async def _open(client: Client, server: ModelServer, **options: object) -> None:
    await client.open(provider=_provider(server), model="big", **options)


async def test_a_streamed_answer_comes_piece_by_piece(start: Start, join: Join, serve: Serve) -> None:
    usage = Usage(prompt_tokens=7, completion_tokens=3, cached_tokens=2)
    server = serve([Reply(["Hel", "lo"], reasoning=["H", "m"], usage=usage)])
    client = await join(start())
    await _open(client, server, streaming=True, reasoningEffort="high")
    await client.turn("hi", requestHeaders={"x-trace": "1"})
    assert [delta["deltaContent"] for delta in client.of("assistant.message_delta")] == ["Hel", "lo"]
    assert client.of("assistant.reasoning")[0]["content"] == "Hm"
    reported = client.of("assistant.usage")[0]
    assert (reported["inputTokens"], reported["outputTokens"], reported["cacheReadTokens"]) == (7, 3, 2)
    (request,) = server.requests
    assert (request.stream, request.prompt, request.body["model"]) == (True, "hi", "big")
    assert (request.headers["authorization"], request.headers["x-trace"]) == ("Bearer k3y", "1")
    assert request.body["reasoning_effort"] == "high"
    assert "view" in request.tool_names


async def test_without_streaming_the_answer_is_asked_for_whole(
    start: Start, join: Join, serve: Serve
) -> None:
    server = serve([Reply("Hello", reasoning="Hm")])
    client = await join(start())
    await _open(client, server)
    await client.turn("hi")
    assert server.requests[0].stream is False
    assert client.of("assistant.message")[0]["content"] == "Hello"
    assert client.of("assistant.message")[0]["reasoningText"] == "Hm"


@pytest.mark.parametrize("streaming", [True, False])
async def test_tools_are_called_and_their_results_sent(
    start: Start, join: Join, serve: Serve, streaming: bool
) -> None:
    calls = [ToolCall("report_intent", {"intent": "x"}, id="a"), ToolCall("nope", "{}", id="b")]
    server = serve([Reply(tool_calls=calls), Reply("done")])
    client = await join(start())
    await _open(client, server, streaming=streaming)
    await client.turn("go")
    sent = server.requests[1].messages
    assert [call["id"] for call in sent[2]["tool_calls"]] == ["a", "b"]  # type: ignore[attr-defined]
    assert [(message["tool_call_id"], message["content"]) for message in sent[3:]] == [
        ("a", "Intent logged"),
        ("b", "Tool 'nope' does not exist."),
    ]


@pytest.mark.parametrize(
    ("status", "category", "told", "tries"),
    [
        (400, "query", "400 no way", 1),
        (401, "authentication", "turned the credentials down (HTTP 401): no way", 3),
        (402, "query", "402 no way", 1),
        (403, "authentication", "turned the credentials down (HTTP 403): no way", 1),
        (404, "query", "Check the base URL and the name of the model.", 1),
        (429, "rate_limit", "429 no way", 3),
        (529, "query", "529 no way", 3),
    ],
)
async def test_refusals_are_told_with_their_category(
    start: Start, join: Join, serve: Serve, status: int, category: str, told: str, tries: int
) -> None:
    server = serve([Failure(status, "no way")] * 3)
    client = await join(start())
    await _open(client, server)
    await client.turn("hi")
    error = client.of("session.error")[0]
    assert (error["errorType"], error["statusCode"]) == (category, status)
    assert told in error["message"]
    assert "k3y" not in error["message"]
    assert len(server.requests) == tries


@pytest.mark.parametrize(
    ("status", "reason"), [(401, "transient_auth_error"), (429, "rate_limit"), (503, "api_error")]
)
async def test_a_new_try_is_announced_with_its_reason(
    start: Start, join: Join, serve: Serve, status: int, reason: str
) -> None:
    client = await join(start())
    await _open(client, serve([Failure(status, "later"), Reply("there")]))
    await client.turn("hi")
    assert client.of("assistant.turn_retry") == [{"turnId": "0", "model": "big", "reason": reason}]
    assert client.of("assistant.message")[0]["content"] == "there"


async def test_a_full_provider_is_asked_again_when_it_says(start: Start, join: Join, serve: Serve) -> None:
    server = serve([Failure(429, "slow down", {"retry-after": "0"}), Reply("there")])
    client = await join(start())
    await _open(client, server)
    await client.turn("hi")
    assert client.of("assistant.message")[0]["content"] == "there"


async def test_a_provider_that_is_not_there_is_an_error_of_the_turn(
    start: Start, join: Join, serve: Serve
) -> None:
    server = serve([])
    address = server.base_url
    server.__exit__(None, None, None)
    client = await join(start())
    await client.open(provider={"baseUrl": address, "apiKey": "k3y"})
    await client.turn("hi")
    message = client.of("session.error")[0]["message"]
    assert address in message
    assert "k3y" not in message
    assert len(client.of("model.call_failure")) == 3


async def test_abort_hangs_up_on_the_provider(start: Start, join: Join, serve: Serve) -> None:
    never = threading.Event()
    server = serve([Reply(["a", "b"], hold=never, hold_after=1)])
    client = await join(start())
    await _open(client, server, streaming=True)
    await client.send("hi")
    await client.until("assistant.message_delta")
    await client.call("session.abort")
    await client.until("session.idle", aborted=True)


@pytest.mark.parametrize("odd", [{"type": "other"}, {"wireApi": "other"}])
async def test_an_unknown_kind_of_provider_is_taken_for_one_like_openai(
    start: Start, join: Join, serve: Serve, odd: Json
) -> None:
    server = serve([Reply("hello")])
    client = await join(start())
    await client.open(provider=_provider(server, **odd))
    await client.turn("hi")
    assert server.requests[0].path == "/v1/chat/completions"


async def test_the_key_is_stored_nowhere(start: Start, join: Join, serve: Serve) -> None:
    runtime = start()
    client = await join(runtime)
    await _open(client, serve([Reply("hello")]))
    await client.turn("hi")
    files = [path for path in runtime.runtime.home.rglob("*") if path.is_file()]
    assert files
    assert not any(b"k3y" in path.read_bytes() for path in files)
    assert "k3y" not in repr(runtime.runtime.live(client.session_id).config)
