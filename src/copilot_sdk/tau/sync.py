"""The client of the daemon for programs without an event loop."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Self

from copilot_sdk._subscriptions import DEFAULT_BUFFER
from copilot_sdk.sync._faces import ClientFace, TurnFace
from copilot_sdk.sync._portal import Portal, PortalCaller
from copilot_sdk.tau import client as asynchronous
from copilot_sdk.tau.client import DEFAULT_CONNECTIONS, DEFAULT_REQUEST_TIMEOUT

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from copilot_sdk._generated.tau.sync_api.agent import AgentRPC
    from copilot_sdk._generated.tau.types import ImageAttachment
    from copilot_sdk.runtime.core.models.base import Model
    from copilot_sdk.tau.events import (
        ChatEvent,  # noqa: F401 - a base class names it
        SessionEvent,
    )
    from copilot_sdk.tau.subscription import Subscription as AsyncSubscription
    from copilot_sdk.tau.turn import Turn as AsyncTurn  # noqa: F401 - a base class names it
    from copilot_sdk.tau.turn import TurnResult  # noqa: F401 - a base class names it


class Turn(TurnFace["AsyncTurn", "ChatEvent", "TurnResult"]):
    """See `copilot_sdk.tau.Turn`: a plain iterator over its events, and `result` in place of `await`."""

    @property
    def session_id(self) -> str:
        """The session that it is with."""
        return self._turn.session_id

    def text(self) -> Iterator[str]:
        """See `copilot_sdk.tau.Turn.text`."""
        return self._portal.iterate(self._turn.text())

    def abort(self) -> None:
        """See `copilot_sdk.tau.Turn.abort`."""
        self._portal.run(self._turn.abort())


class Subscription:
    """See `copilot_sdk.tau.Subscription`: a plain iterator, and a plain context manager."""

    def __init__(self, portal: Portal, subscription: AsyncSubscription) -> None:
        self._portal = portal
        self._subscription = subscription
        self._events = portal.iterate(subscription)

    def __repr__(self) -> str:
        return repr(self._subscription)

    @property
    def session_id(self) -> str:
        """The session that is followed."""
        return self._subscription.session_id

    def __enter__(self) -> Self:
        self._portal.run(self._subscription.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """See `copilot_sdk.tau.Subscription.close`."""
        self._portal.run(self._subscription.close())

    def __iter__(self) -> Iterator[SessionEvent]:
        return self._events

    def __next__(self) -> SessionEvent:
        return next(self._events)


class Client(ClientFace[asynchronous.Client]):
    """See `copilot_sdk.tau.Client`: the same methods, without `await`; `with connect() as client:`.

    Args:
        client: The async client.
        portal: The thread that it lives in; one of its own when left out.
    """

    def __init__(self, client: asynchronous.Client, portal: Portal | None = None) -> None:
        self._set_up(client, portal)

    @cached_property
    def rpc(self) -> AgentRPC:
        """Every request of the wire, typed: `client.rpc.list_sessions()`."""
        from copilot_sdk._generated.tau.sync_api.agent import AgentRPC

        return AgentRPC(PortalCaller(self._portal, self._client.rpc.caller))

    def chat(
        self,
        session_id: str,
        text: str,
        *,
        attachments: Sequence[ImageAttachment] = (),
        timeout: float | None = None,
        buffer: int = DEFAULT_BUFFER,
    ) -> Turn:
        """See `copilot_sdk.tau.Client.chat`."""
        turn = self._portal.call(
            lambda: self._client.chat(
                session_id, text, attachments=attachments, timeout=timeout, buffer=buffer
            )
        )
        return Turn(self._portal, turn)

    def subscribe(self, session_id: str) -> Subscription:
        """See `copilot_sdk.tau.Client.subscribe`."""
        return Subscription(self._portal, self._client.subscribe(session_id))


def connect(
    path: str | os.PathLike[str] | None = None,
    *,
    request_timeout: float | None = DEFAULT_REQUEST_TIMEOUT,
    max_connections: int = DEFAULT_CONNECTIONS,
) -> Client:
    """See `copilot_sdk.tau.connect`."""
    return Client(
        asynchronous.connect(path, request_timeout=request_timeout, max_connections=max_connections)
    )


def embedded(
    model: Model | None = None,
    *,
    home: str | os.PathLike[str] | None = None,
    request_timeout: float | None = DEFAULT_REQUEST_TIMEOUT,
    max_connections: int = DEFAULT_CONNECTIONS,
) -> Client:
    """See `copilot_sdk.tau.embedded`."""
    return Client(
        asynchronous.embedded(
            model, home=home, request_timeout=request_timeout, max_connections=max_connections
        )
    )
