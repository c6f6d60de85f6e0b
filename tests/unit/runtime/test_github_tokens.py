"""GitHub tokens, which the client gives that opens a session."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta

import pytest

from copilot_sdk.errors import InternalError, RpcError
from copilot_sdk.runtime import Reply
from copilot_sdk.runtime.core import github_tokens
from tests.unit.runtime.harness import Client, Join, Json, Start

GET_TOKEN = "gitHubToken.getToken"
EIGHT_HOURS = {"kind": "token", "accessToken": "gho_1", "expiresIn": 8 * 3600}


def giving(client: Client, *answers: object) -> None:
    left = list(answers)
    client.answers[GET_TOKEN] = lambda _: left.pop(0)


async def test_a_session_is_signed_in_by_a_token_of_the_client(start: Start, join: Join) -> None:
    client = await join(start([Reply("hi")]))
    giving(client, EIGHT_HOURS, EIGHT_HOURS)
    await client.open(gitHubTokenProviderRegistrationId="mine")
    status = await client.call("session.gitHubAuth.getStatus")
    assert (status["isAuthenticated"], status["authType"]) == (True, "token-provider")
    await client.turn("go")
    await client.call("session.destroy")
    await client.call("session.resume", gitHubTokenProviderRegistrationId="mine")
    asked = {"registrationId": "mine", "host": "https://github.com", "sessionId": client.session_id}
    assert client.asked_for(GET_TOKEN) == [{**asked, "reason": "initial"}] * 2


async def test_a_token_is_replaced_in_time(start: Start, join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await join(start([Reply("one"), Reply("two")]))
    giving(client, EIGHT_HOURS, EIGHT_HOURS)
    await client.open(gitHubTokenProviderRegistrationId="mine")
    await client.turn("first")
    later = datetime.now().astimezone() + timedelta(hours=7)
    monkeypatch.setattr(github_tokens, "now", lambda: later)
    await client.turn("second")
    assert [params["reason"] for params in client.asked_for(GET_TOKEN)] == ["initial", "refresh"]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"kind": "cancelled"}, "callback was cancelled"),
        ({**EIGHT_HOURS, "accessToken": ""}, 'registration "mine" returned an empty token'),
        (
            {**EIGHT_HOURS, "expiresIn": 3600},
            "with 3600 seconds remaining; more than 3600 seconds are required",
        ),
        ({**EIGHT_HOURS, "expiresIn": 0}, "an invalid expiresIn value"),
        ({"kind": "token", "accessToken": "gho_1"}, "an invalid expiresIn value"),
        ({**EIGHT_HOURS, "expiresIn": 7200.5}, "an invalid response"),
        ({"kind": "other"}, 'expected kind to be "token" or "cancelled"'),
        (None, "an invalid response"),
    ],
)
async def test_without_a_usable_token_there_is_no_session(
    start: Start, join: Join, answer: object, problem: str
) -> None:
    runtime = start()
    client = await join(runtime)
    giving(client, answer)
    with pytest.raises(RpcError, match=problem):
        await client.open(gitHubTokenProviderRegistrationId="mine")
    assert not runtime.runtime.sessions


async def test_what_the_client_raises_is_told(start: Start, join: Join) -> None:
    client = await join(start())

    def refuse(_: Json) -> Json:
        raise InternalError("no way")

    client.answers[GET_TOKEN] = refuse
    with pytest.raises(RpcError, match="GitHub token provider callback failed: no way"):
        await client.open(gitHubTokenProviderRegistrationId="mine")


async def test_a_client_that_says_nothing_is_given_up_on(start: Start, join: Join) -> None:
    client = await join(start(provider_seconds=0.01))
    client.answers[GET_TOKEN] = lambda _: asyncio.Event().wait()
    with pytest.raises(RpcError, match="callback failed: no answer within"):
        await client.open(gitHubTokenProviderRegistrationId="mine")


async def test_no_two_sessions_have_the_same_tokens(start: Start, join: Join) -> None:
    client = await join(start())
    giving(client, EIGHT_HOURS, EIGHT_HOURS)
    creating = [client.call("session.create", gitHubTokenProviderRegistrationId="mine") for _ in range(2)]
    opened, refused = await asyncio.gather(*creating, return_exceptions=True)
    assert isinstance(opened, dict)
    assert 'registration "mine" already exists' in str(refused)
    await client.call("session.destroy", sessionId=opened["sessionId"])
    await client.open(gitHubTokenProviderRegistrationId="mine")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"provider": {"baseUrl": "http://nowhere"}},
            "both gitHubTokenProvider and provider in session.create",
        ),
        ({"gitHubToken": "gho_2"}, "both gitHubToken and gitHubTokenProvider in session.create"),
        ({"gitHubTokenProviderRegistrationId": ""}, "must not be empty in session.create"),
    ],
)
async def test_tokens_have_a_name_and_are_the_only_credentials(
    start: Start, join: Join, options: Json, problem: str
) -> None:
    client = await join(start())
    with pytest.raises(RpcError, match=re.escape(problem)):
        await client.open(**({"gitHubTokenProviderRegistrationId": "mine"} | options))
