"""The client: a connection to a runtime, its sessions, and every method of the wire."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from copilot_sdk._calls import PeerCaller
from copilot_sdk._connect import Connect, Connector, Embed, Spawn
from copilot_sdk._link import Greeting, open_peer
from copilot_sdk._serving import Serving
from copilot_sdk._session_callbacks import SessionCallbacks
from copilot_sdk._sessions import Sessions
from copilot_sdk.errors import RpcError, UsageError
from copilot_sdk.transports.closing import CloseOnce

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from ssl import SSLContext
    from typing import Unpack

    from copilot_sdk._generated.copilot.api.server import ServerRPC
    from copilot_sdk._generated.copilot.handlers import Handlers
    from copilot_sdk._generated.copilot.options import SessionCreateOptions, SessionResumeOptions
    from copilot_sdk._generated.copilot.types import (
        AuthGetStatusResult,
        Model,
        PingResult,
        SessionContextFilter,
        SessionListItem,
        StatusGetResult,
    )
    from copilot_sdk._rpc.peer import Peer
    from copilot_sdk._serving import LifecycleHandler
    from copilot_sdk._session_callbacks import (
        AutoModeSwitchHandler,
        ExitPlanModeHandler,
        SamplingHandler,
        SectionTransform,
        SessionLimitsHandler,
    )
    from copilot_sdk.commands import Command
    from copilot_sdk.elicitation import ElicitationHandler
    from copilot_sdk.hooks import Hooks
    from copilot_sdk.mcp import MCPHeadersRefreshHandler, MCPOAuthHandler
    from copilot_sdk.permissions import PermissionHandler
    from copilot_sdk.providers import SessionFS
    from copilot_sdk.runtime import Limits
    from copilot_sdk.runtime import Model as RuntimeModel
    from copilot_sdk.session import Session, UserInputHandler
    from copilot_sdk.tools import Tool

DEFAULT_REQUEST_TIMEOUT = 120.0
DEFAULT_START_TIMEOUT = 60.0
_NOT_STARTED = "the client is not started; use 'async with CopilotClient() as client:'"


class CopilotClient:
    """Drives a Copilot runtime: `async with CopilotClient() as client:`.

    The constructor describes a Copilot CLI to start; `connect` and `embedded` make clients of other runtimes.

    Args:
        cli_path: Executable of the CLI; `COPILOT_CLI_PATH`, then `copilot` on PATH when left out.
        cli_args: Arguments for the CLI before those that select the server mode.
        env: The whole environment of the CLI; a copy of this process's when left out.
        cwd: Working directory of the CLI.
        log_level: How much the CLI logs: none, error, warning, info, debug or all.
        github_token: Signs the CLI in; a secret that never shows on a command line.
        use_logged_in_user: False to ignore credentials that are stored on the machine.
        tcp: True to speak over a TCP port instead of the CLI's standard streams. The port takes this client alone.
        start_timeout: Seconds that starting, connecting and the handshake may take together.
        request_timeout: Seconds that a request may take unless the call says otherwise, None for no limit.
        handlers: Serve what the runtime asks of this client, for all sessions: an object for each namespace.
        session_fs: Keeps the files of all sessions in place of the runtime; see `copilot_sdk.providers`.
    """

    def __init__(
        self,
        cli_path: str | os.PathLike[str] | None = None,
        *,
        cli_args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        log_level: str = "error",
        github_token: str | None = None,
        use_logged_in_user: bool = True,
        tcp: bool = False,
        start_timeout: float = DEFAULT_START_TIMEOUT,
        request_timeout: float | None = DEFAULT_REQUEST_TIMEOUT,
        handlers: Handlers | None = None,
        session_fs: SessionFS | None = None,
    ) -> None:
        token = secrets.token_urlsafe() if tcp else None
        spawn = Spawn(
            path=cli_path,
            args=tuple(cli_args),
            env=env,
            cwd=cwd,
            log_level=log_level,
            github_token=github_token,
            use_logged_in_user=use_logged_in_user,
            tcp=tcp,
            connection_token=token,
        )
        self._set_up(spawn, token, start_timeout, request_timeout, Serving(handlers, session_fs))

    def _set_up(
        self,
        connector: Connector,
        token: str | None,
        start_timeout: float,
        request_timeout: float | None,
        serving: Serving,
    ) -> None:
        self._connector = connector
        self._token = token
        self._start_timeout = _seconds(start_timeout, "start_timeout")
        self._request_timeout = (
            None if request_timeout is None else _seconds(request_timeout, "request_timeout")
        )
        self._started = False
        self._closed = False
        self._peer: Peer | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._sessions = Sessions(serving)
        self._greeting: Greeting | None = None
        self._close = CloseOnce(self._leave)

    @classmethod
    def over(
        cls,
        connector: Connector,
        *,
        token: str | None = None,
        start_timeout: float = DEFAULT_START_TIMEOUT,
        request_timeout: float | None = DEFAULT_REQUEST_TIMEOUT,
        handlers: Handlers | None = None,
        session_fs: SessionFS | None = None,
    ) -> Self:
        """A client over any transport.

        Args:
            connector: An async function that opens the transport.
            token: The connection token that the runtime asks for, if it does.
            start_timeout: See the class.
            request_timeout: See the class.
            handlers: See the class.
            session_fs: See the class.
        """
        client = cls.__new__(cls)
        client._set_up(connector, token, start_timeout, request_timeout, Serving(handlers, session_fs))
        return client

    @classmethod
    def connect(
        cls,
        address: str | int,
        *,
        ssl: SSLContext | None = None,
        token: str | None = None,
        start_timeout: float = DEFAULT_START_TIMEOUT,
        request_timeout: float | None = DEFAULT_REQUEST_TIMEOUT,
        handlers: Handlers | None = None,
        session_fs: SessionFS | None = None,
    ) -> Self:
        """A client of a runtime that listens.

        Args:
            address: `host:port`, a port on this machine, `tls://host:port`, `unix:/path`, or a URL that starts with
                `ws`, `wss`, `http` or `https`.
            ssl: Says whom to trust where the address is an encrypted one; the authorities of the system when left
                out.
            token: The connection token, where the runtime was started with one.
            start_timeout: See the class.
            request_timeout: See the class.
            handlers: See the class.
            session_fs: See the class.

        Raises:
            UsageError: The address, or what is given with it, has no meaning.
        """
        if token == "":
            raise UsageError("token must not be empty; leave it out for a runtime without a token")
        connector = Connect.parse(address, ssl)
        return cls.over(
            connector,
            token=token,
            start_timeout=start_timeout,
            request_timeout=request_timeout,
            handlers=handlers,
            session_fs=session_fs,
        )

    @classmethod
    def embedded(
        cls,
        model: RuntimeModel | None = None,
        *,
        home: str | os.PathLike[str] | None = None,
        limits: Limits | None = None,
        request_timeout: float | None = DEFAULT_REQUEST_TIMEOUT,
        handlers: Handlers | None = None,
        session_fs: SessionFS | None = None,
    ) -> Self:
        """A client of the reference runtime, which runs in this process: no CLI, no account, no network.

        Args:
            model: What answers the prompts, such as `copilot_sdk.runtime.ScriptedModel([...])`; a scripted model that
                quotes the prompt and obeys its directives when left out.
            home: Folder for the sessions; one that is deleted at the end when left out.
            limits: How long the runtime waits and how often it tries.
            request_timeout: See the class.
            handlers: See the class.
            session_fs: See the class.
        """
        return cls.over(
            Embed(model, home, limits),
            request_timeout=request_timeout,
            handlers=handlers,
            session_fs=session_fs,
        )

    # -------------------------------------------------------------- lifecycle

    async def start(self) -> None:
        """Open the connection and shake hands; `async with` does it.

        Raises:
            ConnectError: The runtime could not be started or reached.
            ProtocolVersionMismatch: It speaks another version of the protocol.
            AuthenticationFailed, AuthenticationRequired: The connection token is wrong or missing.
            RpcError: The runtime refused the handshake for another reason.
            UsageError: The client was started before, or closed. It may be started again after a failure.
        """
        self._check_not_closed()
        if self._started:
            raise UsageError("the client was started before; make a new one")
        self._started = True
        try:
            peer, self._greeting = await open_peer(
                self._connector, self._sessions, self._token, self._start_timeout, self._request_timeout
            )
        except BaseException:
            self._started = False
            raise
        self._peer = peer
        self._watcher = asyncio.get_running_loop().create_task(self._watch(peer))
        if self._closed:
            await self._end_connection(peer, self._watcher)
            self._check_not_closed()

    async def close(self) -> None:
        """Leave all sessions and end the connection; a runtime that this client started is stopped.

        Takes bounded time, whatever handlers and callbacks do: they are cancelled. May be called by any of them,
        and any number of times.
        """
        self._sessions.serving.tasks.spare_current_task()
        for session in self._sessions:
            session.tasks.spare_current_task()
        await self._close()

    async def _leave(self) -> None:
        self._closed = True
        await asyncio.gather(*(session.close() for session in self._sessions))
        if self._peer is not None and self._watcher is not None:
            await self._end_connection(self._peer, self._watcher)

    @staticmethod
    async def _end_connection(peer: Peer, watcher: asyncio.Task[None]) -> None:
        await peer.aclose()
        await watcher

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _watch(self, peer: Peer) -> None:
        """When the connection ends, so does every session."""
        await self._sessions.end(await peer.wait_closed())

    def _check_not_closed(self) -> None:
        if self._closed:
            raise UsageError("the client is closed; make a new one")

    @property
    def _connection(self) -> Peer:
        self._check_not_closed()
        if self._peer is None:
            raise UsageError(_NOT_STARTED)
        return self._peer

    @property
    def runtime_version(self) -> str | None:
        """Version of the runtime, such as `1.0.61`; None before the handshake, or if it does not tell."""
        return None if self._greeting is None else self._greeting.runtime_version

    @property
    def protocol_version(self) -> int | None:
        """Version of the wire protocol, None before the handshake."""
        return None if self._greeting is None else self._greeting.protocol_version

    def supports(self, method: str) -> bool:
        """Whether the connected runtime has a method, by its version: `client.supports("session.tasks.list")`.

        A runtime that does not tell its version counts as the newest. What a runtime of that version does not have
        all the same raises `UnsupportedMethod` when it is called.

        Args:
            method: The wire name. False for one that this version of the package does not know.

        Raises:
            UsageError: The client is not open.
        """
        from copilot_sdk._generated.copilot.methods import OUTBOUND

        self._check_not_closed()
        if self._greeting is None:
            raise UsageError(_NOT_STARTED)
        return method in OUTBOUND and OUTBOUND[method].is_in(self._greeting.runtime_version or "")

    @cached_property
    def rpc(self) -> ServerRPC:
        """Every method of the runtime that belongs to no session, by namespace.

        `client.rpc.mcp.config.list()`.
        """
        from copilot_sdk._generated.copilot.api.server import ServerRPC

        return ServerRPC(PeerCaller(self._connection, check=self._check_not_closed))

    # --------------------------------------------------------------- sessions

    async def create_session(
        self,
        *,
        session_id: str | None = None,
        tools: Sequence[Tool[..., Any]] = (),
        on_permission: PermissionHandler | None = None,
        on_user_input: UserInputHandler | None = None,
        on_elicitation: ElicitationHandler | None = None,
        hooks: Hooks | None = None,
        commands: Sequence[Command] = (),
        on_exit_plan_mode: ExitPlanModeHandler | None = None,
        on_auto_mode_switch: AutoModeSwitchHandler | None = None,
        on_sampling: SamplingHandler | None = None,
        on_session_limits_exhausted: SessionLimitsHandler | None = None,
        on_mcp_oauth: MCPOAuthHandler | None = None,
        on_mcp_headers_refresh: MCPHeadersRefreshHandler | None = None,
        system_message_transforms: Mapping[str, SectionTransform] | None = None,
        handlers: Handlers | None = None,
        **options: Unpack[SessionCreateOptions],
    ) -> Session:
        """Create a session.

        Wire method: `session.create`.

        Args:
            session_id: Identifier for the session; a random one when left out.
            tools: Tools that the model can call and this program runs; see `copilot_sdk.tool`.
            on_permission: Decides on permission requests; see `copilot_sdk.permissions`. Without it the
                runtime refuses what needs permission.
            on_user_input: Answers the agent's questions to the user; without it the agent cannot ask. It and all
                other handlers may be async, or plain: a plain function runs in a worker thread.
            on_elicitation: Shows the user forms and addresses; see `copilot_sdk.elicitation`. One that raises
                cancels the form.
            hooks: Functions that look in at places of a turn; see `copilot_sdk.hooks`.
            commands: Slash commands that this program runs.
            on_exit_plan_mode: Decides whether a plan is carried out. When it raises, the plan is not approved.
            on_auto_mode_switch: Decides on a switch of models after a rate limit; `no` when it raises.
            on_sampling: Answers MCP servers that want a model's reply; when it raises they are refused.
            on_session_limits_exhausted: Decides what happens when a limit is used up; it stays when this raises.
            on_mcp_oauth: Gives the OAuth token for an MCP server that asks for one; see `copilot_sdk.mcp`. When it
                raises the sign-in is cancelled.
            on_mcp_headers_refresh: Gives the headers for MCP servers that are configured with
                `headers_refresh_ttl_ms`; see `copilot_sdk.mcp`. When it raises the runtime is told so.
            system_message_transforms: Functions that give sections of the system message their new text, by section;
                one that raises leaves its section as it is.
            handlers: Serve what the runtime asks for this session; they come before those of the client.
            options: Every other option of the wire, in snake case: `model`, `streaming`,
                `working_directory`, `provider`, `mcp_servers` ...

        Returns:
            The session.

        Raises:
            InvalidParams: An option is unknown or does not fit; nothing was sent.
            UsageError: The client is not open or has the session open already, or a tool or handler is wrong.
            RpcError, RequestTimeout, ConnectionClosed: The runtime refused, did not answer in time, or is
                gone.
        """
        from copilot_sdk._generated.copilot.methods.server_session import SESSION_CREATE
        from copilot_sdk.session import Session

        if session_id is None and options.get("cloud") is None:
            session_id = str(uuid.uuid4())
        core = await self._sessions.open(
            self._connection,
            SESSION_CREATE,
            session_id,
            options,
            SessionCallbacks(
                tools=tools,
                on_permission=on_permission,
                on_user_input=on_user_input,
                on_elicitation=on_elicitation,
                hooks=hooks,
                commands=commands,
                on_exit_plan_mode=on_exit_plan_mode,
                on_auto_mode_switch=on_auto_mode_switch,
                on_sampling=on_sampling,
                on_session_limits_exhausted=on_session_limits_exhausted,
                on_mcp_oauth=on_mcp_oauth,
                on_mcp_headers_refresh=on_mcp_headers_refresh,
                system_message_transforms=system_message_transforms or {},
            ),
            handlers=handlers,
        )
        return Session(core)

    async def resume_session(
        self,
        session_id: str,
        *,
        tools: Sequence[Tool[..., Any]] = (),
        on_permission: PermissionHandler | None = None,
        on_user_input: UserInputHandler | None = None,
        on_elicitation: ElicitationHandler | None = None,
        hooks: Hooks | None = None,
        commands: Sequence[Command] = (),
        on_exit_plan_mode: ExitPlanModeHandler | None = None,
        on_auto_mode_switch: AutoModeSwitchHandler | None = None,
        on_sampling: SamplingHandler | None = None,
        on_session_limits_exhausted: SessionLimitsHandler | None = None,
        on_mcp_oauth: MCPOAuthHandler | None = None,
        on_mcp_headers_refresh: MCPHeadersRefreshHandler | None = None,
        system_message_transforms: Mapping[str, SectionTransform] | None = None,
        handlers: Handlers | None = None,
        **options: Unpack[SessionResumeOptions],
    ) -> Session:
        """Take up a session that is on disk, or join one that another client has open.

        Wire method: `session.resume`.

        Args:
            session_id: Identifier of the session.
            tools: See `create_session`.
            on_permission: See `create_session`.
            on_user_input: See `create_session`.
            on_elicitation: See `create_session`.
            hooks: See `create_session`.
            commands: See `create_session`.
            on_exit_plan_mode: See `create_session`.
            on_auto_mode_switch: See `create_session`.
            on_sampling: See `create_session`.
            on_session_limits_exhausted: See `create_session`.
            on_mcp_oauth: See `create_session`.
            on_mcp_headers_refresh: See `create_session`.
            system_message_transforms: See `create_session`.
            handlers: See `create_session`.
            options: See `create_session`.

        Returns:
            The session.

        Raises:
            SessionNotFound: There is no such session.
            InvalidParams, RpcError, RequestTimeout, ConnectionClosed, UsageError: See `create_session`.
        """
        from copilot_sdk._generated.copilot.methods.server_session import SESSION_RESUME
        from copilot_sdk.session import Session

        core = await self._sessions.open(
            self._connection,
            SESSION_RESUME,
            session_id,
            options,
            SessionCallbacks(
                tools=tools,
                on_permission=on_permission,
                on_user_input=on_user_input,
                on_elicitation=on_elicitation,
                hooks=hooks,
                commands=commands,
                on_exit_plan_mode=on_exit_plan_mode,
                on_auto_mode_switch=on_auto_mode_switch,
                on_sampling=on_sampling,
                on_session_limits_exhausted=on_session_limits_exhausted,
                on_mcp_oauth=on_mcp_oauth,
                on_mcp_headers_refresh=on_mcp_headers_refresh,
                system_message_transforms=system_message_transforms or {},
            ),
            handlers=handlers,
        )
        return Session(core)

    async def list_sessions(self, filter: SessionContextFilter | None = None) -> list[SessionListItem]:
        """The sessions that have had a turn, newest first.

        Wire method: `session.list`.

        Args:
            filter: Conditions, all of which must hold.
        """
        result = await self.rpc.session.list(filter=filter)
        return result.sessions

    async def delete_session(self, session_id: str) -> None:
        """Delete a session and all that it has on disk.

        Wire method: `session.delete`.

        Raises:
            RpcError: The runtime could not delete it.
        """
        result = await self.rpc.session.delete(session_id=session_id)
        if not result.success:
            raise RpcError.from_wire(
                {"code": -32603, "message": result.error or f"session {session_id} was not deleted"},
                "session.delete",
            )
        session = self._sessions.get(session_id)
        if session is not None:
            await session.abandon()

    async def last_session_id(self) -> str | None:
        """Identifier of the session that was used last, None if there is none.

        Wire method: `session.getLastId`.
        """
        return (await self.rpc.session.get_last_id()).session_id

    def on_lifecycle(self, callback: LifecycleHandler) -> Callable[[], None]:
        """Call a function when a session of the runtime begins, changes or ends, also one of other clients.

        Wire method: `session.lifecycle`.

        Args:
            callback: Takes each notification, in order. A plain function runs in a worker thread.

        Returns:
            Ends it.
        """
        return self._sessions.serving.on_lifecycle(callback)

    # ---------------------------------------------------------------- runtime

    async def ping(self, message: str | None = None) -> PingResult:
        """Ask the runtime for a sign of life. Wire method: `ping`."""
        return await self.rpc.ping(message=message)

    async def status(self) -> StatusGetResult:
        """The runtime's version. Wire method: `status.get`."""
        return await self.rpc.status.get()

    async def auth_status(self) -> AuthGetStatusResult:
        """Whether and as whom the runtime is signed in. Wire method: `auth.getStatus`."""
        return await self.rpc.auth.get_status()

    async def models(self) -> list[Model]:
        """The models that the signed-in user can use. Wire method: `models.list`.

        Raises:
            RpcError: Nobody is signed in, among other reasons.
        """
        return (await self.rpc.models.list()).models


def _seconds(value: float, name: str) -> float:
    if not value > 0:
        raise UsageError(f"{name} has to be above zero seconds, not {value!r}")
    return value
