"""The client of the daemon."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol, Self

from copilot_sdk._scope import TaskScope
from copilot_sdk._subscriptions import DEFAULT_BUFFER
from copilot_sdk.errors import UsageError
from copilot_sdk.tau._calls import Calls, encoded, exchange_of
from copilot_sdk.tau._connect import Embedded, Socket, socket_path
from copilot_sdk.tau._pool import Pool
from copilot_sdk.tau.subscription import Subscription
from copilot_sdk.tau.turn import Turn

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from copilot_sdk._generated.tau.api.agent import AgentRPC
    from copilot_sdk._generated.tau.types import ImageAttachment
    from copilot_sdk.runtime.core.models.base import Model
    from copilot_sdk.transports.base import Transport

DEFAULT_REQUEST_TIMEOUT = 60.0
DEFAULT_CONNECTIONS = 4


class Daemon(Protocol):
    """A daemon, as the client sees it."""

    async def __call__(self) -> Transport:
        """Open a connection; a `ConnectError` says that there is none."""
        ...

    async def aclose(self) -> None:
        """Give back what belongs to the client."""
        ...


class Client:
    """A client of the daemon. Use it as an asynchronous context manager, or call `close`.

    Args:
        daemon: Opens the connections; see `connect` and `embedded`.
        request_timeout: Seconds to wait for an answer, where the call does not say; None for no limit. It does not
            apply to what waits for a model or a person.
        max_connections: How many requests may be under way at once; further ones wait. Chats, subscriptions and what
            waits for a model or a person have connections of their own.

    Raises:
        UsageError: `max_connections` is below 1.
    """

    def __init__(
        self,
        daemon: Daemon,
        *,
        request_timeout: float | None = DEFAULT_REQUEST_TIMEOUT,
        max_connections: int = DEFAULT_CONNECTIONS,
    ) -> None:
        self._daemon = daemon
        self._pool = Pool(daemon, max_connections)
        self._calls = Calls(self._pool, request_timeout)
        self._scope = TaskScope("the client of tau")

    async def start(self) -> None:
        """Make sure that somebody is there; `async with` does it.

        Raises:
            ConnectError: Nobody listens there.
        """
        try:
            async with self._pool.link():
                return
        except BaseException:
            await self.close()
            raise

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End all connections. Whoever waits gets a `ConnectionClosed`; agents go on, sessions stay."""
        self._scope.cancel()
        await self._pool.aclose()
        await self._scope.settle()
        await self._daemon.aclose()

    @cached_property
    def rpc(self) -> AgentRPC:
        """Every request of the wire, typed: `await client.rpc.list_sessions()`."""
        from copilot_sdk._generated.tau.api.agent import AgentRPC

        return AgentRPC(self._calls)

    def chat(
        self,
        session_id: str,
        text: str,
        *,
        attachments: Sequence[ImageAttachment] = (),
        timeout: float | None = None,
        buffer: int = DEFAULT_BUFFER,
    ) -> Turn:
        """Send the agent of a session a message, on a connection of its own.

        Wire method: `chat`.

        Args:
            session_id: The session.
            text: What the message says.
            attachments: Pictures that go with it.
            timeout: Seconds until the end of the turn; None for no limit.
            buffer: How many events may wait for whoever iterates over them.

        Returns:
            The turn: await it for its result, iterate over it for its events. The message is sent at once.

        Raises:
            InvalidParams, UsageError: An argument does not fit.
        """
        from copilot_sdk._generated.tau.methods.agent import CHAT

        if timeout is not None and not timeout > 0:
            raise UsageError(f"timeout has to be above zero seconds, not {timeout!r}")
        params = {"session_id": session_id, "text": text, "attachments": list(attachments) or None}

        return Turn(
            self._pool,
            exchange_of(CHAT),
            encoded(CHAT, params),
            spawn=self._scope.handle,
            abort=lambda: self.rpc.cancel_chat(session_id=session_id),
            timeout=timeout,
            buffer=buffer,
        )

    def subscribe(self, session_id: str) -> Subscription:
        """Follow what happens in a session, on a connection of its own.

        Wire method: `subscribe`. The daemon does not say whether there is such a session.

        Args:
            session_id: The session.

        Returns:
            An async iterator of its events, to be used as an asynchronous context manager.
        """
        return Subscription(self._pool, session_id)


def connect(
    path: str | os.PathLike[str] | None = None,
    *,
    request_timeout: float | None = DEFAULT_REQUEST_TIMEOUT,
    max_connections: int = DEFAULT_CONNECTIONS,
) -> Client:
    """A client of a daemon that listens on a unix socket.

    Args:
        path: The file of the socket; `tau/tau.sock` in `XDG_RUNTIME_DIR`, else `~/.tau/tau.sock`, when left out.
        request_timeout: See `Client`.
        max_connections: See `Client`.

    Returns:
        The client, to be entered.

    Raises:
        ConnectError: Nobody listens there. It is raised when the client is entered.
    """
    daemon = Socket(socket_path() if path is None else path)
    return Client(daemon, request_timeout=request_timeout, max_connections=max_connections)


def embedded(
    model: Model | None = None,
    *,
    home: str | os.PathLike[str] | None = None,
    request_timeout: float | None = DEFAULT_REQUEST_TIMEOUT,
    max_connections: int = DEFAULT_CONNECTIONS,
) -> Client:
    """A client with a daemon of its own, which lives in this process and needs no account and no network.

    Args:
        model: The model of all sessions, such as a `copilot_sdk.runtime.ScriptedModel`; None for one that plays the
            directives in the prompt.
        home: The folder of its sessions; None for one that is deleted at the end.
        request_timeout: See `Client`.
        max_connections: See `Client`.

    Returns:
        The client, to be entered; the daemon ends with it.
    """
    daemon = Embedded(model, home)
    return Client(daemon, request_timeout=request_timeout, max_connections=max_connections)
