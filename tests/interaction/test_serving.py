"""What a client serves with handlers of its own: requests, notifications, and their end."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest

from copilot_sdk import CopilotClient, RpcError, UsageError
from copilot_sdk.types import (
    CanvasProviderCloseRequest,
    CanvasProviderInvokeActionRequest,
    CanvasProviderOpenRequest,
    CanvasProviderOpenResult,
    GitHubTelemetryNotification,
    SessionLifecycleNotification,
)
from tests.support.fake_runtime import SESSION, FakeRuntime

CANVAS = {"sessionId": SESSION, "extensionId": "x", "canvasId": "board", "instanceId": "i1"}


class Board:
    """A canvas whose methods are plain, async, and failing."""

    def __init__(self, title: str = "Board") -> None:
        self.title = title
        self.closed: list[str] = []
        self.ended = asyncio.Event()

    def open(self, params: CanvasProviderOpenRequest) -> CanvasProviderOpenResult:
        assert threading.current_thread() is not threading.main_thread()
        return CanvasProviderOpenResult(title=f"{self.title} {params.instance_id}")

    async def close(self, params: CanvasProviderCloseRequest) -> None:
        self.closed.append(params.instance_id)

    async def invoke(self, params: CanvasProviderInvokeActionRequest) -> Any:
        match params.action_name:
            case "wait":
                try:
                    await asyncio.Event().wait()
                finally:
                    self.ended.set()
            case "refuse":
                raise RpcError.from_wire({"code": -32603, "message": "no", "data": {"code": "busy"}})
            case "fail":
                raise ValueError("Authorization: Bearer ghp_0123456789abcdefghijklmnopqrstuvwxyzAB")
            case _:
                return {"echo": params.input}


def invoke(action: str, **rest: Any) -> dict[str, Any]:
    return {**CANVAS, "actionName": action, **rest}


async def test_plain_and_async_methods_of_a_handler_answer(runtime: FakeRuntime) -> None:
    board = Board()
    async with runtime.client() as client:
        await client.create_session(session_id=SESSION, handlers={"canvas": board})
        assert await runtime.peer.request("canvas.open", CANVAS) == {"title": "Board i1"}
        assert await runtime.peer.request("canvas.close", CANVAS) is None
        assert await runtime.peer.request("canvas.action.invoke", invoke("x", input=[1])) == {"echo": [1]}
    assert board.closed == ["i1"]


async def test_the_handlers_of_a_session_come_before_those_of_the_client(runtime: FakeRuntime) -> None:
    async with runtime.client(handlers={"canvas": Board("Common")}) as client:
        await client.create_session(session_id=SESSION, handlers={"canvas": Board("Own")})
        await client.create_session(session_id="s2")
        titles = [
            (await runtime.peer.request("canvas.open", {**CANVAS, "sessionId": session}))["title"]
            for session in (SESSION, "s2", "of somebody else")
        ]
    assert titles == ["Own i1", "Common i1", "Common i1"]


async def test_what_nobody_serves_is_an_unknown_method(client: CopilotClient, runtime: FakeRuntime) -> None:
    await client.create_session(session_id=SESSION, handlers={"canvas": Board()})
    for method in ("skillProvider.list", "canvas.repaint"):
        with pytest.raises(RpcError) as refused:
            await runtime.peer.request(method, CANVAS)
        assert refused.value.code == -32601


async def test_a_method_that_the_handler_lacks_is_an_unknown_method(runtime: FakeRuntime) -> None:
    class Half:
        def open(self, params: CanvasProviderOpenRequest) -> CanvasProviderOpenResult:
            return CanvasProviderOpenResult()

    async with runtime.client() as client:
        await client.create_session(session_id=SESSION, handlers={"canvas": Half()})  # type: ignore[arg-type]
        assert await runtime.peer.request("canvas.open", CANVAS) == {}
        with pytest.raises(RpcError) as refused:
            await runtime.peer.request("canvas.close", CANVAS)
    assert refused.value.code == -32601


async def test_a_failure_is_told_without_secrets_and_logged_with_its_traceback(
    client: CopilotClient, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    await client.create_session(session_id=SESSION, handlers={"canvas": Board()})
    with caplog.at_level(logging.ERROR), pytest.raises(RpcError) as failed:
        await runtime.peer.request("canvas.action.invoke", invoke("fail"))
    assert failed.value.code == -32603
    assert "ValueError" in failed.value.message
    assert "ghp_" not in failed.value.message
    assert [record.exc_info is not None for record in caplog.records] == [True]


async def test_an_error_of_the_wire_is_passed_on_as_it_is(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    await client.create_session(session_id=SESSION, handlers={"canvas": Board()})
    with pytest.raises(RpcError) as refused:
        await runtime.peer.request("canvas.action.invoke", invoke("refuse"))
    assert (refused.value.code, refused.value.message, refused.value.data) == (-32603, "no", {"code": "busy"})


async def test_a_result_of_another_kind_does_not_leave_the_program(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    class Wrong(Board):
        def open(self, params: CanvasProviderOpenRequest) -> Any:
            return ["no result"]

    await client.create_session(session_id=SESSION, handlers={"canvas": Wrong()})
    with pytest.raises(RpcError) as failed:
        await runtime.peer.request("canvas.open", CANVAS)
    assert failed.value.code == -32603


async def test_closing_a_session_cancels_and_answers_what_its_handlers_do(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    board = Board()
    session = await client.create_session(session_id=SESSION, handlers={"canvas": board})
    waiting = asyncio.create_task(runtime.peer.request("canvas.action.invoke", invoke("wait")))
    assert await runtime.peer.request("canvas.close", CANVAS) is None
    await session.close()
    with pytest.raises(RpcError) as cancelled:
        await waiting
    assert cancelled.value.code == -32800
    assert board.ended.is_set()


async def test_a_handler_of_the_client_outlives_a_session(runtime: FakeRuntime) -> None:
    board = Board()
    async with runtime.client(handlers={"canvas": board}) as client:
        session = await client.create_session(session_id=SESSION)
        waiting = asyncio.create_task(runtime.peer.request("canvas.action.invoke", invoke("wait")))
        assert await runtime.peer.request("canvas.close", CANVAS) is None
        await session.close()
        assert not board.ended.is_set()
    with pytest.raises(RpcError):
        await waiting
    assert board.ended.is_set()


class Telemetry:
    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.all = asyncio.Event()

    async def event(self, params: GitHubTelemetryNotification) -> None:
        self.kinds.append(params.event.kind)
        if params.event.kind == "last":
            self.all.set()
        if params.event.kind == "bad":
            raise ValueError("bad")


async def test_notifications_are_handled_in_their_order_whatever_the_handler_does(
    runtime: FakeRuntime,
    caplog: pytest.LogCaptureFixture,
) -> None:
    telemetry = Telemetry()
    async with runtime.client(handlers={"github_telemetry": telemetry}) as client:
        await client.create_session(session_id=SESSION)
        assert (await runtime.asked("session.create"))["enableGitHubTelemetryForwarding"] is True
        for kind in ("first", "bad", "last"):
            event: dict[str, Any] = {"kind": kind, "properties": {}, "metrics": {}}
            await runtime.peer.notify("gitHubTelemetry.event", {"restricted": False, "event": event})
        await telemetry.all.wait()
    assert telemetry.kinds == ["first", "bad", "last"]
    assert "the handler of gitHubTelemetry.event raised" in caplog.text


async def test_a_notification_for_a_session_goes_to_its_own_handler(runtime: FakeRuntime) -> None:
    common, own = Telemetry(), Telemetry()
    async with runtime.client(handlers={"github_telemetry": common}) as client:
        await client.create_session(session_id=SESSION, handlers={"github_telemetry": own})
        event: dict[str, Any] = {"kind": "last", "properties": {}, "metrics": {}}
        told = {"restricted": False, "event": event}
        await runtime.peer.notify("gitHubTelemetry.event", {**told, "sessionId": SESSION})
        await own.all.wait()
        assert common.kinds == []
        await runtime.peer.notify("gitHubTelemetry.event", told)
        await common.all.wait()
    assert (common.kinds, own.kinds) == (["last"], ["last"])


async def test_listeners_hear_of_every_session_until_they_end(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    heard: list[str] = []
    told, last = asyncio.Event(), asyncio.Event()

    async def listen(news: SessionLifecycleNotification) -> None:
        heard.append(f"{news.session_id} {news.type}")
        told.set()

    async def until_last(news: SessionLifecycleNotification) -> None:
        if news.session_id == "z":
            last.set()

    stop = client.on_lifecycle(listen)
    client.on_lifecycle(until_last)
    await runtime.peer.notify("session.lifecycle", {"type": "session.created", "sessionId": "a"})
    await told.wait()
    stop()
    stop()
    await runtime.peer.notify("session.lifecycle", {"type": "session.deleted", "sessionId": "z"})
    await last.wait()
    assert heard == ["a session.created"]


async def test_a_listener_may_close_the_client(client: CopilotClient, runtime: FakeRuntime) -> None:
    done = asyncio.Event()

    async def leave(news: SessionLifecycleNotification) -> None:
        await client.close()
        done.set()

    client.on_lifecycle(leave)
    await runtime.peer.notify("session.lifecycle", {"type": "session.created", "sessionId": "a"})
    async with asyncio.timeout(4):
        await done.wait()


@pytest.mark.parametrize(
    ("handlers", "message"), [({"canvass": Board}, "it has canvas"), ({"canvas": 5}, "open")]
)
def test_handlers_that_cannot_serve_are_refused_at_once(handlers: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        CopilotClient(handlers=handlers)
