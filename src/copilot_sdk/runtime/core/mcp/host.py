"""The MCP servers of a session, or of one agent in it: which there are, which run, and what they offer."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.diagnostics import Diagnostics
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.mcp.credentials import SIGN_IN, CredentialRequests
from copilot_sdk.runtime.core.mcp.faults import ConnectFault, ConnectionLost, NeedsAuth
from copilot_sdk.runtime.core.mcp.sampling import Sampling
from copilot_sdk.runtime.core.mcp.server import Server, Status, describe, source_of
from copilot_sdk.runtime.core.mcp.sign_ins import SignIns
from copilot_sdk.runtime.core.mcp.spec import EnvMode, ServerSpec
from copilot_sdk.runtime.core.mcp.tool import MCPTool, is_for
from copilot_sdk.runtime.core.mcp.trail import Trail
from copilot_sdk.runtime.core.scope import end_all

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.mcp.connection import Connection
    from copilot_sdk.runtime.core.session import Session

Json = Mapping[str, object]

MISSING = 'MCP servers need the Python package "mcp": install copilot-sdk[mcp]'


def is_available() -> bool:
    """Whether the package that speaks to MCP servers is installed."""
    return find_spec("mcp") is not None


class MCPHost:
    """Starts servers when they are first needed, and ends them.

    Attributes:
        credentials: The requests for tokens and headers.
        sampling: What servers want to ask the model.
        sign_ins: The sign-ins that the runtime carries out itself.
        env_mode: What the values of variables in their settings mean.
        app_context: What apps are told about where they are shown.
    """

    def __init__(
        self,
        session: Session,
        specs: Mapping[str, ServerSpec],
        *,
        disabled: Iterable[str] = (),
        env_mode: EnvMode = "direct",
        quiet: bool = False,
    ) -> None:
        """Prepares the servers; none is started.

        Args:
            session: Whose they are.
            specs: Their settings by name.
            disabled: The names of those that are turned off.
            env_mode: What the values of variables mean.
            quiet: Whether the clients are told no more than that tools were loaded.
        """
        self._session = session
        self._quiet = quiet
        self._servers: dict[str, Server] = {}
        self._needed = False
        self._loading: asyncio.Task[None] | None = None
        self._released = asyncio.Event()
        self._waiting = 0
        self.credentials = CredentialRequests(session)
        self.diagnostics = Diagnostics()
        self._numbers = itertools.count(1)
        self.sampling = Sampling(session)
        self.sign_ins = SignIns(session)
        self.env_mode: EnvMode = env_mode
        self.app_context: Json = {}
        self._configure(specs, disabled)

    def __iter__(self) -> Iterator[tuple[str, Server]]:
        return iter(sorted(self._servers.items()))

    def __bool__(self) -> bool:
        return bool(self._servers)

    def _configure(self, specs: Mapping[str, ServerSpec], disabled: Iterable[str]) -> None:
        off = set(disabled)
        names = {*specs, *off}
        self._servers = {name: Server(specs.get(name)) for name in names}
        for name in off:
            self._servers[name].status = "disabled"

    async def ready(self, *, for_turn: bool = False) -> None:
        """Returns once every server that is wanted is connected or has failed; the first call starts them.

        Args:
            for_turn: Whether a turn waits, which `release` lets go on.
        """
        if not self._needed:
            self._needed = True
            self._loading = self._session.scope.start(self._start_all(), name="MCP servers")
        if (loading := self._loading) is not None and not loading.done():
            released = asyncio.ensure_future(self._released.wait())
            self._waiting += for_turn
            try:
                await asyncio.wait(
                    {loading, released} if for_turn else {loading}, return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                self._waiting -= for_turn
                await end_all({released})
        for _, server in self:
            if (connection := server.live) is not None and connection.stale:
                await connection.reload()

    def release(self) -> bool:
        """Lets turns go on that wait for servers.

        Returns:
            Whether there were any.
        """
        if self._waiting == 0:
            return False
        self._released.set()
        return True

    async def _start_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for name, server in self:
                if server.status != "disabled":
                    group.create_task(self._start_quietly(name, server), name=f"MCP server {name}")

    async def _start_quietly(self, name: str, server: Server) -> None:
        try:
            await self._connect(name, server)
        except RuntimeFault:
            return  # the clients have been told

    async def _connect(self, name: str, server: Server) -> None:
        spec = server.spec
        if spec is None:
            raise RuntimeFault(f'MCP server "{name}" has no installed config to restart')
        self._set(name, server, "pending")
        try:
            server.connection = connection = await self._new_connection(spec)
            await connection.open()
        except NeedsAuth:
            server.connection = None
            self._set(name, server, "needs-auth")
            raise
        except RuntimeFault as fault:
            if server.status == "pending":
                server.connection = None
                self._set(name, server, "failed", str(fault))
            raise
        self._set(name, server, "connected")
        self._session.emit(
            types.SessionMCPServerToolsLoadedData(server_name=name, tool_count=len(connection.tools))
        )

    async def _new_connection(self, spec: ServerSpec) -> Connection:
        if not is_available():
            raise ConnectFault(MISSING)
        # In a thread, because loading the package takes seconds.
        await asyncio.to_thread(import_module, "copilot_sdk.runtime.core.mcp.connection")
        from copilot_sdk.runtime.core.mcp.connection import Connection

        trail = Trail(self.diagnostics, spec.name, f"mcp-{next(self._numbers)}")
        return Connection(self._session, spec, self.credentials, self.env_mode, trail)

    async def start(self, name: str, spec: ServerSpec | None = None) -> None:
        """Starts a server, unless it runs or is turned off.

        Args:
            name: Its name.
            spec: Its settings; None for those that are known.

        Raises:
            RuntimeFault: There are no settings, or it could not be started.
        """
        await self.ready()
        server = self._servers.get(name)
        if server is None:
            server = Server(spec)
            if spec is not None:
                self._servers[name] = server
        server.spec = spec or server.spec
        if server.status not in ("disabled", "connected", "pending"):
            await self._connect(name, server)

    async def stop(self, name: str, status: Status = "stopped") -> None:
        """Ends a server."""
        await self.ready()
        server = self._servers.get(name)
        if server is None:
            self._announce(name, "not_configured")
        elif server.status != "disabled":
            await self._disconnect(name, server, status)

    async def _disconnect(self, name: str, server: Server, status: Status, error: str | None = None) -> None:
        connection, server.connection = server.connection, None
        self._set(name, server, status, error)
        if connection is not None:
            await connection.close()

    async def restart(self, name: str) -> None:
        """Ends a server and starts it again.

        Raises:
            RuntimeFault: There is no such server, or it could not be started.
        """
        await self.ready()
        server = self._servers.get(name)
        if server is None or server.spec is None:
            raise RuntimeFault(f'MCP server "{name}" has no installed config to restart')
        await self._disconnect(name, server, "not_configured")
        await self._connect(name, server)

    async def enable(self, name: str) -> None:
        """Turns a server on, and starts it; a name without settings means nothing."""
        await self.ready()
        server = self._servers.get(name)
        if server is None or server.status != "disabled":
            return
        if server.spec is None:
            del self._servers[name]
            return
        self._set(name, server, "stopped")
        await self._start_quietly(name, server)

    async def disable(self, name: str) -> None:
        """Turns a server off for this session."""
        await self.ready()
        server = self._servers.setdefault(name, Server(None))
        await self._disconnect(name, server, "disabled")

    async def reload(self) -> None:
        """Connects to all servers anew."""
        await self.ready()
        for name, server in self:
            if server.status != "disabled":
                await self._disconnect(name, server, "not_configured")
        await self._start_all()

    async def replace(self, specs: Mapping[str, ServerSpec], disabled: Iterable[str]) -> dict[str, str]:
        """Puts other servers in the place of those there are.

        Returns:
            Those that failed, with the reason.
        """
        await self.aclose()
        for name, _ in self:
            self._announce(name, "not_configured")
        self._configure(specs, disabled)
        self._needed = True
        await self._start_all()
        return {name: server.error for name, server in self if server.error is not None}

    async def bring(self, specs: Mapping[str, ServerSpec]) -> None:
        """Has the servers of plugins be these; those of the same name that are no plugin's stay."""
        if self._needed:
            await self.ready()
        for name, server in self:
            spec = server.spec
            if spec is not None and spec.plugin is not None and specs.get(name) != spec:
                await self._disconnect(name, server, "not_configured")
                del self._servers[name]
        for name, spec in specs.items():
            if name in self._servers:
                continue
            self._servers[name] = server = Server(spec)
            if self._needed:
                await self._start_quietly(name, server)

    async def lost(self, connection: Connection, fault: ConnectionLost | NeedsAuth) -> None:
        """Takes in that a connection is of no use any more."""
        name = connection.spec.name
        server = self._servers.get(name)
        if server is None or server.connection is not connection:
            return
        if isinstance(fault, NeedsAuth):
            await self._disconnect(name, server, "needs-auth")
        else:
            await self._disconnect(name, server, "failed", "MCP connection closed unexpectedly")

    async def connected(self, name: str, otherwise: str = 'MCP server "{}" is not connected') -> Connection:
        """The connection to a server.

        Args:
            name: Its name.
            otherwise: What is said where there is none, with a place for the name.

        Raises:
            RuntimeFault: There is none; the text says why.
        """
        await self.ready()
        server = self._servers.get(name)
        if server is not None and server.live is not None:
            return server.live
        raise RuntimeFault((server.error if server is not None else None) or otherwise.format(name))

    def spec(self, name: str) -> ServerSpec | None:
        """The settings of a server."""
        server = self._servers.get(name)
        return None if server is None else server.spec

    def is_running(self, name: str) -> bool:
        """Whether a server is connected."""
        server = self._servers.get(name)
        return server is not None and server.live is not None

    def tools(self) -> dict[str, MCPTool]:
        """The tools of all servers that are connected, as far as the model is offered them."""
        apps = self._session.clients.shows_apps
        found = (
            MCPTool(self, connection, definition)
            for _, server in self
            if (connection := server.live) is not None
            for definition in connection.tools
            if connection.spec.offers(str(definition["name"])) and (not apps or is_for(definition, "model"))
        )
        return {tool.name: tool for tool in found}

    def tell_loaded(self) -> None:
        """Tells the clients how the servers are."""
        servers = [describe(name, server) for name, server in self]
        self._session.emit(types.SessionMCPServersLoadedData.model_validate({"servers": servers}))

    async def signed_in(self, name: str | None) -> None:
        """Connects to servers that wanted credentials, now that there are some.

        Args:
            name: The one server; None for all.
        """
        for known, server in self:
            if server.status == "needs-auth" and name in (None, known):
                await self._start_quietly(known, server)

    async def use_sign_in(self, name: str, token: str | None) -> None:
        """Connects to a server again, now that the runtime is signed in to it."""
        waiting = [request_id for request_id, subject in self.credentials.sign_ins if subject == name]
        for request_id in waiting:
            self.credentials.sign_ins.resolve(request_id, {"kind": "token", "accessToken": token})
        was_needed = self._needed
        await self.ready()
        server = self._servers.get(name)
        if server is None or server.status == "disabled" or (server.live and (waiting or not was_needed)):
            return
        if server.connection is not None:
            await self._disconnect(name, server, "not_configured")
        await self._start_quietly(name, server)

    def not_signed_in(self, name: str) -> None:
        """Tells the clients that a sign-in to a server has failed."""
        server = self._servers.get(name)
        if server is not None and server.status == "needs-auth":
            self._announce(name, "needs-auth")

    def give_up_orphans(self) -> None:
        """Answers what no client is left to answer."""
        if SIGN_IN not in self._session.interests:
            self.credentials.sign_ins.give_up()

    def _set(self, name: str, server: Server, status: Status, error: str | None = None) -> None:
        was_there = server.status == "connected"
        server.status, server.error, server.since = status, error, int(time.time() * 1_000)
        if was_there and status != "connected" and not self._quiet:
            self._session.emit(types.SessionMCPServerRemovedData(server_name=name))
        self._announce(name, status, error)

    def _announce(self, name: str, status: Status, error: str | None = None) -> None:
        if self._quiet:
            return
        spec = self.spec(name)
        source = source_of(spec) or "user" if status in ("connected", "failed") else None
        self._session.emit(
            types.SessionMCPServerStatusChangedData(
                server_name=name, status=status, error=error, config_source=source
            )
        )

    async def aclose(self) -> None:
        """Ends all servers, with all that they started."""
        self.sampling.requests.give_up()
        self.credentials.give_up()
        if self._loading is not None:
            await end_all({self._loading})
        connections = [server.connection for _, server in self if server.connection is not None]
        async with asyncio.TaskGroup() as group:
            for connection in connections:
                group.create_task(connection.close(), name="MCP server ends")
        for _, server in self:
            server.connection = None
