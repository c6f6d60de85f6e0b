"""What a warm process can do: cases that measure rates, not first times."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from benchmarks import peer as peer_program
from benchmarks import recorded
from benchmarks.processes import Metrics
from benchmarks.sides.base import Connection, Side

T = TypeVar("T")

DELTAS = 10_000
OTHERS = 4
CALLS = 100
FRAME = 64 * 2**20
_PASSES = 7
_FEW = 3
_MANY = 20


def per_item_us(action: Callable[[T], object], items: Sequence[T]) -> float:
    """Microseconds of CPU time for one item: the best of several passes, after one that is not counted."""
    for item in items:
        action(item)
    passes = []
    for _ in range(_PASSES):
        start = time.process_time()
        for item in items:
            action(item)
        passes.append(time.process_time() - start)
    return min(passes) / len(items) * 1e6


async def timed(action: Callable[[], Awaitable[object]], count: int, *, passes: int) -> Metrics:
    """Wall and CPU microseconds for each of so many things that `action` does: the best of some passes."""
    taken: list[tuple[float, float]] = []
    for _ in range(passes):
        wall, cpu = time.perf_counter(), time.process_time()
        await action()
        taken.append((time.perf_counter() - wall, time.process_time() - cpu))
    wall, cpu = map(min, zip(*taken, strict=True))
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


def turns(
    play: Callable[[Connection, int], Awaitable[object]], expected: object
) -> Callable[[Side, list[str]], Metrics]:
    """A turn that streams, and what has to come of it."""

    async def measure(connection: Connection) -> Metrics:
        await play(connection, 10)

        async def once() -> None:
            if (came := await play(connection, DELTAS)) != expected:
                raise RuntimeError(f"{came} came of the turn, not {expected}")

        return await timed(once, DELTAS, passes=_FEW)

    return lambda side, peer: connected(side, peer, measure)


# -------------------------------------------------------------------------------- calls


def sequential(call: Callable[[Connection], Awaitable[object]]) -> Callable[[Side, list[str]], Metrics]:
    async def measure(connection: Connection) -> Metrics:
        await call(connection)

        async def one_after_another() -> None:
            for _ in range(CALLS):
                await call(connection)

        return await timed(one_after_another, CALLS, passes=_MANY)

    return lambda side, peer: connected(side, peer, measure)


def concurrent_calls(side: Side, peer: list[str]) -> Metrics:
    async def measure(connection: Connection) -> Metrics:
        await connection.tasks()

        async def at_once() -> None:
            await asyncio.gather(*(connection.tasks() for _ in range(CALLS)))

        return await timed(at_once, CALLS, passes=_MANY)

    return connected(side, peer, measure)


def large_frame(side: Side, peer: list[str]) -> Metrics:
    """One `ping` whose message, and so whose answer, has 64 MiB."""

    async def measure(connection: Connection) -> Metrics:
        text = "x" * FRAME
        await connection.ping("")
        return await timed(lambda: connection.ping(text), 1, passes=1)

    return connected(side, peer, measure)


def stop(side: Side, peer: list[str]) -> Metrics:
    """The end of the client, and of the CLI that it has started."""
    return asyncio.run(stopped(side, peer))


def stop_dead(side: Side, peer: list[str]) -> Metrics:
    """The end of a client whose CLI has ended before."""

    async def kill(connection: Connection) -> None:
        with suppress(Exception):
            await connection.ping(peer_program.DIE)

    return asyncio.run(stopped(side, peer, kill))


async def stopped(
    side: Side, peer: list[str], before: Callable[[Connection], Awaitable[None]] | None = None
) -> Metrics:
    start = 0.0
    # The official SDK raises where the CLI is gone that it wants to say goodbye to.
    with suppress(ExceptionGroup):
        async with side.connect(peer) as connection:
            await connection.open_session()
            if before is not None:
                await before(connection)
            start = time.perf_counter()
    return {"wall_ms": (time.perf_counter() - start) * 1e3}


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

            return await timed(one_after_another, CALLS, passes=_MANY)

    return asyncio.run(run())


STEADY: dict[str, Callable[[Side, list[str]], Metrics]] = {
    "decode_turn": decode_turn,
    "decode_broad": decode_broad,
    "decode_unpublished": decode_unpublished,
    "decode_lines": decode_lines,
    "stream": turns(lambda connection, deltas: connection.stream(deltas), DELTAS + OTHERS),
    "iterate": turns(lambda connection, deltas: connection.iterate(deltas), DELTAS + OTHERS),
    "answer": turns(lambda connection, deltas: connection.answer(deltas), "All that was said."),
    "ping": sequential(lambda connection: connection.ping("x")),
    "call": sequential(lambda connection: connection.tasks()),
    "concurrent": concurrent_calls,
    "stop": stop,
    "stop_dead": stop_dead,
    "memory": memory_calls,
    "large_frame": large_frame,
}
