"""A session: prompts in, events out, and the answers to what the runtime asks of its client."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from copilot_sdk._answers import Answers
from copilot_sdk._answers import UserInputHandler as UserInputHandler
from copilot_sdk._calls import PeerCaller
from copilot_sdk._scope import TaskScope
from copilot_sdk._subscriptions import DEFAULT_BUFFER, EventFilter, EventStream, Subscriptions, feed
from copilot_sdk._turn import TurnStream
from copilot_sdk.errors import ConnectionClosed, CopilotError, UsageError
from copilot_sdk.transports.closing import CloseOnce

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.api.session import SessionRPC
    from copilot_sdk._generated.copilot.events import AssistantMessage, SessionEvent
    from copilot_sdk._generated.copilot.types import (
        AbortReason,
        Attachment,
        SendAgentMode,
        SendMode,
        SessionCapabilities,
        SessionCreateResult,
        ToolDefinition,
    )
    from copilot_sdk._model.event import EventBase
    from copilot_sdk._rpc.peer import Peer
    from copilot_sdk.permissions import PermissionHandler
    from copilot_sdk.tools import Tool

E = TypeVar("E", bound="EventBase")

DEFAULT_TURN_TIMEOUT = 600.0
_LEAVE_SECONDS = 5.0
# Whether a turn is under way after an event. Background work and other clients start turns too.
_TURN_MARKS = {"user.message": True, "assistant.turn_start": True, "session.idle": False}
_logger = logging.getLogger("copilot_sdk.session")


class Session:
    """A conversation with an agent. Made by `CopilotClient.create_session` and `resume_session`.

    Use it as `async with session:` or call `close`. Closing keeps what is on disk;
    `CopilotClient.delete_session` does not.

    Attributes:
        id: Identifier of the session.
        workspace_path: Folder of the session's own files on the runtime's machine, None if it has none.
        capabilities: What the session's clients can do, None until it is known.
    """

    def __init__(
        self,
        peer: Peer,
        session_id: str,
        *,
        tools: Sequence[Tool[..., Any]] = (),
        on_permission: PermissionHandler | None = None,
        on_user_input: UserInputHandler | None = None,
        on_closed: Callable[[Session], None] | None = None,
    ) -> None:
        self.id = session_id
        self.workspace_path: str | None = None
        self.capabilities: SessionCapabilities | None = None
        self._peer = peer
        self._on_closed = on_closed
        self._subscriptions = Subscriptions()
        self._tasks = TaskScope(f"session {session_id}")
        self._sending = asyncio.Lock()
        self._busy = False
        self._closed = False
        self._error: CopilotError | None = None
        self._close = CloseOnce(self._leave)
        self._answers = Answers(
            lambda: self._rpc,
            self._tasks.handle,
            tools=tools,
            on_permission=on_permission,
            on_user_input=on_user_input,
        )

    def __repr__(self) -> str:
        return f"<Session {self.id}{' (closed)' if self._closed else ''}>"

    @cached_property
    def rpc(self) -> SessionRPC:
        """Every method of the runtime that acts on a session, by namespace: `session.rpc.tasks.list()`."""
        from copilot_sdk._generated.copilot.api.session import SessionRPC

        return SessionRPC(PeerCaller(self._peer, self.id, self._check_open))

    @cached_property
    def _rpc(self) -> SessionRPC:
        """The same for what has to be said while the session is being left."""
        from copilot_sdk._generated.copilot.api.session import SessionRPC

        return SessionRPC(PeerCaller(self._peer, self.id))

    # ---------------------------------------------------------------- prompts

    async def send(
        self,
        prompt: str,
        *,
        attachments: Sequence[Attachment] | None = None,
        mode: SendMode | None = None,
        agent_mode: SendAgentMode | None = None,
        display_prompt: str | None = None,
        request_headers: Mapping[str, str] | None = None,
    ) -> str:
        """Send a prompt and return without waiting for the turn.

        Prompts of one session are sent one at a time, in the order of the calls.

        Wire method: `session.send`.

        Args:
            prompt: What to tell the agent.
            attachments: Files, folders, selections and the like that go with it.
            mode: `enqueue` (the default) to wait for the running turn, `immediate` to steer it.
            agent_mode: Mode of the agent for this prompt: `interactive`, `plan`, `autopilot` or `shell`.
            display_prompt: What to show in the timeline instead of the prompt.
            request_headers: Extra HTTP headers for the model requests of this turn.

        Returns:
            Identifier of the message; the turn's `user.message` event carries it.

        Raises:
            RpcError, RequestTimeout, ConnectionClosed: The runtime refused, did not answer in time, or is
                gone.
            UsageError: The session is closed.
        """
        self._check_open()
        async with self._sending:
            was_busy, self._busy = self._busy, True
            try:
                result = await self.rpc.send(
                    prompt=prompt,
                    attachments=attachments,
                    mode=mode,
                    agent_mode=agent_mode,
                    display_prompt=display_prompt,
                    request_headers=request_headers,
                )
            except CopilotError:
                self._busy = was_busy
                raise
        return result.message_id

    def stream(
        self,
        prompt: str,
        *,
        timeout: float | None = DEFAULT_TURN_TIMEOUT,
        attachments: Sequence[Attachment] | None = None,
        mode: SendMode | None = None,
        agent_mode: SendAgentMode | None = None,
    ) -> TurnStream:
        """Send a prompt and iterate over the session's events until the turn has ended.

        The last event is `session.idle`. Leaving the loop early does not abort the turn; `abort` does.
        Prompts that are queued end together: the runtime is idle once for all of them.

        Args:
            prompt: What to tell the agent.
            timeout: Seconds that sending and the whole turn may take, None for no limit.
            attachments: See `send`.
            mode: See `send`.
            agent_mode: See `send`.

        Returns:
            An async iterator over every event of the session, those of other turns and of sub-agents included.
            The prompt is sent when the first event is asked for. What follows is raised while iterating.

        Raises:
            SessionError: The turn failed; raised after the turn's last event.
            TurnTimeout: The turn took too long; the error has the last events. The turn goes on.
            ConnectionClosed: The runtime is gone, or the session was closed.
            RpcError, RequestTimeout, InvalidParams: See `send`.
            UsageError: The session is closed, or the timeout is not above zero.
        """
        self._check_open()
        return TurnStream(
            self._subscribe,
            lambda: self.send(prompt, attachments=attachments, mode=mode, agent_mode=agent_mode),
            lambda: self._busy,
            timeout,
        )

    async def send_and_wait(
        self,
        prompt: str,
        *,
        timeout: float | None = DEFAULT_TURN_TIMEOUT,
        attachments: Sequence[Attachment] | None = None,
        mode: SendMode | None = None,
        agent_mode: SendAgentMode | None = None,
    ) -> AssistantMessage | None:
        """Send a prompt and wait until the turn has ended.

        Args:
            prompt: What to tell the agent.
            timeout: Seconds that sending and the whole turn may take, None for no limit.
            attachments: See `send`.
            mode: See `send`.
            agent_mode: See `send`.

        Returns:
            The agent's last message of the turn, None if it said nothing. The answers to other prompts in the
            queue do not count.

        Raises:
            SessionError, TurnTimeout, ConnectionClosed: See `stream`.
        """
        from copilot_sdk._generated.copilot.events import AssistantMessage

        last: AssistantMessage | None = None
        async with self.stream(
            prompt, timeout=timeout, attachments=attachments, mode=mode, agent_mode=agent_mode
        ) as turn:
            async for event in turn:
                if isinstance(event, AssistantMessage) and turn.owns(event):
                    last = event
        return last

    async def abort(self, reason: AbortReason | None = None) -> None:
        """Stop the running turn and drop what is queued.

        The session stays usable; the turn ends with `session.idle` whose `aborted` is true.

        Wire method: `session.abort`.

        Args:
            reason: Why, for the event log; `user_initiated` when left out.

        Raises:
            RpcError, RequestTimeout, ConnectionClosed: The runtime refused, did not answer in time, or is
                gone.
            UsageError: The session is closed.
        """
        await self.rpc.abort(reason=reason)

    # ----------------------------------------------------------------- events

    @overload
    def events(self, *, buffer: int = DEFAULT_BUFFER) -> EventStream[SessionEvent]: ...

    @overload
    def events(self, *types: type[E], buffer: int = DEFAULT_BUFFER) -> EventStream[E]: ...

    @overload
    def events(
        self, *types: type[EventBase] | str, buffer: int = DEFAULT_BUFFER
    ) -> EventStream[SessionEvent]: ...

    def events(self, *types: type[EventBase] | str, buffer: int = DEFAULT_BUFFER) -> EventStream[Any]:
        """Subscribe to the session's events.

        Args:
            types: Classes or wire types of the events that are wanted; all when left out. A class brings its
                instances alone, a wire type also the events of that type that could not be read.
            buffer: How many events may wait for the subscriber.

        Returns:
            An async iterator, to be used as `async with session.events() as events:` so that it is closed in
            the end. It ends with the session, and raises `ConnectionClosed` when the runtime is gone.

        Raises:
            UsageError: The session is closed, a class stands for no single event, or `buffer` is below 1.
        """
        return self._subscribe(EventFilter(types), buffer)

    def _subscribe(
        self, wanted: EventFilter | None = None, buffer: int = DEFAULT_BUFFER
    ) -> EventStream[Any]:
        self._check_open()
        return self._subscriptions.add(wanted, buffer)

    @overload
    def on(self, event: type[E], callback: Callable[[E], Awaitable[None] | None]) -> Callable[[], None]: ...

    @overload
    def on(self, event: str, callback: Callable[[Any], Awaitable[None] | None]) -> Callable[[], None]: ...

    def on(
        self, event: type[E] | str, callback: Callable[[Any], Awaitable[None] | None]
    ) -> Callable[[], None]:
        """Call a function, plain or async, with each event of a type, one after another.

        What the callback raises is logged, and the next event follows. A plain function runs on the event loop
        and must not block; an async one holds up nobody. When the connection ends, the events that have come
        are still delivered.

        Args:
            event: Class or wire type of the event, as for `events`; `"*"` for all events.
            callback: The function.

        Returns:
            A function that ends the subscription.

        Raises:
            UsageError: The session is closed, or the class stands for no single event.
        """
        stream = self._subscribe(EventFilter(() if event == "*" else (event,)))
        self._tasks.follow(feed(stream, callback))
        return stream.close

    # -------------------------------------------------------------- lifecycle

    async def close(self) -> None:
        """Leave the session; what it has on disk stays, and `resume_session` takes it up again.

        Takes bounded time, whatever handlers and callbacks do: they are cancelled. May be called by any of them,
        and any number of times.

        Wire method: `session.destroy`.
        """
        self._tasks.spare_current_task()
        await self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _leave(self) -> None:
        if not self._closed:
            self._closed = True
            try:
                await self._rpc.destroy(request_timeout=_LEAVE_SECONDS)
            except ConnectionClosed:
                _logger.debug("session %s: the connection ended before the session was left", self.id)
            except CopilotError as error:
                _logger.warning("leaving session %s failed: %s", self.id, error)
        self._cut()
        await self._tasks.settle()

    def _cut(self, error: CopilotError | None = None) -> None:
        """End what the session does, at once: the runtime no longer knows of this client."""
        self._closed = True
        self._error = self._error or error
        self._subscriptions.end(error)
        if self._on_closed is not None:
            self._on_closed(self)
        self._tasks.cancel()

    def _check_open(self) -> None:
        if self._error is not None:
            raise copy(self._error)
        if self._closed:
            raise UsageError(
                f"session {self.id} is closed; resume it with client.resume_session({self.id!r})"
            )

    def _opened(self, result: SessionCreateResult) -> None:
        self.workspace_path = result.workspace_path
        self.capabilities = result.capabilities

    # ------------------------------------------------------- what comes in

    def _receive(self, raw: dict[str, Any]) -> None:
        """Take an event off the wire."""
        if not self._subscriptions.is_new(raw):
            return
        kind = str(raw.get("type"))
        own = raw.get("agentId") is None
        if own and kind in _TURN_MARKS:
            self._busy = _TURN_MARKS[kind]
        asked = self._answers.wants(kind) or kind == "capabilities.changed"
        event = self._subscriptions.distribute(raw, kind, asked=asked)
        if event is not None and self._answers.wants(kind):
            self._answers.take(event, kind)
        elif event is not None and kind == "capabilities.changed":
            self._capabilities_changed(event)
        if own and kind == "session.shutdown" and not self._closed:
            self._cut(ConnectionClosed(f"the runtime has shut session {self.id} down"))

    def _capabilities_changed(self, event: EventBase) -> None:
        from copilot_sdk._generated.copilot.events import CapabilitiesChanged
        from copilot_sdk._generated.copilot.types import SessionCapabilities

        if isinstance(event, CapabilitiesChanged):
            known = self.capabilities.to_wire() if self.capabilities is not None else {}
            changed = event.data.to_wire()
            merged_ui = {**(known.get("ui") or {}), **(changed.get("ui") or {})}
            self.capabilities = SessionCapabilities.model_validate({**known, **changed, "ui": merged_ui})

    async def _serve(self, method: str, raw: Mapping[str, Any]) -> Any:
        """Answer a request of the runtime for this session; closing the session cancels that."""
        with self._tasks.handling():
            return await self._answers.serve(method, raw)
