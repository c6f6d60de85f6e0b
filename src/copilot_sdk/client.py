"""The client: a connection to a runtime, its sessions, and every method of the wire."""

from __future__ import annotations

import asyncio
import logging
import secrets
import uuid
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from copilot_sdk._calls import WireCaller
from copilot_sdk._connect import Connect, Connector, Embed, Spawn, observed
from copilot_sdk._connection import NOT_STARTED, Connection
from copilot_sdk._link import Introduction
from copilot_sdk._serving import Serving
from copilot_sdk._sessions import Sessions
from copilot_sdk.errors import RpcError, UsageError
from copilot_sdk.transports.closing import CloseOnce

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from ssl import SSLContext
    from typing import Unpack

    from copilot_sdk._generated.copilot.api.server import ServerRPC
    from copilot_sdk._generated.copilot.types import (
        AuthGetStatusResult,
        Model,
        PingResult,
        SessionContextFilter,
        SessionListItem,
        StatusGetResult,
    )
    from copilot_sdk._rpc.method import Method
    from copilot_sdk._serving import LifecycleHandler
    from copilot_sdk.options import ClientOptions, SessionCreateOptions, SessionResumeOptions
    from copilot_sdk.runtime import Limits, ScriptedAccounts
    from copilot_sdk.runtime import Model as RuntimeModel
    from copilot_sdk.session import Session

DEFAULT_REQUEST_TIMEOUT = 120.0
DEFAULT_START_TIMEOUT = 60.0
_logger = logging.getLogger("copilot_sdk.client")


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
        home: Folder for the settings and sessions of the CLI; `COPILOT_HOME` of its environment, then `~/.copilot`
            when left out.
        session_idle_timeout: Whole seconds without work after which the CLI may close a session; it keeps all of them
            when left out.
        options: What every client takes: `start_timeout`, `request_timeout`, `handlers`, `session_fs`, `on_frame`,
            `recovery`, `client_info`; see `copilot_sdk.options.ClientOptions`.

    Raises:
        UsageError: An option is unknown or does not fit.
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
        home: str | os.PathLike[str] | None = None,
        session_idle_timeout: int | None = None,
        **options: Unpack[ClientOptions],
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
            home=home,
            session_idle_timeout=session_idle_timeout,
        )
        self._set_up(spawn, token, options)

    def _set_up(self, connector: Connector, token: str | None, options: ClientOptions) -> None:
        _refuse_unknown(options)
        request_timeout = options.get("request_timeout", DEFAULT_REQUEST_TIMEOUT)
        self._sessions = Sessions(Serving(options.get("handlers"), options.get("session_fs")))
        self._connection = Connection(
            observed(connector, options.get("on_frame")),
            self._sessions,
            introduction=Introduction(token, options.get("client_info")),
            start_timeout=_seconds(options.get("start_timeout", DEFAULT_START_TIMEOUT), "start_timeout"),
            request_timeout=(
                None if request_timeout is None else _seconds(request_timeout, "request_timeout")
            ),
            recovery=options.get("recovery"),
        )
        self._started = False
        self._closed = False
        self._close = CloseOnce(self._leave)

    @classmethod
    def over(
        cls, connector: Connector, *, token: str | None = None, **options: Unpack[ClientOptions]
    ) -> Self:
        """A client over any transport.

        Args:
            connector: An async function that opens the transport.
            token: The connection token that the runtime asks for, if it does.
            options: See the class.
        """
        client = cls.__new__(cls)
        client._set_up(connector, token, options)
        return client

    @classmethod
    def connect(
        cls,
        address: str | int,
        *,
        ssl: SSLContext | None = None,
        token: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> Self:
        """A client of a runtime that listens.

        Args:
            address: `host:port`, a port on this machine, `tls://host:port`, `unix:/path`, or a URL that starts with
                `ws`, `wss`, `http` or `https`.
            ssl: Says whom to trust where the address is an encrypted one; the authorities of the system when left
                out.
            token: The connection token, where the runtime was started with one.
            options: See the class.

        Raises:
            UsageError: The address, or what is given with it, has no meaning.
        """
        if token == "":
            raise UsageError("token must not be empty; leave it out for a runtime without a token")
        return cls.over(Connect.parse(address, ssl), token=token, **options)

    @classmethod
    def embedded(
        cls,
        model: RuntimeModel | None = None,
        *,
        home: str | os.PathLike[str] | None = None,
        limits: Limits | None = None,
        accounts: ScriptedAccounts | None = None,
        **options: Unpack[ClientOptions],
    ) -> Self:
        """A client of the reference runtime, which runs in this process: no CLI, no account, no network.

        Args:
            model: What answers the prompts, such as `copilot_sdk.runtime.ScriptedModel([...])`; a scripted model that
                quotes the prompt and obeys its directives when left out.
            home: Folder for the sessions; one that is deleted at the end when left out.
            limits: How long the runtime waits and how often it tries.
            accounts: Who can sign in, to test that; the model then answers those alone who are signed in.
            options: See the class.
        """
        return cls.over(Embed(model, home, limits, accounts), **options)

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
            await self._connection.open()
        except BaseException:
            self._started = False
            raise
        if self._closed:
            await self._connection.close()
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
        self._connection.give_up()
        await asyncio.gather(*(session.close() for session in self._sessions))
        await self._connection.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _check_not_closed(self) -> None:
        if self._closed:
            raise UsageError("the client is closed; make a new one")

    def _check_open(self) -> None:
        self._check_not_closed()
        if self._connection.greeting is None:
            raise UsageError(NOT_STARTED)

    @property
    def runtime_version(self) -> str | None:
        """Version of the runtime, such as `1.0.61`; None before the handshake, or if it does not tell."""
        greeting = self._connection.greeting
        return None if greeting is None else greeting.runtime_version

    @property
    def protocol_version(self) -> int | None:
        """Version of the wire protocol, None before the handshake."""
        greeting = self._connection.greeting
        return None if greeting is None else greeting.protocol_version

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

        self._check_open()
        return method in OUTBOUND and OUTBOUND[method].is_in(self.runtime_version or "")

    @cached_property
    def rpc(self) -> ServerRPC:
        """Every method of the runtime that belongs to no session, by namespace.

        `client.rpc.mcp.config.list()`.
        """
        from copilot_sdk._generated.copilot.api.server import ServerRPC

        self._check_open()
        return ServerRPC(WireCaller(self._connection, check=self._check_not_closed))

    # --------------------------------------------------------------- sessions

    async def create_session(self, **options: Unpack[SessionCreateOptions]) -> Session:
        """Create a session.

        Wire method: `session.create`.

        Args:
            options: All of them are optional, and described by `copilot_sdk.options.SessionCreateOptions`:

                - `session_id`: the identifier; a random one when left out.
                - `tools`, `commands`: what the model and the user can call and this program runs.
                - `on_permission`, `on_user_input`, `on_elicitation` and the other functions that start with `on_`:
                  answer what the runtime asks. `hooks` and `system_message_transforms` change what it does.
                - `handlers`: serve the runtime for this session, by namespace.
                - Every other option of the wire, in snake case: `model`, `streaming`, `working_directory`,
                  `provider`, `mcp_servers` ...

        Returns:
            The session.

        Raises:
            InvalidParams: An option is unknown or does not fit; nothing was sent.
            UsageError: The client is not open or has the session open already, or a tool or handler is wrong.
            RpcError, RequestTimeout, ConnectionClosed: The runtime refused, did not answer in time, or is
                gone.
        """
        from copilot_sdk._generated.copilot.methods.server_session import SESSION_CREATE

        session_id = options.pop("session_id", None)
        if session_id is None and options.get("cloud") is None:
            session_id = str(uuid.uuid4())
        return await self._open(SESSION_CREATE, session_id, options)

    async def resume_session(self, session_id: str, **options: Unpack[SessionResumeOptions]) -> Session:
        """Take up a session that is on disk, or join one that another client has open.

        Wire method: `session.resume`.

        Args:
            session_id: Identifier of the session.
            options: Those of `create_session` that are in `copilot_sdk.options.SessionOptions`, and what only
                resuming takes, such as `continue_pending_work`; see `copilot_sdk.options.SessionResumeOptions`.

        Returns:
            The session.

        Raises:
            SessionNotFound: There is no such session.
            InvalidParams, RpcError, RequestTimeout, ConnectionClosed, UsageError: See `create_session`.
        """
        from copilot_sdk._generated.copilot.methods.server_session import SESSION_RESUME

        return await self._open(SESSION_RESUME, session_id, options)

    async def _open(
        self,
        method: Method[Any],
        session_id: str | None,
        options: SessionCreateOptions | SessionResumeOptions,
    ) -> Session:
        from copilot_sdk.session import Session

        self._check_open()
        return Session(await self._sessions.open(self._connection, method, session_id, options))

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


def _refuse_unknown(options: Iterable[str]) -> None:
    from copilot_sdk._unknown import unknown
    from copilot_sdk.options import ClientOptions

    if names := unknown(options, ClientOptions.__optional_keys__):
        raise UsageError(f"CopilotClient has no option {names}")


def _seconds(value: float, name: str) -> float:
    if not value > 0:
        raise UsageError(f"{name} has to be above zero seconds, not {value!r}")
    return value
