"""What a client is made of: its connection, what it serves, and its sessions."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from copilot_sdk.acp._content import check_options
from copilot_sdk.acp._handshake import Greeting, shake_hands, within
from copilot_sdk.acp._offers import CheckedCaller, check_offered, offers
from copilot_sdk.acp._serving import Permissions, announced, served
from copilot_sdk.acp._session_core import SessionCore
from copilot_sdk.acp._sessions import Sessions
from copilot_sdk.errors import ConnectionClosed, ResultValidationError, UsageError
from copilot_sdk.transports.closing import CloseOnce

if TYPE_CHECKING:
    from copilot_sdk._connect import Connector
    from copilot_sdk._generated.acp.api.agent import AgentRPC
    from copilot_sdk._generated.acp.types import (
        ForkSessionResponse,
        MCPServer,
        NewSessionResponse,
        SystemPrompt,
    )
    from copilot_sdk.acp._connection import Connection
    from copilot_sdk.acp.options import ClientOptions
    from copilot_sdk.frames import FrameHandler
    from copilot_sdk.transports.base import Transport

DEFAULT_REQUEST_TIMEOUT = 120.0
DEFAULT_START_TIMEOUT = 60.0
_METHODS: Mapping[str, Sequence[str]] = {
    "client_info": ("to_wire",),
    "capabilities": ("to_wire",),
    "files": ("read",),
    "terminals": ("create", "output", "wait_for_exit", "kill", "release", "aclose"),
    "mcp": ("connect", "message", "message_notification", "disconnect"),
}
"""What options have to be able to do."""
_NOT_STARTED = "the client is not started; use 'async with acp.connect(...) as client:'"
_logger = logging.getLogger("copilot_sdk.acp")


class ClientCore:
    """A client from the inside; `Client` is the face of it.

    Attributes:
        sessions: The sessions that are open here.
        permissions: Decides on what tools may do.
        greeting: What the agent has said of itself; None before that.

    Args:
        connector: Opens the transport.
        options: What the application gave.

    Raises:
        UsageError: An option is unknown or does not fit.
    """

    def __init__(self, connector: Connector, options: ClientOptions) -> None:
        _refuse_unknown(options)
        _check_kinds(options)
        request_timeout = options.get("request_timeout", DEFAULT_REQUEST_TIMEOUT)
        self.sessions = Sessions()
        self.permissions = Permissions(options.get("on_permission"))
        self.greeting: Greeting | None = None
        self._options = options
        self._connector = _observed(connector, options.get("on_frame"))
        self._start_timeout = _seconds(options.get("start_timeout", DEFAULT_START_TIMEOUT), "start_timeout")
        self._request_timeout = (
            None if request_timeout is None else _seconds(request_timeout, "request_timeout")
        )
        self._connection: Connection | None = None
        self._end: ConnectionClosed | None = None
        self._started = False
        self._closed = False
        self._close = CloseOnce(self._leave)

    # -------------------------------------------------------------- lifecycle

    async def start(self) -> None:
        """See `Client.start`."""
        self._check_not_closed()
        if self._started:
            raise UsageError("the client was started before; make a new one")
        self._started = True
        async with within(self._start_timeout):
            await self._open(await self._connector())

    async def _open(self, transport: Transport) -> None:
        # Only now: the agent starts while what reads its messages is loaded.
        from copilot_sdk.acp._connection import Connection

        connection = Connection(
            transport,
            served(self._options, self.permissions, self.sessions.take),
            request_timeout=self._request_timeout,
            on_end=self._ended,
        )
        connection.start()
        self._connection = connection
        try:
            self.greeting = await shake_hands(
                connection, announced(self._options), self._options.get("client_info")
            )
            self._check_not_closed()
        except BaseException:
            await connection.aclose()
            raise
        _logger.info("connected to %s: %s", transport.describe(), self.greeting)

    async def close(self) -> None:
        """See `Client.close`."""
        if self._connection is not None:
            self._connection.tasks.spare_current_task()
        self.permissions.spare_current_task()
        await self._close()

    async def _leave(self) -> None:
        self._closed = True
        if self._connection is not None:
            await self._connection.aclose()
        await self.permissions.aclose()
        if (terminals := self._options.get("terminals")) is not None:
            await terminals.aclose()

    def _ended(self, reason: ConnectionClosed) -> None:
        self._end = reason
        # Before the greeting whoever starts the client is told.
        if not self._closed and self.greeting is not None:
            _logger.warning("the agent is gone: %s", reason)
        self.sessions.end(reason)

    def _check_not_closed(self) -> None:
        if self._closed:
            raise UsageError("the client is closed; make a new one")

    # --------------------------------------------------------------- the agent

    def connection(self) -> Connection:
        """The connection while it is open.

        Raises:
            UsageError: The client was not started, or is closed.
            ConnectionClosed: The agent is gone.
        """
        self._check_not_closed()
        if self._end is not None:
            raise copy(self._end)
        if self._connection is None or self.greeting is None:
            raise UsageError(_NOT_STARTED)
        return self._connection

    @property
    def capabilities(self) -> Mapping[str, Any]:
        """What the agent can do, as it came."""
        return {} if self.greeting is None else self.greeting.capabilities

    @cached_property
    def rpc(self) -> AgentRPC:
        """See `Client.rpc`."""
        from copilot_sdk._generated.acp.api.agent import AgentRPC

        return AgentRPC(CheckedCaller(self.connection, lambda: self.capabilities, "the agent"))

    def supports(self, method: str) -> bool:
        """See `Client.supports`."""
        from copilot_sdk._generated.acp.methods import OUTBOUND

        self.connection()
        if method not in OUTBOUND:
            return False
        capability = OUTBOUND[method].capability
        return capability is None or offers(self.capabilities, capability)

    def _check_offered(self, method: str) -> None:
        from copilot_sdk._generated.acp.methods import OUTBOUND

        if (capability := OUTBOUND[method].capability) is not None:
            check_offered(self.capabilities, capability, method, "the agent")

    # --------------------------------------------------------------- sessions

    def options_of_session(
        self,
        method: str,
        cwd: str | os.PathLike[str],
        mcp_servers: Sequence[MCPServer],
        additional_directories: Sequence[str | os.PathLike[str]] | None,
        system_prompt: SystemPrompt | None,
    ) -> dict[str, Any]:
        """The options of a session, for the generated API.

        Raises:
            CapabilityMissing: The agent does not take one of them.
            UsageError, ConnectionClosed: The client is not open.
        """
        self.connection()
        check_options(method, mcp_servers, additional_directories, system_prompt, self.capabilities)
        given: dict[str, Any] = {"cwd": os.path.abspath(cwd), "mcp_servers": list(mcp_servers)}  # noqa: PTH100
        if additional_directories is not None:
            given["additional_directories"] = [os.path.abspath(f) for f in additional_directories]  # noqa: PTH100
        if system_prompt is not None:
            given["system_prompt"] = system_prompt
        return given

    async def new(self, given: Mapping[str, Any]) -> SessionCore:
        """Begin a conversation; `given` comes from `options_of_session`, here and below."""
        return self._made("session/new", await self.rpc.session.new(**given), given)

    async def fork(
        self, session_id: str, reopen: Literal["load", "resume"] | None, given: Mapping[str, Any]
    ) -> SessionCore:
        """See `Client.fork_session`."""
        if reopen is not None:
            self._check_offered(f"session/{reopen}")
        answer = await self.rpc.session.fork(session_id=session_id, **given)
        if reopen is None:
            return self._made("session/fork", answer, given)
        _check_named("session/fork", answer)
        return await self.take_up(reopen, answer.session_id, given)

    async def take_up(
        self, how: Literal["load", "resume"], session_id: str, given: Mapping[str, Any]
    ) -> SessionCore:
        """See `Client.load_session` and `Client.resume_session`."""
        if session_id in self.sessions:
            raise UsageError(f"session {session_id} is open in this client already; close it first")
        methods = self.rpc.session
        session = SessionCore(self, session_id, given["cwd"])
        # The conversation is sent before the answer.
        self.sessions.add(session)
        try:
            if how == "load":
                session.opened(await methods.load(session_id=session_id, **given))
            else:
                session.opened(await methods.resume(session_id=session_id, **given))
        except BaseException:
            self.sessions.remove(session)
            raise
        return session

    def _made(
        self, method: str, answer: NewSessionResponse | ForkSessionResponse, given: Mapping[str, Any]
    ) -> SessionCore:
        _check_named(method, answer)
        if answer.session_id in self.sessions:
            problem = f"sessionId: {answer.session_id!r} is a session that is open already"
            raise ResultValidationError(method, [problem], answer.to_wire())
        session = SessionCore(self, answer.session_id, given["cwd"])
        self.sessions.add(session)
        session.opened(answer)
        return session

    async def leave(self, session_id: str, *, busy: bool) -> None:
        """Tell the agent that a session is left, as far as it wants to know."""
        if self._closed or self._end is not None:
            return
        if self.supports("session/close"):
            await self.rpc.session.close(session_id=session_id)
        elif busy:
            await self.rpc.session.cancel(session_id=session_id)


def _check_named(method: str, answer: NewSessionResponse | ForkSessionResponse) -> None:
    if not answer.session_id:
        raise ResultValidationError(method, answer.misfits(), answer.to_wire())


def _observed(connector: Connector, on_frame: FrameHandler | None) -> Connector:
    if on_frame is None:
        return connector
    from copilot_sdk._connect import observed

    return observed(connector, on_frame)


def _refuse_unknown(options: Mapping[str, object]) -> None:
    from copilot_sdk._unknown import unknown
    from copilot_sdk.acp.options import ClientOptions

    if names := unknown(options, ClientOptions.__optional_keys__):
        raise UsageError(f"acp.connect has no option {names}")


def _check_kinds(options: Mapping[str, object]) -> None:
    """Refuse what would be missed only when the agent asks for it."""
    for name, value in options.items():
        if value is None:
            continue
        if name.startswith("on_") and not callable(value):
            raise UsageError(f"{name} has to be a function, not {value!r}")
        if lacking := [method for method in _METHODS.get(name, ()) if not hasattr(value, method)]:
            raise UsageError(
                f"{name} has to have the method {lacking[0]}, see acp.options; {value!r} has not"
            )


def _seconds(value: float, name: str) -> float:
    if not value > 0:
        raise UsageError(f"{name} has to be above zero seconds, not {value!r}")
    return value
