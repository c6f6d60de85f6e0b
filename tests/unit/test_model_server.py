"""The scripted model server does what a model's endpoint does, and what its script says."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import urlsplit

import pytest

from tests.support.model_server import ChatRequest, Failure, ModelServer, Reply, ToolCall, Usage

Json = dict[str, object]


@contextmanager
def exchange(server: ModelServer, path: str, body: Json | None = None) -> Iterator[http.client.HTTPResponse]:
    """One request to the server, open for as long as the block lasts."""
    with closing(http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=10)) as connection:
        if body is None:
            connection.request("GET", path)
        else:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        with connection.getresponse() as response:
            yield response


def ask(server: ModelServer, prompt: str = "hi", **fields: object) -> tuple[int, Json]:
    """A completion that is not streamed: status and body."""
    body: Json = {"model": "m", "messages": [{"role": "user", "content": prompt}], **fields}
    with exchange(server, "/v1/chat/completions", body) as response:
        return response.status, json.loads(response.read())


def events(response: http.client.HTTPResponse) -> Iterator[Json]:
    """The server-sent events of a streamed completion, without the mark of the end."""
    for line in response:
        text = line.decode().strip()
        if text and text != "data: [DONE]":
            yield json.loads(text.removeprefix("data: "))


def stream(server: ModelServer) -> list[Json]:
    """All events of a streamed completion."""
    with exchange(server, "/v1/chat/completions", {"model": "m", "messages": [], "stream": True}) as response:
        assert response.headers["content-type"] == "text/event-stream"
        return list(events(response))


def deltas(chunks: list[Json]) -> list[Json]:
    """The delta of each chunk."""
    return [choice(chunk)["delta"] for chunk in chunks]  # type: ignore[misc]


def choice(body: Json) -> Json:
    """The only choice of a body."""
    choices = body["choices"]
    assert isinstance(choices, list)
    (only,) = choices
    assert isinstance(only, dict)
    return only


def test_a_text_is_answered_as_one_message() -> None:
    with ModelServer([Reply(["Hel", "lo"], reasoning="A greeting.", usage=Usage(7, 2, 3))]) as server:
        status, body = ask(server)
    assert status == 200
    assert choice(body) == {
        "index": 0,
        "message": {"role": "assistant", "content": "Hello", "reasoning_content": "A greeting."},
        "finish_reason": "stop",
    }
    assert body["usage"] == {
        "prompt_tokens": 7,
        "completion_tokens": 2,
        "total_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 3},
    }


def test_a_streamed_text_comes_chunk_by_chunk_after_the_reasoning() -> None:
    with ModelServer([Reply(["Hel", "lo"], reasoning=["Hm. ", "Yes."])]) as server:
        chunks = stream(server)
    assert deltas(chunks) == [
        {"role": "assistant", "reasoning_content": "Hm. "},
        {"role": "assistant", "reasoning_content": "Yes."},
        {"role": "assistant", "content": "Hel"},
        {"role": "assistant", "content": "lo"},
        {},
    ]
    assert [choice(chunk)["finish_reason"] for chunk in chunks] == [None, None, None, None, "stop"]
    assert [chunk["usage"] is None for chunk in chunks] == [True, True, True, True, False]


@pytest.mark.parametrize("streamed", [True, False])
def test_several_tool_calls_go_out_in_one_answer_with_ids_of_their_own(streamed: bool) -> None:
    calls = [ToolCall("weather", {"city": "Rome"}), ToolCall("broken", '{"city": ', id="mine")]
    with ModelServer([Reply(tool_calls=calls)]) as server:
        if streamed:
            *chunks, last = stream(server)
            asked = [call for delta in deltas(chunks) for call in delta["tool_calls"]]  # type: ignore[attr-defined]
        else:
            last = ask(server)[1]
            asked = choice(last)["message"]["tool_calls"]  # type: ignore[index]
    assert choice(last)["finish_reason"] == "tool_calls"
    assert asked == [
        {
            "index": 0,
            "id": "call_1_0",
            "type": "function",
            "function": {"name": "weather", "arguments": '{"city": "Rome"}'},
        },
        {
            "index": 1,
            "id": "mine",
            "type": "function",
            "function": {"name": "broken", "arguments": '{"city": '},
        },
    ]


def test_the_finish_reason_of_the_script_is_the_one_that_is_sent() -> None:
    with ModelServer([Reply("cut", finish_reason="length")]) as server:
        assert choice(ask(server)[1])["finish_reason"] == "length"


def test_answers_are_used_up_in_order_and_then_refused_for_good() -> None:
    with ModelServer([Reply("one"), Reply("two")]) as server:
        texts = [choice(ask(server)[1])["message"]["content"] for _ in range(2)]  # type: ignore[index]
        status, body = ask(server)
    assert texts == ["one", "two"]
    assert status == 400
    assert body["error"] == {
        "message": "the script of the model server ended after 2 answers",
        "type": "scripted",
    }


def test_a_function_chooses_the_answer_from_the_request() -> None:
    def shout(request: ChatRequest) -> Reply:
        return Reply(f"{request.prompt.upper()} {request.number} {request.tool_names}")

    tools = [{"type": "function", "function": {"name": "view", "parameters": {}}}]
    with ModelServer(shout) as server:
        ask(server, "first")
        body = ask(server, "hello", tools=tools)[1]
    assert choice(body)["message"]["content"] == "HELLO 2 ['view']"  # type: ignore[index]


def test_a_failure_has_its_status_its_message_and_its_headers() -> None:
    with ModelServer([Failure(429, "busy", {"retry-after": "0"})]) as server:
        with exchange(server, "/chat/completions", {"messages": []}) as response:
            assert (response.status, response.headers["retry-after"]) == (429, "0")
            assert json.loads(response.read())["error"]["message"] == "busy"


def test_requests_are_kept_with_their_headers_and_their_conversation() -> None:
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "Good "}, {"type": "text", "text": "day"}]},
        {"role": "assistant", "content": "Hello."},
    ]
    with ModelServer([Reply("ok")]) as server:
        ask(server, messages=messages)
    (request,) = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["content-type"] == "application/json"
    assert request.messages == messages
    assert request.prompt == "Good day"
    assert not request.stream


@pytest.mark.parametrize("path", ["/models", "/v1/models"])
def test_the_models_are_listed(path: str) -> None:
    with ModelServer([], models=["small", "large"]) as server, exchange(server, path) as response:
        listed = json.loads(response.read())["data"]
    assert [model["id"] for model in listed] == ["small", "large"]


@pytest.mark.parametrize("body", [None, {}])
def test_an_unknown_path_is_not_found(body: Json | None) -> None:
    with ModelServer([]) as server, exchange(server, "/v1/embeddings", body) as response:
        assert response.status == 404
        assert server.requests == []


def test_a_held_answer_stops_after_its_chunks_until_it_is_let_go() -> None:
    hold = threading.Event()
    body: Json = {"messages": [], "stream": True}
    with ModelServer([Reply(["one", "two"], hold=hold, hold_after=1)]) as server:
        with exchange(server, "/v1/chat/completions", body) as response:
            arriving = events(response)
            assert deltas([next(arriving)]) == [{"role": "assistant", "content": "one"}]
            hold.set()
            assert deltas(list(arriving)) == [{"role": "assistant", "content": "two"}, {}]


def test_an_answer_can_be_held_after_its_last_chunk() -> None:
    hold = threading.Event()
    body: Json = {"messages": [], "stream": True}
    with ModelServer([Reply("all", hold=hold, hold_after=1)]) as server:
        with exchange(server, "/v1/chat/completions", body) as response:
            arriving = events(response)
            next(arriving)
            hold.set()
            assert choice(next(arriving))["finish_reason"] == "stop"


def test_closing_the_server_ends_an_answer_that_is_held() -> None:
    body: Json = {"messages": [], "stream": True}
    with ModelServer([Reply("never", hold=threading.Event())]) as server:
        with exchange(server, "/v1/chat/completions", body) as response:
            server.close()
            assert response.read() == b""


def test_a_client_that_goes_away_frees_the_answer_that_is_held_for_it() -> None:
    hold = threading.Event()
    body: Json = {"messages": [], "stream": True}
    with ModelServer([Reply("never", hold=hold), Reply("next")]) as server:
        with exchange(server, "/v1/chat/completions", body):
            assert server.open_connections == 1
        server.wait_until_quiet(timeout=10)
        assert choice(ask(server)[1])["message"]["content"] == "next"  # type: ignore[index]
    assert not hold.is_set()


def test_a_client_that_leaves_in_the_middle_of_its_request_is_no_failure_of_the_server() -> None:
    with ModelServer([Reply("hello")]) as server:
        with socket.create_connection(("127.0.0.1", port(server)), timeout=10) as connection:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
        ask(server)  # connections are accepted in order: after this the broken one is
        server.wait_until_quiet(timeout=10)
        assert [request.number for request in server.requests] == [1]


def test_a_connection_that_never_asks_does_not_keep_the_server_from_closing() -> None:
    with ModelServer([]) as server:
        idle = socket.create_connection(("127.0.0.1", port(server)), timeout=10)
        ask(server)  # connections are accepted in order: after this the idle one is
    with idle:
        assert idle.recv(1) == b""


def test_closing_frees_the_port_and_can_be_repeated() -> None:
    with ModelServer([]) as server:
        server.close()
        server.close()
    with socket.create_server(("127.0.0.1", port(server))):
        pass


def test_a_script_that_raises_fails_the_test_that_wrote_it() -> None:
    def refuse(request: ChatRequest) -> Reply:
        raise LookupError("no answer for this")

    with (
        pytest.RaisesGroup(pytest.RaisesExc(LookupError, match="no answer for this")),
        ModelServer(refuse) as server,
    ):
        with suppress(http.client.RemoteDisconnected):
            ask(server)


def port(server: ModelServer) -> int:
    """The port that the server listens on."""
    return urlsplit(server.base_url).port or 0
