from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from copilot_sdk._rpc import inbound, outbox, peer
from copilot_sdk._rpc.peer import Peer
from copilot_sdk.errors import ConnectionClosed, ProtocolError, RpcError
from copilot_sdk.transports.base import InputEnded
from copilot_sdk.transports.memory import memory_pair
from tests.support.raw_peer import step


class Failing:
    """A transport whose `receive` raises."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.closed = False

    async def send(self, data: bytes) -> None:
        raise AssertionError("nothing is to be sent")

    async def receive(self) -> bytes:
        raise self.error

    async def aclose(self) -> None:
        self.closed = True

    def describe(self) -> str:
        return "a failing transport"


class HalfClosed:
    """A transport over which one request comes, and then nothing more; what is sent is kept."""

    def __init__(self, *requests: bytes) -> None:
        self.requests = list(requests)
        self.sent: list[Any] = []

    async def send(self, data: bytes) -> None:
        self.sent.append(json.loads(data))

    async def receive(self) -> bytes:
        if self.requests:
            return self.requests.pop(0)
        raise InputEnded("it has said all")

    async def aclose(self) -> None:
        pass

    def describe(self) -> str:
        return "a half-closed transport"


async def wait_forever(method: str, params: dict[str, Any]) -> object:
    await asyncio.Event().wait()
    return None


def request(number: int) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "m"}).encode()


async def test_all_pending_requests_fail_at_once_when_the_connection_ends() -> None:
    near, far = memory_pair()
    async with Peer(near, default_timeout=60) as client:
        requests = [asyncio.create_task(client.request("a")) for _ in range(3)]
        await step()
        await far.aclose()
        errors: list[ConnectionClosed] = []
        for pending in requests:
            with pytest.raises(ConnectionClosed, match="closed on the other side") as caught:
                await pending
            errors.append(caught.value)
        assert client.closed
        assert len({str(error) for error in [*errors, await client.wait_closed()]}) == 1
        assert len({id(error) for error in errors}) == 3
        with pytest.raises(ConnectionClosed, match="closed on the other side"):
            await client.request("b")
        with pytest.raises(ConnectionClosed, match="closed on the other side"):
            await client.notify("b")


async def test_requests_that_wait_for_room_fail_too() -> None:
    near, far = memory_pair(buffer=1)
    async with Peer(near) as client:
        requests = [asyncio.create_task(client.request("a", timeout=timeout)) for timeout in (None, 60)]
        await step()
        await far.aclose()
        for pending in requests:
            with pytest.raises(ConnectionClosed, match="closed on the other side"):
                await pending
            assert pending.cancelling() == 0


async def test_closing_fails_requests_that_wait_for_room() -> None:
    near, _ = memory_pair(buffer=1)
    async with Peer(near) as client:
        requests = [asyncio.create_task(client.request("a", timeout=60)) for _ in range(2)]
        await step()
        await client.aclose()
        for pending in requests:
            with pytest.raises(ConnectionClosed, match="closed on this side"):
                await pending


async def test_a_timeout_and_the_end_at_the_same_moment_are_one_error() -> None:
    near, _ = memory_pair(buffer=1)
    async with Peer(near) as client:
        filling = asyncio.create_task(client.notify("fills the buffer"))
        await step()
        # The closing begins in the same round of the event loop in which the timeout is over.
        pending = asyncio.create_task(client.request("a", timeout=1e-9))
        closing = asyncio.create_task(client.aclose())
        with pytest.raises(ConnectionClosed, match="closed on this side"):
            await pending
        assert pending.cancelling() == 0
        await closing
        await asyncio.gather(filling, return_exceptions=True)


async def test_what_still_waits_for_room_goes_out_before_closing() -> None:
    near, far = memory_pair(buffer=1)
    server = Peer(near)
    server.start()
    filling = asyncio.create_task(server.notify("fills the buffer"))
    await step()
    await far.send(request(1))
    await step()
    closing = asyncio.create_task(server.aclose())
    await step()
    assert json.loads(await far.receive())["method"] == "fills the buffer"
    assert json.loads(await far.receive())["id"] == 1
    await closing
    await filling


def test_the_end_of_the_event_loop_is_not_held_up_by_an_answer_that_cannot_be_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbound, "_CANCELLED_ANSWER_SECONDS", 0.01)

    async def main() -> Peer:
        near, far = memory_pair(buffer=1)
        server = Peer(near, on_request=wait_forever)
        server.start()
        tasks.append(asyncio.create_task(server.notify("fills the buffer")))
        await far.send(request(1))
        await step()
        return server

    tasks: list[asyncio.Task[None]] = []
    assert asyncio.run(main()).closed


async def test_a_broken_frame_ends_the_connection_with_its_reason() -> None:
    transport = Failing(ProtocolError("no frame", offending=b"INFO up"))
    async with Peer(transport) as client:
        reason = await client.wait_closed()
        assert str(reason) == "connection closed: no frame: 'INFO up'"
        assert isinstance(reason.__cause__, ProtocolError)
        assert await client.wait_closed() is reason
        await step()
        assert transport.closed


async def test_a_transport_that_fails_otherwise_ends_the_connection_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Peer(Failing(OSError("cable cut"))) as client:
        assert "OSError: cable cut" in str(await client.wait_closed())
    assert "reading from a failing transport failed" in caplog.text


async def test_handlers_are_cancelled_when_the_connection_ends() -> None:
    cancelled = asyncio.Event()

    async def handler(method: str, params: dict[str, Any]) -> object:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return None

    near, far = memory_pair()
    async with Peer(near, on_request=handler):
        await far.send(request(1))
        await step()
        await far.aclose()
        await cancelled.wait()


async def test_closing_answers_the_open_requests_of_the_other_side_first() -> None:
    near, far = memory_pair()
    async with Peer(near, on_request=wait_forever, max_inbound=2):
        for number in (1, 2, 3):
            await far.send(request(number))
        await step()
    answers = [json.loads(await far.receive()) for _ in range(3)]
    assert sorted(answer["id"] for answer in answers) == [1, 2, 3]
    assert {answer["error"]["code"] for answer in answers} == {-32800}
    with pytest.raises(ConnectionClosed):
        await far.receive()


async def test_a_request_that_comes_while_closing_is_answered() -> None:
    near, far = memory_pair()
    release = asyncio.Event()

    async def handler(method: str, params: dict[str, Any]) -> object:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await release.wait()
            raise
        return None

    server = Peer(near, on_request=handler)
    server.start()
    await far.send(request(1))
    await step()
    closing = asyncio.create_task(server.aclose())
    await step()
    await far.send(request(2))
    assert json.loads(await far.receive())["id"] == 2
    release.set()
    assert json.loads(await far.receive())["id"] == 1
    await closing


async def test_no_task_outlives_the_peer() -> None:
    before = asyncio.all_tasks()
    near, far = memory_pair()
    async with Peer(near, on_request=wait_forever) as server:
        for number in range(5):
            await far.send(request(number))
        await far.send(b"no message")
        await step()
        assert len(asyncio.all_tasks()) > len(before) + 5
        assert not server.closed
    assert asyncio.all_tasks() == before


async def test_start_and_close_may_come_from_different_tasks() -> None:
    near, far = memory_pair()
    client = Peer(near)

    async def start() -> None:
        client.start()

    await asyncio.create_task(start())
    pending = asyncio.create_task(client.request("a"))
    await far.receive()
    await asyncio.gather(*[asyncio.create_task(client.aclose()) for _ in range(3)])
    with pytest.raises(ConnectionClosed, match="closed on this side"):
        await pending
    assert str(await client.wait_closed()) == "connection closed: it was closed on this side"


async def test_a_cancelled_close_goes_on() -> None:
    near, far = memory_pair()
    client = Peer(near, on_request=wait_forever)
    client.start()
    await far.send(request(1))
    await step()
    closing = asyncio.create_task(client.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait({closing})
    await client.aclose()
    assert client.closed


async def test_a_handler_may_close_its_own_connection() -> None:
    near, far = memory_pair()

    async def handler(method: str, params: dict[str, Any]) -> object:
        await server.aclose()
        return "unreachable"

    async with Peer(near, on_request=handler) as server:
        await far.send(request(1))
        assert json.loads(await far.receive())["error"]["code"] == -32800
        await server.wait_closed()


async def test_a_peer_that_was_never_started_closes_its_transport() -> None:
    near, far = memory_pair()
    client = Peer(near)
    await client.aclose()
    with pytest.raises(ConnectionClosed):
        await far.receive()


async def test_two_peers_can_close_each_other_at_the_same_time() -> None:
    near, far = memory_pair()
    one, other = Peer(near, on_request=wait_forever), Peer(far, on_request=wait_forever)
    one.start()
    other.start()
    asking = [asyncio.create_task(side.request("m")) for side in (one, other)]
    await step()
    await asyncio.gather(one.aclose(), other.aclose())
    for task in asking:
        with pytest.raises((ConnectionClosed, RpcError)):
            await task


async def test_a_handler_that_does_not_end_is_named_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(peer, "_ANSWER_SECONDS", 0.01)
    monkeypatch.setattr(peer, "_CANCEL_SECONDS", 0.01)
    release = asyncio.Event()

    async def stubborn(method: str, params: dict[str, Any]) -> object:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return None

    near, far = memory_pair()
    async with Peer(near, on_request=stubborn):
        await far.send(request(1))
        await step()
    assert "the handler of m goes on although it was cancelled" in caplog.text
    release.set()
    await step()


async def test_closing_ends_although_the_other_side_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "_ANSWER_SECONDS", 0.01)
    monkeypatch.setattr(inbound, "_CANCELLED_ANSWER_SECONDS", 0.01)
    near, far = memory_pair(buffer=1)
    async with Peer(near, on_request=wait_forever, max_inbound=1) as server:
        blocked = asyncio.create_task(server.notify("fills the buffer"))
        for number in (1, 2):
            sending = asyncio.create_task(far.send(request(number)))
            await step()
            await sending
    await asyncio.gather(blocked, return_exceptions=True)


async def test_a_peer_that_sends_rubbish_and_does_not_read_is_dropped(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outbox, "_LIMIT", 10)
    monkeypatch.setattr(peer, "_ANSWER_SECONDS", 0.01)
    caplog.set_level(logging.ERROR)
    near, far = memory_pair(buffer=1)
    async with Peer(near) as client:
        while not client.closed:
            await far.send(b"rubbish")
            await step()
        assert "keeps sending but does not read" in str(await client.wait_closed())


async def test_when_the_reader_is_cancelled_from_outside_nobody_waits_in_vain() -> None:
    near, _ = memory_pair()
    before = asyncio.all_tasks()
    client = Peer(near)
    client.start()
    (reader,) = asyncio.all_tasks() - before
    pending = asyncio.create_task(client.request("a"))
    await step()
    reader.cancel()
    with pytest.raises(ConnectionClosed, match="its reader was cancelled"):
        await pending
    await client.aclose()


async def test_waiting_for_the_end_may_be_given_up() -> None:
    near, _ = memory_pair()
    async with Peer(near) as client:
        assert not client.closed
        waiting = asyncio.create_task(client.wait_closed())
        await step()
        waiting.cancel()
        await asyncio.wait({waiting})
        assert not client.closed


async def test_what_was_asked_before_the_end_of_input_is_answered_and_nothing_can_be_asked_any_more() -> None:
    transport, go_on = HalfClosed(request(1), request(2)), asyncio.Event()

    async def handle(method: str, params: dict[str, Any]) -> object:
        await go_on.wait()
        with pytest.raises(ConnectionClosed, match="it has said all"):
            await server.request("back")
        await server.notify("told")
        return method

    async with Peer(transport, on_request=handle, max_inbound=1) as server:
        await step()
        assert not server.closed
        go_on.set()
        await server.wait_closed()
    told = {"jsonrpc": "2.0", "method": "told", "params": {}}
    answers = [{"jsonrpc": "2.0", "id": number, "result": "m"} for number in (1, 2)]
    assert transport.sent == [told, answers[0], told, answers[1]]


async def test_requests_that_take_longer_than_a_moment_are_given_up_after_the_end_of_input(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peer, "_FINISH_SECONDS", 0.01)
    transport = HalfClosed(request(1))
    async with Peer(transport, on_request=wait_forever) as server:
        await server.wait_closed()
    assert [answer["error"]["code"] for answer in transport.sent] == [-32800]
