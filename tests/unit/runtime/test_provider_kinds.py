"""Each kind of provider, with each API that it speaks: paths, credentials, bodies, and a turn with tools."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from copilot_sdk.errors import RpcError
from copilot_sdk.runtime.core.models.base import Image, Message, ModelRequest, ToolCall
from copilot_sdk.runtime.core.models.messages import Messages
from tests.support.model_server import ChatRequest, ModelServer, Reply, Usage
from tests.support.model_server import ToolCall as Wanted
from tests.support.model_wires import SIGNATURE
from tests.unit.runtime.harness import Client, Join, Json, Serve, Start


@dataclass(frozen=True)
class Kind:
    """A kind of provider, and what is to be seen of it at the server."""

    options: Json
    path: str
    credentials: Json
    has_path: bool = True

    def at(self, server: ModelServer, **more: object) -> Json:
        """The provider object."""
        host = server.base_url.removesuffix("/v1")
        return {
            "baseUrl": server.base_url if self.has_path else host,
            "apiKey": "k3y",
            **self.options,
            **more,
        }


KINDS = {
    "openai": Kind({}, "/v1/chat/completions", {"authorization": "Bearer k3y"}),
    "openai token": Kind(
        {"type": "openai", "bearerToken": "t"}, "/v1/chat/completions", {"authorization": "Bearer t"}
    ),
    "openai responses": Kind(
        {"type": "openai", "wireApi": "responses"}, "/v1/responses", {"authorization": "Bearer k3y"}
    ),
    "anthropic": Kind({"type": "anthropic"}, "/v1/messages", {"x-api-key": "k3y"}, has_path=False),
    "anthropic token": Kind(
        {"type": "anthropic", "bearerToken": "t"},
        "/v1/messages",
        {"x-api-key": "k3y", "authorization": "Bearer t"},
        has_path=False,
    ),
    "azure": Kind({"type": "azure"}, "/openai/v1/chat/completions", {"api-key": "k3y"}, has_path=False),
    "azure token": Kind(
        {"type": "azure", "bearerToken": "t"},
        "/openai/v1/chat/completions",
        {"authorization": "Bearer t"},
        has_path=False,
    ),
    "azure version": Kind(
        {"type": "azure", "azure": {"apiVersion": "2024-10-21"}},
        "/openai/deployments/big/chat/completions?api-version=2024-10-21",
        {"api-key": "k3y"},
        has_path=False,
    ),
    "azure responses": Kind(
        {"type": "azure", "wireApi": "responses"}, "/openai/v1/responses", {"api-key": "k3y"}, has_path=False
    ),
    "azure version responses": Kind(
        {"type": "azure", "wireApi": "responses", "azure": {"apiVersion": "2024-10-21"}},
        "/openai/responses?api-version=2024-10-21",
        {"api-key": "k3y"},
        has_path=False,
    ),
}
APIS = {name: KINDS[name] for name in ("openai", "openai responses", "anthropic")}


def kinds(chosen: dict[str, Kind]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kind", chosen.values(), ids=chosen)


@pytest.mark.parametrize("streaming", [True, False])
@kinds(KINDS)
async def test_a_kind_of_provider_is_asked_at_its_path_with_its_credentials(
    start: Start, join: Join, serve: Serve, kind: Kind, streaming: bool
) -> None:
    server = serve([Reply(["Hel", "lo"])])
    client = await join(start())
    await client.open(provider=kind.at(server), model="big", streaming=streaming)
    await client.turn("hi", requestHeaders={"x-trace": "1"})
    assert client.of("assistant.message")[0]["content"] == "Hello"
    (request,) = server.requests
    assert request.path == kind.path
    sent = {"authorization", "x-api-key", "api-key"} & request.headers.keys()
    assert {name: request.headers[name] for name in sent} == kind.credentials
    assert (request.headers["x-trace"], request.headers["x-initiator"]) == ("1", "user")
    assert request.body["model"] == "big"
    # Anthropic refuses long answers that are not streamed.
    assert request.stream is (streaming or "anthropic" in str(kind.options))


@pytest.mark.parametrize("streaming", [True, False])
@kinds(APIS)
async def test_an_answer_is_told_with_thoughts_calls_and_tokens(
    start: Start, join: Join, serve: Serve, kind: Kind, streaming: bool
) -> None:
    calls = [Wanted("report_intent", {"intent": "x"}, id="a"), Wanted("nope", {}, id="b")]
    usage = Usage(prompt_tokens=100, completion_tokens=20, cached_tokens=30, reasoning_tokens=7)
    server = serve([Reply(["Let ", "me."], ["H", "m"], calls, usage=usage), Reply("done")])
    client = await join(start())
    await client.open(provider=kind.at(server), model="big", streaming=streaming)
    await client.turn("go")
    message, usage_data = client.of("assistant.message")[0], client.of("assistant.usage")[0]
    assert (message["content"], message["reasoningText"]) == ("Let me.", "Hm")
    assert [call["toolCallId"] for call in message["toolRequests"]] == ["a", "b"]
    assert (usage_data["inputTokens"], usage_data["outputTokens"]) == (100, 20)
    assert usage_data["cacheReadTokens"] == 30
    assert usage_data["finishReason"] == "tool_calls"
    assert kind.path.endswith(usage_data["apiEndpoint"])
    assert usage_data.get("reasoningTokens") == (7 if "responses" in kind.path else None)
    if streaming:
        assert [delta["deltaContent"] for delta in client.of("assistant.message_delta")][:2] == [
            "Let ",
            "me.",
        ]
        assert [delta["deltaContent"] for delta in client.of("assistant.reasoning_delta")] == ["H", "m"]
    assert _conversation(server.requests[1]) == _EXPECTED[kind.path]
    assert server.requests[1].headers["x-initiator"] == "agent"


def _conversation(request: ChatRequest) -> list[Json]:
    """What follows the prompt."""
    messages: list[Json] = [dict(message) for message in request.messages]
    prompt = next(index for index, message in enumerate(messages) if message.get("role") == "user")
    return messages[prompt + 1 :]


_ARGUMENTS = '{"intent": "x"}'
_EXPECTED = {
    "/v1/chat/completions": [
        {
            "role": "assistant",
            "content": "Let me.",
            "tool_calls": [
                {
                    "id": "a",
                    "type": "function",
                    "function": {"name": "report_intent", "arguments": _ARGUMENTS},
                },
                {"id": "b", "type": "function", "function": {"name": "nope", "arguments": "{}"}},
            ],
            "reasoning_content": "Hm",
        },
        {"role": "tool", "tool_call_id": "a", "content": "Intent logged"},
        {"role": "tool", "tool_call_id": "b", "content": "Tool 'nope' does not exist."},
    ],
    "/v1/responses": [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "Hm"}],
            "encrypted_content": SIGNATURE,
        },
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Let me."}],
        },
        {"type": "function_call", "call_id": "a", "name": "report_intent", "arguments": _ARGUMENTS},
        {"type": "function_call", "call_id": "b", "name": "nope", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "Intent logged"},
        {"type": "function_call_output", "call_id": "b", "output": "Tool 'nope' does not exist."},
    ],
    "/v1/messages": [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm", "signature": SIGNATURE},
                {"type": "text", "text": "Let me."},
                {"type": "tool_use", "id": "a", "name": "report_intent", "input": {"intent": "x"}},
                {"type": "tool_use", "id": "b", "name": "nope", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "Intent logged"},
                {"type": "tool_result", "tool_use_id": "b", "content": "Tool 'nope' does not exist."},
            ],
        },
    ],
}


@kinds(APIS)
async def test_thoughts_are_there_again_in_a_session_that_is_resumed(
    start: Start, join: Join, serve: Serve, kind: Kind
) -> None:
    server = serve([Reply("One.", "Hm"), Reply("Two.")])
    runtime = start()
    client = await join(runtime)
    await client.open(provider=kind.at(server))
    await client.turn("first")
    await client.call("session.destroy")
    await client.call("session.resume", provider=kind.at(server))
    await client.turn("second")
    first = _conversation(server.requests[1])[0]
    assert "Hm" in str(first)
    assert kind.path == "/v1/chat/completions" or SIGNATURE in str(first)


async def test_what_one_provider_signed_is_not_shown_to_another(
    start: Start, join: Join, serve: Serve
) -> None:
    server = serve([Reply("One.", "Hm"), Reply("Two."), Reply("Three."), Reply("Four.")])
    client = await join(start())
    await client.open(provider=APIS["anthropic"].at(server))
    await client.turn("first")
    for name in ("openai", "openai responses"):
        await client.call("session.options.update", provider=APIS[name].at(server))
        await client.turn("next")
        assert SIGNATURE not in str(server.requests[-1].body)


@pytest.mark.parametrize(
    ("name", "options", "wanted"),
    [
        ("openai", {"reasoningEffort": "low"}, {"reasoning_effort": "low", "max_tokens": 99}),
        (
            "openai responses",
            {"reasoningEffort": "low", "reasoningSummary": "concise"},
            {"reasoning": {"summary": "concise", "effort": "low"}, "max_output_tokens": 99, "store": False},
        ),
        ("openai responses", {}, {"reasoning": {"summary": "auto"}}),
        ("openai responses", {"reasoningSummary": "none"}, {"reasoning": None}),
        ("anthropic", {}, {"max_tokens": 99, "thinking": None}),
        (
            "anthropic",
            {"model": "claude-opus-4.6", "reasoningEffort": "high"},
            {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "high"}},
        ),
        ("anthropic", {"model": "claude-sonnet-4-20250514", "reasoningEffort": "high"}, {"thinking": None}),
    ],
)
async def test_effort_summary_and_length_go_where_the_api_wants_them(
    start: Start, join: Join, serve: Serve, name: str, options: Json, wanted: Json
) -> None:
    server = serve([Reply("ok")])
    client = await join(start())
    await client.open(provider=KINDS[name].at(server, maxOutputTokens=99), **{"model": "big", **options})
    await client.turn("hi")
    body = server.requests[0].body
    assert {key: body.get(key) for key in wanted} == wanted


async def test_an_older_claude_thinks_within_a_budget(start: Start, join: Join, serve: Serve) -> None:
    server = serve([Reply("ok")])
    client = await join(start())
    provider = KINDS["anthropic"].at(server)
    await client.open(provider=provider, model="claude-sonnet-4.5", reasoningEffort="high")
    await client.turn("hi")
    body = server.requests[0].body
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 1024}
    assert str(body).count("'cache_control': {'type': 'ephemeral'}") == 3


@pytest.mark.parametrize(
    ("name", "reason", "told"),
    [
        ("openai", "content_filter", "content_filter"),
        ("openai responses", "stop", "stop"),
        ("anthropic", "refusal", "content_filter"),
        ("anthropic", "stop_sequence", "stop"),
    ],
)
async def test_the_reason_why_an_answer_ended_is_told_in_one_language(
    start: Start, join: Join, serve: Serve, name: str, reason: str, told: str
) -> None:
    client = await join(start())
    await client.open(provider=KINDS[name].at(serve([Reply("part", finish_reason=reason)])))
    await client.turn("hi")
    assert client.of("assistant.usage")[0]["finishReason"] == told


@kinds(APIS)
async def test_an_answer_that_was_cut_off_is_continued(
    start: Start, join: Join, serve: Serve, kind: Kind
) -> None:
    server = serve([Reply("part", finish_reason="length"), Reply("rest")])
    client = await join(start())
    await client.open(provider=kind.at(server))
    await client.turn("hi")
    assert [usage["finishReason"] for usage in client.of("assistant.usage")] == ["length", "stop"]
    assert "part" in str(_conversation(server.requests[1])[0])


async def test_headers_of_the_application_win_over_its_key(start: Start, join: Join, serve: Serve) -> None:
    server = serve([Reply("ok")])
    client = await join(start())
    await client.open(provider=KINDS["openai"].at(server, headers={"AUTHORIZATION": "Basic x"}))
    await client.turn("hi")
    assert server.requests[0].headers["authorization"] == "Basic x"


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        ("openai", "authorization", "Bearer fresh"),
        ("azure", "api-key", "fresh"),
        ("anthropic", "x-api-key", "fresh"),
    ],
)
async def test_a_command_prints_the_key_of_each_request(
    start: Start, join: Join, serve: Serve, name: str, header: str, value: str
) -> None:
    server = serve([Reply("ok")])
    client = await join(start())
    headers = {header: "stale"}
    await client.open(provider=KINDS[name].at(server, apiKeyCommand="echo fresh", headers=headers))
    await client.turn("hi")
    assert server.requests[0].headers[header] == value


@pytest.mark.parametrize("command", ["exit 3", "true"])
async def test_a_command_without_a_key_fails_the_turn(
    start: Start, join: Join, serve: Serve, command: str
) -> None:
    server = serve([])
    client = await join(start())
    await client.open(provider=KINDS["openai"].at(server, apiKeyCommand=command))
    await client.turn("hi")
    assert "the command for the API key printed none" in client.of("session.error")[0]["message"]
    assert server.requests == []


async def _open_named(client: Client, server: ModelServer, model: str) -> None:
    host = server.base_url
    await client.open(
        model=model,
        providers=[
            {"name": "mine", "baseUrl": host, "apiKey": "k1"},
            {"name": "ant", "type": "anthropic", "baseUrl": host.removesuffix("/v1"), "apiKey": "k2"},
        ],
        models=[
            {"id": "m1", "provider": "mine", "wireModel": "w1", "maxOutputTokens": 55, "name": "Em One"},
            {"id": "m1", "provider": "ant"},
        ],
    )


async def test_a_named_model_is_asked_at_its_provider(start: Start, join: Join, serve: Serve) -> None:
    server = serve([Reply("one"), Reply("two")])
    client = await join(start())
    await _open_named(client, server, "mine/m1")
    await client.turn("hi")
    await client.call("session.model.switchTo", modelId="ant/m1")
    await client.turn("hi")
    first, second = server.requests
    assert (first.path, first.body["model"], first.body["max_tokens"]) == ("/v1/chat/completions", "w1", 55)
    assert first.headers["authorization"] == "Bearer k1"
    assert (second.path, second.body["model"]) == ("/v1/messages", "m1")
    assert second.headers["x-api-key"] == "k2"
    listed = (await client.call("session.model.list"))["list"]
    assert [(model["id"], model["name"]) for model in listed] == [("mine/m1", "Em One"), ("ant/m1", "ant/m1")]


async def test_another_model_than_the_named_ones_is_that_of_the_runtime(
    start: Start, join: Join, serve: Serve
) -> None:
    server = serve([])
    client = await join(start())
    await _open_named(client, server, "m1")
    await client.turn("!say from the runtime")
    assert client.of("assistant.message")[0]["content"] == "from the runtime"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"models": [{"id": "m", "provider": "who"}]}, 'BYOK model "m" references unknown provider "who".'),
        (
            {"providers": [{"name": "a/b", "baseUrl": "http://x"}]},
            'BYOK provider name "a/b" must not contain "/".',
        ),
        ({"providers": [{"name": "a", "baseUrl": "http://x"}] * 2}, 'Duplicate BYOK provider name "a".'),
        (
            {
                "providers": [{"name": "a", "baseUrl": "http://x"}],
                "models": [{"id": "m", "provider": "a"}] * 2,
            },
            'Duplicate BYOK model selection id "a/m".',
        ),
        (
            {"provider": {"baseUrl": "http://x"}, "providers": [{"name": "a", "baseUrl": "http://x"}]},
            "Cannot combine the legacy singular `provider` option with the `providers`/`models` registry.",
        ),
    ],
)
async def test_providers_that_do_not_fit_together_are_refused(
    start: Start, join: Join, options: Json, told: str
) -> None:
    client = await join(start())
    with pytest.raises(RpcError) as refused:
        await client.open(**options)
    assert told in str(refused.value)


def test_the_messages_api_gets_turns_that_alternate_and_arguments_that_are_objects() -> None:
    request = ModelRequest(
        "m",
        [
            Message("system", "be brief"),
            Message("user", "one", images=(Image("cGljdHVyZQ==", "image/png"),)),
            Message("user", "two"),
            Message("assistant", "", (ToolCall("a", "t", "{broken"),)),
            Message("tool", "done", tool_call_id="a"),
            Message("user", "three"),
        ],
    )
    body = Messages().body(request, "m", stream=True, max_output_tokens=None)
    assert body["system"] == [{"type": "text", "text": "be brief"}]
    picture = {"type": "base64", "media_type": "image/png", "data": "cGljdHVyZQ=="}
    assert body["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "image", "source": picture},
                {"type": "text", "text": "one"},
                {"type": "text", "text": "two"},
            ],
        },
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "t", "input": {}}]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "done"},
                {"type": "text", "text": "three"},
            ],
        },
    ]
