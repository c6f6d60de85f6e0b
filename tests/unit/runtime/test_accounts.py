"""Who is signed in, at the runtime and in a session, with accounts that a script makes up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from copilot_sdk import CopilotClient, SessionError
from copilot_sdk.errors import RpcError
from copilot_sdk.runtime import (
    Account,
    EmbeddedRuntime,
    Quota,
    Reply,
    ScriptedAccounts,
    ScriptedModel,
    embedded,
)
from copilot_sdk.types import UserAuthInfo
from tests.unit.runtime.harness import Client, Join, Json, Start

HOST = "https://github.com"
ONE, TWO = "gho_one", "github_pat_two"


def accounts(signed_in: str | None = None) -> ScriptedAccounts:
    quotas = {"premium_interactions": Quota(300, used=58, overage_permitted=True), "chat": Quota(None)}
    return ScriptedAccounts(
        {
            ONE: Account("octocat", quotas=quotas),
            TWO: Account("mona", plan="business", organizations=("acme",)),
        },
        signed_in=signed_in,
    )


@pytest.fixture
def runtime(stack: AsyncExitStack) -> EmbeddedRuntime:
    """A runtime with accounts, at which nobody is signed in yet."""
    running = embedded(
        ScriptedModel(lambda request: Reply(f"for {_login(request.account)}")), accounts=accounts()
    )
    stack.push_async_exit(running)
    return running


def _login(account: object) -> object:
    return getattr(account, "login", None)


async def _login_as(client: Client, token: str) -> None:
    assert await client.call("account.login", host=HOST, token=token) == {"storedInVault": False}


async def _users(client: Client) -> list[str]:
    return [user["authInfo"]["login"] for user in await client.call("account.getAllUsers")]


@pytest.mark.parametrize("method", ["models.list", "models.listTokenPriceUnits", "account.getQuota"])
async def test_without_an_account_what_needs_one_is_refused(
    runtime: EmbeddedRuntime, join: Join, method: str
) -> None:
    client = await join(runtime)
    with pytest.raises(
        RpcError, match=rf"{method} failed with message: Not authenticated\. Please authenticate first"
    ):
        await client.call(method)


async def test_without_an_account_nobody_is_there(runtime: EmbeddedRuntime, join: Join) -> None:
    client = await join(runtime)
    nobody = {"isAuthenticated": False, "statusMessage": "Not authenticated"}
    assert await client.call("auth.getStatus") == nobody
    assert await client.call("account.getCurrentAuth") == {}
    assert await client.call("account.getAllUsers") == []
    await client.open()
    assert await client.call("session.gitHubAuth.getStatus") == nobody
    assert await client.call("session.auth.getStatus") == nobody
    assert await client.call("session.gitHubAuth.getCurrentAuthInfo") is None
    assert await client.call("session.gitHubAuth.getAllAuthAvailable") == []
    assert await client.call("session.gitHubAuth.refreshCopilotUser") is None
    assert await client.call("session.gitHubAuth.lastAuthErrors") == []
    assert await client.call("session.gitHubAuth.logout") is False


async def test_without_an_account_a_turn_fails_until_somebody_signs_in(
    runtime: EmbeddedRuntime, join: Join
) -> None:
    client = await join(runtime)
    await client.open()
    await client.turn("hi")
    assert client.of("session.error")[0]["errorType"] == "query"
    assert "Nobody is signed in" in client.of("session.error")[0]["message"]
    await _login_as(client, ONE)
    await client.turn("hi")
    assert client.of("assistant.message")[0]["content"] == "for octocat"


async def test_who_signs_in_is_who_it_is_until_they_sign_out(runtime: EmbeddedRuntime, join: Join) -> None:
    client = await join(runtime)
    await _login_as(client, ONE)
    await _login_as(client, TWO)
    assert await client.call("auth.getStatus") == {
        "isAuthenticated": True,
        "authType": "user",
        "host": HOST,
        "login": "mona",
        "statusMessage": "mona",
    }
    info = (await client.call("account.getCurrentAuth"))["authInfo"]
    assert (info["type"], info["login"], info["copilotUser"]["copilot_plan"]) == ("user", "mona", "business")
    assert "token" not in info
    assert await _users(client) == ["octocat", "mona"]
    assert await client.call("account.logout", authInfo=info) == {"hasMoreUsers": True}
    assert (await client.call("auth.getStatus"))["login"] == "octocat"
    (left,) = await client.call("account.getAllUsers")
    assert await client.call("account.logout", selectionId=left["selectionId"]) == {"hasMoreUsers": False}
    assert (await client.call("auth.getStatus"))["isAuthenticated"] is False


async def test_the_same_user_is_there_once(runtime: EmbeddedRuntime, join: Join) -> None:
    client = await join(runtime)
    await _login_as(client, ONE)
    await _login_as(client, TWO)
    await _login_as(client, ONE)
    assert await _users(client) == ["mona", "octocat"]


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"token": "ghp_old"}, r"Classic personal access tokens \(ghp_\) are not supported"),
        ({"token": "whatever"}, "Unsupported token type"),
        ({"token": ""}, "Unsupported token type"),
        ({"token": "gho_unknown"}, "Failed to fetch Copilot user info: 401 Unauthorized"),
    ],
)
async def test_a_token_that_is_no_good_signs_nobody_in(
    runtime: EmbeddedRuntime, join: Join, params: Json, told: str
) -> None:
    client = await join(runtime)
    with pytest.raises(RpcError, match=told) as refused:
        await client.call("account.login", host=HOST, **params)
    assert "unknown" not in str(refused.value)
    assert await client.call("account.getAllUsers") == []


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({}, "Missing required account selection"),
        ({"selectionId": "x"}, "Selected authentication is no longer available"),
    ],
)
async def test_whom_to_sign_out_has_to_be_said(
    runtime: EmbeddedRuntime, join: Join, params: Json, told: str
) -> None:
    client = await join(runtime)
    with pytest.raises(RpcError, match=told):
        await client.call("account.logout", **params)


async def test_a_quota_is_told_in_numbers(runtime: EmbeddedRuntime, join: Join) -> None:
    client = await join(runtime)
    await _login_as(client, ONE)
    found = (await client.call("account.getQuota"))["quotaSnapshots"]
    premium, chat = found["premium_interactions"], found["chat"]
    assert premium.pop("resetDate")
    assert premium == {
        "isUnlimitedEntitlement": False,
        "entitlementRequests": 300,
        "usedRequests": 58,
        "usageAllowedWithExhaustedQuota": True,
        "overage": 0,
        "overageAllowedWithExhaustedQuota": True,
        "remainingPercentage": pytest.approx(80.67, abs=0.01),
    }
    assert (chat["isUnlimitedEntitlement"], chat["remainingPercentage"]) == (True, 100)


async def test_a_quota_that_is_exceeded_is_told_as_overage(stack: AsyncExitStack, join: Join) -> None:
    known = ScriptedAccounts({ONE: Account("octocat", quotas={"chat": Quota(10, used=12)})}, signed_in=ONE)
    running = await stack.enter_async_context(embedded(accounts=known))
    client = await join(running)
    chat = (await client.call("account.getQuota"))["quotaSnapshots"]["chat"]
    assert (chat["usedRequests"], chat["overage"], chat["remainingPercentage"]) == (10, 2, 0)


async def test_a_request_can_be_about_somebody_else(runtime: EmbeddedRuntime, join: Join) -> None:
    client = await join(runtime)
    assert (await client.call("account.getQuota", gitHubToken=ONE))["quotaSnapshots"]
    assert (await client.call("models.list", gitHubToken=ONE))["models"]
    await _login_as(client, ONE)
    (user,) = await client.call("account.getAllUsers")
    assert (await client.call("account.getQuota", selectionId=user["selectionId"]))["quotaSnapshots"]
    for params in ({"gitHubToken": "bad"}, {"selectionId": "x"}):
        with pytest.raises(RpcError, match=r"401 Unauthorized|no longer available"):
            await client.call("models.list", **params)


async def test_a_session_can_work_for_the_owner_of_a_token(runtime: EmbeddedRuntime, join: Join) -> None:
    client = await join(runtime)
    await client.open(gitHubToken=TWO)
    assert await client.call("session.gitHubAuth.getStatus") == {
        "isAuthenticated": True,
        "authType": "token",
        "host": HOST,
        "login": "mona",
        "statusMessage": f"{HOST} (via token)",
        "copilotPlan": "business",
    }
    await client.turn("hi")
    assert client.of("assistant.message")[0]["content"] == "for mona"
    assert (await client.call("auth.getStatus"))["isAuthenticated"] is False


async def test_a_session_for_the_owner_of_an_unknown_token_is_refused(
    runtime: EmbeddedRuntime, join: Join
) -> None:
    client = await join(runtime)
    with pytest.raises(
        RpcError, match=r"session\.create failed with message: GitHub token validation failed: Failed"
    ):
        await client.open(gitHubToken="bad")


async def test_a_session_takes_other_credentials(runtime: EmbeddedRuntime, join: Join) -> None:
    client = await join(runtime)
    await client.open()
    credentials = {"type": "token", "host": HOST, "token": ONE}
    set_credentials = "session.gitHubAuth.setCredentials"
    assert await client.call(set_credentials) == {"success": True}
    assert await client.call(set_credentials, credentials=credentials) == {
        "success": True,
        "copilotUserResolved": True,
    }
    assert (await client.call("session.gitHubAuth.getCurrentAuthInfo"))["copilotUser"]["login"] == "octocat"
    unknown = {**credentials, "token": "unknown"}
    assert await client.call(set_credentials, credentials=unknown) == {
        "success": True,
        "copilotUserResolved": False,
    }
    assert (await client.call("session.gitHubAuth.getStatus"))["isAuthenticated"] is True


async def test_a_session_signs_in_and_switches_and_signs_out(runtime: EmbeddedRuntime, join: Join) -> None:
    client = await join(runtime)
    await client.open()
    info = await client.call("session.gitHubAuth.login", host=HOST, login="octocat", token=ONE)
    assert info["login"] == "octocat"
    await _login_as(client, TWO)
    assert (await client.call("session.gitHubAuth.getStatus"))["login"] == "octocat"
    mona = (await client.call("account.getCurrentAuth"))["authInfo"]
    await client.call("session.gitHubAuth.switchToAuth", authInfo=mona)
    assert (await client.call("session.gitHubAuth.getStatus"))["login"] == "mona"
    assert await client.call("session.gitHubAuth.logoutUser", authInfo=info) is True
    assert await client.call("session.gitHubAuth.logoutUser", authInfo=info) is False
    assert await client.call("session.gitHubAuth.logout") is True
    assert await client.call("account.getAllUsers") == []
    assert (await client.call("session.gitHubAuth.getStatus"))["isAuthenticated"] is False


async def test_a_session_switches_to_the_owner_of_a_token(runtime: EmbeddedRuntime, join: Join) -> None:
    client = await join(runtime)
    await client.open()
    info = {"type": "token", "host": HOST, "token": "stale"}
    await client.call("session.gitHubAuth.switchToAuth", authInfo=info, token=ONE)
    assert (await client.call("session.gitHubAuth.getStatus"))["login"] == "octocat"
    with pytest.raises(RpcError, match="token: this runtime signs in with tokens only"):
        await client.call(
            "session.gitHubAuth.switchToAuth", authInfo={"type": "user", "host": HOST, "login": "who"}
        )


async def test_what_is_known_of_a_user_is_asked_for_anew(stack: AsyncExitStack, join: Join) -> None:
    known = accounts(signed_in=ONE)
    running = await stack.enter_async_context(embedded(accounts=known))
    client = await join(running)
    await client.open()
    assert (await client.call("session.gitHubAuth.getStatus"))["copilotPlan"] == "individual_pro"
    known.accounts[ONE] = Account("octocat", plan="business")
    assert (await client.call("session.gitHubAuth.getStatus"))["copilotPlan"] == "individual_pro"
    fresh = await client.call("session.gitHubAuth.refreshCopilotUser")
    assert fresh["copilotUser"]["copilot_plan"] == "business"
    assert (await client.call("session.gitHubAuth.getStatus"))["copilotPlan"] == "business"


async def test_whoever_is_signed_in_from_the_start_can_sign_out(stack: AsyncExitStack, join: Join) -> None:
    running = await stack.enter_async_context(embedded(accounts=accounts(signed_in=ONE)))
    client = await join(running)
    assert await _users(client) == ["octocat"]
    info = (await client.call("account.getCurrentAuth"))["authInfo"]
    assert await client.call("account.logout", authInfo=info) == {"hasMoreUsers": False}
    assert await _users(client) == []


async def test_a_token_from_the_start_that_is_unknown_is_told_as_an_error(
    stack: AsyncExitStack, join: Join
) -> None:
    running = await stack.enter_async_context(embedded(accounts=accounts(signed_in="gho_gone")))
    client = await join(running)
    (error,) = (await client.call("account.getCurrentAuth"))["authErrors"]
    assert error.startswith("Failed to fetch Copilot user info: 401")


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        ({"type": "env", "host": HOST, "login": "octocat", "envVar": "GH_TOKEN"}, "octocat (via GH_TOKEN)"),
        ({"type": "token", "host": HOST}, f"{HOST} (via token)"),
        ({"type": "user", "host": HOST, "login": "octocat"}, "octocat"),
        ({"type": "user", "host": "https://x.ghe.com", "login": "mona"}, "mona (https://x.ghe.com)"),
    ],
)
async def test_an_identity_has_words(start: Start, join: Join, identity: Json, words: str) -> None:
    client = await join(start())
    assert await client.call("account.describeAuthInfo", identity=identity) == {
        "message": f"Welcome {words}!",
        "description": words,
    }


async def test_addresses_and_gists_are_those_of_the_host(start: Start, join: Join) -> None:
    client = await join(start())
    cloud = {"type": "user", "host": "https://x.ghe.com", "login": "mona"}
    assert await client.call("account.getWebUrl", path="settings") == {"url": f"{HOST}/settings"}
    assert await client.call("account.getWebUrl", path="a", identity=cloud) == {"url": "https://x.ghe.com/a"}
    public = {"type": "user", "host": HOST, "login": "mona"}
    assert await client.call("account.getGistSupport", identity=public) == {"supported": True}
    assert (await client.call("account.getGistSupport", identity=cloud))["kind"] == "gheCloud"


async def test_a_classic_token_in_the_environment_is_named(
    start: Start, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await join(start())
    for name in ("COPILOT_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert await client.call("account.getTokenEnvVar") == {}
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_old")
    assert await client.call("account.getTokenEnvVar") == {"name": "GITHUB_TOKEN"}


async def test_a_runtime_without_accounts_lets_nobody_sign_in_and_needs_nobody(
    start: Start, join: Join
) -> None:
    client = await join(start())
    with pytest.raises(RpcError, match="This runtime has no accounts"):
        await client.call("account.login", host=HOST, token=ONE)
    with pytest.raises(RpcError, match=r"Not authenticated\. Please authenticate first"):
        await client.call("account.getQuota")
    assert (await client.call("models.list"))["models"]
    assert await client.call("models.getBuiltInCatalog") == {"models": []}
    await client.open(gitHubToken=ONE)
    await client.turn("hi")
    assert client.of("assistant.message")


async def test_the_public_client_signs_in_and_sees_a_quota() -> None:
    async with CopilotClient.embedded(accounts=accounts()) as client:
        async with await client.create_session() as session:
            with pytest.raises(SessionError, match="Nobody is signed in"):
                await session.send("hi")
            await client.rpc.account.login(host=HOST, token=ONE)
            await session.send("hi")
        quota = await client.rpc.account.get_quota()
        assert quota.quota_snapshots["premium_interactions"].used_requests == 58
        current = await client.rpc.account.get_current_auth()
        assert isinstance(current.auth_info, UserAuthInfo)
        assert current.auth_info.login == "octocat"


def test_no_token_is_shown() -> None:
    known = accounts(signed_in=ONE).for_runtime()
    assert ONE not in repr(known._given)


async def _signed_in(client: Client) -> tuple[Json | None, list[Json]]:
    """Who a session works for, and everybody it could work for."""
    active = await client.call("session.accounts.get", query={"kind": "activeAccount"})
    everybody = await client.call("session.accounts.enumerate", query={"kind": "accounts"})
    return active["account"], everybody["items"]


async def _come_back(url: str, **query: str) -> httpx.Response:
    """Does what the browser of a user does at the end of a sign-in that began with this address."""
    sent = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    async with httpx.AsyncClient() as browser:
        return await browser.get(sent["redirect_uri"], params={"state": sent["state"], **query})


async def test_a_session_works_for_whoever_signs_in_with_a_browser(
    runtime: EmbeddedRuntime, join: Join
) -> None:
    client = await join(runtime)
    await client.open()
    begun = await client.call("session.accounts.login.begin", kind="githubDotCom")
    assert (await _come_back(begun["step"]["url"], code=ONE, state="strange")).status_code == 400
    assert (await _come_back(begun["step"]["url"], code=ONE)).status_code == 200
    done = await client.call("session.accounts.login.advance", flowId=begun["flowId"])
    assert done == {"kind": "completed", "result": {"status": "completed", "host": HOST, "login": "octocat"}}
    active, everybody = await _signed_in(client)
    assert active is not None
    assert (active["login"], active["kind"], active["active"]) == ("octocat", "githubDotCom", True)
    assert everybody == [active]
    await client.turn("hi")
    assert client.of("assistant.message")[0]["content"] == "for octocat"
    with pytest.raises(RpcError, match="flowId: there is no such sign-in, or it has ended"):
        await client.call("session.accounts.login.advance", flowId=begun["flowId"])


async def test_a_sign_in_ends_with_its_session(runtime: EmbeddedRuntime, join: Join) -> None:
    client = await join(runtime)
    await client.open()
    begun = await client.call("session.accounts.login.begin", kind="githubDotCom")
    waiting = asyncio.create_task(client.call("session.accounts.login.advance", flowId=begun["flowId"]))
    await client.call("ping")
    await client.call("session.destroy")
    with pytest.raises(RpcError, match="The session was closed before the sign-in came to an end"):
        await waiting
    with pytest.raises(httpx.ConnectError):
        await _come_back(begun["step"]["url"], code=ONE)


async def test_a_code_that_nobody_knows_signs_nobody_in(runtime: EmbeddedRuntime, join: Join) -> None:
    client = await join(runtime)
    await client.open()
    begun = await client.call("session.accounts.login.begin", kind="proxima")
    flow = begun["flowId"]
    step = await client.call("session.accounts.login.advance", flowId=flow, input="octo.ghe.com")
    assert step["url"].startswith("https://octo.ghe.com/login/oauth/authorize?")
    await _come_back(step["url"], code="gho_unknown")
    with pytest.raises(RpcError, match=r"no such token at https://octo\.ghe\.com"):
        await client.call("session.accounts.login.advance", flowId=flow)
    assert await _signed_in(client) == (None, [])


async def test_a_session_switches_between_accounts_and_logs_them_out(
    runtime: EmbeddedRuntime, join: Join
) -> None:
    client = await join(runtime)
    await client.open()

    async def change(kind: str, **command: object) -> Json:
        done: Json = await client.call("session.accounts.set", command={"kind": kind, **command})
        return done

    for token, login in ((ONE, "octocat"), (TWO, "mona")):
        assert await change("setCredentials", host=HOST, login=login, token=token) == {"ok": True}
    active, everybody = await _signed_in(client)
    assert active is not None
    assert (active["login"], [account["login"] for account in everybody]) == ("mona", ["octocat", "mona"])
    assert await change("switchActive", selectionId=everybody[0]["selectionId"]) == {"ok": True}
    assert [account["active"] for account in (await _signed_in(client))[1]] == [True, False]
    assert await change("logout") == {"ok": True, "moreUsers": True}
    assert await change("logout", selectionId=active["selectionId"]) == {"ok": True, "moreUsers": False}
    assert await _signed_in(client) == (None, [])


async def test_owners_are_listed_by_what_points_to_a_credential(runtime: EmbeddedRuntime, join: Join) -> None:
    client = await join(runtime)
    await _login_as(client, TWO)
    (user,) = await client.call("account.getAllUsers")

    async def listed(info: object) -> Json:
        number = (await client.call("gitHubOwners.nextRequestId"))["requestId"]
        owners: Json = await client.call("gitHubOwners.list", requestId=number, authInfo=info)
        return owners

    owners = [{"login": "mona", "type": "user"}, {"login": "acme", "type": "organization"}]
    assert await listed(user["authInfo"]) == {"owners": owners}
    assert await listed({"token": TWO}) == {"owners": owners}
    assert "no such token" in (await listed({"token": "gho_unknown"}))["message"]
    assert "throwError" in await listed({**user["authInfo"], "login": "nobody"})


async def test_a_listing_that_takes_long_is_cancelled(stack: AsyncExitStack, join: Join) -> None:
    asked = asyncio.Event()

    class Slow(ScriptedAccounts):
        async def owners(self, host: str, token: str) -> Sequence[str]:
            asked.set()
            await asyncio.Event().wait()
            return await super().owners(host, token)

    runtime = embedded(accounts=Slow({ONE: Account("octocat")}))
    stack.push_async_exit(runtime)
    client = await join(runtime)
    number = (await client.call("gitHubOwners.nextRequestId"))["requestId"]
    listing = asyncio.create_task(client.call("gitHubOwners.list", requestId=number, authInfo={"token": ONE}))
    await asked.wait()
    assert await client.call("gitHubOwners.cancel", requestId=number) == {"canceled": True}
    assert (await listing)["message"] == "The listing was cancelled"
    assert await client.call("gitHubOwners.cancel", requestId=number) == {"canceled": False}
