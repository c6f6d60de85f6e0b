"""What runs in the process of a fault: `python -m tests.faults.worker SIDE FAULT JOURNAL`.

It prints the account of each step as a line of JSON, so that what was done before something hangs is known.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.plan import FAULTS, Fault
from tests.faults.programs import BEHAVIOURS, Run, callback_of
from tests.faults.sides.base import Handlers, Side

PEER = Path(__file__).with_name("peer.py")


def main(name: str, fault_name: str, journal: str) -> None:
    """Runs one fault on one side."""
    fault = FAULTS[fault_name]
    # A job in the background is started with SIGINT ignored, and so are its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    peer = [sys.executable, "-I", "-S", str(PEER), fault.peer or fault.name, journal]
    side = side_named(name)(peer, fault.start_seconds)
    run = Run(side, write, fault.turn_seconds, Path(journal))
    prepare(run, fault)
    started = time.monotonic()
    complaints: list[str] = []
    try:
        if fault.closes_loop:
            close_loop(run)
        else:
            asyncio.run(watched(run, fault, complaints))
    except KeyboardInterrupt as interrupt:
        run.report("program", started, interrupt)
    write({"seen": run.seen, "extra": run.extra_calls, "notes": run.notes, "complaints": complaints})


def side_named(name: str) -> Callable[[list[str], float], Side]:
    if name == "ours":
        from tests.faults.sides.ours import Ours

        return Ours
    from tests.faults.sides.official import Official

    return Official


def prepare(run: Run, fault: Fault) -> None:
    run.handlers = Handlers(
        tool=BEHAVIOURS[fault.tool](run) if fault.tool else None,
        permission=BEHAVIOURS[fault.permission](run) if fault.permission else None,
    )
    if fault.callback:
        run.extra_callback = callback_of(fault.callback, run)


async def watched(run: Run, fault: Fault, complaints: list[str]) -> None:
    """Runs the program; what nobody handles reaches the event loop, and this list."""

    def complain(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        complaints.append(f"{context['message']}: {context.get('exception')!r}")

    asyncio.get_running_loop().set_exception_handler(complain)
    await fault.program(run)


def close_loop(run: Run) -> None:
    """Closes the event loop in the middle of a turn, as a program does that has lost its way."""

    async def open_and_begin() -> asyncio.Task[str | None]:
        await run.open()
        turn = asyncio.ensure_future(run.turn())
        await asyncio.to_thread(run.intended.wait)
        return turn

    loop = asyncio.new_event_loop()
    started = time.monotonic()
    loop.run_until_complete(open_and_begin())
    run.report("open", started)
    loop.close()


def write(account: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(account) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
