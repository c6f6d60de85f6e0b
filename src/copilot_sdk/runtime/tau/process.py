"""The daemon as a process of its own."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from copilot_sdk.runtime.core.config import Limits
from copilot_sdk.runtime.core.runtime import Runtime
from copilot_sdk.runtime.tau.daemon import Daemon
from copilot_sdk.runtime.world import World


def run(path: Path, home: Path, make_world: Callable[[], World], limits: Limits) -> None:
    """Serves clients until one of them asks for the end, or a signal comes; starts anew where they want that.

    Args:
        path: The file of the socket.
        home: The folder of the sessions.
        make_world: Gives the model and the accounts of one daemon.
        limits: How long to wait and how often to try.

    Raises:
        ConnectError: The path cannot be used, or somebody listens there.
    """
    while asyncio.run(_serve(path, home, make_world(), limits)):
        pass


async def _serve(path: Path, home: Path, world: World, limits: Limits) -> bool:
    """Serves clients, and tells whether another daemon is to start."""
    runtime = Runtime(
        home=home,
        model=world.model,
        default_model=world.default_model,
        limits=limits,
        accounts=world.accounts,
    )
    async with Daemon(runtime) as daemon:
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError):  # Windows has no signal handlers in its event loop.
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, lambda: daemon.shut_down(restart=False))
        async with await daemon.listen(path):
            print(f"tau daemon listening on {path}", flush=True)
            return await daemon.ended()
