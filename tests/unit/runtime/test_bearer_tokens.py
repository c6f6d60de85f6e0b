"""Bearer tokens for model providers, which a client gives."""

from __future__ import annotations

import asyncio

import pytest

from copilot_sdk.errors import InternalError, RpcError
from tests.support.model_server import Failure, ModelServer, Reply
from tests.unit.runtime.harness import Client, Join, Json, Serve, Start

GET_TOKEN = "providerToken.getToken"


def provider(server: ModelServer, **options: object) -> Json:
    return {"type": "openai", "baseUrl": server.base_url, "hasBearerTokenProvider": True, **options}


def sent(server: ModelServer) -> list[str | None]:
    return [request.headers.get("authorization") for request in server.requests]


def counting(client: Client) -> None:
    client.answers[GET_TOKEN] = lambda _: {"token": f"t{len(client.asked_for(GET_TOKEN))}"}


async def test_each_model_request_gets_a_token_of_its_own(start: Start, join: Join, serve: Serve) -> None:
    server = serve([Failure(503, "busy"), Reply("one"), Reply("two")])
    client = await join(start())
    counting(client)
    await client.open(provider=provider(server, apiKey="k", headers={"authorization": "Bearer h"}))
    await client.turn("first")
    await client.turn("second")
    assert sent(server) == ["Bearer t1", "Bearer t2", "Bearer t3"]
    assert client.asked_for(GET_TOKEN)[0] == {"providerName": "default", "sessionId": client.session_id}


async def test_a_token_that_cannot_be_had_is_asked_for_again(start: Start, join: Join, serve: Serve) -> None:
    server = serve([Reply("one")])
    client = await join(start())

    def give(_: Json) -> Json:
        if len(client.asked_for(GET_TOKEN)) < 3:
            raise InternalError("no token today")
        return {"token": "t"}

    client.answers[GET_TOKEN] = give
    await client.open(provider=provider(server))
    await client.turn("go")
    assert sent(server) == ["Bearer t"]
    failures = [failure["errorMessage"] for failure in client.of("model.call_failure")]
    assert failures == ["Provider token request failed: no token today"] * 2


@pytest.mark.parametrize("answer", [{}, {"token": 5}, None, "x"])
async def test_an_answer_without_a_token_ends_the_turn(
    start: Start, join: Join, serve: Serve, answer: object
) -> None:
    client = await join(start())
    client.answers[GET_TOKEN] = lambda _: answer
    await client.open(provider=provider(serve([])))
    await client.turn("go")
    (error,) = client.of("session.error")
    assert error["message"].startswith("Provider token response was invalid: ")
    assert len(client.asked_for(GET_TOKEN)) == 1


async def test_a_token_that_never_comes_is_an_error_of_the_turn(
    start: Start, join: Join, serve: Serve
) -> None:
    client = await join(start(provider_seconds=0.01))
    client.answers[GET_TOKEN] = lambda _: asyncio.Event().wait()
    await client.open(provider=provider(serve([])))
    await client.turn("go")
    assert client.of("session.error")[0]["message"].startswith("Provider token request failed: no answer")


async def test_the_turn_can_be_aborted_while_a_token_is_awaited(
    start: Start, join: Join, serve: Serve
) -> None:
    client = await join(start())
    client.answers[GET_TOKEN] = lambda _: asyncio.Event().wait()
    await client.open(provider=provider(serve([])))
    await client.send("go")
    await client.until_asked(GET_TOKEN)
    await client.call("session.abort")
    assert (await client.until("session.idle"))["data"]["aborted"] is True


async def test_the_client_that_said_so_last_is_asked(start: Start, join: Join, serve: Serve) -> None:
    server = serve([Reply("one"), Reply("two")])
    runtime = start()
    one, two = await join(runtime), await join(runtime)
    counting(one)
    counting(two)
    await one.open(provider=provider(server))
    two.session_id = one.session_id
    await two.call("session.resume", provider=provider(server))
    await one.turn("first")
    assert (len(one.asked_for(GET_TOKEN)), len(two.asked_for(GET_TOKEN))) == (0, 1)
    await two.peer.aclose()
    await one.turn("second")
    assert len(one.asked_for(GET_TOKEN)) == 1


async def test_without_a_client_that_gives_tokens_the_turn_fails(
    start: Start, join: Join, serve: Serve
) -> None:
    runtime = start()
    one, two = await join(runtime), await join(runtime)
    await one.open(provider=provider(serve([])))
    two.session_id = one.session_id
    await two.call("session.resume")
    await one.peer.aclose()
    await two.turn("go")
    message = two.of("session.error")[0]["message"]
    assert f'"default": no client connection registered for session "{one.session_id}"' in message


async def test_a_named_provider_is_asked_for_by_its_name(start: Start, join: Join, serve: Serve) -> None:
    server = serve([Reply("one"), Reply("two")])
    client = await join(start())
    counting(client)
    plain = {"name": "plain", "baseUrl": server.base_url, "apiKey": "k"}
    await client.open(
        model="acme/big",
        providers=[provider(server, name="acme"), plain],
        models=[
            {"id": "big", "provider": "acme", "wireModel": "big-wire", "maxOutputTokens": 9},
            {"id": "small", "provider": "plain", "name": "Small"},
        ],
    )
    listed = (await client.call("session.model.list"))["list"]
    assert [(model["id"], model["name"]) for model in listed] == [
        ("acme/big", "acme/big"),
        ("plain/small", "Small"),
    ]
    await client.turn("first")
    await client.call("session.model.switchTo", modelId="plain/small")
    await client.turn("second")
    assert [params["providerName"] for params in client.asked_for(GET_TOKEN)] == ["acme"]
    assert sent(server) == ["Bearer t1", "Bearer k"]
    assert [request.body["model"] for request in server.requests] == ["big-wire", "small"]
    assert [request.body.get("max_tokens") for request in server.requests] == [9, None]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"models": [{"id": "big", "provider": "nope"}]}, 'model "big" references unknown provider "nope"'),
        ({"providers": ["acme", "acme"]}, 'Duplicate BYOK provider name "acme"'),
        ({"providers": ["a/b"]}, '"a/b" must not contain "/"'),
        ({"providers": ["acme"], "provider": {"baseUrl": "http://nowhere"}}, "Cannot combine the legacy"),
    ],
)
async def test_providers_and_models_have_to_fit(
    start: Start, join: Join, options: Json, problem: str
) -> None:
    client = await join(start())
    if "providers" in options:
        named = [{"name": name, "baseUrl": "http://nowhere"} for name in options["providers"]]
        options = options | {"providers": named}
    with pytest.raises(RpcError, match=problem):
        await client.open(**options)


async def test_a_session_may_be_given_such_a_provider_later(start: Start, join: Join, serve: Serve) -> None:
    server = serve([Reply("one")])
    client = await join(start())
    counting(client)
    await client.open()
    await client.call("session.options.update", provider=provider(server))
    await client.turn("go")
    assert sent(server) == ["Bearer t1"]
