from __future__ import annotations

import asyncio

import pytest

from copilot_sdk.errors import ConnectionClosed
from copilot_sdk.transports.memory import memory_pair


async def step() -> None:
    """Let every task that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_each_end_receives_what_the_other_one_sends() -> None:
    one, other = memory_pair()
    await one.send(b"from one")
    await other.send(b"from the other")
    assert await one.receive() == b"from the other"
    assert await other.receive() == b"from one"


async def test_a_sender_waits_when_the_buffer_is_full_and_goes_on_when_half_of_it_is_free() -> None:
    one, other = memory_pair(buffer=10)
    await one.send(b"12345")
    sending = asyncio.create_task(one.send(b"678901"))
    await step()
    assert not sending.done()
    assert await other.receive() == b"12345"
    await step()
    assert not sending.done()
    assert await other.receive() == b"678901"
    await sending


async def test_senders_that_wait_go_on_one_after_the_other() -> None:
    one, other = memory_pair(buffer=1)
    senders = [asyncio.create_task(one.send(b"%d" % number * 10)) for number in range(4)]
    for number in range(4):
        await step()
        assert [sender.done() for sender in senders] == [n < number for n in range(4)]
        assert await other.receive() == b"%d" % number * 10
    await asyncio.wait(senders)


async def test_a_full_buffer_in_one_direction_does_not_hold_up_the_other() -> None:
    one, other = memory_pair(buffer=1)
    sending = asyncio.create_task(one.send(b"too much"))
    await step()
    await other.send(b"x")
    assert await one.receive() == b"x"
    assert await other.receive() == b"too much"
    await sending


async def test_the_other_end_learns_that_this_one_was_closed() -> None:
    one, other = memory_pair(buffer=1)
    receiving = asyncio.create_task(one.receive())
    sending = asyncio.create_task(one.send(b"too much"))
    await step()
    await other.aclose()
    for task in (receiving, sending):
        with pytest.raises(ConnectionClosed, match="closed on the other side"):
            await task


async def test_what_was_sent_before_closing_can_still_be_received() -> None:
    one, other = memory_pair()
    await one.send(b"last words")
    await one.aclose()
    assert await other.receive() == b"last words"
    with pytest.raises(ConnectionClosed, match="closed on the other side"):
        await other.receive()
