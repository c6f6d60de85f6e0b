"""The programs of the matrix: what is done with a client while the peer misbehaves."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

from tests.faults.sides.base import EventCallback, Handler, Handlers, Side

BLOCK_SECONDS = 0.5
CALL_SECONDS = 0.3
PING_SECONDS = 5.0
_SHOWN = 60


class Run:
    """One client, and the account of what it went through.

    Attributes:
        seen: Identifiers of the events that the program was called with.
        notes: What else happened, in words.
        stopping: Whether the client is being stopped, or was.
        stopped: Whether it was; what happens then is the doing of `asyncio.run`.
        extra_calls: How often the second subscriber was called.
        intended: Set when an `assistant.intent` has come.
        loop: The event loop that the client belongs to.

    Args:
        side: The client.
        report: Takes the account of each step.
        turn_seconds: How long a turn may take.
        journal: Where the peer writes.
    """

    loop: asyncio.AbstractEventLoop

    def __init__(
        self, side: Side, report: Callable[[dict[str, Any]], None], turn_seconds: float, journal: Path
    ) -> None:
        self.side = side
        self.turn_seconds = turn_seconds
        self.journal = journal
        self.seen: list[str] = []
        self.notes: list[str] = []
        self.handlers = Handlers()
        self.extra_callback: EventCallback | None = None
        self.intended = threading.Event()
        self.stopping = False
        self.stopped = False
        self.extra_calls = 0
        self._report = report

    async def step(self, name: str, work: Awaitable[str | None]) -> bool:
        """Does something and reports how long it took and how it ended.

        Returns:
            Whether it ended without an error.
        """
        self._report({"begins": name})
        started = time.monotonic()
        error: BaseException | None = None
        result = None
        try:
            result = await work
        except Exception as raised:  # noqa: BLE001 - any outcome is of interest
            error = raised
        self.report(name, started, error, result)
        return error is None

    def report(
        self, name: str, started: float, error: BaseException | None = None, result: str | None = None
    ) -> None:
        shown = result if result is None or len(result) <= _SHOWN else f"{len(result)} characters"
        self._report(
            {
                "step": name,
                "seconds": time.monotonic() - started,
                "error": None if error is None else name_of(error),
                "text": None if error is None else str(error)[:500],
                "result": shown,
                "seen": self.seen,
            }
        )

    async def open(self) -> None:
        """Starts the client and opens the session."""
        self.loop = asyncio.get_running_loop()
        await self.side.start()
        await self.side.open_session(self.handlers)
        if (callback := self.extra_callback) is not None:

            def counted(kind: str, identifier: str) -> Awaitable[None] | None:
                self.extra_calls += 1
                return callback(kind, identifier)

            self.side.on_event(counted)
        self.side.on_event(self._count)

    def _count(self, kind: str, identifier: str) -> None:
        self.seen.append(identifier)
        if kind == "assistant.intent":
            self.intended.set()

    def turn(self, prompt: str = "Go.") -> Awaitable[str | None]:
        return self.side.turn(prompt, self.turn_seconds)

    async def afterwards(self) -> None:
        """Sees what the connection is good for, and ends it."""
        await self.step("ping", self.side.ping("still there?", PING_SECONDS))
        await self.stop()

    async def stop(self) -> None:
        """Stops the client, once all that can go on has done so."""
        for _ in range(10):
            await asyncio.sleep(0)
        self.stopping = True
        await self.step("stop", silent(self.side.stop()))
        self.stopped = True

    def peer_pid(self) -> int:
        return int(json.loads(self.journal.read_text(encoding="utf-8").splitlines()[0])["pid"])


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def name_of(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        inner = sorted({name_of(item) for item in error.exceptions})
        return f"{type(error).__name__}({', '.join(inner)})"
    return type(error).__name__


async def silent(work: Awaitable[None]) -> None:
    await work


# ------------------------------------------------- what handlers do instead


def plain(run: Run) -> Handler:
    return lambda: "done"


def raises(run: Run) -> Handler:
    def handler() -> str:
        raise ValueError("broken on purpose")

    return handler


def blocks(run: Run) -> Handler:
    """A plain function that waits for something which only a running event loop can bring."""

    def handler() -> str:
        turned = threading.Event()
        run.loop.call_soon_threadsafe(turned.set)
        free = turned.wait(BLOCK_SECONDS)
        run.notes.append("the events go on meanwhile" if free else "everything waits for it")
        return "done"

    return handler


def never_returns(run: Run) -> Handler:
    async def handler() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not run.stopped:
                when = " when the client is stopped" if run.stopping else ""
                run.notes.append(f"the handler is cancelled{when}")
            raise
        raise AssertionError

    return handler


def cancels(run: Run) -> Handler:
    async def handler() -> str:
        raise asyncio.CancelledError

    return handler


def raises_cancelled(kind: str, identifier: str) -> None:
    raise asyncio.CancelledError


def kills_the_peer(run: Run) -> Handler:
    endless = never_returns(run)

    async def handler() -> str:
        os.kill(run.peer_pid(), signal.SIGKILL)
        outcome = endless()
        assert not isinstance(outcome, str)
        return await outcome

    return handler


BEHAVIOURS: dict[str, Callable[[Run], Handler]] = {
    "plain": plain,
    "raises": raises,
    "blocks": blocks,
    "never-returns": never_returns,
    "cancels": cancels,
    "kills": kills_the_peer,
}


def callback_of(behaviour: str, run: Run) -> EventCallback:
    handler = BEHAVIOURS[behaviour](run)
    if behaviour == "cancels":
        return raises_cancelled
    if behaviour == "blocks":
        return lambda kind, _: time.sleep(BLOCK_SECONDS) if kind == "user.message" else None
    if behaviour == "raises":

        def raising(kind: str, identifier: str) -> None:
            handler()

        return raising

    async def waiting(kind: str, identifier: str) -> None:
        outcome = handler()
        assert not isinstance(outcome, str)
        await outcome

    return waiting


# -------------------------------------------------------------- the programs


async def one_turn(run: Run) -> None:
    if await run.step("open", silent(run.open())):
        await run.step("turn", run.turn())
        await run.afterwards()


async def two_turns(run: Run) -> None:
    if await run.step("open", silent(run.open())):
        await run.step("first", run.turn())
        await run.step("turn", run.turn())
        await run.afterwards()


async def send_then_turn(run: Run) -> None:
    if await run.step("open", silent(run.open())):
        await run.step("first", silent(run.side.send("First.")))
        await run.step("turn", run.turn())
        await run.afterwards()


async def late_reply(run: Run) -> None:
    if await run.step("open", silent(run.open())):
        await run.step("call", run.side.ping("late", CALL_SECONDS))
        await run.step("turn", run.turn())
        await run.afterwards()


async def call_only(run: Run) -> None:
    if await run.step("open", silent(run.open())):
        await run.step("call", run.side.ping("die", PING_SECONDS))
        await run.afterwards()


async def pipelined(run: Run) -> None:
    async def calls() -> str:
        messages = [f"call {number}" for number in range(3)]
        answers = await asyncio.gather(*(run.side.ping(message, PING_SECONDS) for message in messages))
        return "own" if answers == [f"pong: {message}" for message in messages] else str(answers)

    if await run.step("open", silent(run.open())):
        await run.step("call", calls())
        await run.step("turn", run.turn())
        await run.stop()


async def lagging(run: Run) -> None:
    if await run.step("open", silent(run.open())):
        read = run.side.lagging_reader()
        await run.step("turn", run.turn())
        run.notes.append(await read())
        await run.afterwards()


async def large_prompt(run: Run) -> None:
    """A prompt that no pipe takes unread; then somebody ends the peer."""
    if await run.step("open", silent(run.open())):
        await run.step("turn", run.turn("x" * 1024 * 1024))
        os.kill(run.peer_pid(), signal.SIGKILL)
        await run.stop()


async def start_only(run: Run) -> None:
    """A start that fails, and a look at what it leaves while the program goes on."""
    if not await run.step("open", silent(run.side.start())) and is_alive(run.peer_pid()):
        run.notes.append("the process runs until the client is stopped")
    await run.stop()


async def stop_only(run: Run) -> None:
    if await run.step("open", silent(run.open())):
        await run.stop()


async def interrupted(run: Run) -> None:
    def interrupt(kind: str, identifier: str) -> None:
        if kind == "assistant.intent":
            # As a terminal does it: to all that belongs to the program.
            os.killpg(0, signal.SIGINT)

    run.extra_callback = interrupt
    await run.step("open", silent(run.open()))
    try:
        await run.turn()
    finally:
        await run.stop()


Program: TypeAlias = Callable[[Run], Awaitable[None]]
