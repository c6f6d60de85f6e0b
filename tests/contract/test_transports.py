"""What every transport promises, tried on each of them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from copilot_sdk.errors import ConnectionClosed, UsageError
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.memory import memory_pair
from copilot_sdk.transports.stdio import StdioTransport
from copilot_sdk.transports.tcp import connect, listen, spawn_listening

CHILD = Path(__file__).parents[1] / "support" / "framed_child.py"

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
async def over_stdio(mode: str) -> AsyncIterator[Transport]:
    near = await StdioTransport.spawn([sys.executable, "-IS", str(CHILD), mode], stop_timeout=0.5)
    try:
        yield near
    finally:
        await near.aclose()


@asynccontextmanager
async def over_tcp(mode: str) -> AsyncIterator[Transport]:
    async with await listen("127.0.0.1", 0, FAR_ENDS[mode]) as listener:
        near = await connect("127.0.0.1", listener.port)
        try:
            yield near
        finally:
            await near.aclose()


@pytest.fixture(params=[over_memory, over_stdio, over_tcp], ids=["memory", "stdio", "tcp"])
def over(request: pytest.FixtureRequest) -> Connect:
    connected: Connect = request.param
    return connected


@pytest.mark.parametrize(
    "message",
    [b"{}", b"", "ünïcödé \U0001f600".encode(), b"\r\n\r\nContent-Length: 3\r\n\r\n", b"x" * 1_000_000],
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
        await asyncio.wait(senders)


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
