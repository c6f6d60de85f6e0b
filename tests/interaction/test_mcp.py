"""MCP servers that want credentials: each request gets one answer, and no credential is seen elsewhere."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from copilot_sdk import CopilotClient, RpcError, UsageError, mcp
from copilot_sdk.errors import MethodNotFound
from copilot_sdk.session import Session
from copilot_sdk.types import MCPHeadersRefreshRequiredData, MCPOAuthRequiredData
from tests.support.fake_runtime import SESSION, FakeRuntime
from tests.support.hang import Hang

SECRET = "hunter2hunter2hunter2"
INTEREST = "session.eventLog.registerInterest"
ANSWER = "session.mcp.oauth.handlePendingRequest"
ANSWER_HEADERS = "session.mcp.headers.handlePendingHeadersRefreshRequest"
SIGN_IN = {"requestId": "r1", "serverName": "maps", "serverUrl": "http://maps", "reason": "initial"}
REFRESH = {"requestId": "h1", "serverName": "maps", "serverUrl": "http://maps", "reason": "ttl-expired"}
NO_HEADERS = (
    "TypeError: it has to return what headers or no_headers of copilot_sdk.mcp give, not <class 'dict'>"
)
SERVES = {INTEREST: {"handle": "i1"}, ANSWER: {"success": True}, ANSWER_HEADERS: {"success": True}}


@pytest.fixture
def runtime(runtime: FakeRuntime) -> FakeRuntime:
    runtime.answers |= SERVES
    return runtime


def raises(*_: object) -> Any:
    raise ValueError("no browser")


async def opened(client: CopilotClient, **callbacks: Any) -> Session:
    return await client.create_session(session_id=SESSION, **callbacks)


# ----------------------------------------------------------------------- interest


async def test_interest_is_registered_right_after_create_and_resume(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    callbacks: dict[str, Any] = {"on_mcp_oauth": raises, "on_mcp_headers_refresh": raises}
    async with await opened(client, **callbacks):
        pass
    await client.resume_session(SESSION, **callbacks)
    methods = [method for method, _ in runtime.requests]
    assert methods[1:4] == ["session.create", INTEREST, INTEREST]
    assert methods[-3:] == ["session.resume", INTEREST, INTEREST]
    for count in (1, 3):
        told = [await runtime.asked(INTEREST, count), await runtime.asked(INTEREST, count + 1)]
        assert {params["eventType"] for params in told} == {
            "mcp.oauth_required",
            "mcp.headers_refresh_required",
        }
        assert {params["sessionId"] for params in told} == {SESSION}


async def test_without_a_handler_there_is_no_interest_and_no_answer(
    session: Session, client: CopilotClient, runtime: FakeRuntime
) -> None:
    await runtime.event("mcp.oauth_required", SIGN_IN)
    await runtime.event("mcp.headers_refresh_required", REFRESH)
    await client.ping()
    assert [method for method, _ in runtime.requests] == ["connect", "session.create", "ping"]


async def test_a_runtime_without_interests_is_left_alone(client: CopilotClient, runtime: FakeRuntime) -> None:
    runtime.answers[INTEREST] = MethodNotFound("Unhandled method")
    await opened(client, on_mcp_oauth=lambda data: mcp.token("t"))
    await runtime.event("mcp.oauth_required", SIGN_IN)
    assert (await runtime.asked(ANSWER))["result"]["accessToken"] == "t"


async def test_a_session_is_left_if_the_runtime_refuses_the_interest(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    runtime.answers[INTEREST] = RpcError(-32603, "no events today")
    with pytest.raises(RpcError, match="no events today"):
        await opened(client, on_mcp_oauth=raises)
    assert runtime.count("session.destroy") == 1
    runtime.answers[INTEREST] = {"handle": "i1"}
    await opened(client, on_mcp_oauth=raises)


# -------------------------------------------------------------------------- OAuth


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        (mcp.token("t"), {"kind": "token", "accessToken": "t"}),
        (
            mcp.token("t", expires_in=60, token_type="DPoP"),
            {"kind": "token", "accessToken": "t", "expiresIn": 60, "tokenType": "DPoP"},
        ),
        (mcp.cancel(), {"kind": "cancelled"}),
        (mcp.runtime_refresh(), {"kind": "cancelled"}),
        (ValueError("no browser"), {"kind": "cancelled"}),
        (None, {"kind": "cancelled"}),
        ("t", {"kind": "cancelled"}),
        ({"kind": "token", "accessToken": "t"}, {"kind": "cancelled"}),
    ],
)
@pytest.mark.parametrize("plain", [True, False])
async def test_a_sign_in_is_answered_whatever_the_handler_does(
    client: CopilotClient, runtime: FakeRuntime, plain: bool, answer: Any, sent: dict[str, Any]
) -> None:
    asked: list[MCPOAuthRequiredData] = []

    def sign_in(data: MCPOAuthRequiredData) -> Any:
        assert (threading.current_thread() is not threading.main_thread()) is plain
        asked.append(data)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def sign_in_async(data: MCPOAuthRequiredData) -> Any:
        return sign_in(data)

    await opened(client, on_mcp_oauth=sign_in if plain else sign_in_async)
    challenge = {"scope": "read", "resourceMetadataUrl": "http://maps/.well-known/x"}
    known = {"clientId": "me", "clientSecret": SECRET}
    data = {**SIGN_IN, "wwwAuthenticateParams": challenge, "staticClientConfig": known}
    await runtime.event("mcp.oauth_required", data)
    assert await runtime.asked(ANSWER) == {"sessionId": SESSION, "requestId": "r1", "result": sent}
    assert (asked[0].server_name, asked[0].server_url, asked[0].reason) == ("maps", "http://maps", "initial")
    assert asked[0].www_authenticate_params is not None
    assert asked[0].www_authenticate_params.scope == "read"
    assert asked[0].static_client_config is not None
    assert asked[0].static_client_config.client_secret == SECRET
    assert SECRET not in repr(asked[0])


async def test_a_token_is_asked_for_again_with_the_reason(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    def sign_in(data: MCPOAuthRequiredData) -> mcp.MCPOAuthAnswer:
        return mcp.runtime_refresh() if data.runtime_refresh_supported else mcp.token(f"for {data.reason}")

    await opened(client, on_mcp_oauth=sign_in)
    for number, reason in enumerate(("initial", "refresh", "upscope"), 1):
        await runtime.event("mcp.oauth_required", {**SIGN_IN, "requestId": f"r{number}", "reason": reason})
        assert (await runtime.asked(ANSWER, number))["result"]["accessToken"] == f"for {reason}"
    await runtime.event("mcp.oauth_required", {**SIGN_IN, "requestId": "r4", "runtimeRefreshSupported": True})
    assert (await runtime.asked(ANSWER, 4))["result"] == {"kind": "runtimeRefresh"}


async def test_an_older_runtime_that_takes_no_token_is_told_no(
    client: CopilotClient, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    runtime.answers[ANSWER] = MethodNotFound("Unhandled method")
    runtime.answers["session.mcp.oauth.respond"] = {}
    await opened(client, on_mcp_oauth=lambda data: mcp.token(SECRET))
    await runtime.event("mcp.oauth_required", SIGN_IN)
    assert await runtime.asked("session.mcp.oauth.respond") == {"sessionId": SESSION, "requestId": "r1"}
    assert "takes no OAuth tokens" in caplog.text
    assert SECRET not in caplog.text


async def test_a_sign_in_that_another_client_has_done_is_given_up(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    work = Hang()

    async def hang(data: MCPOAuthRequiredData) -> Any:
        await work.forever()

    await opened(client, on_mcp_oauth=hang)
    await runtime.event("mcp.oauth_required", SIGN_IN)
    await work.begun.wait()
    await runtime.event("mcp.oauth_completed", {"requestId": "r1", "outcome": "token"})
    await work.ended.wait()
    await client.ping()
    assert runtime.count(ANSWER) == 0


# ------------------------------------------------------------------------ headers


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        (mcp.headers({"X-Key": SECRET}), {"kind": "headers", "headers": {"X-Key": SECRET}}),
        (
            mcp.headers({"X-Key": SECRET}, ttl=1.5),
            {"kind": "headers", "headers": {"X-Key": SECRET}, "ttlMs": 1500},
        ),
        (mcp.no_headers(), {"kind": "none"}),
        (ValueError("no vault"), {"kind": "error", "message": "ValueError: no vault"}),
        (ValueError(f"password={SECRET}"), {"kind": "error", "message": "ValueError: password=***"}),
        ({"X-Key": SECRET}, {"kind": "error", "message": NO_HEADERS}),
    ],
)
async def test_headers_are_given_or_not_whatever_the_handler_does(
    client: CopilotClient, runtime: FakeRuntime, answer: Any, sent: dict[str, Any]
) -> None:
    asked: list[MCPHeadersRefreshRequiredData] = []

    async def refresh(data: MCPHeadersRefreshRequiredData) -> Any:
        asked.append(data)
        if isinstance(answer, Exception):
            raise answer
        return answer

    await opened(client, on_mcp_headers_refresh=refresh)
    await runtime.event("mcp.headers_refresh_required", REFRESH)
    assert await runtime.asked(ANSWER_HEADERS) == {"sessionId": SESSION, "requestId": "h1", "result": sent}
    assert (asked[0].server_name, asked[0].reason) == ("maps", "ttl-expired")


async def test_a_runtime_that_knows_no_failure_of_headers_is_told_that_there_are_none(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    def answer(params: Any) -> Any:
        if params["result"]["kind"] == "error":
            raise RpcError(-32603, "unknown kind")
        return {"success": True}

    runtime.answers[ANSWER_HEADERS] = answer
    await opened(client, on_mcp_headers_refresh=raises)
    await runtime.event("mcp.headers_refresh_required", REFRESH)
    assert (await runtime.asked(ANSWER_HEADERS, 2))["result"] == {"kind": "none"}


# ------------------------------------------------------------------------ secrets


async def test_no_credential_shows_in_a_repr_or_a_log(
    client: CopilotClient, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token, headers = mcp.token(SECRET), mcp.headers({"Authorization": SECRET})
    assert SECRET not in repr(token) + str(token) + repr(headers) + str(headers)
    await opened(client, on_mcp_oauth=lambda data: token, on_mcp_headers_refresh=lambda data: headers)
    await runtime.event("mcp.oauth_required", SIGN_IN)
    await runtime.event("mcp.headers_refresh_required", REFRESH)
    assert (await runtime.asked(ANSWER))["result"]["accessToken"] == SECRET
    assert (await runtime.asked(ANSWER_HEADERS))["result"]["headers"] == {"Authorization": SECRET}
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        lambda: SECRET,
        lambda: {"accessToken": SECRET},
        lambda: mcp.token([SECRET]),  # type: ignore[arg-type]
        lambda: mcp.token(SECRET, expires_in="soon"),  # type: ignore[arg-type]
    ],
)
async def test_what_is_no_answer_is_logged_without_its_credential(
    client: CopilotClient, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture, answer: Any
) -> None:
    await opened(client, on_mcp_oauth=lambda data: answer())
    await runtime.event("mcp.oauth_required", SIGN_IN)
    assert (await runtime.asked(ANSWER))["result"] == {"kind": "cancelled"}
    assert "mcp.oauth_required" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("name", ["on_mcp_oauth", "on_mcp_headers_refresh"])
async def test_what_is_no_function_is_refused_before_anything_is_sent(
    client: CopilotClient, runtime: FakeRuntime, name: str
) -> None:
    with pytest.raises(UsageError, match=name):
        await opened(client, **{name: "a token"})
    assert runtime.count("session.create") == 0
