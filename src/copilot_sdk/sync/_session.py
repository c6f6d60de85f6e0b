"""A session for programs without an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from copilot_sdk._blocking import ClientTask, Work
from copilot_sdk._subscriptions import DEFAULT_BUFFER
from copilot_sdk.sync._faces import EventStream
from copilot_sdk.sync._portal import Portal, PortalCaller, off_loop
from copilot_sdk.sync._turn import Turn
from copilot_sdk.turns._limits import DEFAULT_INACTIVITY_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    from copilot_sdk import session as asynchronous
    from copilot_sdk._generated.copilot.events import ExternalToolRequested, SessionEvent
    from copilot_sdk._generated.copilot.sync_api.session import SessionRPC
    from copilot_sdk._generated.copilot.types import (
        AbortReason,
        Attachment,
        OpenCanvasInstance,
        SendAgentMode,
        SendMode,
        SessionCapabilities,
        TranscriptRecoveryReport,
    )
    from copilot_sdk._model.event import EventBase
    from copilot_sdk.tools import Tool

E = TypeVar("E", bound="EventBase")
M = TypeVar("M", bound="BaseModel")
T = TypeVar("T")


class Session:
    """See `copilot_sdk.session.Session`: the same methods, without `await`."""

    def __init__(self, portal: Portal, session: asynchronous.Session) -> None:
        self._portal = portal
        self._session = session

    def __repr__(self) -> str:
        return repr(self._session)

    @property
    def id(self) -> str:
        """Identifier of the session."""
        return self._session.id

    @property
    def workspace_path(self) -> str | None:
        """Folder of the session's own files on the runtime's machine, None if it has none."""
        return self._session.workspace_path

    @property
    def capabilities(self) -> SessionCapabilities | None:
        """What the session's clients can do, None until it is known."""
        return self._session.capabilities

    @property
    def transcript_recovery(self) -> TranscriptRecoveryReport | None:
        """How the log of the session was repaired; see `copilot_sdk.Session.transcript_recovery`."""
        return self._session.transcript_recovery

    @property
    def open_canvases(self) -> list[OpenCanvasInstance]:
        """The canvases that are open in the session, kept up to date; see `copilot_sdk.Session.open_canvases`."""
        return self._session.open_canvases

    @cached_property
    def rpc(self) -> SessionRPC:
        """Every method of the runtime that acts on a session, by namespace: `session.rpc.tasks.list()`."""
        from copilot_sdk._generated.copilot.sync_api.session import SessionRPC

        return SessionRPC(PortalCaller(self._portal, self._session.rpc.caller))

    def send(
        self,
        prompt: str,
        *,
        attachments: Sequence[Attachment] | None = None,
        mode: SendMode | None = None,
        agent_mode: SendAgentMode | None = None,
        display_prompt: str | None = None,
        request_headers: Mapping[str, str] | None = None,
        source: str | None = None,
        timeout: float | None = None,
        inactivity_timeout: float | None = DEFAULT_INACTIVITY_TIMEOUT,
        abort_on_cancel: bool = False,
        buffer: int = DEFAULT_BUFFER,
    ) -> Turn:
        """See `copilot_sdk.session.Session.send`."""
        turn = self._portal.call(
            lambda: self._session.send(
                prompt,
                attachments=attachments,
                mode=mode,
                agent_mode=agent_mode,
                display_prompt=display_prompt,
                request_headers=request_headers,
                source=source,
                timeout=timeout,
                inactivity_timeout=inactivity_timeout,
                abort_on_cancel=abort_on_cancel,
                buffer=buffer,
            )
        )
        return Turn(self._portal, turn)

    def ask(
        self,
        prompt: str,
        output_type: type[T],
        *,
        repairs: int = 1,
        attachments: Sequence[Attachment] | None = None,
        mode: SendMode | None = None,
        agent_mode: SendAgentMode | None = None,
        display_prompt: str | None = None,
        request_headers: Mapping[str, str] | None = None,
        source: str | None = None,
        timeout: float | None = None,
        inactivity_timeout: float | None = DEFAULT_INACTIVITY_TIMEOUT,
    ) -> T:
        """See `copilot_sdk.session.Session.ask`."""
        return self._portal.run(
            self._session.ask(
                prompt,
                output_type,
                repairs=repairs,
                attachments=attachments,
                mode=mode,
                agent_mode=agent_mode,
                display_prompt=display_prompt,
                request_headers=request_headers,
                source=source,
                timeout=timeout,
                inactivity_timeout=inactivity_timeout,
            )
        )

    def abort(self, reason: AbortReason | None = None) -> None:
        """See `copilot_sdk.session.Session.abort`."""
        self._portal.run(self._session.abort(reason))

    def set_tools(self, tools: Sequence[Tool[..., Any]]) -> None:
        """See `copilot_sdk.session.Session.set_tools`."""
        self._portal.run(self._session.set_tools(tools))

    def answer_tool(self, request: ExternalToolRequested | str, result: object) -> bool:
        """See `copilot_sdk.session.Session.answer_tool`."""
        return self._portal.run(self._session.answer_tool(request, result))

    def start_task(
        self,
        work: Work,
        *,
        description: str,
        name: str | None = None,
        cancellable: bool = True,
    ) -> ClientTask:
        """See `copilot_sdk.session.Session.start_task`."""

        async def start() -> ClientTask:
            task = await self._session.start_task(
                work, description=description, name=name, cancellable=cancellable
            )
            return ClientTask(task, asyncio.get_running_loop())

        return self._portal.run(start())

    def elicit(self, message: str, form: type[M], *, timeout: float | None = None) -> M | None:
        """See `copilot_sdk.session.Session.elicit`."""
        return self._portal.run(self._session.elicit(message, form, timeout=timeout))

    def confirm(self, message: str, *, timeout: float | None = None) -> bool:
        """See `copilot_sdk.session.Session.confirm`."""
        return self._portal.run(self._session.confirm(message, timeout=timeout))

    def select(self, message: str, options: Sequence[str], *, timeout: float | None = None) -> str | None:
        """See `copilot_sdk.session.Session.select`."""
        return self._portal.run(self._session.select(message, options, timeout=timeout))

    def input(self, message: str, *, timeout: float | None = None) -> str | None:
        """See `copilot_sdk.session.Session.input`."""
        return self._portal.run(self._session.input(message, timeout=timeout))

    @overload
    def events(self, *, buffer: int = DEFAULT_BUFFER) -> EventStream[SessionEvent]: ...

    @overload
    def events(self, first: type[E], /, *types: type[E], buffer: int = DEFAULT_BUFFER) -> EventStream[E]: ...

    @overload
    def events(
        self, first: str, /, *types: type[EventBase] | str, buffer: int = DEFAULT_BUFFER
    ) -> EventStream[SessionEvent]: ...

    def events(self, *types: Any, buffer: int = DEFAULT_BUFFER) -> EventStream[Any]:
        """See `copilot_sdk.session.Session.events`."""
        return EventStream(
            self._portal, self._portal.call(lambda: self._session.events(*types, buffer=buffer))
        )

    @overload
    def on(self, event: type[E], callback: Callable[[E], Awaitable[None] | None]) -> Callable[[], None]: ...

    @overload
    def on(self, event: str, callback: Callable[[Any], Awaitable[None] | None]) -> Callable[[], None]: ...

    def on(self, event: Any, callback: Callable[[Any], Awaitable[None] | None]) -> Callable[[], None]:
        """See `copilot_sdk.session.Session.on`; a plain function is called in a worker thread."""
        unsubscribe = self._portal.call(lambda: self._session.on(event, off_loop(callback)))
        return lambda: self._portal.call(unsubscribe) if self._portal.running else None

    def close(self) -> None:
        """See `copilot_sdk.session.Session.close`."""
        if self._portal.running:
            self._portal.run(self._session.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
