"""The client: a connection to an agent, its sessions, and every method of the protocol."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from copilot_sdk._model.json_values import present
from copilot_sdk._rpc.unset import UNSET, Unset
from copilot_sdk._subscriptions import DEFAULT_BUFFER
from copilot_sdk.acp._core import ClientCore
from copilot_sdk.acp._handshake import connector
from copilot_sdk.acp.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from copilot_sdk._connect import Connector
    from copilot_sdk._generated.acp.api.agent import AgentRPC
    from copilot_sdk._generated.acp.types import (
        AgentCapabilities,
        AuthMethod,
        Implementation,
        MCPServer,
        SessionArchiveFilter,
        SessionInfo,
        SessionNotification,
        SystemPrompt,
    )
    from copilot_sdk._subscriptions import EventStream
    from copilot_sdk.acp.options import ClientOptions
    from copilot_sdk.acp.session import Session
    from copilot_sdk.transports.base import Transport


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
        UsageError: `agent` is nothing of that, or an option is unknown or does not fit.
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
        self._core = ClientCore(connector, options)

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
        await self._core.start()

    async def close(self) -> None:
        """End all sessions here and the connection; an agent that this client started is stopped.

        Takes bounded time, whatever callbacks do: they are cancelled. May be called by any of them, and any number of
        times.
        """
        await self._core.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # ------------------------------------------------------------- the agent

    @property
    def agent_info(self) -> Implementation | None:
        """Which program the agent is; None before the handshake, or if it does not tell."""
        return None if self._core.greeting is None else self._core.greeting.response.agent_info

    @property
    def capabilities(self) -> AgentCapabilities | None:
        """What the agent can do; None before the handshake, or if it does not tell."""
        return None if self._core.greeting is None else self._core.greeting.response.agent_capabilities

    @property
    def auth_methods(self) -> list[AuthMethod]:
        """The ways to sign in, for `authenticate`."""
        return [] if self._core.greeting is None else present(self._core.greeting.response.auth_methods)

    @property
    def protocol_version(self) -> int | None:
        """Version of the protocol that is spoken; None before the handshake."""
        return None if self._core.greeting is None else self._core.greeting.response.protocol_version

    def supports(self, method: str) -> bool:
        """Whether the agent has said that it answers a method: `client.supports("session/fork")`.

        Args:
            method: The wire name. False for one that this version of the package does not know.

        Raises:
            UsageError: The client is not open.
        """
        return self._core.supports(method)

    @property
    def rpc(self) -> AgentRPC:
        """Every method of the agent, by namespace: `client.rpc.session.set_mode(session_id=..., mode_id=...)`.

        One that the agent has not said it offers raises `CapabilityMissing`, and nothing is sent.
        """
        return self._core.rpc

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
        return await self._core.connection().request(method, params, timeout=timeout)

    async def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """Send a notification that is not of the protocol.

        Args:
            method: The wire name; those of extensions begin with `_`.
            params: Its parameters as JSON values.

        Raises:
            RequestTimeout, ConnectionClosed: The agent does not read, or is gone.
        """
        await self._core.connection().notify(method, params)

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
        given = self._core.options_of_session(
            "session/new", cwd, mcp_servers, additional_directories, system_prompt
        )
        return Session(await self._core.new(given))

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
        given = self._core.options_of_session(
            "session/load", cwd, mcp_servers, additional_directories, system_prompt
        )
        return Session(await self._core.take_up("load", session_id, given))

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
        given = self._core.options_of_session(
            "session/resume", cwd, mcp_servers, additional_directories, system_prompt
        )
        return Session(await self._core.take_up("resume", session_id, given))

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
        given = self._core.options_of_session(
            "session/fork", cwd, mcp_servers, additional_directories, system_prompt
        )
        return Session(await self._core.fork(session_id, reopen, given))

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
            found += present(page.sessions)
            if not page.next_cursor or page.next_cursor in seen:
                return found
            seen.add(page.next_cursor)
            given["cursor"] = page.next_cursor

    async def close_session(self, session_id: str) -> None:
        """Have the agent stop what a session is doing and let go of it; `Session.close` does it for one that is open.

        Wire method: `session/close` (stable).

        Args:
            session_id: Identifier of the session.

        Raises:
            CapabilityMissing: The agent does not close sessions; nothing was sent.
            RpcError, RequestTimeout, ConnectionClosed: It refused, did not answer in time, or is gone.
        """
        await self.rpc.session.close(session_id=session_id)

    async def delete_session(self, session_id: str) -> None:
        """Delete a session, so that no list has it any more.

        Wire method: `session/delete` (stable).

        Args:
            session_id: Identifier of the session.

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
        self._core.connection()
        return self._core.sessions.all_updates(buffer)
