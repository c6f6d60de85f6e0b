"""Remote MCP servers that want credentials of the client, on the CLI."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from copilot_sdk import Session, approve_all, mcp
from copilot_sdk.events import ToolExecutionComplete
from copilot_sdk.types import MCPHeadersRefreshRequiredData, MCPOAuthRequiredData, MCPServerConfigHTTP
from tests.real.support.client_stage import CLI, REFERENCE, ClientStage, first, turn
from tests.real.support.stage import MODEL_ID
from tests.support.mcp_http_server import SCOPE, MCPHTTPServer
from tests.support.model_server import Reply, ToolCall

pytestmark = pytest.mark.parametrize("runtime", [CLI, REFERENCE], ids=[CLI.name, REFERENCE.name])
DYNAMIC = {"headers_refresh_ttl_ms": 60_000}


@pytest.fixture
def server() -> Iterator[MCPHTTPServer]:
    with MCPHTTPServer("good") as started:
        yield started


async def opened(live: ClientStage, server: MCPHTTPServer, config: Any = None, **callbacks: Any) -> Session:
    session = await live.client.create_session(
        model=MODEL_ID,
        provider=live.provider,
        on_permission=approve_all,
        mcp_servers={"remote": MCPServerConfigHTTP(url=server.url, tools=["*"], **(config or {}))},
        **callbacks,
    )
    session.on("*", live.sightings.count)
    return session


async def seen(session: Session, event_type: str, **wanted: object) -> Any:
    """The first event of that type with that data, whether it has come already or comes yet.

    The CLI does not connect to servers before somebody wants to know of them.
    """

    def fits(event: Any) -> bool:
        return all(getattr(event.data, name) == value for name, value in wanted.items())

    await session.rpc.mcp.list()
    async with session.events(event_type) as events:
        for event in (await session.rpc.event_log.read(types=[event_type])).events:
            if fits(event):
                return event
        return await first(events, fits)


async def connected(session: Session) -> None:
    """Waits until the tools of the server can be called."""
    await seen(session, "session.mcp_server_tools_loaded", server_name="remote")


async def echo(live: ClientStage, session: Session) -> ToolExecutionComplete:
    """Has the model call the tool of the server; gives what came out."""
    live.says(Reply(tool_calls=[ToolCall("remote-echo", {"text": "hey"})]), Reply("Done."))
    events = await turn(session, "Echo.")
    (outcome,) = (event for event in events if isinstance(event, ToolExecutionComplete))
    return outcome


async def test_a_token_of_the_client_signs_in_to_a_server(live: ClientStage, server: MCPHTTPServer) -> None:
    asked: list[MCPOAuthRequiredData] = []

    def sign_in(data: MCPOAuthRequiredData) -> mcp.MCPOAuthAnswer:
        asked.append(data)
        return mcp.token("good", expires_in=3600)

    session = await opened(live, server, on_mcp_oauth=sign_in)
    await connected(session)
    outcome = await echo(live, session)
    assert outcome.data.result is not None
    assert outcome.data.result.content == "hey"
    (data,) = asked
    assert (data.server_name, data.server_url, data.reason) == ("remote", server.url, "initial")
    assert data.www_authenticate_params is not None
    assert data.www_authenticate_params.scope == SCOPE
    assert data.resource_metadata is not None
    assert server.origin in data.resource_metadata
    assert data.http_response is not None
    assert data.http_response.status_code == 401
    assert not data.misfits()
    # The CLI may try more than once without a token before it asks for one.
    first, *_, last = server.tokens
    assert (first, last, set(server.tokens)) == (None, "good", {None, "good"})


async def test_a_token_that_has_expired_is_asked_for_again_in_the_middle_of_a_tool_call(
    live: ClientStage, server: MCPHTTPServer
) -> None:
    reasons: list[str | None] = []

    async def sign_in(data: MCPOAuthRequiredData) -> mcp.MCPOAuthAnswer:
        reasons.append(data.reason)
        return mcp.token(server.token)

    session = await opened(live, server, on_mcp_oauth=sign_in)
    await connected(session)
    server.token = "better"
    outcome = await echo(live, session)
    assert outcome.data.success
    assert reasons == ["initial", "refresh"]
    assert server.tokens[-1] == "better"


async def test_the_runtime_cannot_renew_what_the_client_gave_it(
    live: ClientStage, server: MCPHTTPServer
) -> None:
    def sign_in(data: MCPOAuthRequiredData) -> mcp.MCPOAuthAnswer:
        return mcp.runtime_refresh() if data.runtime_refresh_supported else mcp.token("good")

    session = await opened(live, server, on_mcp_oauth=sign_in)
    await connected(session)
    server.token = "better"
    outcome = await echo(live, session)
    assert outcome.data.error is not None
    assert "Re-authentication required" in outcome.data.error.message
    await seen(session, "mcp.oauth_recovery_completed", server_name="remote", outcome="failed")


@pytest.mark.parametrize("failure", [None, ValueError("no browser")])
async def test_a_server_without_a_token_needs_authorization(
    live: ClientStage, server: MCPHTTPServer, failure: Exception | None
) -> None:
    asked = asyncio.Event()

    async def sign_in(data: MCPOAuthRequiredData) -> mcp.MCPOAuthAnswer:
        asked.set()
        if failure is not None:
            raise failure
        return mcp.cancel()

    session = await opened(live, server, on_mcp_oauth=sign_in)
    await seen(session, "mcp.oauth_completed", outcome="cancelled")
    assert asked.is_set()
    await seen(session, "session.mcp_server_status_changed", status="needs-auth")
    assert set(server.tokens) == {None}


async def test_nobody_is_asked_without_a_handler(live: ClientStage, server: MCPHTTPServer) -> None:
    session = await opened(live, server)
    kinds: list[str] = []
    session.on("*", lambda event: kinds.append(event.type))
    await seen(session, "session.mcp_server_status_changed", status="needs-auth")
    live.says(Reply("Done."))
    await turn(session, "Hello.")
    assert "mcp.oauth_required" not in kinds
    assert "session.idle" in kinds


async def test_a_resumed_session_asks_for_a_token_too(live: ClientStage, server: MCPHTTPServer) -> None:
    live.says(Reply("Hello."))
    session = await opened(live, server, on_mcp_oauth=lambda data: mcp.cancel())
    await turn(session, "Hello.")
    await session.close()
    again = await live.client.resume_session(
        session.id,
        provider=live.provider,
        on_permission=approve_all,
        mcp_servers={"remote": MCPServerConfigHTTP(url=server.url, tools=["*"])},
        on_mcp_oauth=lambda data: mcp.token("good"),
    )
    await connected(again)
    assert (await echo(live, again)).data.success


async def test_headers_of_the_client_go_with_the_requests_to_a_server(
    live: ClientStage, server: MCPHTTPServer
) -> None:
    reasons: list[str] = []

    def refresh(data: MCPHeadersRefreshRequiredData) -> mcp.MCPHeadersAnswer:
        reasons.append(data.reason)
        return mcp.headers({"Authorization": f"Bearer {server.token}"})

    session = await opened(live, server, DYNAMIC, on_mcp_headers_refresh=refresh)
    await connected(session)
    assert (await echo(live, session)).data.success
    assert set(server.tokens) == {"good"}
    assert reasons == ["startup"]


async def test_headers_are_asked_for_again_when_their_time_is_up(
    live: ClientStage, server: MCPHTTPServer
) -> None:
    reasons: list[str] = []

    def refresh(data: MCPHeadersRefreshRequiredData) -> mcp.MCPHeadersAnswer:
        reasons.append(data.reason)
        return mcp.headers({"Authorization": f"Bearer {server.token}"}, ttl=0.001)

    session = await opened(live, server, DYNAMIC, on_mcp_headers_refresh=refresh)
    await connected(session)
    assert (await echo(live, session)).data.success
    assert reasons[0] == "startup"
    assert set(reasons[1:]) == {"ttl-expired"}


@pytest.mark.parametrize(("failure", "outcome"), [(None, "none"), (ValueError("no vault"), "error")])
async def test_the_runtime_hears_that_there_are_no_headers(
    live: ClientStage, server: MCPHTTPServer, failure: Exception | None, outcome: str
) -> None:
    async def refresh(data: MCPHeadersRefreshRequiredData) -> mcp.MCPHeadersAnswer:
        if failure is not None:
            raise failure
        return mcp.no_headers()

    session = await opened(live, server, DYNAMIC, on_mcp_headers_refresh=refresh)
    await seen(session, "mcp.headers_refresh_completed", outcome=outcome)
