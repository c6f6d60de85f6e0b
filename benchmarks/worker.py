"""What runs in the process of a sample: `main` is called with a side, a case and the command line of the peer.

Nothing is imported here that a side would have to import itself: the clock starts in a bare interpreter.
"""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from benchmarks.processes import Metrics
    from benchmarks.sides.base import Connection, Side

TASKS: dict[str, Any] = {
    "tasks": [
        {
            "type": "shell",
            "id": "shell-1",
            "description": "Run the tests",
            "status": "running",
            "startedAt": "2026-01-02T03:04:05.678Z",
            "command": "pytest -q",
            "attachmentMode": "detached",
        }
    ]
}
DELTA: dict[str, Any] = {
    "type": "assistant.message_delta",
    "id": "00000000-0000-4000-8000-000000000000",
    "timestamp": "2026-01-02T03:04:05.678Z",
    "parentId": None,
    "ephemeral": True,
    "data": {"messageId": "message-1", "deltaContent": "word "},
}


def main() -> None:
    """Prints the metrics of the sample as JSON."""
    name, case, *peer = sys.argv[1:]
    if case.startswith("runtime_"):
        from benchmarks.servers import measure

        metrics = measure(name, case)
    elif case.startswith("acp_"):
        from benchmarks import acp

        metrics = acp.measure(name, case, peer)
    elif case in STARTUP:
        side = side_named(name)
        metrics = startup(side.package, lambda: STARTUP[case](side, peer))
    else:
        from benchmarks.steady import STEADY

        metrics = STEADY[case](side_named(name), peer)
    import json

    print(json.dumps(metrics))


def side_named(name: str) -> Side:
    if name == "ours":
        from benchmarks.sides.ours import SIDE
    else:
        from benchmarks.sides.official import SIDE
    return SIDE


def startup(package: str, run: Callable[[], object]) -> Metrics:
    """What it costs to do something for the first time in a bare interpreter."""
    modules, memory = set(sys.modules), resident_mib()
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    memory = resident_mib() - memory
    return {
        "cpu_ms": cpu * 1e3,
        "wall_ms": wall * 1e3,
        "rss_mib": memory,
        "modules": len(set(sys.modules) - modules),
        **count_classes(package),
    }


def resident_mib() -> float:
    """Memory of this process, 0 where /proc does not tell."""
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - pathlib is not loaded yet
            pages = int(statm.read().split()[1])
    except OSError:
        return 0.0
    import posix

    return pages * posix.sysconf("SC_PAGE_SIZE") / 2**20


def count_classes(package: str) -> Metrics:
    """How many classes the loaded modules of a package define, and how many of them are finished pydantic models."""
    classes, models = 0, 0
    for name, module in list(sys.modules.items()):
        if name == package or name.startswith(f"{package}."):
            for value in list(vars(module).values()):
                if isinstance(value, type) and value.__module__ == name:
                    classes += 1
                    models += vars(value).get("__pydantic_complete__") is True
    return {"classes": classes, "models": models}


def first_call(call: Callable[[Connection], Awaitable[object]]) -> Callable[[Side, list[str]], object]:
    def run(side: Side, peer: list[str]) -> object:
        import asyncio

        async def connect_and_call() -> object:
            async with side.connect(peer) as connection:
                return await call(connection)

        return asyncio.run(connect_and_call())

    return run


async def open_and_list(connection: Connection) -> object:
    await connection.open_session()
    return await connection.tasks()


STARTUP: dict[str, Callable[[Side, list[str]], object]] = {
    "import": lambda side, _: side.import_package(),
    "client": lambda side, _: side.import_client(),
    "first_result": lambda side, _: (side.import_package(), side.result_decoder()(TASKS)),
    "first_event": lambda side, _: (side.import_package(), side.event_decoder()(DELTA)),
    "first_ping": first_call(lambda connection: connection.ping("x")),
    "first_call": first_call(open_and_list),
}
