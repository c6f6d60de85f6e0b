"""The client: a connection to a runtime, its sessions, and every method of the wire."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from copilot_sdk._calls import PeerCaller
from copilot_sdk._connect import Connect, Connector, Embed, Spawn
from copilot_sdk._rpc.unset import UNSET
from copilot_sdk.errors import (
    CopilotError,
    MethodNotFound,
    ProtocolError,
    ProtocolVersionMismatch,
    RpcError,
    UsageError,
)

if TYPE_CHECKING:
    import os
    from pathlib import Path
    from typing import Unpack

    from copilot_sdk._generated.copilot.api.server import ServerRPC
    from copilot_sdk._generated.copilot.options import SessionCreateOptions, SessionResumeOptions
    from copilot_sdk._generated.copilot.types import (
        AuthGetStatusResult,
        Model,
        PingResult,
        SessionContextFilter,
        SessionListItem,
        StatusGetResult,
    )
    from copilot_sdk._rpc.method import Method
    from copilot_sdk._rpc.peer import Peer
    from copilot_sdk.permissions import PermissionHandler
    from copilot_sdk.runtime import Limits
    from copilot_sdk.runtime import Model as RuntimeModel
    from copilot_sdk.session import Session, UserInputHandler
    from copilot_sdk.tools import Tool

DEFAULT_REQUEST_TIMEOUT = 120.0
MIN_PROTOCOL_VERSION = 3
MAX_PROTOCOL_VERSION = 3
_START_TIMEOUT = 60.0
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
        tcp: True to speak over a TCP port instead of the CLI's standard streams.
        request_timeout: Seconds that a request may take unless the call says otherwise, None for no limit.
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
        request_timeout: float | None = DEFAULT_REQUEST_TIMEOUT,
    ) -> None:
        spawn = Spawn(
            path=cli_path,
            args=tuple(cli_args),
            env=env,
            cwd=cwd,
            log_level=log_level,
            github_token=github_token,
            use_logged_in_user=use_logged_in_user,
            tcp=tcp,
        )
        self._set_up(spawn, None, request_timeout)

    def _set_up(self, connector: Connector, token: str | None, request_timeout: float | None) -> None:
        self._connector = connector
        self._token = token
        self._request_timeout = request_timeout
        self._peer: Peer | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._sessions: dict[str, Session] = {}
        self._runtime_version: str | None = None
        self._protocol_version: int | None = None

    @classmethod
    def over(
        cls,
        connector: Connector,
        *,
        token: str | None = None,
        request_timeout: float | None = DEFAULT_REQUEST_TIMEOUT,
    ) -> Self:
        """A client over any transport.

        Args:
            connector: An async function that opens the transport.
            token: The connection token that the runtime asks for, if it does.
            request_timeout: See the class.
        """
        client = cls.__new__(cls)
        client._set_up(connector, token, request_timeout)
        return client

    @classmethod
    def connect(
        cls,
        address: str,
        *,
        token: str | None = None,
        request_timeout: float | None = DEFAULT_REQUEST_TIMEOUT,
    ) -> Self:
        """A client of a runtime that listens on a TCP port.

        Args:
            address: `host:port`, or a port on this machine.
            token: The connection token, where the runtime was started with one.
            request_timeout: See the class.

        Raises:
            UsageError: The address or the token has no meaning.
        """
        if token == "":
            raise UsageError("token must not be empty; leave it out for a runtime without a token")
        return cls.over(Connect.parse(address), token=token, request_timeout=request_timeout)

    @classmethod
    def embedded(
        cls,
        model: RuntimeModel | None = None,
        *,
        home: Path | None = None,
        limits: Limits | None = None,
        request_timeout: float | None = DEFAULT_REQUEST_TIMEOUT,
    ) -> Self:
        """A client of the reference runtime, which runs in this process: no CLI, no account, no network.

        Args:
            model: What answers the prompts, such as `copilot_sdk.runtime.ScriptedModel([...])`; a scripted model that
                quotes the prompt and obeys its directives when left out.
            home: Folder for the sessions; one that is deleted at the end when left out.
            limits: How long the runtime waits and how often it tries.
            request_timeout: See the class.
        """
        return cls.over(Embed(model, home, limits), request_timeout=request_timeout)

    # -------------------------------------------------------------- lifecycle

    async def start(self) -> None:
        """Open the connection and shake hands; `async with` does it.

        Raises:
            ConnectError: The runtime could not be started or reached.
            ProtocolVersionMismatch: It speaks another version of the protocol.
            AuthenticationFailed, AuthenticationRequired: The connection token is wrong or missing.
            UsageError: The client was started before.
        """
        if self._peer is not None:
            raise UsageError("the client was started before; make a new one")
        from copilot_sdk._rpc.peer import Peer

        transport = await self._connector()
        self._peer = Peer(
            transport,
            on_request=self._serve,
            on_notification=self._notified,
            default_timeout=self._request_timeout,
        )
        self._peer.start()
        try:
            await self._shake_hands()
        except BaseException:
            await self._peer.aclose()
            raise
        self._watcher = asyncio.get_running_loop().create_task(self._watch(self._peer))

    async def close(self) -> None:
        """Leave all sessions and end the connection; a runtime that this client started is stopped."""
        if self._peer is None:
            return
        for session in list(self._sessions.values()):
            try:
                await session.close()
            except CopilotError as error:
                _logger.debug("closing session %s: %s", session.id, error)
        await self._peer.aclose()
        if self._watcher is not None:
            await self._watcher

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _shake_hands(self) -> None:
        params = {} if self._token is None else {"token": self._token}
        try:
            answer = await self._connection.request("connect", params, timeout=_START_TIMEOUT)
        except MethodNotFound:
            answer = await self._connection.request("ping", {}, timeout=_START_TIMEOUT)
        if not isinstance(answer, dict):
            raise ProtocolError(
                "the other side answered the handshake with no object; is it a Copilot runtime?"
            )
        version = answer.get("protocolVersion")
        if not isinstance(version, int) or not MIN_PROTOCOL_VERSION <= version <= MAX_PROTOCOL_VERSION:
            known = version if isinstance(version, int) else None
            raise ProtocolVersionMismatch(known, MIN_PROTOCOL_VERSION, MAX_PROTOCOL_VERSION)
        self._protocol_version = version
        runtime = answer.get("version")
        self._runtime_version = runtime if isinstance(runtime, str) else None

    async def _watch(self, peer: Peer) -> None:
        """When the connection ends, so do the streams of every session."""
        reason = await peer.wait_closed()
        for session in list(self._sessions.values()):
            await session._end(reason)

    @property
    def _connection(self) -> Peer:
        if self._peer is None:
            raise UsageError("the client is not started; use 'async with CopilotClient() as client:'")
        return self._peer

    @property
    def runtime_version(self) -> str | None:
        """Version of the runtime, such as `1.0.61`; None if it does not tell."""
        return self._runtime_version

    @property
    def protocol_version(self) -> int | None:
        """Version of the wire protocol, None before the handshake."""
        return self._protocol_version

    @cached_property
    def rpc(self) -> ServerRPC:
        """Every method of the runtime that belongs to no session, by namespace.

        `client.rpc.mcp.config.list()`.
        """
        from copilot_sdk._generated.copilot.api.server import ServerRPC

        return ServerRPC(PeerCaller(self._connection))

    # --------------------------------------------------------------- sessions

    async def create_session(
        self,
        *,
        session_id: str | None = None,
        tools: Sequence[Tool[..., Any]] = (),
        on_permission: PermissionHandler | None = None,
        on_user_input: UserInputHandler | None = None,
        **options: Unpack[SessionCreateOptions],
    ) -> Session:
        """Create a session.

        Wire method: `session.create`.

        Args:
            session_id: Identifier for the session; a random one when left out.
            tools: Tools that the model can call and this program runs; see `copilot_sdk.tool`.
            on_permission: Decides on permission requests; see `copilot_sdk.permissions`. Without it the
                runtime refuses what needs permission.
            on_user_input: Answers the agent's questions to the user.
            options: Every other option of the wire, in snake case: `model`, `streaming`,
                `working_directory`, `provider`, `mcp_servers` ...

        Returns:
            The session.

        Raises:
            InvalidParams: An option is unknown or does not fit.
            RpcError, RequestTimeout, ConnectionClosed: The runtime refused, did not answer in time, or is
                gone.
        """
        from copilot_sdk._generated.copilot.methods.server_session import SESSION_CREATE

        chosen = session_id if session_id is not None else str(uuid.uuid4())
        return await self._open(SESSION_CREATE, chosen, tools, on_permission, on_user_input, options)

    async def resume_session(
        self,
        session_id: str,
        *,
        tools: Sequence[Tool[..., Any]] = (),
        on_permission: PermissionHandler | None = None,
        on_user_input: UserInputHandler | None = None,
        **options: Unpack[SessionResumeOptions],
    ) -> Session:
        """Take up a session that is on disk, or join one that another client has open.

        Wire method: `session.resume`.

        Args:
            session_id: Identifier of the session.
            tools: See `create_session`.
            on_permission: See `create_session`.
            on_user_input: See `create_session`.
            options: See `create_session`.

        Returns:
            The session.

        Raises:
            SessionNotFound: There is no such session.
            InvalidParams, RpcError, RequestTimeout, ConnectionClosed: See `create_session`.
        """
        from copilot_sdk._generated.copilot.methods.server_session import SESSION_RESUME

        return await self._open(SESSION_RESUME, session_id, tools, on_permission, on_user_input, options)

    async def _open(
        self,
        method: Method[Any],
        session_id: str,
        tools: Sequence[Tool[..., Any]],
        on_permission: PermissionHandler | None,
        on_user_input: UserInputHandler | None,
        options: Mapping[str, object],
    ) -> Session:
        from copilot_sdk._model.codec import decode_result
        from copilot_sdk.session import Session

        if session_id in self._sessions:
            raise UsageError(f"session {session_id} is open in this client already; close it first")
        peer = self._connection
        managed = {
            "session_id": session_id,
            "tools": [tool.definition for tool in tools] or None,
            "request_permission": on_permission is not None,
            "request_user_input": on_user_input is not None or None,
        }
        wire = _session_params(method, {**options, **managed})
        session = Session(
            peer,
            session_id,
            tools=tools,
            on_permission=on_permission,
            on_user_input=on_user_input,
            on_closed=self._forget,
        )
        # The runtime may call for the session while it is still being created.
        self._sessions[session_id] = session
        try:
            raw = await peer.request(method.name, wire, timeout=UNSET)
            session._opened(decode_result(method, raw))
        except BaseException:
            await session._end()
            raise
        return session

    def _forget(self, session: Session) -> None:
        if self._sessions.get(session.id) is session:
            del self._sessions[session.id]

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
            await session._end()

    async def last_session_id(self) -> str | None:
        """Identifier of the session that was used last, None if there is none.

        Wire method: `session.getLastId`.
        """
        return (await self.rpc.session.get_last_id()).session_id

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

    # ------------------------------------------------------- what comes in

    def _notified(self, method: str, params: Mapping[str, Any]) -> None:
        if method == "session.event":
            session = self._sessions.get(str(params.get("sessionId")))
            event = params.get("event")
            if session is not None and isinstance(event, dict):
                session._receive(event)

    async def _serve(self, method: str, params: Mapping[str, Any]) -> Any:
        session = self._sessions.get(str(params.get("sessionId")))
        if session is None:
            raise MethodNotFound(f"Method not found: {method}")
        return await session._serve(method, params)


def _session_params(method: Method[Any], options: Mapping[str, object]) -> dict[str, Any]:
    from copilot_sdk._model.codec import encode_params
    from copilot_sdk.errors import InvalidParams

    assert method.params is not None
    fields = method.params().model_fields
    unknown = sorted(options.keys() - fields.keys())
    if unknown:
        raise InvalidParams(
            f"{method.name} has no option {', '.join(map(repr, unknown))}", method=method.name
        )
    return encode_params(method, options)
