"""When a turn ends: which `session.idle` is the one to wait for, which error counts, how long to wait."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from copilot_sdk.errors import SessionError, TurnTimeout

if TYPE_CHECKING:
    from copilot_sdk._subscriptions import EventStream

_LAST_EVENTS = 20


class Turn:
    """Follows one turn through the session's events.

    Args:
        busy: True when another turn was under way before; an idle event may then be that one's.
        timeout: Seconds that the turn may take, None for no limit.
    """

    def __init__(self, busy: bool, timeout: float | None) -> None:
        self.message_id: str | None = None
        self.ended = False
        self._started = not busy
        self._timeout = timeout
        self._deadline = None if timeout is None else asyncio.get_running_loop().time() + timeout
        self._last: deque[Any] = deque(maxlen=_LAST_EVENTS)
        self._error: SessionError | None = None

    async def next(self, stream: EventStream) -> Any:
        """The turn's next event.

        Raises:
            TurnTimeout: The turn took too long.
        """
        try:
            async with asyncio.timeout_at(self._deadline):
                event = await anext(stream)
        except TimeoutError:
            raise TurnTimeout(self._timeout or 0.0, last_events=self._last, state=self._state()) from None
        self._last.append(event)
        self._look(event)
        return event

    def _state(self) -> str:
        return f"last event {self._last[-1].type}" if self._last else "no event came"

    def _look(self, event: Any) -> None:
        if event.agent_id is not None:
            return
        match event.type:
            case "user.message":
                self._started = self._started or _message_id(event.data) in (None, self.message_id)
            case "session.error":
                self._error = session_error(event)
            case "session.idle":
                self.ended = self._started
            case _:
                pass

    def raise_error(self) -> None:
        """Raise what the turn failed with, if it did."""
        if self._error is not None:
            raise self._error


def _message_id(data: Any) -> str | None:
    """Identifier of the message as `session.send` gave it; older runtimes do not tell it."""
    found = getattr(data, "message_id", None) or getattr(data, "messageId", None)
    return found if isinstance(found, str) else None


def session_error(event: Any) -> SessionError:
    """The exception for a `session.error` event, also for one that could not be read whole."""
    data = event.data
    raw: dict[str, Any] = data if isinstance(data, dict) else data.to_wire()
    return SessionError(
        str(raw.get("message", "")),
        str(raw.get("errorType", "unknown")),
        error_code=raw.get("errorCode"),
        status_code=raw.get("statusCode"),
        provider_call_id=raw.get("providerCallId"),
        service_request_id=raw.get("serviceRequestId"),
        url=raw.get("url"),
        eligible_for_auto_switch=raw.get("eligibleForAutoSwitch"),
        stack=raw.get("stack"),
        raw=raw,
    )
