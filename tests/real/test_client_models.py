"""What both runtimes ask a model, in each API: the same of the same session."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from copilot_sdk import SessionError, approve_all
from copilot_sdk.types import NamedProviderConfig, ProviderConfig, ProviderConfigAzure, ProviderModelConfig
from tests.real.support.account import TOKEN, account
from tests.real.support.client_stage import ClientStage
from tests.real.support.stage import MODEL_ID
from tests.support.model_server import ChatRequest, Failure, Reply, ToolCall, Usage
from tests.support.model_wires import SIGNATURE

# How random an answer is: the CLI has an opinion of its own, the reference runtime leaves it to the model.
SAMPLING = {"temperature", "top_p", "frequency_penalty", "presence_penalty"}
CREDENTIALS = {"authorization", "api-key", "x-api-key"}


@dataclass(frozen=True)
class Kind:
    """A kind of provider: how it is described, and what is to be seen at the server."""

    options: dict[str, str]
    path: str
    credentials: dict[str, str]
    members: str
    version: str | None = None

    def at(self, live: ClientStage) -> ProviderConfig:
        """The provider."""
        host = live.model.base_url if "type" not in self.options else live.model.base_url.removesuffix("/v1")
        return ProviderConfig.model_validate(
            {
                "baseUrl": host,
                "apiKey": "k3y",
                **self.options,
                "azure": ProviderConfigAzure(api_version=self.version) if self.version else None,
            }
        )


_CHAT = "messages model stream stream_options tools"
_RESPONSES = (
    "include input instructions model parallel_tool_calls prompt_cache_key reasoning store stream tools"
)
KINDS = {
    "completions": Kind({}, "/v1/chat/completions", {"authorization": "Bearer k3y"}, _CHAT),
    "responses": Kind({"wireApi": "responses"}, "/v1/responses", {"authorization": "Bearer k3y"}, _RESPONSES),
    "anthropic": Kind(
        {"type": "anthropic", "bearerToken": "t"},
        "/v1/messages",
        {"x-api-key": "k3y", "authorization": "Bearer t"},
        "max_tokens messages model stream system tools",
    ),
    "azure": Kind({"type": "azure"}, "/openai/v1/chat/completions", {"api-key": "k3y"}, _CHAT),
    "azure, with a version": Kind(
        {"type": "azure", "wireApi": "responses"},
        "/openai/responses?api-version=2024-10-21",
        {"api-key": "k3y"},
        _RESPONSES,
        "2024-10-21",
    ),
}


def outline(request: ChatRequest) -> list[str]:
    """The conversation after the system message: roles and kinds of parts."""
    parts: list[str] = []
    for message in request.messages:
        content, role = message.get("content"), str(message.get("role") or "")
        if role == "system":
            continue
        kinds = [str(part["type"]) for part in content] if isinstance(content, list) else []
        calls = message.get("tool_calls")
        kinds += ["call"] * len(calls) if isinstance(calls, list) else []
        parts.append(" ".join([str(message.get("type") or role), *kinds]))
    return parts


OUTLINES = {
    "messages": ["user", "assistant call call", "tool", "tool"],
    "input": [
        "message input_text",
        "reasoning",
        "message output_text",
        "function_call",
        "function_call",
        "function_call_output",
        "function_call_output",
    ],
    "system": ["user text", "assistant thinking text tool_use tool_use", "user tool_result tool_result"],
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_a_model_is_asked_alike_in_each_api(live: ClientStage, kind: Kind) -> None:
    usage = Usage(prompt_tokens=100, completion_tokens=20, cached_tokens=30, reasoning_tokens=7)
    calls = [
        ToolCall("bash", {"command": f"echo {name}", "description": name}, id=name) for name in ("a", "b")
    ]
    live.says(Reply(["Let me ", "look."], ["H", "m"], calls, usage=usage), Reply("Done."))
    session = await live.client.create_session(
        model=MODEL_ID, provider=kind.at(live), streaming=True, on_permission=approve_all
    )
    result = await session.send("Look.")
    assert result.text == "Done."
    first, second = live.model.requests
    assert (first.path, first.body["model"]) == (kind.path, MODEL_ID)
    assert {name: first.headers[name] for name in CREDENTIALS & first.headers.keys()} == kind.credentials
    assert [request.headers["x-initiator"] for request in (first, second)] == ["user", "agent"]
    assert set(first.body) - SAMPLING == set(kind.members.split())
    api = next(name for name in ("system", "input", "messages") if name in first.body)
    assert outline(second) == OUTLINES[api]
    assert "Hm" in str(second.body)
    assert (SIGNATURE in str(second.body)) is (api != "messages")
    used = result.usage.total
    assert (used.input_tokens, used.output_tokens, used.cache_read_tokens) == (110, 25, 30)


async def test_named_models_are_asked_at_their_providers(live: ClientStage) -> None:
    address = live.model.base_url
    providers = [
        NamedProviderConfig(name="mine", type="openai", base_url=address, api_key="k1"),
        NamedProviderConfig(
            name="other", type="anthropic", base_url=address.removesuffix("/v1"), api_key="k2"
        ),
    ]
    models = [
        ProviderModelConfig(id="m", provider="mine", wire_model="w"),
        ProviderModelConfig(id="m", provider="other"),
    ]
    live.says(Reply("One."), Reply("Two."))
    session = await live.client.create_session(model="mine/m", providers=providers, models=models)
    await session.send("First.")
    await session.rpc.model.switch_to(model_id="other/m")
    await session.send("Second.")
    first, second = live.model.requests
    assert (first.path, first.body["model"], first.headers["authorization"]) == (
        "/v1/chat/completions",
        "w",
        "Bearer k1",
    )
    assert (second.path, second.body["model"], second.headers["x-api-key"]) == ("/v1/messages", "m", "k2")


@pytest.mark.parametrize(
    ("status", "category", "tries"),
    [
        (400, "query", 1),
        (401, "authentication", 3),
        (402, "query", 1),
        (403, "authentication", 1),
        (404, "query", 1),
    ],
)
async def test_a_provider_that_refuses_fails_the_turn_alike(
    live: ClientStage, status: int, category: str, tries: int
) -> None:
    live.says(*[Failure(status, "no way")] * 3)
    session = await live.client.create_session(model=MODEL_ID, provider=KINDS["completions"].at(live))
    with pytest.raises(SessionError) as failed:
        await session.send("Hi.")
    assert (failed.value.error_type, failed.value.status_code) == (category, status)
    assert len(live.model.requests) == tries


async def test_an_account_signs_in_with_a_token_of_the_environment(live: ClientStage) -> None:
    with account() as variables:
        async with live.serving_client(variables={**variables, "GH_TOKEN": TOKEN}) as client:
            status = await client.rpc.auth.get_status()
            assert (status.is_authenticated, status.auth_type, status.login) == (True, "env", "octocat")
            assert status.status_message == "octocat (via GH_TOKEN)"
            quota = await client.rpc.account.get_quota()
            assert quota.quota_snapshots == {}
