"""What every transport promises, tried on each of them."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeAlias

import pytest

from copilot_sdk.errors import ConnectError, ConnectionClosed, ProtocolError, UsageError
from copilot_sdk.transports import http, tcp, unix, websocket
from copilot_sdk.transports._listener import Listener
from copilot_sdk.transports.address import Address
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.memory import memory_pair
from copilot_sdk.transports.observed import ObservedTransport
from copilot_sdk.transports.stdio import StdioTransport
from copilot_sdk.transports.tcp import spawn_listening
from tests.support import certificates
from tests.support.relay import relay_to

CHILD = Path(__file__).parents[1] / "support" / "framed_child.py"

LARGE = 64 * 1024 * 1024

FarEnd: TypeAlias = Callable[[Transport], Awaitable[None]]
Connect: TypeAlias = Callable[[str], AbstractAsyncContextManager[Transport]]


async def echo(far: Transport) -> None:
    while True:
        await far.send(await far.receive())


async def burst(far: Transport) -> None:
    for number in range(3):
        await far.send(b"%d" % number)


async def deaf(far: Transport) -> None:
    await far.send(b"ready")
    await asyncio.Event().wait()


FAR_ENDS: dict[str, FarEnd] = {"echo": echo, "burst": burst, "deaf": deaf}


@asynccontextmanager
async def over_memory(mode: str) -> AsyncIterator[Transport]:
    near, far = memory_pair(buffer=64 * 1024)

    async def serve() -> None:
        try:
            await FAR_ENDS[mode](far)
        except ConnectionClosed:
            pass
        finally:
            await far.aclose()

    task = asyncio.create_task(serve())
    try:
        yield near
    finally:
        await near.aclose()
        task.cancel()
        await asyncio.wait({task})


@asynccontextmanager
async def over_memory_observed(mode: str) -> AsyncIterator[Transport]:
    async with over_memory(mode) as near:
        yield ObservedTransport(near, lambda frame: 1 // 0)


@asynccontextmanager
async def over_stdio(mode: str) -> AsyncIterator[Transport]:
    near = await StdioTransport.spawn([sys.executable, "-IS", str(CHILD), mode], stop_timeout=0.5)
    try:
        yield near
    finally:
        await near.aclose()


class Way(Protocol):
    """One of the transports that listen."""

    async def listen(self, far_end: FarEnd, folder: Path, max_frame: int = ...) -> Listener: ...

    async def connect(self, address: Address, max_frame: int = ...) -> Transport: ...


class Tcp:
    async def listen(self, far_end: FarEnd, folder: Path, max_frame: int = LARGE) -> Listener:
        return await tcp.listen("127.0.0.1", 0, far_end, max_frame=max_frame)

    async def connect(self, address: Address, max_frame: int = LARGE) -> Transport:
        return await tcp.connect(address.host, address.port, max_frame=max_frame)


class Tls:
    async def listen(self, far_end: FarEnd, folder: Path, max_frame: int = LARGE) -> Listener:
        return await tcp.listen("127.0.0.1", 0, far_end, ssl=certificates.serving(), max_frame=max_frame)

    async def connect(self, address: Address, max_frame: int = LARGE) -> Transport:
        return await tcp.connect(address.host, address.port, ssl=certificates.trusting(), max_frame=max_frame)


class Unix:
    async def listen(self, far_end: FarEnd, folder: Path, max_frame: int = LARGE) -> Listener:
        return await unix.listen(folder / "socket", far_end, max_frame=max_frame)

    async def connect(self, address: Address, max_frame: int = LARGE) -> Transport:
        return await unix.connect(address.path, max_frame=max_frame)


class WebSocket:
    async def listen(self, far_end: FarEnd, folder: Path, max_frame: int = LARGE) -> Listener:
        return await websocket.listen("127.0.0.1", 0, far_end, max_frame=max_frame)

    async def connect(self, address: Address, max_frame: int = LARGE) -> Transport:
        return await websocket.connect(str(address), max_frame=max_frame)


class Http:
    async def listen(self, far_end: FarEnd, folder: Path, max_frame: int = LARGE) -> Listener:
        return await http.listen("127.0.0.1", 0, far_end, max_frame=max_frame, resume_timeout=1)

    async def connect(self, address: Address, max_frame: int = LARGE) -> Transport:
        return await http.connect(str(address), max_frame=max_frame, resume_timeout=1)


WAYS: dict[str, Way] = {
    "tcp": Tcp(), "tls": Tls(), "unix": Unix(), "websocket": WebSocket(), "http": Http(),
}  # fmt: skip
CONNECTED: dict[str, Callable[[str], AbstractAsyncContextManager[Transport]]] = {
    "memory": over_memory,
    "observed": over_memory_observed,
    "stdio": over_stdio,
}


@pytest.fixture(params=[*CONNECTED, *WAYS])
def over(request: pytest.FixtureRequest, tmp_path: Path) -> Connect:
    """Opens a connection to a far end that behaves in one of the modes."""
    if request.param in CONNECTED:
        return CONNECTED[request.param]
    way = WAYS[request.param]

    @asynccontextmanager
    async def connected(mode: str) -> AsyncIterator[Transport]:
        async with await way.listen(FAR_ENDS[mode], tmp_path) as listener:
            near = await way.connect(Address.parse(listener.address))
            try:
                yield near
            finally:
                await near.aclose()

    return connected


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


@pytest.mark.parametrize(
    "message",
    [
        b"{}",
        b"",
        "ünïcödé \U0001f600 \u2028 \x0b \x85".encode(),
        b'{\n  "a":\n\n 1\n}\n',
        b" \n\nContent-Length: 3\n\ndata: :",
        b"x" * 5_000_000,
    ],
    ids=["object", "empty", "unicode", "lines", "header", "large"],
)
async def test_a_message_arrives_as_it_was_sent(over: Connect, message: bytes) -> None:
    async with over("echo") as transport:
        await transport.send(message)
        assert await transport.receive() == message


async def test_messages_keep_their_order(over: Connect) -> None:
    async with over("echo") as transport:
        for number in range(500):
            await transport.send(b"%d" % number)
        assert [await transport.receive() for _ in range(500)] == [b"%d" % number for number in range(500)]


async def test_messages_of_concurrent_senders_stay_whole(over: Connect) -> None:
    sizes = [1, 10, 70_000, 200_000, 3] * 8
    async with over("echo") as transport:

        async def receive_all() -> list[bytes]:
            return [await transport.receive() for _ in sizes]

        receiving = asyncio.create_task(receive_all())
        async with asyncio.TaskGroup() as group:
            for number, size in enumerate(sizes):
                group.create_task(transport.send(b"%d," % number * size))
        received = await receiving
    assert sorted(received) == sorted(b"%d," % number * size for number, size in enumerate(sizes))


async def test_what_was_sent_before_the_end_can_still_be_received(over: Connect) -> None:
    async with over("burst") as transport:
        assert [await transport.receive() for _ in range(3)] == [b"0", b"1", b"2"]
        with pytest.raises(ConnectionClosed):
            await transport.receive()


async def test_the_end_stays_the_end(over: Connect) -> None:
    async with over("burst") as transport:
        for _ in range(3):
            await transport.receive()
        reasons: list[str] = []
        for _ in range(2):
            with pytest.raises(ConnectionClosed) as caught:
                await transport.receive()
            reasons.append(str(caught.value))
        with pytest.raises(ConnectionClosed) as caught:
            await transport.send(b"too late")
        assert reasons == [str(caught.value)] * 2


async def test_closing_ends_a_receiver_that_waits(over: Connect) -> None:
    async with over("echo") as transport:
        receiving = asyncio.create_task(transport.receive())
        await asyncio.sleep(0)
        await transport.aclose()
        with pytest.raises(ConnectionClosed, match="closed on this side"):
            await receiving


async def test_closing_ends_a_sender_that_waits_for_room(over: Connect) -> None:
    async with over("deaf") as transport:
        assert await transport.receive() == b"ready"
        # The first fills what the other end takes in unread, the second what lies in between.
        senders = [asyncio.create_task(transport.send(b"x" * size)) for size in (2_000_000, 50_000_000, 1)]
        await asyncio.sleep(0)
        await transport.aclose()
        for sender in senders[1:]:
            with pytest.raises(ConnectionClosed, match="closed on this side"):
                await sender
        await asyncio.gather(*senders, return_exceptions=True)


async def test_nothing_works_after_closing(over: Connect) -> None:
    async with over("echo") as transport:
        await transport.send(b"dropped")
        await transport.aclose()
        with pytest.raises(ConnectionClosed, match="closed on this side"):
            await transport.receive()
        with pytest.raises(ConnectionClosed, match="closed on this side"):
            await transport.send(b"x")


async def test_closing_twice_and_at_once_is_closing(over: Connect) -> None:
    async with over("echo") as transport:
        await asyncio.gather(transport.aclose(), transport.aclose())
        await transport.aclose()


async def test_a_cancelled_closer_does_not_stop_the_closing(over: Connect) -> None:
    async with over("deaf") as transport:
        closing = asyncio.create_task(transport.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait({closing})
        await transport.aclose()
        with pytest.raises(ConnectionClosed):
            await transport.receive()


async def test_a_cancelled_receiver_loses_no_message(over: Connect) -> None:
    async with over("echo") as transport:
        receiving = asyncio.create_task(transport.receive())
        await asyncio.sleep(0)
        receiving.cancel()
        await asyncio.wait({receiving})
        await transport.send(b"kept")
        assert await transport.receive() == b"kept"


async def test_a_cancelled_sender_leaves_whole_messages_only(over: Connect) -> None:
    async with over("echo") as transport:
        senders = [asyncio.create_task(transport.send(b"%d" % (n % 10) * 150_000)) for n in range(20)]
        await asyncio.sleep(0)
        for sender in senders[5:]:
            sender.cancel()
        receiving = asyncio.create_task(_receive_until(transport, b"end"))
        await asyncio.wait(senders)
        await transport.send(b"end")
        for message in await receiving:
            assert message == message[:1] * 150_000


async def _receive_until(transport: Transport, last: bytes) -> list[bytes]:
    messages: list[bytes] = []
    while (message := await transport.receive()) != last:
        messages.append(message)
    return messages


async def test_only_one_task_may_receive(over: Connect) -> None:
    async with over("echo") as transport:
        receiving = asyncio.create_task(transport.receive())
        await asyncio.sleep(0)
        with pytest.raises(UsageError, match="another task is receiving"):
            await transport.receive()
        await transport.send(b"for the first")
        assert await receiving == b"for the first"


async def test_a_large_message_and_many_small_ones_go_both_ways_at_once(over: Connect) -> None:
    messages = [b"x" * 3_000_000, *(b"%d" % number for number in range(2_000)), b"y" * 3_000_000]
    async with over("echo") as transport:

        async def send_all() -> None:
            for message in messages:
                await transport.send(message)

        sending = asyncio.create_task(send_all())
        assert [await transport.receive() for _ in messages] == messages
        await sending


async def test_a_sender_waits_for_a_peer_that_does_not_read(over: Connect) -> None:
    async with over("deaf") as transport:
        assert await transport.receive() == b"ready"
        sent = list[int]()

        async def send_all() -> None:
            for number in range(60):
                await transport.send(b"x" * 1_000_000)
                sent.append(number)

        sending = asyncio.create_task(send_all())
        await asyncio.wait({sending}, timeout=0.3)
        assert not sending.done()
        assert len(sent) < 40
        sending.cancel()
        await asyncio.wait({sending})


async def test_a_peer_that_does_not_read_gets_everything_once_it_does(way: Way, tmp_path: Path) -> None:
    go_on, got = asyncio.Event(), list[bytes]()

    async def reader(far: Transport) -> None:
        await go_on.wait()
        for _ in range(30):
            got.append(await far.receive())
        await far.send(b"done")
        await far.receive()

    async with await way.listen(reader, tmp_path) as listener:
        transport = await way.connect(Address.parse(listener.address))
        messages = [b"%d" % (number % 10) * 500_000 for number in range(30)]
        sending = [asyncio.create_task(transport.send(message)) for message in messages]
        await asyncio.sleep(0)
        go_on.set()
        assert await transport.receive() == b"done"
        await asyncio.gather(*sending)
        await transport.aclose()
    assert got == messages


async def test_what_was_sent_before_closing_arrives(way: Way, tmp_path: Path) -> None:
    got, reasons, ended = list[bytes](), list[str](), asyncio.Event()

    async def reader(far: Transport) -> None:
        try:
            while True:
                got.append(await far.receive())
        except ConnectionClosed as closed:
            reasons.append(closed.reason)
            ended.set()

    async with await way.listen(reader, tmp_path) as listener:
        transport = await way.connect(Address.parse(listener.address))
        for number in range(100):
            await transport.send(b"%d" % number)
        await transport.aclose()
        await ended.wait()
    assert got == [b"%d" % number for number in range(100)]
    assert reasons == ["the other side has closed it"]


async def test_closing_the_listener_ends_its_connections(way: Way, tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    listener = await way.listen(echo, tmp_path)
    transport = await way.connect(Address.parse(listener.address))
    await transport.send(b"x")
    await transport.receive()
    await asyncio.gather(listener.aclose(), listener.aclose())
    with pytest.raises(ConnectionClosed, match="the other side has closed it"):
        await transport.receive()
    await transport.aclose()
    with pytest.raises(ConnectError):
        await way.connect(Address.parse(listener.address))
    assert asyncio.all_tasks() == before


async def test_a_peer_that_vanishes_ends_the_connection_on_both_sides(way: Way, tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def serve(far: Transport) -> None:
        try:
            await echo(far)
        finally:
            ended.set()

    async with (
        await way.listen(serve, tmp_path) as listener,
        relay_to(listener.address, tmp_path) as relay,
    ):
        transport = await way.connect(Address.parse(relay.address))
        await transport.send(b"x")
        assert await transport.receive() == b"x"
        relay.refuses = True
        relay.cut()
        with pytest.raises(ConnectionClosed):
            await transport.receive()
        await ended.wait()
        await transport.aclose()


async def test_a_message_above_the_limit_of_the_receiver_ends_the_connection(
    way: Way, tmp_path: Path
) -> None:
    faults: list[Exception] = []
    refused = asyncio.Event()

    async def receive(far: Transport) -> None:
        assert await far.receive() == b"x" * 10_000
        try:
            await far.receive()
        except ProtocolError as fault:
            faults.append(fault)
        refused.set()

    async with await way.listen(receive, tmp_path, 10_000) as listener:
        transport = await way.connect(Address.parse(listener.address))
        await transport.send(b"x" * 10_000)
        await transport.send(b"x" * 20_000)
        with pytest.raises(ConnectionClosed):
            await transport.receive()
        await refused.wait()
        await transport.aclose()
    assert "10000" in str(faults[0])


async def test_a_message_above_the_limit_of_the_client_is_a_fault(way: Way, tmp_path: Path) -> None:
    async def send(far: Transport) -> None:
        await far.send(b"x" * 10_000)
        await far.send(b"x" * 20_000)
        await far.receive()

    async with await way.listen(send, tmp_path) as listener:
        transport = await way.connect(Address.parse(listener.address), 10_000)
        assert await transport.receive() == b"x" * 10_000
        with pytest.raises(ProtocolError, match=r"10000"):
            await transport.receive()
        with pytest.raises(ConnectionClosed):
            await transport.send(b"x")
        await transport.aclose()


async def test_several_clients_are_served_at_once(way: Way, tmp_path: Path) -> None:
    async with await way.listen(echo, tmp_path) as listener:
        transports = [await way.connect(Address.parse(listener.address)) for _ in range(5)]
        for number, transport in enumerate(transports):
            await transport.send(b"%d" % number)
        assert [await transport.receive() for transport in transports] == [b"%d" % n for n in range(5)]
        await asyncio.gather(*(transport.aclose() for transport in transports))


async def test_messages_do_not_show_in_the_log(over: Connect, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with over("echo") as near:
        await near.send(b'{"token": "hush"}')
        assert await near.receive() == b'{"token": "hush"}'
    assert "hush" not in caplog.text


async def test_the_description_names_the_other_side(over: Connect) -> None:
    async with over("echo") as transport:
        assert transport.describe()


async def test_a_spawned_tcp_server_keeps_the_contract_of_an_echo() -> None:
    transport = await spawn_listening([sys.executable, "-IS", str(CHILD), "listen"], stop_timeout=2)
    try:
        await transport.send(b"x" * 1_000_000)
        assert len(await transport.receive()) == 1_000_000
    finally:
        await transport.aclose()
    with pytest.raises(ConnectionClosed, match="closed on this side"):
        await transport.receive()
