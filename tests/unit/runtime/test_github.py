"""What GitHub is asked for on behalf of accounts; GitHub itself is made up."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import respx

from copilot_sdk.runtime.core.accounts import PUBLIC_HOST
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.github import GitHubAccounts
from copilot_sdk.runtime.core.logins import Grant

API = "https://api.github.com"
TOKEN = f"{PUBLIC_HOST}/login/oauth/access_token"


@pytest.fixture
async def github() -> AsyncIterator[GitHubAccounts]:
    service = GitHubAccounts()
    yield service
    await service.aclose()


async def test_organizations_are_read_page_by_page(
    github: GitHubAccounts, respx_mock: respx.MockRouter
) -> None:
    pages = [[{"login": f"org-{number}"} for number in range(100)], [{"login": "last"}, {}]]
    respx_mock.get(f"{API}/user").respond(json={"login": "octocat"})
    for number, page in enumerate(pages, 1):
        respx_mock.get(f"{API}/user/orgs", params={"page": number}).respond(json=page)
    owners = await github.owners(PUBLIC_HOST, "gho_one")
    assert (len(owners), owners[0], owners[-1]) == (102, "octocat", "last")


@pytest.mark.respx(assert_all_called=False)
@pytest.mark.parametrize(
    ("user", "organizations", "told"),
    [
        (httpx.Response(401), httpx.Response(200, json=[]), "GET /user failed: 401 Unauthorized"),
        (httpx.Response(200, json={}), httpx.Response(200, json=[]), "did not name the owner"),
        (httpx.Response(200, json={"login": "o"}), httpx.Response(200, text="?"), "sent no JSON array"),
        (
            httpx.Response(200, json={"login": "o"}),
            httpx.Response(200, json=[{"login": "a"}] * 100),
            "more than 5000",
        ),
    ],
)
async def test_owners_that_cannot_be_listed_are_told(
    github: GitHubAccounts,
    respx_mock: respx.MockRouter,
    user: httpx.Response,
    organizations: httpx.Response,
    told: str,
) -> None:
    respx_mock.get(f"{API}/user").mock(user)
    respx_mock.get(f"{API}/user/orgs").mock(organizations)
    with pytest.raises(RuntimeFault, match=told):
        await github.owners(PUBLIC_HOST, "gho_one")


async def test_a_code_is_exchanged_for_a_token(github: GitHubAccounts, respx_mock: respx.MockRouter) -> None:
    asked = respx_mock.post(TOKEN).respond(json={"access_token": "gho_one"})
    grant = Grant("code-1", "verifier-1", "http://127.0.0.1:1/callback")
    assert await github.exchange(PUBLIC_HOST, grant) == "gho_one"
    sent = asked.calls.last.request.content
    assert b"code=code-1" in sent
    assert b"code_verifier=verifier-1" in sent
    asked.respond(json={"error": "bad_code", "error_description": "The code is used"})
    with pytest.raises(RuntimeFault, match="gave no token: The code is used"):
        await github.exchange(PUBLIC_HOST, grant)
    asked.mock(side_effect=httpx.ConnectError("no way"))
    with pytest.raises(RuntimeFault, match="could not be asked: no way"):
        await github.exchange(PUBLIC_HOST, grant)
