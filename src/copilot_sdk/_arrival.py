"""An event as it came off the wire, read only when somebody wants it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from copilot_sdk._model.event import EventBase, EventDecoder

_logger = logging.getLogger("copilot_sdk.events")


class Misfits:
    """Logs what of events does not fit their descriptions, once for each type."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def __call__(self, event_type: str, problem: str) -> None:
        """Take notice of one."""
        if event_type not in self._known:
            self._known.add(event_type)
            _logger.warning("an event %s does not fit its description: %s", event_type, problem)


class Arrival:
    """One event of a session, on its way to those who want it.

    Attributes:
        raw: The event as it came.
        type: Its wire type.
        data: The data in wire form; empty if it is no object.
        own: True for an event of the session's own agent, and not of a sub-agent.
        owner: Who has claimed an event that names nobody.

    Args:
        raw: The event as it came.
        on_misfit: Told what of the event does not fit its description, when it is read.
    """

    __slots__ = ("_event", "_on_misfit", "data", "own", "owner", "raw", "type")

    def __init__(self, raw: Mapping[str, Any], on_misfit: Callable[[str, str], None] | None = None) -> None:
        self.raw = raw
        self.type = str(raw.get("type"))
        # Every event is looked at several times, most of them are never read.
        data: Any = raw.get("data")
        self.data: Mapping[str, Any] = data if isinstance(data, dict) else {}
        self.own = raw.get("agentId") is None
        self.owner: object | None = None
        self._on_misfit = on_misfit
        self._event: EventBase | None = None

    @classmethod
    def of(cls, event: EventBase) -> Arrival:
        """An event that was made here."""
        arrival = cls(event.to_wire())
        arrival._event = event
        return arrival

    def unread(self) -> Arrival:
        """The same event for somebody who may never read it, and is not to keep what others have read."""
        return Arrival(self.raw, self._on_misfit)

    @property
    def event(self) -> EventBase:
        """The typed event; what cannot be read is an `UnknownEvent`."""
        if self._event is None:
            self._event = _decoder().decode(self.raw, self._misfit)
        return self._event

    def text(self, member: str) -> str | None:
        """A text in the data, None if there is no such text."""
        found = self.data.get(member)
        return found if isinstance(found, str) else None

    def _misfit(self, problem: str) -> None:
        if self._on_misfit is not None:
            self._on_misfit(self.type, problem)


@cache
def _decoder() -> EventDecoder:
    from copilot_sdk._generated.copilot.events import decoder

    return decoder
