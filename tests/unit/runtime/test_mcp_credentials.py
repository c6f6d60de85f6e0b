"""Remote MCP servers that want to see tokens or headers, which clients give."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from copilot_sdk.errors import InternalError
from tests.support.mcp_http_server import SCOPE, MCPHTTPServer
from tests.unit.runtime.harness import Client, Join, Json, Start
from tests.unit.runtime.mcp_stage import called, calling, listed, opened

ECHO = calling("remote-echo", text="hey")


@pytest.fixture
def remote() -> Iterator[MCPHTTPServer]:
    with MCPHTTPServer("good") as started:
        yield started


async def _opened(start: Start, join: Join, remote: MCPHTTPServer, **settings: object) -> Client:
    config = {"type": "http", "url": remote.url, "tools": ["*"], **settings}
    return await opened(start, join, [*ECHO, *ECHO], mcpServers={"remote": config})


async def _sign_in(client: Client) -> None:
    await client.call("session.eventLog.registerInterest", eventType="mcp.oauth_required")


async def _answer(client: Client, asked: Json, **result: object) -> Json:
    answered: Json = await client.call(
        "session.mcp.oauth.handlePendingRequest", requestId=asked["requestId"], result=result
    )
    return answered


async def _give(client: Client, **result: object) -> Json:
    asked: Json = (await client.until("mcp.headers_refresh_required"))["data"]
    await client.call(
        "session.mcp.headers.handlePendingHeadersRefreshRequest", requestId=asked["requestId"], result=result
    )
    return asked


async def test_a_token_of_the_client_signs_in(start: Start, join: Join, remote: MCPHTTPServer) -> None:
    client = await _opened(start, join, remote, oauthClientId="me", oauthPublicClient=True)
    await _sign_in(client)
    await client.send("go")
    asked = (await client.until("mcp.oauth_required"))["data"]
    assert (asked["serverName"], asked["serverUrl"], asked["reason"]) == ("remote", remote.url, "initial")
    assert asked["wwwAuthenticateParams"]["scope"] == SCOPE
    assert asked["httpResponse"]["statusCode"] == 401
    assert remote.origin in asked["resourceMetadata"]
    assert asked["staticClientConfig"] == {"clientId": "me", "publicClient": True}
    assert await _answer(client, asked, kind="token", accessToken="good") == {"success": True}
    await client.until("session.idle")
    assert client.of("tool.execution_complete")[0]["result"]["content"] == "hey"
    assert client.of("mcp.oauth_completed") == [{"requestId": asked["requestId"], "outcome": "token"}]
    assert remote.tokens[0] is None
    assert set(remote.tokens[1:]) == {"good"}
    assert await _answer(client, asked, kind="cancelled") == {"success": False}


@pytest.mark.parametrize(("better", "outcome"), [("better", "succeeded"), (None, "failed")])
async def test_a_token_that_has_expired_is_asked_for_again(
    start: Start, join: Join, remote: MCPHTTPServer, better: str | None, outcome: str
) -> None:
    client = await _opened(start, join, remote)
    await _sign_in(client)
    await client.send("go")
    first = (await client.until("mcp.oauth_required"))["data"]
    await _answer(client, first, kind="token", accessToken="good")
    await client.until("session.idle")
    remote.token = "better"
    await client.send("go")
    again = (await client.until("mcp.oauth_required"))["data"]
    assert again["reason"] == "refresh"
    answer = {"kind": "cancelled"} if better is None else {"kind": "token", "accessToken": better}
    await _answer(client, again, **answer)
    await client.until("session.idle")
    done = client.of("tool.execution_complete")[-1]
    assert done["success"] is (better is not None)
    if better is None:
        assert done["error"]["message"] == "MCP server 'remote': Re-authentication required"
    (recovery,) = client.of("mcp.oauth_recovery_completed")
    assert (recovery["serverName"], recovery["outcome"]) == ("remote", outcome)


async def test_nobody_is_asked_who_does_not_want_to_be(
    start: Start, join: Join, remote: MCPHTTPServer
) -> None:
    client = await _opened(start, join, remote)
    assert (await listed(client))["remote"]["status"] == "needs-auth"
    assert set((await client.call("session.mcp.list"))["host"]["needsAuthServers"]) == {"remote"}
    assert not client.of("mcp.oauth_required")


async def test_a_server_is_connected_to_once_there_are_credentials(
    start: Start, join: Join, remote: MCPHTTPServer
) -> None:
    client = await _opened(start, join, remote, headers={"Authorization": "Bearer good"})
    remote.token = "not yet"
    assert (await listed(client))["remote"]["status"] == "needs-auth"
    remote.token = "good"
    await client.call("session.mcp.oauth.authenticationStateChanged", serverName="other")
    assert (await listed(client))["remote"]["status"] == "needs-auth"
    await client.call("session.mcp.oauth.authenticationStateChanged", serverName="remote")
    assert (await listed(client))["remote"]["status"] == "connected"


async def test_a_client_can_decline_to_sign_in(start: Start, join: Join, remote: MCPHTTPServer) -> None:
    client = await _opened(start, join, remote)
    await _sign_in(client)
    await client.send("go")
    asked = (await client.until("mcp.oauth_required"))["data"]
    assert await client.call("session.mcp.oauth.respond", requestId=asked["requestId"]) == {"success": True}
    await client.until("session.idle")
    assert (await listed(client))["remote"]["status"] == "needs-auth"
    with pytest.raises(InternalError, match="unknown or no longer pending"):
        await client.call(
            "session.mcp.oauth.complete", authorizationId="a", callbackUrl="http://127.0.0.1/cb"
        )


async def test_headers_of_the_client_go_with_requests(
    start: Start, join: Join, remote: MCPHTTPServer
) -> None:
    client = await _opened(start, join, remote, headersRefreshTtlMs=60_000)
    await client.send("go")
    asked = await _give(client, kind="headers", headers={"Authorization": "Bearer good"})
    assert (asked["serverName"], asked["serverUrl"], asked["reason"]) == ("remote", remote.url, "startup")
    await client.until("session.idle")
    assert client.of("tool.execution_complete")[0]["success"]
    assert set(remote.tokens) == {"good"}
    assert [data["outcome"] for data in client.of("mcp.headers_refresh_completed")] == ["headers"]
    remote.token = "better"
    await client.send("go")
    assert (await _give(client, kind="headers", headers={"Authorization": "Bearer better"}))[
        "reason"
    ] == "auth-failed"
    await client.until("session.idle")
    assert client.of("tool.execution_complete")[1]["success"]


async def test_headers_are_asked_for_again_when_their_time_is_up(
    start: Start, join: Join, remote: MCPHTTPServer
) -> None:
    client = await _opened(start, join, remote, headersRefreshTtlMs=60_000)
    await client.send("go")
    await _give(client, kind="headers", headers={"Authorization": "Bearer good"}, ttlMs=0)
    again = await _give(client, kind="headers", headers={"Authorization": "Bearer good"})
    assert again["reason"] == "ttl-expired"
    await client.until("session.idle")
    assert client.of("tool.execution_complete")[0]["success"]


@pytest.mark.parametrize(
    ("result", "outcome"), [({"kind": "none"}, "none"), ({"kind": "error", "message": "no vault"}, "error")]
)
async def test_there_may_be_no_headers(
    start: Start, join: Join, remote: MCPHTTPServer, result: Json, outcome: str
) -> None:
    client = await _opened(start, join, remote, headersRefreshTtlMs=60_000)
    await client.send("go")
    await _give(client, **result)
    await _give(client, **result)
    await client.until("session.idle")
    assert {data["outcome"] for data in client.of("mcp.headers_refresh_completed")} == {outcome}
    assert (await listed(client))["remote"]["status"] == "needs-auth"


async def test_a_client_that_gives_no_headers_in_time_is_not_waited_for(
    start: Start, join: Join, remote: MCPHTTPServer
) -> None:
    config = {"type": "http", "url": remote.url, "headersRefreshTtlMs": 60_000, "timeout": 5_000}
    client = await join(start(ECHO, provider_seconds=0.1))
    await client.open(mcpServers={"remote": config})
    assert not (await called(client))["success"]
    assert {data["outcome"] for data in client.of("mcp.headers_refresh_completed")} == {"timeout"}
