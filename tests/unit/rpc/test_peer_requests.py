from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from copilot_sdk._rpc import peer as peer_module
from copilot_sdk._rpc.peer import Peer
from copilot_sdk.errors import (
    ConnectionClosed,
    CopilotError,
    InvalidParams,
    MethodNotFound,
    RequestTimeout,
    RpcError,
    SessionNotFound,
    UsageError,
)
from copilot_sdk.transports.memory import memory_pair
from tests.support.raw_peer import step, wired

Handler = Callable[[str, dict[str, Any]], Awaitable[Any]]


@asynccontextmanager
async def connected(handler: Handler | None = None, **options: Any) -> AsyncIterator[Peer]:
    """A client peer whose server peer answers with the handler."""
    near, far = memory_pair()
    async with Peer(far, on_request=handler), Peer(near, **options) as client:
        yield client


async def test_a_request_gives_the_result() -> None:
    async def handler(method: str, params: dict[str, Any]) -> object:
        return [method, params]

    async with connected(handler) as client:
        assert await client.request("ping", {"a": 1}) == ["ping", {"a": 1}]
        assert await client.request("ping") == ["ping", {}]


async def test_answers_may_come_in_any_order() -> None:
    async with wired() as (peer, wire):
        first = asyncio.create_task(peer.request("a"))
        second = asyncio.create_task(peer.request("b"))
        ids = {message["method"]: message["id"] for message in [await wire.receive(), await wire.receive()]}
        await wire.send(id=ids["b"], result="for b")
        await wire.send(id=ids["a"], result="for a")
        assert (await first, await second) == ("for a", "for b")


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (-32601, "Unhandled method x", MethodNotFound),
        (-32602, "no", InvalidParams),
        (-32603, "Request x failed with message: Session not found: s", SessionNotFound),
        (-32099, "strange", RpcError),
    ],
)
async def test_an_error_is_raised_as_its_class(code: int, message: str, kind: type[RpcError]) -> None:
    async with wired() as (peer, wire):
        request = asyncio.create_task(peer.request("x"))
        sent = await wire.receive()
        await wire.send(id=sent["id"], error={"code": code, "message": message, "data": {"why": 1}})
        with pytest.raises(kind) as caught:
            await request
    assert (caught.value.code, caught.value.message, caught.value.data) == (code, message, {"why": 1})
    assert caught.value.method == "x"


async def test_a_request_that_takes_too_long_is_given_up_and_the_other_side_is_told() -> None:
    async with wired() as (peer, wire):
        with pytest.raises(RequestTimeout, match="slow got no answer within") as caught:
            await peer.request("slow", timeout=0.01)
        assert (caught.value.method, caught.value.seconds) == ("slow", 0.01)
        sent = await wire.receive()
        assert await wire.receive() == {"method": "$/cancelRequest", "params": {"id": sent["id"]}}
        await wire.send(id=sent["id"], result="late")
        request = asyncio.create_task(peer.request("next", timeout=60))
        sent = await wire.receive()
        await wire.send(id=sent["id"], result="in time")
        assert await request == "in time"


async def test_the_default_timeout_holds_unless_another_one_is_given() -> None:
    async with wired(default_timeout=0.01) as (peer, _):
        with pytest.raises(RequestTimeout):
            await peer.request("a")
        for timeout in (60, None):
            request = asyncio.create_task(peer.request("b", timeout=timeout))
            await asyncio.wait({request}, timeout=0.03)
            assert not request.done()
            request.cancel()


async def test_a_request_that_cannot_be_written_ends_by_its_timeout_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peer_module, "_ANSWER_SECONDS", 0.01)
    async with wired(buffer=1) as (peer, _):
        with pytest.raises(RequestTimeout):
            await peer.request("a", timeout=0.01)
        with pytest.raises(RequestTimeout):
            await peer.request("b", timeout=0.01)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0


async def test_a_cancelled_request_is_taken_back() -> None:
    async with wired() as (peer, wire):
        request = asyncio.create_task(peer.request("a"))
        sent = await wire.receive()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        assert await wire.receive() == {"method": "$/cancelRequest", "params": {"id": sent["id"]}}


async def test_a_cancellation_while_the_request_waits_for_room_stays_a_cancellation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peer_module, "_ANSWER_SECONDS", 0.01)
    async with wired(buffer=1) as (peer, _):
        request = asyncio.create_task(peer.request("a", timeout=60))
        await step()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request


async def test_where_cancellation_is_not_supported_nothing_is_told() -> None:
    async with wired(cancel_supported=False) as (peer, wire):
        with pytest.raises(RequestTimeout):
            await peer.request("a", timeout=0.01)
        await peer.notify("after")
        assert (await wire.receive())["method"] == "a"
        assert (await wire.receive())["method"] == "after"


async def test_an_answer_that_comes_while_the_caller_is_cancelled_does_no_harm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with wired() as (peer, wire):
        for answer in ({"result": 1}, {"error": {"code": 1, "message": "m"}}):
            request = asyncio.create_task(peer.request("a"))
            sent = await wire.receive()
            await wire.send(id=sent["id"], **answer)
            await asyncio.sleep(0)
            request.cancel()
            await asyncio.wait({request})
            assert request.cancelled()
            del request
        assert not peer.closed
    gc.collect()
    assert [record for record in caplog.records if record.name == "asyncio"] == []


async def test_an_answered_request_leaves_no_timer_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []
    original = loop.call_later

    def call_later(*args: Any) -> asyncio.TimerHandle:
        timers.append(original(*args))
        return timers[-1]

    async with wired() as (peer, wire):
        monkeypatch.setattr(loop, "call_later", call_later)
        request = asyncio.create_task(peer.request("a", timeout=60))
        await wire.send(id=(await wire.receive())["id"], result=None)
        await request
        assert [timer.cancelled() for timer in timers] == [True]


async def test_a_notification_goes_out() -> None:
    async with wired() as (peer, wire):
        await peer.notify("n", {"a": 1})
        assert await wire.receive() == {"method": "n", "params": {"a": 1}}


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
async def test_a_timeout_has_to_be_above_zero(timeout: float) -> None:
    async with wired() as (peer, _):
        with pytest.raises(UsageError, match="timeout has to be above zero"):
            await peer.request("a", timeout=timeout)
    with pytest.raises(UsageError, match="default_timeout has to be above zero"):
        Peer(memory_pair()[0], default_timeout=timeout)


async def test_parameters_that_are_no_json_are_refused_before_anything_is_sent() -> None:
    async with wired() as (peer, wire):
        with pytest.raises(UsageError, match="the parameters of a cannot be written as JSON"):
            await peer.request("a", {"x": object()})
        with pytest.raises(UsageError, match="the parameters of b cannot be written as JSON"):
            await peer.notify("b", {"x": object()})
        await peer.notify("c")
        assert (await wire.receive())["method"] == "c"


async def test_a_malformed_answer_fails_its_request_instead_of_leaving_it_to_wait() -> None:
    async with wired() as (peer, wire):
        request = asyncio.create_task(peer.request("a"))
        sent = await wire.receive()
        await wire.send(id=sent["id"])
        with pytest.raises(RpcError, match="the answer is malformed"):
            await request


async def test_an_answer_to_nothing_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    async with wired() as (peer, wire):
        await wire.send(id=99, result=None)
        await wire.send(id=None, error={"code": -32700, "message": "private text"})
        await step()
        assert not peer.closed
    assert "could not read a message, code -32700" in caplog.text
    assert "private" not in caplog.text


async def test_what_is_no_message_is_answered_and_logged_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with wired() as (_, wire):
        await wire.transport.send(b'{"secret": "hush"}')
        await wire.transport.send(b"hush {")
        replies = [await wire.receive(), await wire.receive()]
    assert [(reply["id"], reply["error"]["code"]) for reply in replies] == [(None, -32600), (None, -32700)]
    assert "sent no valid message" in caplog.text
    assert "hush" not in caplog.text + str(replies)


async def test_params_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(method: str, params: dict[str, Any]) -> object:
        return params

    with caplog.at_level(logging.DEBUG, logger="copilot_sdk"):
        async with connected(handler) as client:
            await client.request("connect", {"token": "hush"})
    assert "connect" in caplog.text
    assert "hush" not in caplog.text


async def test_nothing_is_sent_before_the_start_and_there_is_one_start() -> None:
    peer = Peer(memory_pair()[0])
    with pytest.raises(UsageError, match="was not started"):
        await peer.request("a")
    peer.start()
    with pytest.raises(UsageError, match="was started before"):
        peer.start()
    await peer.aclose()
    with pytest.raises(ConnectionClosed):
        await peer.request("a")


async def test_a_thousand_requests_at_once_all_get_their_own_answer() -> None:
    async def handler(method: str, params: dict[str, Any]) -> object:
        await asyncio.sleep(0)
        return params["n"]

    async with connected(handler) as client:
        results = await asyncio.gather(*[client.request("m", {"n": n}) for n in range(1000)])
    assert results == list(range(1000))


def test_a_call_from_another_event_loop_is_refused_instead_of_waiting_in_vain() -> None:
    async def opened() -> Peer:
        peer = Peer(memory_pair()[0])
        peer.start()
        return peer

    with asyncio.Runner() as here, asyncio.Runner() as elsewhere:
        peer = here.run(opened())
        with pytest.raises(UsageError, match="another event loop"):
            elsewhere.run(peer.request("a"))
        here.run(peer.aclose())


class Outcome:
    """What has become of a request that no task waits for."""

    def __init__(self) -> None:
        self.results: list[Any] = []
        self.errors: list[CopilotError] = []


async def test_a_posted_request_gives_its_result_without_a_task() -> None:
    async with wired() as (peer, wire):
        outcome = Outcome()
        give_up = peer.post("x", {"a": 1}, outcome.results.append, outcome.errors.append)
        sent = await wire.receive()
        assert (sent["method"], sent["params"]) == ("x", {"a": 1})
        await wire.send(id=sent["id"], result="good")
        await step()
        give_up(RequestTimeout("x", 1))
        assert (outcome.results, outcome.errors) == (["good"], [])


async def test_a_posted_request_gives_its_error() -> None:
    async with wired() as (peer, wire):
        outcome = Outcome()
        peer.post("x", None, outcome.results.append, outcome.errors.append)
        sent = await wire.receive()
        await wire.send(id=sent["id"], error={"code": -32601, "message": "no"})
        await step()
        assert [type(error) for error in outcome.errors] == [MethodNotFound]


async def test_the_other_side_is_told_of_a_posted_request_that_is_given_up() -> None:
    async with wired() as (peer, wire):
        outcome = Outcome()
        give_up = peer.post("x", None, outcome.results.append, outcome.errors.append)
        sent = await wire.receive()
        reason = RequestTimeout("x", 1)
        give_up(reason)
        give_up(reason)
        told = await wire.receive()
        assert (told["method"], told["params"]) == ("$/cancelRequest", {"id": sent["id"]})
        assert (outcome.results, outcome.errors) == ([], [reason])


async def test_the_end_of_the_connection_fails_posted_requests() -> None:
    outcome = Outcome()
    async with wired() as (peer, _):
        peer.post("x", None, outcome.results.append, outcome.errors.append)
    assert [type(error) for error in outcome.errors] == [ConnectionClosed]
    with pytest.raises(ConnectionClosed):
        peer.post("x", None, outcome.results.append, outcome.errors.append)
