"""What a session waits for while nothing seems to happen: tools, people, and this program."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from copilot_sdk._arrival import Arrival

_ASKS = (".requested", "_required")
_NAMES = ("toolName", "serverName", "commandName")


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """Something that a session waits for.

    Attributes:
        kind: Wire type of the event, or wire method of the request, that asked for it.
        id: Identifier of the request or of the tool call; None where it has none.
        name: The tool, the kind of permission, or the server that it is about, where that is known.
    """

    kind: str
    id: str | None = None
    name: str | None = None

    def __str__(self) -> str:
        """A few words about it."""
        return f"{self.kind} ({self.name})" if self.name else self.kind


class Pending:
    """The open requests of a session."""

    def __init__(self) -> None:
        self._open: dict[object, PendingRequest] = {}

    def __bool__(self) -> bool:
        return bool(self._open)

    def __call__(self) -> tuple[PendingRequest, ...]:
        """Those that are open now, oldest first."""
        return tuple(self._open.values())

    def look(self, arrival: Arrival) -> None:
        """Take notice of an event."""
        kind = arrival.type
        if kind == "tool.execution_start":
            self._add(arrival, arrival.text("toolCallId"), arrival.text("toolName"))
        elif kind == "tool.execution_complete":
            self._open.pop(arrival.text("toolCallId"), None)
        elif kind.endswith(_ASKS):
            self._add(arrival, arrival.text("requestId"), _name(arrival))
        elif kind.endswith("completed"):
            self._open.pop(arrival.text("requestId"), None)
        elif kind == "session.idle" and arrival.own:
            self._open = {key: item for key, item in self._open.items() if not isinstance(key, str)}

    def _add(self, arrival: Arrival, identifier: str | None, name: str | None) -> None:
        if identifier is not None:
            self._open[identifier] = PendingRequest(arrival.type, identifier, name)

    @contextmanager
    def serving(self, method: str) -> Generator[None]:
        """A request of the runtime that this program answers, for as long as it takes."""
        key = object()
        self._open[key] = PendingRequest(method)
        try:
            yield
        finally:
            del self._open[key]


def _name(arrival: Arrival) -> str | None:
    asked = arrival.data.get("permissionRequest")
    if isinstance(asked, dict):
        kind: object = asked.get("kind")
        return kind if isinstance(kind, str) else None
    return next((text for name in _NAMES if (text := arrival.text(name)) is not None), None)
