"""Which session an update is for; those for sessions that are not open here yet are kept."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from copilot_sdk._subscriptions import EventStream, Subscriptions
from copilot_sdk.acp._updates import Notified, Update
from copilot_sdk.errors import CopilotError

if TYPE_CHECKING:
    from copilot_sdk._generated.acp.types import SessionConfigOption, SessionModeState, SessionNotification
    from copilot_sdk.acp._session_core import SessionCore

UNCLAIMED_UPDATES = 10_000
"""How many updates are kept for sessions that are not open here; the oldest go first."""

_logger = logging.getLogger("copilot_sdk.acp")


class Opened(Protocol):
    """What agents answer to the methods that open sessions."""

    @property
    def modes(self) -> SessionModeState | None:
        """The modes of the session."""
        ...

    @property
    def config_options(self) -> list[SessionConfigOption] | None:
        """Its options."""
        ...


class Sessions:
    """The open sessions by identifier, and what came for others."""

    def __init__(self) -> None:
        self._open: dict[str, SessionCore] = {}
        self._unclaimed: deque[tuple[str, Update]] = deque()
        self._subscriptions = Subscriptions()
        self._watched = False
        self._has_dropped = False

    def __iter__(self) -> Iterator[SessionCore]:
        return iter(list(self._open.values()))

    def __contains__(self, session_id: object) -> bool:
        return session_id in self._open

    def add(self, session: SessionCore) -> None:
        """Have a session get its updates, first of all those that came before it was known."""
        self._open[session.id] = session
        if self._unclaimed:
            kept, self._unclaimed = self._unclaimed, deque()
            for owner, update in kept:
                if owner == session.id:
                    session.look(update)
                else:
                    self._unclaimed.append((owner, update))

    def remove(self, session: SessionCore) -> None:
        """Give a session no more updates."""
        if self._open.get(session.id) is session:
            del self._open[session.id]

    def all_updates(self, buffer: int) -> EventStream[SessionNotification]:
        """A stream of the updates of all sessions."""
        self._watched = True
        return self._subscriptions.add(None, buffer)

    def take(self, method: str, params: Mapping[str, Any]) -> bool:
        """Take an update off the wire, and tell whether it was one; never blocks."""
        if method != "session/update":
            return False
        session_id: Any = params.get("sessionId")
        raw = params.get("update")
        if not isinstance(session_id, str) or not isinstance(raw, dict):
            _logger.warning("ignored a session/update without a sessionId or an update")
            return True
        update = Update(raw)
        if self._watched:
            self._subscriptions.distribute(Notified(params, update))
        session = self._open.get(session_id)
        if session is not None:
            session.look(update)
        else:
            self._keep(session_id, update)
        return True

    def _keep(self, session_id: str, update: Update) -> None:
        if len(self._unclaimed) >= UNCLAIMED_UPDATES:
            owner, _ = self._unclaimed.popleft()
            if not self._has_dropped:
                self._has_dropped = True
                _logger.warning("updates of sessions that are not open here are dropped, first of %s", owner)
        self._unclaimed.append((session_id, update))

    def end(self, reason: CopilotError) -> None:
        """End all sessions because the connection has ended."""
        for session in self:
            session.cut(reason)
        self._subscriptions.end(reason)
        self._unclaimed.clear()
