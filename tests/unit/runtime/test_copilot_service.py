"""The Copilot service behind `COPILOT_API_URL`, with GitHub's word on who may use it; both are a server on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from copilot_sdk.errors import RpcError
from copilot_sdk.runtime import EmbeddedRuntime, Limits, Runtime
from copilot_sdk.runtime.world import world_of
from tests.support.model_server import Answer, Failure, ModelServer, Reply
from tests.unit.runtime.harness import Join, Json

TOKEN = "gho_one"
USER = "/copilot_internal/user"


def _entry(model_id: str, *endpoints: str, shown: bool = True, **more: object) -> Json:
    return {
        "id": model_id,
        "name": model_id.title(),
        "model_picker_enabled": shown,
        "supported_endpoints": list(endpoints),
        "capabilities": {"type": "chat", "limits": {}, "supports": {"tool_calls": True}},
        **more,
    }


MODELS = [
    {
        **_entry("plain", "/chat/completions"),
        "vendor": "maker",
        "policy": {"state": "enabled", "terms": "T"},
        "billing": {"is_premium": True, "multiplier": 1.5},
        "model_picker_category": "versatile",
        "capabilities": {
            "limits": {"max_context_window_tokens": 64_000},
            "supports": {"reasoning_effort": ["low", "high"], "vision": True},
        },
    },
    _entry("newer", "/responses", "/chat/completions"),
    _entry("claude-sonnet-4.5", "/v1/messages", "/chat/completions"),
    _entry("hidden", "/chat/completions", shown=False),
]
DOCUMENTS = {
    USER: {
        "login": "octocat",
        "copilot_plan": "business",
        "quota_snapshots": {
            "premium_interactions": {
                "entitlement": 300,
                "quota_remaining": 241.5,
                "percent_remaining": 80.5,
                "overage_count": 2,
                "overage_permitted": True,
                "unlimited": False,
                "timestamp_utc": "2026-11-26T00:00:00Z",
            }
        },
    },
    "/models": {"data": MODELS},
}

Serve = Callable[..., ModelServer]
Begin = Callable[..., EmbeddedRuntime]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[ModelServer] = []

    def run(*answers: Answer, tokens: tuple[str, ...] = (TOKEN,)) -> ModelServer:
        servers.append(ModelServer(answers, documents=DOCUMENTS, tokens=tokens).__enter__())
        return servers[-1]

    yield run
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture
def begin(stack: AsyncExitStack, tmp_path: Path) -> Begin:
    """Starts a runtime in an environment that leads to a server."""

    def run(
        server: ModelServer, *, token: str | None = None, auto_login: bool = True, **more: str
    ) -> EmbeddedRuntime:
        address = server.base_url.removesuffix("/v1")
        environment = {"COPILOT_API_URL": address, "COPILOT_DEBUG_GITHUB_API_URL": address, **more}
        world = world_of(environment, script=None, token=token, auto_login=auto_login)
        runtime = EmbeddedRuntime(
            Runtime(
                home=tmp_path / "home",
                model=world.model,
                default_model=world.default_model,
                accounts=world.accounts,
                limits=Limits(retry_delays=(0.0, 0.0)),
            )
        )
        stack.push_async_exit(runtime)
        return runtime

    return run


async def test_a_token_of_the_environment_signs_in(begin: Begin, serve: Serve, join: Join) -> None:
    client = await join(begin(serve(), GH_TOKEN=TOKEN, GITHUB_TOKEN="gho_other"))
    assert await client.call("auth.getStatus") == {
        "isAuthenticated": True,
        "authType": "env",
        "host": "https://github.com",
        "login": "octocat",
        "statusMessage": "octocat (via GH_TOKEN)",
    }
    info = (await client.call("account.getCurrentAuth"))["authInfo"]
    assert (info["envVar"], info["copilotUser"]["copilot_plan"]) == ("GH_TOKEN", "business")
    (user,) = await client.call("account.getAllUsers")
    # Who comes with the environment stays as long as it does.
    assert await client.call("account.logout", selectionId=user["selectionId"]) == {"hasMoreUsers": False}
    assert (await client.call("auth.getStatus"))["isAuthenticated"] is True


async def test_a_token_that_the_command_line_names_signs_in(begin: Begin, serve: Serve, join: Join) -> None:
    client = await join(begin(serve(), token=TOKEN, auto_login=False, GH_TOKEN="gho_other"))
    status = await client.call("auth.getStatus")
    assert (status["authType"], status["statusMessage"]) == ("token", "https://github.com (via token)")
    assert "login" not in status


@pytest.mark.parametrize(
    "environment",
    [{"GH_TOKEN": "gho_unknown"}, {"GH_TOKEN": "ghp_classic"}, {"GH_TOKEN": "odd"}, {}],
)
async def test_a_token_that_is_no_good_leaves_nobody_signed_in(
    begin: Begin, serve: Serve, join: Join, environment: dict[str, str]
) -> None:
    client = await join(begin(serve(), **environment))
    assert (await client.call("auth.getStatus"))["isAuthenticated"] is False
    for method in ("models.list", "account.getQuota"):
        with pytest.raises(RpcError, match=r"Not authenticated\. Please authenticate first"):
            await client.call(method)
    await client.open(model="plain")
    await client.turn("hi")
    assert "Nobody is signed in" in client.of("session.error")[0]["message"]


async def test_no_token_is_looked_for_without_automatic_sign_in(
    begin: Begin, serve: Serve, join: Join
) -> None:
    server = serve()
    client = await join(begin(server, auto_login=False, GH_TOKEN=TOKEN))
    assert (await client.call("auth.getStatus"))["isAuthenticated"] is False
    assert server.fetched == []


async def test_models_are_listed_as_the_service_describes_them(
    begin: Begin, serve: Serve, join: Join
) -> None:
    client = await join(begin(serve(), GH_TOKEN=TOKEN))
    listed = (await client.call("models.list"))["models"]
    assert [model["id"] for model in listed] == ["plain", "newer", "claude-sonnet-4.5"]
    assert listed[0] == {
        "id": "plain",
        "name": "Plain",
        "capabilities": {
            "limits": {"max_context_window_tokens": 64_000},
            "supports": {"reasoning_effort": ["low", "high"], "vision": True, "reasoningEffort": True},
        },
        "policy": {"state": "enabled", "terms": "T"},
        "billing": {"multiplier": 1.5},
        "supportedReasoningEfforts": ["low", "high"],
        "modelPickerCategory": "versatile",
        "vendor": "maker",
    }
    await client.open()
    shown = (await client.call("session.model.list"))["list"]
    assert [model["id"] for model in shown] == ["plain", "newer", "claude-sonnet-4.5"]


async def test_the_quota_is_that_of_the_user(begin: Begin, serve: Serve, join: Join) -> None:
    client = await join(begin(serve(), GH_TOKEN=TOKEN))
    assert await client.call("account.getQuota") == {
        "quotaSnapshots": {
            "premium_interactions": {
                "isUnlimitedEntitlement": False,
                "entitlementRequests": 300,
                "usedRequests": 58,
                "usageAllowedWithExhaustedQuota": True,
                "overage": 2,
                "overageAllowedWithExhaustedQuota": True,
                "remainingPercentage": 80.5,
                "resetDate": "2026-11-26T00:00:00Z",
            }
        }
    }


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("plain", "/chat/completions"),
        ("newer", "/responses"),
        ("claude-sonnet-4.5", "/v1/messages"),
    ],
)
async def test_a_model_is_asked_in_the_api_that_the_service_has_for_it(
    begin: Begin, serve: Serve, join: Join, model: str, path: str
) -> None:
    server = serve(Reply("hello"))
    client = await join(begin(server, GH_TOKEN=TOKEN))
    await client.open(model=model, streaming=True)
    await client.turn("hi")
    assert client.of("assistant.message")[0]["content"] == "hello"
    (request,) = server.requests
    assert (request.path, request.body["model"]) == (path, model)
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert (request.headers["copilot-integration-id"], request.headers["x-initiator"]) == (
        "copilot-developer-cli",
        "user",
    )


async def test_the_model_of_the_environment_is_the_default(begin: Begin, serve: Serve, join: Join) -> None:
    server = serve(Reply("hello"))
    client = await join(begin(server, GH_TOKEN=TOKEN, COPILOT_MODEL="newer"))
    await client.open()
    await client.turn("hi")
    assert server.requests[0].body["model"] == "newer"


async def test_the_choice_of_a_model_may_be_left_to_the_runtime(
    begin: Begin, serve: Serve, join: Join
) -> None:
    server = serve(Reply("hello"))
    client = await join(begin(server, GH_TOKEN=TOKEN))
    await client.open(model="auto")
    await client.turn("hi")
    assert server.requests[0].body["model"] == "plain"


@pytest.mark.parametrize("model", ["hidden", "nope"])
async def test_a_model_that_is_not_on_offer_is_refused(
    begin: Begin, serve: Serve, join: Join, model: str
) -> None:
    client = await join(begin(serve(), GH_TOKEN=TOKEN))
    with pytest.raises(
        RpcError, match=f'session.create failed with message: Model "{model}" is not available'
    ):
        await client.open(model=model)


@pytest.mark.parametrize(
    ("status", "category"), [(400, "query"), (401, "authorization"), (403, "authorization"), (402, "quota")]
)
async def test_refusals_of_the_service_have_its_categories(
    begin: Begin, serve: Serve, join: Join, status: int, category: str
) -> None:
    client = await join(begin(serve(*[Failure(status, "no")] * 3), GH_TOKEN=TOKEN))
    await client.open(model="plain")
    await client.turn("hi")
    error = client.of("session.error")[0]
    assert (error["errorType"], error["statusCode"]) == (category, status)
    assert TOKEN not in error["message"]


async def test_a_session_with_a_token_of_its_own_is_served_with_it(
    begin: Begin, serve: Serve, join: Join
) -> None:
    server = serve(Reply("hello"), tokens=(TOKEN, "gho_two"))
    client = await join(begin(server, GH_TOKEN=TOKEN))
    await client.open(gitHubToken="gho_two", model="plain")
    await client.turn("hi")
    assert server.requests[0].headers["authorization"] == "Bearer gho_two"
    assert {sent for _, sent in server.fetched} == {"Bearer gho_two"}


async def test_a_session_with_a_provider_of_its_own_needs_nobody(
    begin: Begin, serve: Serve, join: Join
) -> None:
    server = serve(Reply("hello"), tokens=("k3y",))
    client = await join(begin(server))
    await client.open(provider={"baseUrl": server.base_url, "apiKey": "k3y"}, model="whatever")
    await client.turn("hi")
    assert client.of("assistant.message")[0]["content"] == "hello"


async def test_offline_nobody_is_asked_for_an_account(begin: Begin, serve: Serve, join: Join) -> None:
    server = serve()
    client = await join(begin(server, GH_TOKEN=TOKEN, COPILOT_OFFLINE="true"))
    assert (await client.call("auth.getStatus"))["isAuthenticated"] is False
    await client.open()
    await client.turn("!say still here")
    assert client.of("assistant.message")[0]["content"] == "still here"
    assert server.fetched == []


async def test_an_account_service_out_of_reach_is_told(begin: Begin, serve: Serve, join: Join) -> None:
    server = serve()
    runtime = begin(server)
    server.close()
    client = await join(runtime)
    with pytest.raises(RpcError, match="/copilot_internal/user could not be asked"):
        await client.call("account.login", host="https://github.com", token=TOKEN)


@pytest.mark.parametrize(
    ("variables", "host"),
    [
        ({"GH_HOST": "x.ghe.com"}, "https://x.ghe.com"),
        ({"GH_HOST": "a", "COPILOT_GH_HOST": "b"}, "https://b"),
    ],
)
async def test_the_host_is_that_of_the_environment(
    begin: Begin, serve: Serve, join: Join, variables: dict[str, str], host: str
) -> None:
    client = await join(begin(serve(), GH_TOKEN=TOKEN, **variables))
    assert (await client.call("auth.getStatus"))["host"] == host
