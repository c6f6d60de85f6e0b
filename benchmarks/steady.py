"""What a warm process can do: cases that measure rates, not first times."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from benchmarks import recorded
from benchmarks.processes import Metrics
from benchmarks.sides.base import Connection, Side

T = TypeVar("T")

DELTAS = 10_000
CALLS = 1_000
CONCURRENT = 100
ROUNDS = 10
FRAME = 64 * 2**20
_PASSES = 7


def per_item_us(action: Callable[[T], object], items: Sequence[T]) -> float:
    """Microseconds of CPU time for one item: the median of several passes, after one that is not counted."""
    for item in items:
        action(item)
    passes = []
    for _ in range(_PASSES):
        start = time.process_time()
        for item in items:
            action(item)
        passes.append(time.process_time() - start)
    return statistics.median(passes) / len(items) * 1e6


async def timed(action: Callable[[], Awaitable[object]], count: int) -> Metrics:
    """Wall and CPU microseconds for each of so many things that `action` does."""
    wall, cpu = time.perf_counter(), time.process_time()
    await action()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"wall_us": wall / count * 1e6, "cpu_us": cpu / count * 1e6}


def connected(side: Side, peer: list[str], measure: Callable[[Connection], Awaitable[Metrics]]) -> Metrics:
    async def run() -> Metrics:
        async with side.connect(peer) as connection:
            await connection.open_session()
            return await measure(connection)

    return asyncio.run(run())


# ------------------------------------------------------------------------------- events


def decode_turn(side: Side, _: list[str]) -> Metrics:
    """The events of a streamed turn."""
    return decode(recorded.turn_events(), side.event_decoder())


def decode_broad(side: Side, _: list[str]) -> Metrics:
    """The broad recording."""
    return decode(recorded.broad_events(), side.event_decoder())


def decode_unpublished(side: Side, _: list[str]) -> Metrics:
    """The rest of the broad recording."""
    return decode(recorded.unpublished_events(), side.event_decoder())


def decode(events: list[Any], decoder: Callable[[Any], object]) -> Metrics:
    texts = [json.dumps(event, separators=(",", ":")).encode() for event in events]
    return {
        "cpu_us": per_item_us(decoder, events),
        "json_us": per_item_us(json.loads, texts),
        "events": len(events),
    }


def decode_lines(side: Side, _: list[str]) -> Metrics:
    """From the bytes of a message to a typed event."""
    return {"cpu_us": per_item_us(side.line_decoder(), recorded.turn())}


def stream_deltas(side: Side, peer: list[str]) -> Metrics:
    """Events through a session to a subscriber."""

    async def measure(connection: Connection) -> Metrics:
        await connection.stream(10)

        async def stream() -> None:
            seen = await connection.stream(DELTAS)
            if seen != DELTAS + 1:
                raise RuntimeError(f"{seen} events came, not {DELTAS + 1}")

        return await timed(stream, DELTAS)

    return connected(side, peer, measure)


# -------------------------------------------------------------------------------- calls


def sequential(call: Callable[[Connection], Awaitable[object]]) -> Callable[[Side, list[str]], Metrics]:
    async def measure(connection: Connection) -> Metrics:
        await call(connection)

        async def one_after_another() -> None:
            for _ in range(CALLS):
                await call(connection)

        return await timed(one_after_another, CALLS)

    return lambda side, peer: connected(side, peer, measure)


def concurrent_calls(side: Side, peer: list[str]) -> Metrics:
    async def measure(connection: Connection) -> Metrics:
        await connection.tasks()

        async def rounds() -> None:
            for _ in range(ROUNDS):
                await asyncio.gather(*(connection.tasks() for _ in range(CONCURRENT)))

        return await timed(rounds, ROUNDS * CONCURRENT)

    return connected(side, peer, measure)


def large_frame(side: Side, peer: list[str]) -> Metrics:
    """One `ping` whose message, and so whose answer, has 64 MiB."""

    async def measure(connection: Connection) -> Metrics:
        text = "x" * FRAME
        await connection.ping("")
        return await timed(lambda: connection.ping(text), 1)

    return connected(side, peer, measure)


def memory_calls(_side: Side, _peer: list[str]) -> Metrics:
    """Calls between two peers of ours in one process: no pipe, no other process, no types."""
    from copilot_sdk._rpc.peer import Peer
    from copilot_sdk.transports.memory import memory_pair

    async def answer(_method: str, params: dict[str, Any]) -> dict[str, Any]:
        return params

    async def run() -> Metrics:
        near, far = memory_pair()
        async with Peer(far, on_request=answer), Peer(near) as peer:
            await peer.request("ping", {"message": "x"})

            async def one_after_another() -> None:
                for _ in range(CALLS):
                    await peer.request("ping", {"message": "x"})

            return await timed(one_after_another, CALLS)

    return asyncio.run(run())


STEADY: dict[str, Callable[[Side, list[str]], Metrics]] = {
    "decode_turn": decode_turn,
    "decode_broad": decode_broad,
    "decode_unpublished": decode_unpublished,
    "decode_lines": decode_lines,
    "stream": stream_deltas,
    "ping": sequential(lambda connection: connection.ping("x")),
    "call": sequential(lambda connection: connection.tasks()),
    "concurrent": concurrent_calls,
    "memory": memory_calls,
    "large_frame": large_frame,
}
