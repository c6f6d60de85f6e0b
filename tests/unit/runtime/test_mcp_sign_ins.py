"""Remote MCP servers to which the runtime itself signs in, with the browser of the user."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from copilot_sdk.errors import InternalError
from copilot_sdk.runtime import EmbeddedRuntime
from tests.support.mcp_http_server import CODE, SCOPE, MCPHTTPServer
from tests.unit.runtime.harness import Client, Join, Json, Start
from tests.unit.runtime.mcp_stage import listed

OWN_CALLBACK = "https://app.example/callback"


@pytest.fixture
def remote() -> Iterator[MCPHTTPServer]:
    with MCPHTTPServer("given") as started:
        yield started


@pytest.fixture
def runtime(start: Start) -> EmbeddedRuntime:
    return start()


@pytest.fixture
async def client(runtime: EmbeddedRuntime, join: Join, remote: MCPHTTPServer) -> Client:
    client = await join(runtime)
    await opened(client, remote)
    return client


async def opened(client: Client, remote: MCPHTTPServer) -> None:
    servers = {
        "remote": {"type": "http", "url": remote.url, "tools": ["*"]},
        "local": {"command": "/nowhere/to/be/found", "args": []},
    }
    await client.open(mcpServers=servers)
    await status(client)


async def status(client: Client) -> str:
    return str((await listed(client))["remote"]["status"])


async def login(client: Client, **options: object) -> Json:
    begun: Json = await client.call("session.mcp.oauth.login", serverName="remote", **options)
    return begun


def parameters(begun: Json) -> dict[str, str]:
    """What stands in the address to open."""
    query = parse_qs(urlsplit(begun["authorizationUrl"]).query)
    return {name: values[0] for name, values in query.items()}


async def come_back(begun: Json, **query: str) -> httpx.Response:
    """Does what the browser of a user does at the end."""
    wanted = parameters(begun)
    url = f"{wanted['redirect_uri']}?{urlencode({'state': wanted['state'], **query})}"
    async with httpx.AsyncClient() as http:
        return await http.get(url)


async def test_the_user_signs_in_with_a_browser(client: Client, remote: MCPHTTPServer) -> None:
    assert await status(client) == "needs-auth"
    begun = await login(client, clientName="My App", callbackSuccessMessage="Go <back>.")
    wanted = parameters(begun)
    assert (wanted["client_id"], wanted["scope"], wanted["resource"]) == ("registered", SCOPE, remote.url)
    assert remote.registered[0]["client_name"] == "My App"
    assert remote.registered[0]["redirect_uris"] == [wanted["redirect_uri"]]
    assert await login(client) == begun
    page = await come_back(begun, code=CODE)
    assert (page.status_code, "Go &lt;back&gt;." in page.text) == (200, True)
    await client.until("session.mcp_server_status_changed", status="connected")
    assert await status(client) == "connected"
    assert remote.exchanged[0]["grant_type"] == "authorization_code"
    assert remote.tokens[-1] == "given"
    assert await login(client) == {}
    assert len(remote.exchanged) == 1


async def test_what_a_sign_in_gave_is_known_to_other_sessions(
    runtime: EmbeddedRuntime, join: Join, client: Client, remote: MCPHTTPServer
) -> None:
    await come_back(await login(client), code=CODE)
    await client.until("session.mcp_server_status_changed", status="connected")
    other = await join(runtime)
    await opened(other, remote)
    assert await status(other) == "connected"
    again = await login(client, forceReauth=True)
    assert parameters(again)["redirect_uri"] == remote.registered[0]["redirect_uris"][0]  # type: ignore[index]
    assert len(remote.registered) == 1


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"error": "access_denied", "error_description": "no <way>"}, "no &lt;way&gt;"),
        ({"code": CODE, "state": "other"}, "of another sign-in"),
        ({"code": "wrong"}, "signed in"),
    ],
)
async def test_a_sign_in_that_fails_leaves_the_server_waiting(
    client: Client, query: dict[str, str], shown: str
) -> None:
    begun = await login(client)
    told = len(client.of("session.mcp_server_status_changed"))
    page = await come_back(begun, **query)
    assert shown in page.text
    while len(client.of("session.mcp_server_status_changed")) == told:
        await client.call("ping")
    assert client.of("session.mcp_server_status_changed")[-1]["status"] == "needs-auth"
    assert await status(client) == "needs-auth"
    assert (await login(client)) != begun


async def test_what_is_no_answer_of_a_browser_ends_nothing(client: Client) -> None:
    begun = await login(client)
    url = parameters(begun)["redirect_uri"]
    async with httpx.AsyncClient() as http:
        assert (await http.get(f"{url}favicon.ico")).status_code == 404
        assert (await http.post(f"{url}?code=x")).status_code == 404
    for said, heard in ((b"nonsense", b"HTTP/1.1 400"), (b"GET //[ HTTP/1.1\r\nHost: x", b"")):
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        writer.write(said + b"\r\n\r\n")
        assert (await reader.read())[:12] == heard
        writer.close()
    assert await login(client) == begun


async def test_an_application_takes_the_browser_back_itself(client: Client, remote: MCPHTTPServer) -> None:
    begun = await login(client, redirectUri=OWN_CALLBACK)
    state = parameters(begun)["state"]
    assert (parameters(begun)["redirect_uri"], begun["authorizationId"]) == (OWN_CALLBACK, state)
    with pytest.raises(InternalError, match="already in progress"):
        await login(client)
    assert await login(client, redirectUri=OWN_CALLBACK) == begun
    other = await login(client, redirectUri=OWN_CALLBACK, clientId="mine")
    assert parameters(other)["client_id"] == "mine"
    back = {"authorizationId": state, "callbackUrl": f"{OWN_CALLBACK}?code={CODE}&state={state}"}
    assert await client.call("session.mcp.oauth.complete", **back) is None
    await client.until("session.mcp_server_status_changed", status="connected")
    assert remote.exchanged[0]["redirect_uri"] == OWN_CALLBACK
    with pytest.raises(InternalError, match="unknown or no longer pending"):
        await client.call("session.mcp.oauth.complete", **back)


async def test_a_client_signs_in_by_its_secret(client: Client, remote: MCPHTTPServer) -> None:
    with pytest.raises(InternalError, match="needs clientId and clientSecret"):
        await login(client, grantType="client_credentials", clientId="mine")
    secret = {"clientId": "mine", "clientSecret": "hush"}
    assert await login(client, grantType="client_credentials", **secret) == {}
    assert remote.exchanged[0]["client_secret"] == "hush"
    assert await status(client) == "connected"
    assert parameters(await login(client, forceReauth=True, clientId="other"))["client_id"] == "other"


async def test_only_remote_servers_that_are_there_are_signed_in_to(client: Client) -> None:
    with pytest.raises(InternalError, match="MCP server 'none' is not configured"):
        await client.call("session.mcp.oauth.login", serverName="none")
    with pytest.raises(InternalError, match="MCP server 'local' is not a remote server"):
        await client.call("session.mcp.oauth.login", serverName="local")


async def test_a_server_that_cannot_be_reached_is_told(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open(mcpServers={"remote": {"type": "http", "url": "http://127.0.0.1:9/mcp"}})
    with pytest.raises(InternalError, match=r"OAuth sign-in to http://127\.0\.0\.1:9/mcp failed"):
        await login(client)


async def test_a_session_that_ends_gives_up_its_sign_ins(client: Client) -> None:
    begun = await login(client)
    url = parameters(begun)["redirect_uri"]
    await client.call("session.destroy")
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(url)


async def probed(client: Client, name: str = "remote") -> Json:
    """What a server says when it is asked whether it wants a sign-in."""
    asked: Json = await client.call("session.mcp.oauth.probe", serverName=name)
    return asked


async def test_a_server_is_asked_whether_it_wants_a_sign_in(client: Client, remote: MCPHTTPServer) -> None:
    before = await probed(client)
    assert (before["status"], before["reason"], before["httpResponse"]["statusCode"]) == (
        "needs-auth",
        "initial",
        401,
    )
    assert before["wwwAuthenticateParams"]["scope"] == SCOPE
    await come_back(await login(client), code=CODE)
    await client.until("session.mcp_server_status_changed", status="connected")
    assert (await probed(client))["status"] == "authenticated"
    remote.token = "another"
    after = await probed(client)
    assert (after["status"], after["reason"]) == ("needs-auth", "refresh")


async def test_a_server_that_cannot_be_asked_is_told_with_the_reason(client: Client) -> None:
    local, nobody = await probed(client, "local"), await probed(client, "nobody")
    assert (local["status"], nobody["status"]) == ("failed", "failed")
    assert "is not reached over HTTP" in local["error"]
    assert "has no configured connection" in nobody["error"]


async def test_a_server_that_needs_no_sign_in_says_so(
    runtime: EmbeddedRuntime, join: Join, remote: MCPHTTPServer
) -> None:
    client = await join(runtime)
    known = {"type": "http", "url": remote.url, "tools": ["*"], "headers": {"Authorization": "Bearer given"}}
    gone = {**known, "url": f"{remote.origin}:1"}
    await client.open(mcpServers={"remote": known, "gone": gone})
    assert (await probed(client))["status"] == "no-auth-required"
    assert (await probed(client, "gone"))["status"] == "failed"
