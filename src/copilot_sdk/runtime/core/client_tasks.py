"""Tasks that a client carries out, and a session lists among its background tasks."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from copilot_sdk.runtime.core.clients import Client, ClientFault, ClientPort
from copilot_sdk.runtime.core.clock import milliseconds_between, new_id, now
from copilot_sdk.runtime.core.tasks import Status, TaskProgress

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

_MAX_ACTIVITY = 20
_CANCEL_REASON = "cancel_requested"


class TaskHost(Protocol):
    """A client that carries out tasks."""

    async def cancel(self, session_id: str, task: ClientTask, cancellation_id: str, reason: str) -> bool:
        """Has a task stopped; tells whether it was. Raises a `ClientFault`."""
        ...


@dataclass(frozen=True, slots=True)
class TaskOrder:
    """What a client says of a task when it registers it; the id is the client's own."""

    id: str
    description: str
    name: str | None = None
    cancellable: bool = False


@dataclass(frozen=True, slots=True)
class TaskUpdate:
    """What a client says of a task under way.

    Attributes:
        status: What it is now; None leaves it.
        message: What was done last.
        changes: `phase` and `percentage`, each only if it is to change; None takes it away.
        result: What it came to.
        error: Why it failed.
        error_code: The same, for programs.
        reason: Why it was cancelled.
    """

    status: Status | None = None
    message: str | None = None
    phase: tuple[str | None, ...] = ()
    percentage: tuple[float | None, ...] = ()
    result: object = None
    error: str | None = None
    error_code: str | None = None
    reason: str | None = None


class ClientTask:
    """A task of a client."""

    kind: Literal["client"] = "client"

    def __init__(self, session: Session, owner: Client, host: TaskHost, order: TaskOrder) -> None:
        """Begins to track it.

        Args:
            session: Whose task it is.
            owner: The client, which alone may update it.
            host: The way to the client.
            order: What the client said of it.
        """
        self.id = new_id()
        self.order = order
        self.owner = owner
        self.progress = TaskProgress(session, "background")
        self.updated_at = self.progress.started_at
        self.active_since: datetime | None = self.updated_at
        self.orphaned_at: datetime | None = None
        self.sequence = 0
        self.last = TaskUpdate()
        self.phase: str | None = None
        self.percentage: float | None = None
        self.message: str | None = None
        self.activity: deque[tuple[str, datetime]] = deque(maxlen=_MAX_ACTIVITY)
        self._session = session
        self._host = host
        self._active_milliseconds = 0
        session.tasks.add(self)

    @property
    def open(self) -> bool:
        """Whether the client may still update it."""
        return self.progress.status in ("running", "idle")

    @property
    def active_milliseconds(self) -> int:
        """How long it has been at work, up to the last change."""
        return self._active_milliseconds

    def is_of(self, port: ClientPort, order_id: str | None = None) -> bool:
        """Whether it belongs to a client, and has this id there."""
        return self.owner.port is port and order_id in (None, self.order.id)

    def update(self, sequence: int, update: TaskUpdate) -> None:
        """Takes what the client says next."""
        self.sequence, self.last = sequence, update
        if update.message:
            self.message = update.message
            self.activity.append((update.message, now()))
        if update.phase:
            self.phase = update.phase[0]
        if update.percentage:
            self.percentage = update.percentage[0]
        self._become(update.status or self.progress.status)

    def orphan(self) -> None:
        """Records that the client is gone."""
        if self.open:
            self._become("orphaned")
            self.orphaned_at = self.updated_at

    async def stop(self) -> bool:
        """Asks the client to stop it.

        Returns:
            Whether it is stopped.
        """
        if not (self.open and self.order.cancellable):
            return False
        try:
            stopped = await self._host.cancel(self._session.id, self, new_id(), _CANCEL_REASON)
        except ClientFault:
            stopped = False
        if stopped and self.open:
            self.last = TaskUpdate(reason=_CANCEL_REASON)
            self._become("cancelled")
        return stopped and self.progress.status == "cancelled"

    async def refresh(self) -> None:
        """Nothing: the client tells what is new."""

    def _become(self, status: Status) -> None:
        self.updated_at = now()
        if status == self.progress.status:
            self._session.tasks.changed()
            return
        if self.active_since is not None and status != "running":
            self._active_milliseconds += milliseconds_between(self.active_since, self.updated_at)
            self.active_since = None
        elif status == "running" and self.active_since is None:
            self.active_since = self.updated_at
        if status == "running":
            self.progress.restart()
        else:
            self.progress.end(status)
            self._session.turns.rest()
