"""The same client for programs without an event loop: `from copilot_sdk.synaps import sync`.

Nothing is implemented twice: a thread runs the event loop of the async client, and everything here hands its work to
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, overload

from copilot_sdk._subscriptions import DEFAULT_BUFFER
from copilot_sdk.synaps import client as asynchronous
from copilot_sdk.sync._faces import ClientFace, EventStream, TurnFace
from copilot_sdk.sync._portal import Portal, PortalCaller

if TYPE_CHECKING:
    import os

    from copilot_sdk._generated.synaps.sync_api.agent import AgentRPC
    from copilot_sdk._generated.synaps.types import (
        CompactResponse,
        GetSessionStatsResponse,
        GetStateResponse,
        Message,
        ModelInfo,
        ToolInfo,
    )
    from copilot_sdk._subscriptions import EventStream as AsyncEventStream
    from copilot_sdk.synaps.attachments import Attachable
    from copilot_sdk.synaps.events import SynapsEvent
    from copilot_sdk.synaps.turn import Turn as AsyncTurn  # noqa: F401 - a base class names it
    from copilot_sdk.synaps.turn import TurnResult  # noqa: F401 - a base class names it
    from copilot_sdk.transports.base import Transport

E = TypeVar("E")


def connect(
    command: Sequence[str] = asynchronous.DEFAULT_COMMAND,
    *,
    continue_session: str | None = None,
    system: str | None = None,
    model: str | None = None,
    profile: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    transport: Transport | None = None,
    request_timeout: float | None = asynchronous.DEFAULT_REQUEST_TIMEOUT,
    ready_timeout: float = asynchronous.DEFAULT_READY_TIMEOUT,
    shutdown_timeout: float = asynchronous.DEFAULT_SHUTDOWN_TIMEOUT,
) -> Client:
    """See `copilot_sdk.synaps.connect`."""
    return Client(
        asynchronous.connect(
            command,
            continue_session=continue_session,
            system=system,
            model=model,
            profile=profile,
            env=env,
            cwd=cwd,
            transport=transport,
            request_timeout=request_timeout,
            ready_timeout=ready_timeout,
            shutdown_timeout=shutdown_timeout,
        )
    )


class Turn(TurnFace["AsyncTurn", "SynapsEvent", "TurnResult"]):
    """See `copilot_sdk.synaps.Turn`: a plain iterator over its events, and `result` in place of `await`."""

    @property
    def name(self) -> str:
        """See `copilot_sdk.synaps.Turn.name`."""
        return self._turn.name

    def text(self) -> Iterator[str]:
        """See `copilot_sdk.synaps.Turn.text`."""
        return self._portal.iterate(self._turn.text())

    def abort(self) -> None:
        """See `copilot_sdk.synaps.Turn.abort`."""
        self._portal.run(self._turn.abort())


class Client(ClientFace[asynchronous.Client]):
    """See `copilot_sdk.synaps.Client`: the same methods without `await`; `with connect() as client:`."""

    def __init__(self, client: asynchronous.Client, portal: Portal | None = None) -> None:
        self._set_up(client, portal)

    def __repr__(self) -> str:
        return repr(self._client)

    @property
    def closed(self) -> bool:
        """See `copilot_sdk.synaps.Client.closed`."""
        return self._client.closed

    @property
    def session_id(self) -> str:
        """See `copilot_sdk.synaps.Client.session_id`."""
        return self._client.session_id

    @property
    def model(self) -> str:
        """See `copilot_sdk.synaps.Client.model`."""
        return self._client.model

    @cached_property
    def rpc(self) -> AgentRPC:
        """See `copilot_sdk.synaps.Client.rpc`."""
        from copilot_sdk._generated.synaps.sync_api.agent import AgentRPC

        return AgentRPC(PortalCaller(self._portal, self._client.rpc.caller))

    def prompt(
        self,
        message: str,
        *,
        attachments: Sequence[Attachable] = (),
        timeout: float | None = None,
        buffer: int = DEFAULT_BUFFER,
    ) -> Turn:
        """See `copilot_sdk.synaps.Client.prompt`."""
        begin = self._portal.call(
            lambda: self._client.prompt(message, attachments=attachments, timeout=timeout, buffer=buffer)
        )
        return Turn(self._portal, begin)

    def follow_up(self, message: str, *, timeout: float | None = None, buffer: int = DEFAULT_BUFFER) -> Turn:
        """See `copilot_sdk.synaps.Client.follow_up`."""
        begin = self._portal.call(lambda: self._client.follow_up(message, timeout=timeout, buffer=buffer))
        return Turn(self._portal, begin)

    def abort(self) -> None:
        """See `copilot_sdk.synaps.Client.abort`."""
        self._portal.run(self._client.abort())

    def compact(self) -> CompactResponse:
        """See `copilot_sdk.synaps.Client.compact`."""
        return self._portal.run(self._client.compact())

    def new_session(self) -> str:
        """See `copilot_sdk.synaps.Client.new_session`."""
        return self._portal.run(self._client.new_session())

    def set_model(self, model: str) -> None:
        """See `copilot_sdk.synaps.Client.set_model`."""
        self._portal.run(self._client.set_model(model))

    def messages(self) -> list[Message]:
        """See `copilot_sdk.synaps.Client.messages`."""
        return self._portal.run(self._client.messages())

    def models(self) -> list[ModelInfo]:
        """See `copilot_sdk.synaps.Client.models`."""
        return self._portal.run(self._client.models())

    def tools(self) -> list[ToolInfo]:
        """See `copilot_sdk.synaps.Client.tools`."""
        return self._portal.run(self._client.tools())

    def stats(self) -> GetSessionStatsResponse:
        """See `copilot_sdk.synaps.Client.stats`."""
        return self._portal.run(self._client.stats())

    def state(self) -> GetStateResponse:
        """See `copilot_sdk.synaps.Client.state`."""
        return self._portal.run(self._client.state())

    @overload
    def events(self, *, buffer: int = DEFAULT_BUFFER) -> EventStream[SynapsEvent]: ...

    @overload
    def events(self, first: type[E], /, *types: type[E], buffer: int = DEFAULT_BUFFER) -> EventStream[E]: ...

    def events(self, *types: type[Any], buffer: int = DEFAULT_BUFFER) -> EventStream[Any]:
        """See `copilot_sdk.synaps.Client.events`."""
        stream: AsyncEventStream[Any] = self._portal.call(lambda: self._client.events(*types, buffer=buffer))
        return EventStream(self._portal, stream)
