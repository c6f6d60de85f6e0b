"""Ready-made providers: tokens, skills and launchers of extensions."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from copilot_sdk import CopilotClient, RpcError, UsageError
from copilot_sdk.providers import BearerTokens, ExtensionLauncher, GitHubTokens, Skill, Skills
from copilot_sdk.types import (
    ExtensionLaunchProfile,
    ExtensionLaunchProviderResolveRequest,
    GitHubTokenGranted,
    GitHubTokenRequest,
    NamedProviderConfig,
    ProviderConfig,
    ProviderTokenRequest,
)
from tests.support.fake_runtime import SESSION, FakeRuntime

ASKED = {"sessionId": SESSION, "providerName": "default"}


def bearer(request: ProviderTokenRequest) -> str:
    return f"for {request.provider_name} of {request.session_id}"


async def test_a_bearer_token_is_given_for_a_provider(client: CopilotClient, runtime: FakeRuntime) -> None:
    await client.create_session(session_id=SESSION, handlers={"provider_token": BearerTokens(bearer)})
    assert await runtime.peer.request("providerToken.getToken", ASKED) == {"token": "for default of s1"}


def plain_failure(_: object) -> Any:
    raise OSError("no identity")


async def failure(_: object) -> Any:
    raise TimeoutError("no identity")


async def endless(_: object) -> Any:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (plain_failure, "no identity"),
        (failure, "no identity"),
        (endless, "no token within 0.05 s"),
        (lambda _: threading.Event().wait(1), "no token within 0.05 s"),
        (lambda _: "", "an empty text"),
        (lambda _: None, "None"),
        (lambda _: b"secret", "a bytes"),
    ],
)
async def test_a_failure_to_get_a_token_is_an_error(
    client: CopilotClient, runtime: FakeRuntime, function: Any, problem: str
) -> None:
    tokens = BearerTokens(function, timeout=0.05 if "0.05" in problem else 10)
    await client.create_session(session_id=SESSION, handlers={"provider_token": tokens})
    with pytest.raises(RpcError, match=problem) as caught:
        await runtime.peer.request("providerToken.getToken", ASKED)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("tokens", [BearerTokens, GitHubTokens])
def test_time_for_a_token_is_above_zero(tokens: Any) -> None:
    with pytest.raises(UsageError, match="above zero"):
        tokens(bearer, timeout=0)


@pytest.mark.parametrize(
    ("provider", "asks"),
    [
        (ProviderConfig(base_url="http://m"), True),
        ({"baseUrl": "http://m"}, True),
        (ProviderConfig(base_url="http://m", api_key="k"), None),
        ({"base_url": "http://m", "bearer_token": "t"}, None),
    ],
)
@pytest.mark.parametrize("method", ["session.create", "session.resume"])
async def test_a_provider_without_credentials_asks_for_tokens(
    client: CopilotClient, runtime: FakeRuntime, method: str, provider: Any, asks: bool | None
) -> None:
    named = NamedProviderConfig(name="other", base_url="http://o")
    if method == "session.create":
        await client.create_session(
            session_id=SESSION,
            provider=provider,
            providers=[named],
            handlers={"provider_token": BearerTokens(bearer)},
        )
    else:
        await client.resume_session(
            SESSION,
            provider=provider,
            providers=[named],
            handlers={"provider_token": BearerTokens(bearer)},
        )
    told = await runtime.asked(method)
    assert told["provider"]["baseUrl"] == "http://m"
    assert told["provider"].get("hasBearerTokenProvider") is asks
    assert told["providers"] == [{"name": "other", "baseUrl": "http://o", "hasBearerTokenProvider": True}]
    assert named.has_bearer_token_provider is None


async def test_without_a_handler_a_provider_is_sent_as_it_is(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    await client.create_session(session_id=SESSION, provider=ProviderConfig(base_url="http://m"))
    told = await runtime.asked("session.create")
    assert told["provider"] == {"baseUrl": "http://m"}
    assert "hasSkillProvider" not in told


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        (GitHubTokenGranted(access_token="t"), {"kind": "token", "accessToken": "t"}),
        (
            GitHubTokenGranted(access_token="t", expires_in=9),
            {"kind": "token", "accessToken": "t", "expiresIn": 9},
        ),
        (None, {"kind": "cancelled"}),
    ],
)
async def test_a_github_token_is_given_or_refused(runtime: FakeRuntime, given: Any, answer: Any) -> None:
    asked: list[str] = []

    async def token(request: GitHubTokenRequest) -> Any:
        asked.append(request.registration_id)
        return given

    async with runtime.client(handlers={"github_token": GitHubTokens(token)}):
        request = {"registrationId": "mine", "host": "github.com", "reason": "initial"}
        assert await runtime.peer.request("gitHubToken.getToken", request) == answer
    assert asked == ["mine"]


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (plain_failure, "no identity"),
        (endless, "no token within 0.05 s"),
        (lambda _: "secret", "a str in place of a GitHubTokenGranted or None"),
    ],
)
async def test_a_failure_to_get_a_github_token_is_an_error(
    runtime: FakeRuntime, function: Any, problem: str
) -> None:
    tokens = GitHubTokens(function, timeout=0.05 if "0.05" in problem else 10)
    async with runtime.client(handlers={"github_token": tokens}):
        request = {"registrationId": "mine", "host": "https://github.com", "reason": "refresh"}
        with pytest.raises(RpcError, match=problem) as caught:
            await runtime.peer.request("gitHubToken.getToken", request)
    assert "secret" not in str(caught.value)


async def test_skills_are_listed_and_read(client: CopilotClient, runtime: FakeRuntime) -> None:
    skills = Skills([Skill("greet", "To greet", "Say hi."), Skill("part", "To part", "Say bye.")])
    await client.create_session(session_id=SESSION, handlers={"skill_provider": skills})
    assert (await runtime.asked("session.create"))["hasSkillProvider"] is True
    listed = await runtime.peer.request("skillProvider.list", {"sessionId": SESSION})
    assert listed["skills"][0] == {"name": "greet", "description": "To greet"}
    assert [skill["name"] for skill in listed["skills"]] == ["greet", "part"]
    asked = {"sessionId": SESSION, "name": "part"}
    assert await runtime.peer.request("skillProvider.read", asked) == {"markdown": "Say bye."}
    assert await runtime.peer.request("skillProvider.read", {**asked, "name": "none"}) == {}


def test_two_skills_cannot_have_one_name() -> None:
    with pytest.raises(UsageError, match="greet"):
        Skills([Skill("greet", "a", "b"), Skill("greet", "c", "d")])


REGISTER = "registerExtensionLaunchProvider"
EXTENSION = {"id": "project:hello", "name": "hello", "modulePath": "/x/hello.mjs", "source": "project"}


@pytest.mark.parametrize("plain", [True, False])
async def test_an_extension_is_launched_as_the_client_says(runtime: FakeRuntime, plain: bool) -> None:
    def launch(request: ExtensionLaunchProviderResolveRequest) -> ExtensionLaunchProfile | None:
        if request.name != "hello":
            return None
        return ExtensionLaunchProfile(executable="node", args=[request.module_path], env={"A": "b"})

    async def launch_async(request: ExtensionLaunchProviderResolveRequest) -> ExtensionLaunchProfile | None:
        return launch(request)

    runtime.answers[REGISTER] = None
    launcher = ExtensionLauncher(launch if plain else launch_async)
    async with runtime.client(handlers={"extension_launch_provider": launcher}) as client:
        assert [method for method, _ in runtime.requests] == ["connect", REGISTER]
        launched = await runtime.peer.request("extensionLaunchProvider.resolve", EXTENSION)
        assert launched == {"launch": {"executable": "node", "args": ["/x/hello.mjs"], "env": {"A": "b"}}}
        other = await runtime.peer.request("extensionLaunchProvider.resolve", {**EXTENSION, "name": "other"})
        assert other == {}
        with pytest.raises(UsageError, match="pass it to the client"):
            await client.create_session(handlers={"extension_launch_provider": launcher})


async def test_an_extension_is_not_launched_when_the_function_raises(runtime: FakeRuntime) -> None:
    def fail(request: ExtensionLaunchProviderResolveRequest) -> ExtensionLaunchProfile | None:
        raise OSError("no node here")

    runtime.answers[REGISTER] = None
    async with runtime.client(handlers={"extension_launch_provider": ExtensionLauncher(fail)}):
        with pytest.raises(RpcError, match="no node here"):
            await runtime.peer.request("extensionLaunchProvider.resolve", EXTENSION)
