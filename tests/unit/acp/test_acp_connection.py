"""A connection of the Agent Client Protocol against a far end that speaks plain JSON-RPC."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from copilot_sdk._generated.acp.api.agent import AgentRPC
from copilot_sdk._generated.acp.methods import INBOUND, OUTBOUND
from copilot_sdk._generated.acp.types import (
    CancelNotification,
    PromptRequest,
    PromptResponse,
    SessionNotification,
)
from copilot_sdk.acp import _stdio
from copilot_sdk.acp._connection import Connection
from copilot_sdk.acp._routes import Route, Served
from copilot_sdk.acp.errors import AuthRequired, ResourceNotFound
from copilot_sdk.errors import ConnectionClosed, InvalidParams, MethodNotFound, RequestTimeout, RpcError
from copilot_sdk.transports.memory import memory_pair
from tests.support.raw_peer import RawPeer, step

MEBIBYTE = 1024 * 1024


async def accept_prompt(params: PromptRequest) -> PromptResponse:
    return PromptResponse(stop_reason="end_turn")


def serving(
    prompt: Callable[[PromptRequest], Any] = accept_prompt,
    take: Callable[[Any], Any] | None = None,
    **rest: Any,
) -> Served:
    notifications = {}
    if take is not None:
        notifications = {
            "session/update": Route(INBOUND["session/update"], take),
            "session/cancel": Route(OUTBOUND["session/cancel"], take),
        }
    return Served({"session/prompt": Route(OUTBOUND["session/prompt"], prompt)}, notifications, **rest)


@asynccontextmanager
async def wired(served: Served | None = None, **options: Any) -> AsyncIterator[tuple[Connection, RawPeer]]:
    near, far = memory_pair(4 * MEBIBYTE)
    async with Connection(near, served or serving(), **options) as connection:
        yield connection, RawPeer(far)


PROMPT = {"sessionId": "s", "prompt": [{"type": "text", "text": "hi"}]}


@pytest.mark.parametrize("request_id", [0, 7, "seven", "", None], ids=str)
async def test_an_answer_carries_the_id_of_its_request_whatever_it_is(request_id: int | str | None) -> None:
    async with wired() as (_, peer):
        await peer.send(id=request_id, method="session/prompt", params=PROMPT)
        assert await peer.receive() == {"id": request_id, "result": {"stopReason": "end_turn"}}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"42", -32600),
        (b"[]", -32600),
        (b"null", -32600),
        (b'"text"', -32600),
        (b"{}", -32600),
        (b"INFO the agent is warming up", -32700),
        (b'{"jsonrpc":"2.0","id":1', -32700),
        (b"\xff\xfe", -32700),
    ],
)
async def test_what_is_no_message_is_answered_with_an_error_and_harms_nobody(line: bytes, code: int) -> None:
    async with wired() as (_, peer):
        await peer.transport.send(line)
        answer = await peer.receive()
        assert (answer["id"], answer["error"]["code"]) == (None, code)
        await peer.request(1, "session/prompt", **PROMPT)
        assert (await peer.receive())["id"] == 1


async def test_a_method_that_nobody_serves_is_not_found() -> None:
    async with wired() as (_, peer):
        for number, method in enumerate(("session/list", "_vendor/ask", "$/cancel_request")):
            await peer.request(number, method)
            error = (await peer.receive())["error"]
            assert (error["code"], error["data"]) == (-32601, {"method": method})


async def test_a_notification_that_nobody_wants_is_ignored() -> None:
    async with wired() as (_, peer):
        for method in ("nobody/knows", "_vendor/tells", "$/anything", "session/cancel"):
            await peer.send(method=method, params={"sessionId": "s"})
        await peer.settled()


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"sessionId": "s"}, "prompt: Field required"),
        ({"sessionId": None, "prompt": []}, "sessionId: "),
        ({"sessionId": "s", "prompt": [{"type": "text"}]}, "prompt.0.text: Field required"),
    ],
)
async def test_params_that_do_not_fit_are_refused_by_name(params: dict[str, Any], fault: str) -> None:
    async with wired() as (_, peer):
        await peer.request(1, "session/prompt", **params)
        error = (await peer.receive())["error"]
        assert error["code"] == -32602
        assert fault in error["message"]


async def test_what_tells_of_a_request_may_be_read_in_part() -> None:
    seen: list[Any] = []

    async def serve(params: Any) -> dict[str, Any]:
        seen.append(params)
        return {"protocolVersion": 1, "sessionId": "new"}

    routes = {name: Route(OUTBOUND[name], serve) for name in ("initialize", "session/new")}
    async with wired(Served(routes, {})) as (_, peer):
        capabilities = {"fs": {"readTextFile": True, "writeTextFile": 3}, "terminal": "yes"}
        await peer.request(1, "initialize", protocolVersion=1, clientCapabilities=capabilities, _meta=7)
        await peer.request(2, "session/new", cwd="/", mcpServers=None)
        await peer.request(3, "session/new", cwd="/", mcpServers=[{"name": "lacks a command"}])
        answers = [await peer.receive() for _ in range(3)]
    assert [next(iter(answer.keys() - {"id"})) for answer in answers] == ["result", "result", "error"]
    assert seen[0].client_capabilities.fs.read_text_file is True
    assert seen[1].mcp_servers == []


async def test_meta_is_never_taken_for_an_argument() -> None:
    seen: list[PromptRequest] = []

    async def prompt(params: PromptRequest) -> PromptResponse:
        seen.append(params)
        return PromptResponse(stop_reason="end_turn")

    async with wired(serving(prompt)) as (_, peer):
        meta = {"session_id": "other", "sessionId": "other", "prompt": []}
        await peer.request(1, "session/prompt", **PROMPT, _meta=meta)
        await peer.receive()
    assert (seen[0].session_id, len(seen[0].prompt), seen[0].meta) == ("s", 1, meta)


async def test_requests_are_served_at_the_same_time() -> None:
    both = asyncio.Barrier(2)

    async def prompt(params: PromptRequest) -> PromptResponse:
        await both.wait()
        return PromptResponse(stop_reason="end_turn")

    async with wired(serving(prompt)) as (_, peer):
        await peer.request(1, "session/prompt", **PROMPT)
        await peer.request(2, "session/prompt", **PROMPT)
        assert {(await peer.receive())["id"], (await peer.receive())["id"]} == {1, 2}


def chunk(session_id: str, text: str) -> dict[str, Any]:
    content = {"type": "text", "text": text}
    return {
        "sessionId": session_id,
        "update": {"sessionUpdate": "agent_message_chunk", "content": content},
    }


async def test_notifications_keep_their_order_when_a_handler_waits() -> None:
    seen, go_on = list[str](), asyncio.Event()

    async def take(params: SessionNotification) -> None:
        text = params.to_wire()["update"]["content"]["text"]
        if text == "slow":
            await go_on.wait()
        seen.append(text)

    async with wired(serving(take=take)) as (_, peer):
        for session, text in (("a", "slow"), ("a", "fast"), ("b", "other")):
            await peer.send(method="session/update", params=chunk(session, text))
        await peer.settled()
        await step()
        assert seen == ["other"]
        go_on.set()
        await step()
    assert seen == ["other", "slow", "fast"]


async def test_a_failing_handler_of_notifications_holds_nothing_up(caplog: pytest.LogCaptureFixture) -> None:
    seen = list[str]()

    async def take(params: CancelNotification) -> None:
        seen.append(params.session_id)
        raise ValueError("no such session")

    async with wired(serving(take=take)) as (_, peer):
        await peer.send(method="session/cancel", params={})
        for _ in range(2):
            await peer.send(method="session/cancel", params={"sessionId": "s"})
        await peer.settled()
        await step()
    assert seen == ["s", "s"]
    logged = [(record.name.rpartition(".")[2], record.levelname) for record in caplog.records]
    assert logged.count(("acp", "WARNING")) == 1
    assert logged.count(("callbacks", "ERROR")) == 2


async def test_a_cancelled_request_is_stopped_and_answered() -> None:
    stopped = asyncio.Event()

    async def prompt(params: PromptRequest) -> PromptResponse:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        raise AssertionError

    async with wired(serving(prompt)) as (_, peer):
        await peer.send(id="x", method="session/prompt", params=PROMPT)
        await peer.send(id=None, method="session/prompt", params=PROMPT)
        await step()
        for request_id in ("x", None):
            await peer.send(method="$/cancel_request", params={"requestId": request_id})
            answer = await peer.receive()
            assert (answer["id"], answer["error"]["code"]) == (request_id, -32800)
    assert stopped.is_set()


async def test_the_other_side_is_told_of_a_request_that_nobody_waits_for() -> None:
    async with wired() as (connection, peer):
        asking = asyncio.create_task(AgentRPC(connection).session.new(cwd="/", mcp_servers=[]))
        sent = await peer.receive()
        asking.cancel()
        assert await peer.receive() == {"method": "$/cancel_request", "params": {"requestId": sent["id"]}}
        with pytest.raises(RequestTimeout):
            await connection.request("session/list", timeout=0.001)
        sent = await peer.receive()
        assert (await peer.receive())["params"] == {"requestId": sent["id"]}


async def test_every_wait_ends_with_the_connection() -> None:
    never, reasons = asyncio.Event(), list[ConnectionClosed]()

    async def take(params: Any) -> None:
        await never.wait()

    async with wired(serving(take=take), on_end=reasons.append) as (connection, peer):
        asking = asyncio.create_task(connection.request("session/list"))
        await peer.receive()
        await peer.send(method="session/cancel", params={"sessionId": "s"})
        await step()
        await peer.transport.aclose()
        with pytest.raises(ConnectionClosed):
            await asking
        await connection.wait_closed()
        with pytest.raises(ConnectionClosed):
            await connection.notify("session/cancel")
    assert len(reasons) == 1


async def test_extension_methods_go_both_ways_under_their_whole_names() -> None:
    told: list[Any] = []

    async def ask(method: str, params: dict[str, Any]) -> Any:
        if method != "_vendor/ask":
            raise MethodNotFound(f"Method not found: {method}")
        return [method, params]

    async def tell(method: str, params: dict[str, Any]) -> None:
        told.append((method, params))

    served = serving(extension_request=ask, extension_notification=tell)
    async with wired(served) as (connection, peer):
        await peer.send(method="_vendor/tell", params={"b": 2})
        await peer.request(1, "_vendor/ask", a=1)
        assert await peer.receive() == {"id": 1, "result": ["_vendor/ask", {"a": 1}]}
        await peer.request(2, "_vendor/other")
        assert (await peer.receive())["error"]["code"] == -32601
        await connection.notify("_ours/tell", {"c": 3})
        assert await peer.receive() == {"method": "_ours/tell", "params": {"c": 3}}
        asking = asyncio.create_task(connection.request("_ours/ask"))
        await peer.send(id=(await peer.receive())["id"], result=None)
        assert await asking is None
    assert told == [("_vendor/tell", {"b": 2})]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-32000, AuthRequired),
        (-32002, ResourceNotFound),
        (-32001, RpcError),
        (-32601, MethodNotFound),
        (5, RpcError),
    ],
)
async def test_errors_mean_what_this_protocol_says(code: int, kind: type[RpcError]) -> None:
    async with wired() as (connection, peer):
        asking = asyncio.create_task(AgentRPC(connection).session.new(cwd="/", mcp_servers=[]))
        await peer.send(id=(await peer.receive())["id"], error={"code": code, "message": "no", "data": 1})
        with pytest.raises(RpcError, match="no") as caught:
            await asking
        assert type(caught.value) is kind
        assert (caught.value.code, caught.value.data, caught.value.method) == (code, 1, "session/new")


async def test_arguments_that_do_not_fit_are_not_sent() -> None:
    async with wired() as (connection, peer):
        with pytest.raises(InvalidParams, match=r"session/new: cwd"):
            await AgentRPC(connection).session.new(cwd=1, mcp_servers=[])  # type: ignore[arg-type]
        await peer.settled()


async def test_no_payload_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with wired() as (connection, peer):
        await peer.transport.send(b'{"hunter2')
        await peer.receive()
        await peer.send(method="_tell", params={"hunter2": 1})
        asking = asyncio.create_task(connection.request("_ask", {"hunter2": 1}))
        await peer.send(id=(await peer.receive())["id"], result="hunter2")
        await asking
    assert caplog.records
    assert "hunter2" not in caplog.text


ECHO = """
import sys
for line in sys.stdin.buffer:
    sys.stdout.buffer.write(b"\\n" + line.replace(b'"method"', b'"result"'))
    sys.stdout.buffer.flush()
"""


async def test_lines_of_many_mebibytes_go_through_the_streams_of_a_child() -> None:
    transport = await _stdio.spawn([sys.executable, "-ISc", ECHO])
    large = "x\n" * 4 * MEBIBYTE
    async with Connection(transport, serving()) as connection:
        asking = asyncio.create_task(connection.request("_echo", {"text": large}))
        assert await asking == "_echo"
        assert await connection.request("_" + large) == "_" + large
