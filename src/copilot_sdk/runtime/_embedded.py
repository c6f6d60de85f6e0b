"""A runtime in the same event loop: nothing is started, nothing leaves the process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Self

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
        connection = Connection(self.runtime, Reception(ours, token=self._token))
        task = asyncio.get_running_loop().create_task(connection.serve(), name="embedded runtime")
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        return theirs

    async def aclose(self) -> None:
        """Ends all sessions and connections."""
        await self.runtime.aclose()
        if serving := set(self._serving):
            await end_all(serving)


def embedded(
    model: Model | None = None,
    *,
    home: Path | None = None,
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
    runtime = Runtime(home=home, model=model, limits=limits, accounts=known, clock=clock)
    return EmbeddedRuntime(runtime, token=token)
