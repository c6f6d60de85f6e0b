"""A runtime in the same event loop: nothing is started, nothing leaves the process."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self

from copilot_sdk.runtime.copilot.connection import Connection
from copilot_sdk.runtime.copilot.reception import Reception
from copilot_sdk.runtime.core.clock import Clock
from copilot_sdk.runtime.core.config import Limits
from copilot_sdk.runtime.core.models.base import Model
from copilot_sdk.runtime.core.runtime import Runtime
from copilot_sdk.runtime.core.scope import end_all
from copilot_sdk.runtime.core.scripted_accounts import ScriptedAccounts
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.memory import memory_pair

_logger = logging.getLogger("copilot_sdk.runtime")


class EmbeddedRuntime:
    """Serves any number of clients over memory. Use it as an asynchronous context manager, or call `aclose`."""

    def __init__(self, runtime: Runtime, *, token: str | None = None) -> None:
        """Prepares to serve.

        Args:
            runtime: What is served; it is closed at the end.
            token: What clients have to know; None lets everybody in.
        """
        self.runtime = runtime
        self._token = token
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def connect(self) -> Transport:
        """Opens a connection.

        Returns:
            The client's end of it. Closing it leaves all sessions, as a client that goes away does.
        """
        ours, theirs = memory_pair()
        self._serve(Connection(self.runtime, Reception(ours, token=self._token)).serve(), "embedded runtime")
        return theirs

    def connect_acp(self) -> Transport:
        """Opens a connection that speaks the Agent Client Protocol: `acp.connect(runtime.connect_acp())`.

        Returns:
            The client's end of it.
        """
        from copilot_sdk.runtime.acp.front import serve

        ours, theirs = memory_pair()
        self._serve(serve(self.runtime, ours), "embedded agent")
        return theirs

    def connect_synaps(self, *, folder: Path | None = None, continued: str | None = None) -> Transport:
        """Opens a connection as `synaps rpc` has it, for `copilot_sdk.synaps.connect(transport=...)`.

        Args:
            folder: Where the agent works; None for the folder of this program.
            continued: Identifier, name, or the beginning of one, of the session to go on with; None for a new one.

        Returns:
            The client's end of it. Closing it ends the session; what is stored of it stays.
        """
        from copilot_sdk.runtime.synaps.front import Front, Options

        ours, theirs = memory_pair()
        front = Front(self.runtime, ours, Options(folder or Path.cwd(), continued))
        self._serve(front.serve(), "embedded synaps")
        return theirs

    def _serve(self, work: Coroutine[Any, Any, None], name: str) -> None:
        def ended(task: asyncio.Task[None]) -> None:
            self._serving.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                _logger.error("%s has ended: %s", name, error)

        task = asyncio.get_running_loop().create_task(work, name=name)
        self._serving.add(task)
        task.add_done_callback(ended)

    async def aclose(self) -> None:
        """Ends all sessions and connections."""
        await self.runtime.aclose()
        if serving := set(self._serving):
            await end_all(serving)


def embedded(
    model: Model | None = None,
    *,
    home: str | os.PathLike[str] | None = None,
    limits: Limits | None = None,
    token: str | None = None,
    accounts: ScriptedAccounts | None = None,
    clock: Clock | None = None,
) -> EmbeddedRuntime:
    """Makes a runtime that lives in the running event loop.

    Args:
        model: The model of all sessions that bring no provider; None plays the directives in the prompt.
        home: The home folder; None makes one that is deleted at the end.
        limits: How long to wait and how often to try.
        token: What clients have to know; None lets everybody in.
        accounts: Who can sign in; the model then answers those alone who are signed in. None for nobody.
        clock: What scheduled prompts and new tries of model calls go by; None for the clock of the machine.
    """
    known = None if accounts is None else accounts.for_runtime()
    folder = None if home is None else Path(home)
    runtime = Runtime(home=folder, model=model, limits=limits, accounts=known, clock=clock)
    return EmbeddedRuntime(runtime, token=token)
