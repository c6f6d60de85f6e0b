"""The client: a connection to an agent, its sessions, and every method of the protocol."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

from copilot_sdk._connect import observed
from copilot_sdk._rpc.unset import UNSET, Unset
from copilot_sdk._subscriptions import DEFAULT_BUFFER
from copilot_sdk.acp._connection import Connection
from copilot_sdk.acp._content import check_options
from copilot_sdk.acp._handshake import Greeting, connector, shake_hands, within
from copilot_sdk.acp._offers import CheckedCaller, check_offered, offers
from copilot_sdk.acp._serving import Permissions, announced, served
from copilot_sdk.acp._sessions import Sessions
from copilot_sdk.errors import (
    ConnectionClosed,
    ResultValidationError,
    UsageError,
)
from copilot_sdk.transports.closing import CloseOnce

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from typing import TypeAlias, Unpack

    from copilot_sdk._connect import Connector
    from copilot_sdk._generated.acp.api.agent import AgentRPC
    from copilot_sdk._generated.acp.types import (
        AgentCapabilities,
        AuthMethod,
        ForkSessionResponse,
        Implementation,
        MCPServer,
        NewSessionResponse,
        SessionArchiveFilter,
        SessionInfo,
        SessionNotification,
        SystemPrompt,
    )
    from copilot_sdk._subscriptions import EventStream
    from copilot_sdk.acp._sessions import Opened
    from copilot_sdk.acp.options import ClientOptions
    from copilot_sdk.acp.session import Session
    from copilot_sdk.transports.base import Transport

    PathLike: TypeAlias = str | os.PathLike[str]

DEFAULT_REQUEST_TIMEOUT = 120.0
DEFAULT_START_TIMEOUT = 60.0
_NOT_STARTED = "the client is not started; use 'async with acp.connect(...) as client:'"
_logger = logging.getLogger("copilot_sdk.acp")


def connect(
    agent: Sequence[str] | Transport | Connector,
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    **options: Unpack[ClientOptions],
) -> Client:
    """A client of an agent: `async with acp.connect(["copilot", "--acp"]) as client:`.

    Args:
        agent: The command that starts the agent, which then speaks over its standard streams; or a transport, or an
            async function that opens one.
        env: The whole environment of the command; a copy of this process's when left out.
        cwd: Working directory of the command.
        options: See `copilot_sdk.acp.options.ClientOptions`.

    Raises:
        UsageError: An option is unknown or does not fit.
    """
    return Client(connector(agent, env, cwd), **options)


class Client:
    """Drives an agent; get one from `connect`.

    Args:
        connector: An async function that opens the transport.
        options: See `copilot_sdk.acp.options.ClientOptions`.

    Raises:
        UsageError: An option is unknown or does not fit.
    """

    def __init__(self, connector: Connector, **options: Unpack[ClientOptions]) -> None:
        _refuse_unknown(options)
        request_timeout = options.get("request_timeout", DEFAULT_REQUEST_TIMEOUT)
        self._options = options
        self._connector = observed(connector, options.get("on_frame"))
        self._start_timeout = _seconds(options.get("start_timeout", DEFAULT_START_TIMEOUT), "start_timeout")
        self._request_timeout = (
            None if request_timeout is None else _seconds(request_timeout, "request_timeout")
        )
        self._sessions = Sessions()
        self._permissions = Permissions(options.get("on_permission"))
        self._connection: Connection | None = None
        self._greeting: Greeting | None = None
        self._end: ConnectionClosed | None = None
        self._started = False
        self._closed = False
        self._close = CloseOnce(self._leave)

    # -------------------------------------------------------------- lifecycle

    async def start(self) -> None:
        """Reach the agent and agree on a version of the protocol; `async with` does it.

        Wire method: `initialize` (stable).

        Raises:
            ConnectError: The agent could not be started or reached, ended early, or was not ready in time.
            ProtocolVersionMismatch: It speaks another version of the protocol.
            RpcError: It refused.
            UsageError: The client was started before, or closed.
        """
        self._check_not_closed()
        if self._started:
            raise UsageError("the client was started before; make a new one")
        self._started = True
        async with within(self._start_timeout):
            await self._open(await self._connector())

    async def _open(self, transport: Transport) -> None:
        connection = Connection(
            transport,
            served(self._options, self._permissions, self._sessions.take),
            request_timeout=self._request_timeout,
            on_end=self._ended,
        )
        connection.start()
        self._connection = connection
        try:
            self._greeting = await shake_hands(
                connection, announced(self._options), self._options.get("client_info")
            )
            self._check_not_closed()
        except BaseException:
            await connection.aclose()
            raise
        _logger.info("connected to %s: %s", transport.describe(), self._greeting)

    async def close(self) -> None:
        """End all sessions here and the connection; an agent that this client started is stopped.

        Takes bounded time, whatever callbacks do: they are cancelled. May be called by any of them, and any number of
        times.
        """
        if self._connection is not None:
            self._connection.tasks.spare_current_task()
        await self._close()

    async def _leave(self) -> None:
        self._closed = True
        if self._connection is not None:
            await self._connection.aclose()
        if (terminals := self._options.get("terminals")) is not None:
            await terminals.aclose()

    def _ended(self, reason: ConnectionClosed) -> None:
        self._end = reason
        if not self._closed:
            _logger.warning("the agent is gone: %s", reason)
        self._sessions.end(reason)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _check_not_closed(self) -> None:
        if self._closed:
            raise UsageError("the client is closed; make a new one")

    def _open_connection(self) -> Connection:
        self._check_not_closed()
        if self._end is not None:
            raise copy(self._end)
        if self._connection is None or self._greeting is None:
            raise UsageError(_NOT_STARTED)
        return self._connection

    # ------------------------------------------------------------- the agent

    @property
    def agent_info(self) -> Implementation | None:
        """Which program the agent is; None before the handshake, or if it does not tell."""
        return None if self._greeting is None else self._greeting.response.agent_info

    @property
    def capabilities(self) -> AgentCapabilities | None:
        """What the agent can do; None before the handshake, or if it does not tell."""
        return None if self._greeting is None else self._greeting.response.agent_capabilities

    @property
    def auth_methods(self) -> list[AuthMethod]:
        """The ways to sign in, for `authenticate`."""
        return [] if self._greeting is None else self._greeting.response.auth_methods or []

    @property
    def protocol_version(self) -> int | None:
        """Version of the protocol that is spoken; None before the handshake."""
        return None if self._greeting is None else self._greeting.response.protocol_version

    def supports(self, method: str) -> bool:
        """Whether the agent has said that it answers a method: `client.supports("session/fork")`.

        Args:
            method: The wire name. False for one that this version of the package does not know.

        Raises:
            UsageError: The client is not open.
        """
        from copilot_sdk._generated.acp.methods import OUTBOUND

        self._open_connection()
        if method not in OUTBOUND:
            return False
        capability = OUTBOUND[method].capability
        return capability is None or offers(self.capabilities_on_wire, capability)

    def _check_offered(self, method: str) -> None:
        from copilot_sdk._generated.acp.methods import OUTBOUND

        if (capability := OUTBOUND[method].capability) is not None:
            check_offered(self.capabilities_on_wire, capability, method, "the agent")

    @cached_property
    def rpc(self) -> AgentRPC:
        """Every method of the agent, by namespace: `client.rpc.session.set_mode(session_id=..., mode_id=...)`.

        One that the agent has not said it offers raises `CapabilityMissing`, and nothing is sent.
        """
        from copilot_sdk._generated.acp.api.agent import AgentRPC

        return AgentRPC(CheckedCaller(self._open_connection, lambda: self.capabilities_on_wire, "the agent"))

    async def authenticate(self, method_id: str) -> None:
        """Sign in by one of `auth_methods`.

        Wire method: `authenticate` (stable).

        Args:
            method_id: The `id` of the method.

        Raises:
            RpcError, ConnectionClosed: The agent refused, or is gone.
        """
        await self.rpc.authenticate(method_id=method_id)

    async def logout(self) -> None:
        """Sign out.

        Wire method: `logout` (stable).

        Raises:
            CapabilityMissing: The agent does not offer it.
            RpcError, RequestTimeout, ConnectionClosed: It refused, did not answer in time, or is gone.
        """
        await self.rpc.logout()

    async def request(
        self, method: str, params: Mapping[str, Any] | None = None, *, timeout: float | Unset | None = UNSET
    ) -> Any:
        """Send a request that is not of the protocol, and give its result as JSON values.

        Args:
            method: The wire name; those of extensions begin with `_`.
            params: Its parameters as JSON values.
            timeout: Seconds to wait, None for no limit; the client's default when left out.

        Raises:
            RpcError, RequestTimeout, ConnectionClosed: The agent refused, did not answer in time, or is gone.
        """
        return await self._open_connection().request(method, params, timeout=timeout)

    async def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """Send a notification that is not of the protocol.

        Args:
            method: The wire name; those of extensions begin with `_`.
            params: Its parameters as JSON values.

        Raises:
            ConnectionClosed: The agent is gone.
        """
        await self._open_connection().notify(method, params)

    # --------------------------------------------------------------- sessions

    async def new_session(
        self,
        cwd: str | os.PathLike[str],
        *,
        mcp_servers: Sequence[MCPServer] = (),
        additional_directories: Sequence[str | os.PathLike[str]] | None = None,
        system_prompt: SystemPrompt | None = None,
    ) -> Session:
        """Begin a conversation.

        Wire method: `session/new` (stable).

        Args:
            cwd: The folder to work in.
            mcp_servers: The MCP servers to connect to: `copilot_sdk.acp.types.MCPServerStdio`, `MCPServerHTTP` and the
                like.
            additional_directories: Further folders to work on.
            system_prompt: What to tell the model beside or instead of what the agent tells it. Unstable.

        Returns:
            The session.

        Raises:
            AuthRequired: Somebody has to sign in first, see `authenticate`.
            CapabilityMissing: The agent does not take an option; nothing was sent.
            RpcError, RequestTimeout, ConnectionClosed: It refused, did not answer in time, or is gone.
        """
        given = self._given("session/new", cwd, mcp_servers, additional_directories, system_prompt)
        answer = await self.rpc.session.new(**given)
        return self._made("session/new", answer, given)

    async def load_session(
        self,
        session_id: str,
        cwd: str | os.PathLike[str],
        *,
        mcp_servers: Sequence[MCPServer] = (),
        additional_directories: Sequence[str | os.PathLike[str]] | None = None,
        system_prompt: SystemPrompt | None = None,
    ) -> Session:
        """Take up a session, and have its conversation sent again: `Session.history` has it.

        Wire method: `session/load` (stable).

        Args:
            session_id: Identifier of the session.
            cwd: See `new_session`, also for the rest.
            mcp_servers: The MCP servers to connect to.
            additional_directories: Further folders to work on; all of them, whatever the session had before.
            system_prompt: What to tell the model. Unstable.

        Raises:
            CapabilityMissing: The agent does not load sessions, or does not take an option; nothing was sent.
            RpcError, RequestTimeout, ConnectionClosed: It refused, did not answer in time, or is gone.
            UsageError: The session is open in this client already.
        """
        given = self._given("session/load", cwd, mcp_servers, additional_directories, system_prompt)
        return await self._take_up(self.rpc.session.load(session_id=session_id, **given), session_id, given)

    async def resume_session(
        self,
        session_id: str,
        cwd: str | os.PathLike[str],
        *,
        mcp_servers: Sequence[MCPServer] = (),
        additional_directories: Sequence[str | os.PathLike[str]] | None = None,
        system_prompt: SystemPrompt | None = None,
    ) -> Session:
        """Take up a session without having its conversation sent again.

        Wire method: `session/resume` (stable).

        Args:
            session_id: Identifier of the session.
            cwd: See `load_session`, also for the rest.
            mcp_servers: The MCP servers to connect to.
            additional_directories: Further folders to work on.
            system_prompt: What to tell the model. Unstable.

        Raises:
            CapabilityMissing, RpcError, RequestTimeout, ConnectionClosed, UsageError: See `load_session`.
        """
        given = self._given("session/resume", cwd, mcp_servers, additional_directories, system_prompt)
        return await self._take_up(self.rpc.session.resume(session_id=session_id, **given), session_id, given)

    async def fork_session(
        self,
        session_id: str,
        cwd: str | os.PathLike[str],
        *,
        mcp_servers: Sequence[MCPServer] = (),
        additional_directories: Sequence[str | os.PathLike[str]] | None = None,
        system_prompt: SystemPrompt | None = None,
        reopen: Literal["load", "resume"] | None = None,
    ) -> Session:
        """Make a new session that has the conversation of another one, and leave that one as it is.

        Agents differ in what follows. Some send the conversation again: `Session.history` has it. Some do not. And of
        some the new session is only stored, so that its first prompt fails; pass `reopen` for those.

        Wire method: `session/fork` (unstable).

        Args:
            session_id: The session to branch off from.
            cwd: The folder to work in.
            mcp_servers: See `new_session`, also for the rest.
            additional_directories: Further folders to work on.
            system_prompt: What to tell the model. Unstable.
            reopen: `load` or `resume` to take the new session up by a further request; with `load` its conversation is
                sent again.

        Returns:
            The new session.

        Raises:
            CapabilityMissing: The agent does not fork sessions, or does not take an option; nothing was sent.
            RpcError, RequestTimeout, ConnectionClosed: It refused, did not answer in time, or is gone.
        """
        given = self._given("session/fork", cwd, mcp_servers, additional_directories, system_prompt)
        if reopen is not None:
            self._check_offered(f"session/{reopen}")
        answer = await self.rpc.session.fork(session_id=session_id, **given)
        if reopen is None:
            return self._made("session/fork", answer, given)
        take_up = self.load_session if reopen == "load" else self.resume_session
        return await take_up(
            answer.session_id,
            cwd,
            mcp_servers=mcp_servers,
            additional_directories=additional_directories,
            system_prompt=system_prompt,
        )

    async def list_sessions(
        self, *, cwd: str | os.PathLike[str] | None = None, archived: SessionArchiveFilter | None = None
    ) -> list[SessionInfo]:
        """The sessions that the agent knows, those of all pages.

        Wire method: `session/list` (stable).

        Args:
            cwd: Only those of this folder.
            archived: Whether to list those that were put away: `exclude`, `include` or `only`. Unstable.

        Raises:
            CapabilityMissing: The agent does not list sessions; nothing was sent.
            RpcError, RequestTimeout, ConnectionClosed: It refused, did not answer in time, or is gone.
        """
        folder = None if cwd is None else os.fspath(cwd)
        given: dict[str, Any] = {
            name: value for name, value in (("cwd", folder), ("archived", archived)) if value is not None
        }
        found: list[SessionInfo] = []
        seen: set[str] = set()
        while True:
            page = await self.rpc.session.list(**given)
            found += page.sessions or []
            if not page.next_cursor or page.next_cursor in seen:
                return found
            seen.add(page.next_cursor)
            given["cursor"] = page.next_cursor

    async def close_session(self, session_id: str) -> None:
        """Have the agent stop what a session is doing and let go of it; `Session.close` does it for one that is open.

        Wire method: `session/close` (stable).

        Raises:
            CapabilityMissing: The agent does not close sessions; nothing was sent.
            RpcError, RequestTimeout, ConnectionClosed: It refused, did not answer in time, or is gone.
        """
        await self.rpc.session.close(session_id=session_id)

    async def delete_session(self, session_id: str) -> None:
        """Delete a session, so that no list has it any more.

        Wire method: `session/delete` (stable).

        Raises:
            CapabilityMissing: The agent does not delete sessions; nothing was sent.
            RpcError, RequestTimeout, ConnectionClosed: It refused, did not answer in time, or is gone.
        """
        await self.rpc.session.delete(session_id=session_id)

    def updates(self, *, buffer: int = DEFAULT_BUFFER) -> EventStream[SessionNotification]:
        """The updates of all sessions from now on, also of those that are not open here, such as of sub-agents.

        Args:
            buffer: How many updates may wait for the reader.

        Returns:
            An async iterator over the notifications; it ends with the connection.

        Raises:
            UsageError, ConnectionClosed: The client is not open.
        """
        self._open_connection()
        return self._sessions.all_updates(buffer)

    # -------------------------------------------------------------- inner life

    @property
    def capabilities_on_wire(self) -> Mapping[str, Any]:
        """What the agent can do, as it came."""
        return {} if self._greeting is None else self._greeting.capabilities

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task that ends with the connection."""
        return self._open_connection().tasks.follow(work)

    def refuse_permissions(self, session_id: str, *, lasting: bool) -> None:
        """See `Permissions.refuse`."""
        self._permissions.refuse(session_id, lasting=lasting)

    def ask_permissions_again(self, session_id: str) -> None:
        """See `Permissions.ask_again`."""
        self._permissions.ask_again(session_id)

    async def leave(self, session_id: str, *, busy: bool) -> None:
        """Tell the agent that a session is left, as far as it wants to know."""
        if self._closed or self._end is not None:
            return
        if self.supports("session/close"):
            await self.close_session(session_id)
        elif busy:
            await self.rpc.session.cancel(session_id=session_id)

    def forget(self, session: Session) -> None:
        """Give a session no more updates."""
        self._sessions.remove(session)

    def _given(
        self,
        method: str,
        cwd: str | os.PathLike[str],
        mcp_servers: Sequence[MCPServer],
        additional_directories: Sequence[str | os.PathLike[str]] | None,
        system_prompt: SystemPrompt | None,
    ) -> dict[str, Any]:
        """The options of a session, for the generated API."""
        self._open_connection()
        check_options(method, mcp_servers, additional_directories, system_prompt, self.capabilities_on_wire)
        given: dict[str, Any] = {"cwd": os.path.abspath(cwd), "mcp_servers": list(mcp_servers)}  # noqa: PTH100
        if additional_directories is not None:
            given["additional_directories"] = [os.fspath(folder) for folder in additional_directories]
        if system_prompt is not None:
            given["system_prompt"] = system_prompt
        return given

    def _made(
        self, method: str, answer: NewSessionResponse | ForkSessionResponse, given: Mapping[str, Any]
    ) -> Session:
        from copilot_sdk.acp.session import Session

        if not answer.session_id:
            raise ResultValidationError(method, answer.misfits(), answer.to_wire())
        session = Session(self, answer.session_id, given["cwd"])
        self._sessions.add(session)
        session.opened(answer)
        return session

    async def _take_up(
        self, request: Coroutine[Any, Any, Opened], session_id: str, given: Mapping[str, Any]
    ) -> Session:
        from copilot_sdk.acp.session import Session

        if session_id in self._sessions:
            request.close()
            raise UsageError(f"session {session_id} is open in this client already; close it first")
        session = Session(self, session_id, given["cwd"])
        # The conversation is sent before the answer.
        self._sessions.add(session)
        try:
            session.opened(await request)
        except BaseException:
            self._sessions.remove(session)
            raise
        return session


def _refuse_unknown(options: Mapping[str, object]) -> None:
    from copilot_sdk._unknown import unknown
    from copilot_sdk.acp.options import ClientOptions

    if names := unknown(options, ClientOptions.__optional_keys__):
        raise UsageError(f"acp.connect has no option {names}")


def _seconds(value: float, name: str) -> float:
    if not value > 0:
        raise UsageError(f"{name} has to be above zero seconds, not {value!r}")
    return value
