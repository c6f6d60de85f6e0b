"""The sessions of a connection: which one an event or a request of the runtime is for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from copilot_sdk.errors import CopilotError, InternalError, MethodNotFound, ProtocolError, UsageError

if TYPE_CHECKING:
    from copilot_sdk.session import Session

_UNCLAIMED_EVENTS = 1000


class Sessions:
    """The open sessions by identifier."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}
        self._nameless = 0
        self._unclaimed: deque[tuple[str, dict[str, Any]]] = deque(maxlen=_UNCLAIMED_EVENTS)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._open.values()))

    def get(self, session_id: str) -> Session | None:
        """The open session of that identifier."""
        return self._open.get(session_id)

    def check_free(self, session_id: str) -> None:
        """Refuse to open a session twice.

        Raises:
            UsageError: It is open.
        """
        if session_id in self._open:
            raise UsageError(f"session {session_id} is open in this client already; close it first")

    def add(self, session: Session) -> None:
        """Let a session take part, even before the runtime says that it exists."""
        self._open[session.id] = session

    def discard(self, session: Session) -> None:
        """Forget a session."""
        if self._open.get(session.id) is session:
            del self._open[session.id]

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Keep events of unknown sessions, while the runtime chooses the identifier of a new one."""
        self._nameless += 1
        try:
            yield
        finally:
            self._nameless -= 1
            if not self._nameless:
                self._unclaimed.clear()

    def rename(self, session: Session, session_id: str) -> None:
        """Give a session the identifier that the runtime chose, and the events that came before it was known.

        Raises:
            ProtocolError: Another open session has it.
        """
        if session_id in self._open:
            raise ProtocolError(f"the runtime gave the identifier of an open session, {session_id}, to a new one")
        self.discard(session)
        session.id = session_id
        self.add(session)
        for owner, event in self._unclaimed:
            if owner == session_id:
                session._receive(event)

    def notified(self, method: str, params: Mapping[str, Any]) -> None:
        """Take a notification of the runtime."""
        event, session_id = params.get("event"), params.get("sessionId")
        if method != "session.event" or not isinstance(event, dict) or not isinstance(session_id, str):
            return
        session = self._open.get(session_id)
        if session is not None:
            session._receive(event)
        elif self._nameless:
            self._unclaimed.append((session_id, event))

    async def serve(self, method: str, params: Mapping[str, Any]) -> Any:
        """Answer a request of the runtime.

        Raises:
            MethodNotFound: No session answers this.
            InternalError: The session is not open here.
        """
        session = self._open.get(str(params.get("sessionId")))
        if session is not None:
            return await session._serve(method, params)
        from copilot_sdk._generated.copilot.methods import INBOUND

        if method not in INBOUND:
            raise MethodNotFound(f"Method not found: {method}")
        raise InternalError(f"unknown session {params.get('sessionId')}")

    async def end(self, reason: CopilotError) -> None:
        """End all sessions because the connection has ended."""
        ended = list(self)
        for session in ended:
            session._cut(reason)
        await asyncio.gather(*(session._tasks.settle() for session in ended))
