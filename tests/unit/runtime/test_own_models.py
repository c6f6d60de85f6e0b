"""Models of the application's own that come and go while a session lives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from copilot_sdk.errors import InternalError, InvalidParams
from tests.support.model_server import ModelServer, Reply
from tests.unit.runtime.harness import Client, Join, Json, Start


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(lambda _: Reply("From a provider.")) as started:
        yield started


@pytest.fixture
async def client(start: Start, join: Join, server: ModelServer) -> Client:
    client = await join(start())
    await client.open(
        model="first/m0", providers=[named("first", server)], models=[{"id": "m0", "provider": "first"}]
    )
    return client


def named(name: str, server: ModelServer, **more: object) -> Json:
    return {"name": name, "type": "openai", "baseUrl": server.base_url, "apiKey": f"k-{name}", **more}


async def offered(client: Client) -> list[str]:
    return [model["id"] for model in (await client.call("session.model.list"))["list"]]


async def refused(client: Client, method: str, **params: object) -> InvalidParams:
    with pytest.raises(InvalidParams) as refusal:
        await client.call(f"session.provider.{method}", **params)
    return refusal.value


async def test_models_are_added_and_used(client: Client, server: ModelServer) -> None:
    assert await client.call("session.provider.add", providers=[named("more", server)]) == {"models": []}
    model = {"id": "m", "provider": "more", "name": "M", "wireModel": "w", "maxPromptTokens": 90_000}
    (added,) = (await client.call("session.provider.add", models=[model]))["models"]
    assert (added["id"], added["name"]) == ("more/m", "M")
    assert await offered(client) == ["first/m0", "more/m"]
    await client.call("session.model.switchTo", modelId="more/m")
    await client.turn("hi")
    assert client.of("assistant.message")[0]["content"] == "From a provider."
    assert server.requests[-1].body["model"] == "w"
    assert server.requests[-1].headers["authorization"] == "Bearer k-more"


async def test_models_are_withdrawn_with_providers_that_have_no_others(
    client: Client, server: ModelServer
) -> None:
    models = [{"id": name, "provider": "two"} for name in ("a", "b")]
    await client.call("session.provider.add", providers=[named("two", server)], models=models)
    assert await client.call("session.provider.withdraw", models=["two/a", "none"]) == {
        "withdrawn": ["two/a"],
        "providersRemoved": [],
        "modelDeselected": False,
    }
    assert await client.call("session.provider.withdraw", models=["first/m0", "two/b"]) == {
        "withdrawn": ["first/m0", "two/b"],
        "providersRemoved": ["first", "two"],
        "modelDeselected": True,
    }
    assert "first/m0" not in await offered(client)
    await client.turn("!say From the runtime.")
    assert client.of("assistant.message")[0]["content"] == "From the runtime."


async def test_all_models_are_replaced_at_once(client: Client, server: ModelServer) -> None:
    synced = await client.call(
        "session.provider.sync", providers=[named("q", server)], models=[{"id": "n", "provider": "q"}]
    )
    assert (synced["selectionIds"], synced["modelDeselected"]) == (["q/n"], True)
    assert await offered(client) == ["q/n"]
    refusal = await refused(client, "sync", models=[{"id": "n", "provider": "r"}])
    assert refusal.data == {"code": "inconsistent_snapshot"}
    assert await client.call("session.provider.sync") == {"models": [], "selectionIds": []}


async def test_names_that_do_not_fit_together_are_refused(client: Client, server: ModelServer) -> None:
    for providers in ([named("first", server)], [named("c", server)] * 2):
        refusal = await refused(client, "add", providers=providers)
        assert refusal.data == {"code": "duplicate_provider", "provider": providers[0]["name"]}
    with pytest.raises(InternalError, match='"a/b" must not contain'):
        await client.call("session.provider.add", providers=[named("a/b", server)])
    with pytest.raises(InternalError, match='Duplicate BYOK model selection id "first/m0"'):
        await client.call("session.provider.add", models=[{"id": "m0", "provider": "first"}])
    with pytest.raises(InternalError, match='references unknown provider "nobody"'):
        await client.call("session.provider.add", models=[{"id": "x", "provider": "nobody"}])
    assert await offered(client) == ["first/m0"]


async def test_a_session_of_the_runtime_gets_models_of_its_own(
    start: Start, join: Join, server: ModelServer
) -> None:
    client = await join(start())
    await client.open()
    await client.call(
        "session.provider.add", providers=[named("p", server)], models=[{"id": "m", "provider": "p"}]
    )
    await client.call("session.model.switchTo", modelId="p/m")
    await client.turn("hi")
    assert client.of("assistant.message")[0]["content"] == "From a provider."


async def test_the_address_of_a_provider_is_told_where_that_is_allowed(
    start: Start, join: Join, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await join(start())
    await client.open()
    with pytest.raises(InternalError, match="set COPILOT_ALLOW_GET_PROVIDER_ENDPOINT=true"):
        await client.call("session.provider.getEndpoint")
    monkeypatch.setenv("COPILOT_ALLOW_GET_PROVIDER_ENDPOINT", "true")
    with pytest.raises(InternalError, match="provider endpoint is unavailable"):
        await client.call("session.provider.getEndpoint")
    await client.open(provider={"baseUrl": server.base_url, "bearerToken": "t", "wireApi": "responses"})
    assert await client.call("session.provider.getEndpoint") == {
        "type": "openai",
        "wireApi": "responses",
        "transport": "http",
        "baseUrl": server.base_url,
        "apiKey": "t",
        "headers": {},
    }
