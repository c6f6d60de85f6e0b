"""What a session is made of: its state, its tasks, its subscribers, and what the runtime sends to it."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from copilot_sdk._answers import Answers
from copilot_sdk._arrival import Arrival, Misfits
from copilot_sdk._calls import Requests, WireCaller, answer
from copilot_sdk._canvases import CANVAS_EVENTS, OpenCanvases
from copilot_sdk._scope import TaskScope
from copilot_sdk._subscriptions import DEFAULT_BUFFER, EventFilter, EventStream, Subscriptions
from copilot_sdk._tracing import Trace
from copilot_sdk.errors import ConnectionClosed, CopilotError, UsageError
from copilot_sdk.transports.closing import CloseOnce
from copilot_sdk.turns._turns import Turns

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.api.session import SessionRPC
    from copilot_sdk._generated.copilot.types import (
        AbortReason,
        SessionCapabilities,
        TranscriptRecoveryReport,
    )
    from copilot_sdk._model.event import EventBase
    from copilot_sdk._session_callbacks import SessionCallbacks
    from copilot_sdk.client_tasks import ClientTasks

_LEAVE_SECONDS = 5.0
_logger = logging.getLogger("copilot_sdk.session")


class SessionCore:
    """A session from the inside; `Session` is the face of it.

    Attributes:
        id: Identifier of the session.
        workspace_path: Folder of the session's own files on the runtime's machine, None if it has none.
        capabilities: What the session's clients can do, None until it is known.
        transcript_recovery: How the runtime has repaired the log of the session, None if there was no need.
        canvases: The canvases that are open in it.
        handlers: What serves the runtime for this session alone, by namespace.
        options: Gives the options that the runtime is told when it opens the session.
        turns: The turns that this client has begun.
        asking: Held while an answer of a certain type is asked for: there is one tool to give it with.
        trace: The span that the work of the session belongs to.
        resumed: Whether the session was there before this client opened it.

    Args:
        connection: Sends requests.
        session_id: Identifier of the session.
        callbacks: The tools and handlers of this client.
        on_closed: Called when the session is no longer open here.
    """

    def __init__(
        self,
        connection: Requests,
        session_id: str,
        *,
        resumed: bool,
        callbacks: SessionCallbacks,
        on_closed: Callable[[SessionCore], None],
    ) -> None:
        self.id = session_id
        self.workspace_path: str | None = None
        self.capabilities: SessionCapabilities | None = None
        self.transcript_recovery: TranscriptRecoveryReport | None = None
        self.canvases = OpenCanvases()
        self.handlers: Mapping[str, object] = {}
        self.options: Callable[[], dict[str, object]] = dict
        self.trace = Trace()
        self.resumed = resumed
        self._connection = connection
        self.tasks = TaskScope(f"session {session_id}")
        self.answers = Answers(
            lambda: self._last_rpc, self.tasks.handle, callbacks, lambda: self.id, self.trace
        )
        self.asking = asyncio.Lock()
        self.turns = Turns(self.tasks.handle, self._abort, self._is_active)
        self._on_closed = on_closed
        self._misfits = Misfits()
        self._subscriptions = Subscriptions()
        self._held: list[dict[str, Any]] | None = None
        self._closed = False
        self._error: CopilotError | None = None
        self._close = CloseOnce(self._leave)

    @property
    def closed(self) -> bool:
        """True once the session was closed or lost."""
        return self._closed

    @cached_property
    def rpc(self) -> SessionRPC:
        """The methods of the session while it is open."""
        from copilot_sdk._generated.copilot.api.session import SessionRPC

        return SessionRPC(WireCaller(self._connection, self.id, self.check_open, self.trace))

    @cached_property
    def _last_rpc(self) -> SessionRPC:
        """The same for what has to be said while the session is being left."""
        from copilot_sdk._generated.copilot.api.session import SessionRPC

        return SessionRPC(WireCaller(self._connection, self.id))

    @cached_property
    def client_tasks(self) -> ClientTasks:
        """The tasks that this program carries out."""
        from copilot_sdk.client_tasks import ClientTasks

        return ClientTasks(self._open_rpc, lambda: self._last_rpc, self.tasks.handle)

    def _open_rpc(self) -> SessionRPC:
        self.check_open()
        return self.rpc

    def check_open(self) -> None:
        """Refuse to go on with a session that has ended.

        Raises:
            ConnectionClosed: The connection or the runtime ended it.
            UsageError: It was closed on this side.
        """
        if self._error is not None:
            raise copy(self._error)
        if self._closed:
            raise UsageError(
                f"session {self.id} is closed; resume it with client.resume_session({self.id!r})"
            )

    def subscribe(self, wanted: EventFilter | None = None, buffer: int = DEFAULT_BUFFER) -> EventStream[Any]:
        """Open a stream of the session's events."""
        self.check_open()
        return self._subscriptions.add(wanted, buffer)

    # -------------------------------------------------------------- lifecycle

    async def close(self) -> None:
        """Tell the runtime that this client leaves, and end everything, in bounded time."""
        self.tasks.spare_current_task()
        await self._close()

    async def _leave(self) -> None:
        if not self._closed:
            self._closed = True
            try:
                await self._last_rpc.destroy(request_timeout=_LEAVE_SECONDS)
            except ConnectionClosed:
                _logger.debug("session %s: the connection ended before the session was left", self.id)
            except CopilotError as error:
                _logger.warning("leaving session %s failed: %s", self.id, error)
        await self.abandon()

    async def abandon(self) -> None:
        """End a session that the runtime does not have (any more)."""
        self.cut()
        await self.tasks.settle()

    def cut(self, error: CopilotError | None = None) -> None:
        """End what the session does, at once; `tasks.settle` then waits for the rest.

        Args:
            error: Why, if it was not closed on this side.
        """
        self._closed = True
        self._error = self._error or error
        self._subscriptions.end(error)
        self.turns.end(error)
        self._on_closed(self)
        self.tasks.cancel()

    async def _abort(self, reason: AbortReason | None) -> None:
        await self.rpc.abort(reason=reason)

    async def _is_active(self) -> bool:
        activity = await self.rpc.metadata.activity()
        return activity.has_active_work is not False

    # ------------------------------------------------------- what comes in

    def receive(self, raw: dict[str, Any]) -> None:
        """Take an event off the wire; never blocks."""
        if self._held is not None:
            self._held.append(raw)
            return
        arrival = Arrival(raw, self._misfits)
        if not self._take(arrival):
            return
        if arrival.own and arrival.type == "session.shutdown" and not self._closed:
            self.cut(ConnectionClosed(f"the runtime has shut session {self.id} down"))

    def _take(self, arrival: Arrival) -> bool:
        """Give an event to all whom it concerns; False if it has come before."""
        if not self._subscriptions.is_new(arrival.raw):
            return False
        self._subscriptions.distribute(arrival)
        self.turns.look(arrival)
        if self.answers.wants(arrival.type):
            self.answers.take(arrival.event, arrival.type)
        elif arrival.type == "capabilities.changed":
            self._capabilities_changed(arrival.event)
        elif arrival.type in CANVAS_EVENTS:
            self.canvases.take(arrival.event)
        return True

    def suspend(self) -> None:
        """The connection is lost and may come again: events wait until those before them are known."""
        self._held = self._held or []

    def restore(self, log: Sequence[dict[str, Any]], reason: ConnectionClosed, attempts: int) -> None:
        """Go on over a new connection: take in what was missed, then what has come since.

        Args:
            log: All events that the runtime keeps of the session.
            reason: Why the connection was lost.
            attempts: How many tries it took to have another one.
        """
        from copilot_sdk.recovery import ConnectionRecovered, ConnectionRecoveredData

        missed = self._subscriptions.missed(log)
        if missed is None:
            missed = [] if self.resumed else list(log)
        held, self._held = self._held or [], None
        data = ConnectionRecoveredData(reason=str(reason), attempts=attempts, missed=len(missed))
        now = datetime.now(UTC).isoformat()
        event = ConnectionRecovered(id=str(uuid.uuid4()), timestamp=now, parent_id=None, data=data)
        self._subscriptions.distribute(Arrival.of(event))
        # Among what was missed may be that the session was shut down; it is open again.
        for raw in missed:
            self._take(Arrival(raw, self._misfits))
        for raw in held:
            self.receive(raw)
        self.turns.recovered(reason)

    def _capabilities_changed(self, event: EventBase) -> None:
        from copilot_sdk._generated.copilot.events import CapabilitiesChanged
        from copilot_sdk._generated.copilot.types import SessionCapabilities

        if isinstance(event, CapabilitiesChanged):
            known = self.capabilities.to_wire() if self.capabilities is not None else {}
            changed = event.data.to_wire()
            ui: dict[str, Any] = {**(known.get("ui") or {}), **(changed.get("ui") or {})}
            self.capabilities = SessionCapabilities.model_validate({**known, **changed, "ui": ui})

    async def serve(self, method: str, raw: Mapping[str, Any]) -> Any:
        """Answer a request of the runtime for this session; closing the session cancels that."""
        with self.tasks.handling():
            if method == "tasks.cancel":
                return await answer(method, self.client_tasks.cancel, raw)
            return await self.answers.serve(method, raw)
