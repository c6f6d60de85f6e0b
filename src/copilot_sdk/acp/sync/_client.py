"""The client for programs without an event loop."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from copilot_sdk._rpc.unset import UNSET, Unset
from copilot_sdk._subscriptions import DEFAULT_BUFFER
from copilot_sdk.acp import client as asynchronous
from copilot_sdk.acp.sync._session import Session
from copilot_sdk.sync._faces import ClientFace, EventStream
from copilot_sdk.sync._portal import PortalCaller

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    from copilot_sdk._connect import Connector
    from copilot_sdk._generated.acp.sync_api.agent import AgentRPC
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
    from copilot_sdk.acp.options import ClientOptions
    from copilot_sdk.transports.base import Transport


def connect(
    agent: Sequence[str] | Transport | Connector,
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    **options: Unpack[ClientOptions],
) -> Client:
    """See `copilot_sdk.acp.connect`: `with sync.connect(["copilot", "--acp"]) as client:`.

    Plain callbacks are called in worker threads, from where they may use the client.
    """
    made = Client.__new__(Client)
    made._set_up(asynchronous.connect(agent, env=env, cwd=cwd, **options))
    return made


class Client(ClientFace[asynchronous.Client]):
    """See `copilot_sdk.acp.Client`: the same methods, without `await`."""

    def __init__(self, connector: Connector, **options: Unpack[ClientOptions]) -> None:
        self._set_up(asynchronous.Client(connector, **options))

    @property
    def agent_info(self) -> Implementation | None:
        """Which program the agent is; None before the handshake, or if it does not tell."""
        return self._client.agent_info

    @property
    def capabilities(self) -> AgentCapabilities | None:
        """What the agent can do; None before the handshake, or if it does not tell."""
        return self._client.capabilities

    @property
    def auth_methods(self) -> list[AuthMethod]:
        """The ways to sign in, for `authenticate`."""
        return self._client.auth_methods

    @property
    def protocol_version(self) -> int | None:
        """Version of the protocol that is spoken; None before the handshake."""
        return self._client.protocol_version

    def supports(self, method: str) -> bool:
        """See `copilot_sdk.acp.Client.supports`."""
        return self._client.supports(method)

    @cached_property
    def rpc(self) -> AgentRPC:
        """Every method of the agent, by namespace; see `copilot_sdk.acp.Client.rpc`."""
        from copilot_sdk._generated.acp.sync_api.agent import AgentRPC

        return AgentRPC(PortalCaller(self._portal, self._client.rpc.caller))

    def authenticate(self, method_id: str) -> None:
        """See `copilot_sdk.acp.Client.authenticate`."""
        self._portal.run(self._client.authenticate(method_id))

    def logout(self) -> None:
        """See `copilot_sdk.acp.Client.logout`."""
        self._portal.run(self._client.logout())

    def request(
        self, method: str, params: Mapping[str, Any] | None = None, *, timeout: float | Unset | None = UNSET
    ) -> Any:
        """See `copilot_sdk.acp.Client.request`."""
        return self._portal.run(self._client.request(method, params, timeout=timeout))

    def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """See `copilot_sdk.acp.Client.notify`."""
        self._portal.run(self._client.notify(method, params))

    def new_session(
        self,
        cwd: str | os.PathLike[str],
        *,
        mcp_servers: Sequence[MCPServer] = (),
        additional_directories: Sequence[str | os.PathLike[str]] | None = None,
        system_prompt: SystemPrompt | None = None,
    ) -> Session:
        """See `copilot_sdk.acp.Client.new_session`."""
        opening = self._client.new_session(
            cwd,
            mcp_servers=mcp_servers,
            additional_directories=additional_directories,
            system_prompt=system_prompt,
        )
        return Session(self._portal, self._portal.run(opening))

    def load_session(
        self,
        session_id: str,
        cwd: str | os.PathLike[str],
        *,
        mcp_servers: Sequence[MCPServer] = (),
        additional_directories: Sequence[str | os.PathLike[str]] | None = None,
        system_prompt: SystemPrompt | None = None,
    ) -> Session:
        """See `copilot_sdk.acp.Client.load_session`."""
        opening = self._client.load_session(
            session_id,
            cwd,
            mcp_servers=mcp_servers,
            additional_directories=additional_directories,
            system_prompt=system_prompt,
        )
        return Session(self._portal, self._portal.run(opening))

    def resume_session(
        self,
        session_id: str,
        cwd: str | os.PathLike[str],
        *,
        mcp_servers: Sequence[MCPServer] = (),
        additional_directories: Sequence[str | os.PathLike[str]] | None = None,
        system_prompt: SystemPrompt | None = None,
    ) -> Session:
        """See `copilot_sdk.acp.Client.resume_session`."""
        opening = self._client.resume_session(
            session_id,
            cwd,
            mcp_servers=mcp_servers,
            additional_directories=additional_directories,
            system_prompt=system_prompt,
        )
        return Session(self._portal, self._portal.run(opening))

    def fork_session(
        self,
        session_id: str,
        cwd: str | os.PathLike[str],
        *,
        mcp_servers: Sequence[MCPServer] = (),
        additional_directories: Sequence[str | os.PathLike[str]] | None = None,
        system_prompt: SystemPrompt | None = None,
        reopen: Literal["load", "resume"] | None = None,
    ) -> Session:
        """See `copilot_sdk.acp.Client.fork_session`."""
        opening = self._client.fork_session(
            session_id,
            cwd,
            mcp_servers=mcp_servers,
            additional_directories=additional_directories,
            system_prompt=system_prompt,
            reopen=reopen,
        )
        return Session(self._portal, self._portal.run(opening))

    def list_sessions(
        self, *, cwd: str | os.PathLike[str] | None = None, archived: SessionArchiveFilter | None = None
    ) -> list[SessionInfo]:
        """See `copilot_sdk.acp.Client.list_sessions`."""
        return self._portal.run(self._client.list_sessions(cwd=cwd, archived=archived))

    def close_session(self, session_id: str) -> None:
        """See `copilot_sdk.acp.Client.close_session`."""
        self._portal.run(self._client.close_session(session_id))

    def delete_session(self, session_id: str) -> None:
        """See `copilot_sdk.acp.Client.delete_session`."""
        self._portal.run(self._client.delete_session(session_id))

    def updates(self, *, buffer: int = DEFAULT_BUFFER) -> EventStream[SessionNotification]:
        """See `copilot_sdk.acp.Client.updates`."""
        return EventStream(self._portal, self._portal.call(lambda: self._client.updates(buffer=buffer)))
