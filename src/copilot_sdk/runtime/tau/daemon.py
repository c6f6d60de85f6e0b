"""The daemon: sessions, tasks and connections, from its start to its end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from copilot_sdk._generated.tau.types import AgentDoneResponse, ErrorResponse
from copilot_sdk._protocol.exchanges import SHUTTING_DOWN
from copilot_sdk._protocol.lines import LINES
from copilot_sdk.runtime.core.runtime import Runtime
from copilot_sdk.runtime.core.scope import TaskScope
from copilot_sdk.runtime.tau.board import Board
from copilot_sdk.runtime.tau.connection import Connection
from copilot_sdk.runtime.tau.mail import REPLY_SECONDS, Mail
from copilot_sdk.runtime.tau.own_tools import OwnTools
from copilot_sdk.runtime.tau.plugins.host import PluginHost
from copilot_sdk.runtime.tau.plugins.process import PluginHouse
from copilot_sdk.runtime.tau.plugins.requests import PluginRequests
from copilot_sdk.runtime.tau.pulse import Pulse
from copilot_sdk.runtime.tau.scheduler import Scheduler
from copilot_sdk.runtime.tau.sessions import Sessions
from copilot_sdk.runtime.tau.settings import Settings
from copilot_sdk.runtime.tau.worktrees import Worktrees
from copilot_sdk.transports import unix
from copilot_sdk.transports.memory import memory_pair

if TYPE_CHECKING:
    from copilot_sdk.transports._listener import Listener
    from copilot_sdk.transports.base import Transport

DRAIN_SECONDS = 180.0
PLUGIN_SECONDS = 10.0
_FAREWELL_SECONDS = 1.0
_DRAIN_VARIABLE = "TAU_SHUTDOWN_DRAIN_SECS"


class Daemon:
    """Serves any number of clients. Use it as an asynchronous context manager, or call `aclose`.

    Attributes:
        runtime: Where the sessions live; it ends with the daemon.
        settings: What users configure.
        sessions: The sessions.
        board: The tasks.
        scheduler: Who gives tasks to sessions.
        mail: Messages that wait for a reply.
        plugins: The plugins.
        draining: Whether nothing new is begun any more, since the daemon is to end.
        moved: Beats when a connection has served a request, or is gone.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        reply_seconds: float = REPLY_SECONDS,
        drain_seconds: float | None = None,
        plugin_seconds: float = PLUGIN_SECONDS,
    ) -> None:
        """Reads what is stored.

        Args:
            runtime: Where the sessions live; it is closed at the end.
            reply_seconds: How long a message waits for a reply.
            drain_seconds: How long a shutdown waits for agents; `TAU_SHUTDOWN_DRAIN_SECS`, or else 180, when None.
            plugin_seconds: How long a plugin may take to register, and to answer a hook.
        """
        self.runtime = runtime
        self.scope = TaskScope("tau")
        self.settings = Settings(runtime.home)
        self.board = Board(runtime.home / "tau-tasks.json")
        self.mail = Mail(reply_seconds)
        house = PluginHouse(TaskScope("requests of plugins"), PluginRequests(self).serve, plugin_seconds)
        self.plugins = PluginHost(self.settings, runtime.home, self.scope, house)
        self.sessions = Sessions(runtime, OwnTools(self).run, self.plugins)
        self.sessions.on_end = self.archive_sessions
        self._worktrees = Worktrees(runtime.home / "tau-worktrees")
        self.scheduler = Scheduler(self.board, self.sessions, self._worktrees, self.scope)
        self.draining = False
        self.moved = Pulse()
        self._drain_seconds = (
            float(os.environ.get(_DRAIN_VARIABLE) or DRAIN_SECONDS)
            if drain_seconds is None
            else drain_seconds
        )
        self._connections: set[Connection] = set()
        self._ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def connect(self) -> Transport:
        """Open a connection within the process.

        Returns:
            The client's end of it.
        """
        ours, theirs = memory_pair()
        self.scope.start(self.serve(ours), name="connection")
        return theirs

    async def listen(self, path: str | os.PathLike[str]) -> Listener:
        """Accept connections of this user; the folder of the socket is made where there is none.

        Args:
            path: Where to make the file of the socket; one that nobody listens on is replaced.

        Raises:
            ConnectError: The path cannot be used, or somebody listens there.
        """
        folder = Path(path).parent
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True)
        return await unix.listen(path, self.serve, framing=LINES)

    async def serve(self, transport: Transport) -> None:
        """Serve one client until its connection ends."""
        connection = Connection(self, transport)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
            self.moved.beat()

    def shut_down(self, *, restart: bool) -> None:
        """Begin to end: idle clients are told at once, agents may finish what they do."""
        if not self.draining:
            self.draining = self.scheduler.paused = True
            self.scope.start(self._drain(restart), name="shutdown")

    async def ended(self) -> bool:
        """Wait for the end that a client asked for, and tell whether another daemon is to start."""
        return await asyncio.shield(self._ended)

    async def aclose(self) -> None:
        """End all connections and sessions; what is stored stays."""
        # Work that ends from now on leads to no other.
        self.sessions.on_rest = lambda _: None
        self.sessions.on_end = lambda _: None
        await self.scope.aclose()
        await self._worktrees.aclose()
        await self.runtime.aclose()
        await self.plugins.aclose()

    def archive_sessions(self, task_id: int) -> None:
        """Begin to put all sessions of a task away."""
        self.scope.start(self._archive_sessions(task_id), name=f"archive task {task_id}")

    async def _archive_sessions(self, task_id: int) -> None:
        for session_id in dict.fromkeys(role.session_id for role in self.board[task_id].roles):
            if session_id in self.sessions.tree:
                await self.sessions.archive(session_id)

    async def _drain(self, restart: bool) -> None:
        await self._say_farewell(restart=restart, to_busy=False)
        try:
            async with asyncio.timeout(self._drain_seconds):
                while any(session.busy for session in self.sessions.live):
                    await self.sessions.rested.wait()
        except TimeoutError:
            for session in self.sessions.live:
                if session.busy:
                    session.channel.tell(ErrorResponse(message=SHUTTING_DOWN))
                    session.channel.tell(AgentDoneResponse())
            # What has been told goes out before the connections end.
            await self._until(lambda: all(connection.idle for connection in self._connections))
        await self._say_farewell(restart=restart, to_busy=True)
        await self._until(lambda: not self._connections)
        if not self._ended.done():
            self._ended.set_result(restart)

    async def _until(self, quiet: Callable[[], bool]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                while not quiet():
                    await self.moved.wait()

    async def _say_farewell(self, *, restart: bool, to_busy: bool) -> None:
        chosen = [connection for connection in self._connections if connection.idle or to_busy]
        await asyncio.gather(*(connection.say_farewell(restart=restart) for connection in chosen))
