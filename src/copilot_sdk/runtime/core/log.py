"""The event log of one session: what was stored, and the ephemeral events of late."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.clock import stamp

_EPHEMERAL_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a session, numbered and dated.

    Attributes:
        id: Unique identifier.
        at: When it happened.
        parent_id: The durable event before it.
        type: The wire's name of its kind.
        data: The payload, ready for JSON.
        ephemeral: Whether it is forgotten with the process.
        agent_id: The background agent it belongs to; None for the main agent.
    """

    id: str
    at: datetime
    parent_id: str | None
    type: str
    data: Mapping[str, object]
    ephemeral: bool = False
    agent_id: str | None = None

    def to_wire(self) -> dict[str, object]:
        """The event as JSON."""
        wire: dict[str, object] = {"id": self.id, "timestamp": stamp(self.at), "parentId": self.parent_id}
        if self.ephemeral:
            wire["ephemeral"] = True
        if self.agent_id is not None:
            wire["agentId"] = self.agent_id
        return {**wire, "type": self.type, "data": self.data}

    @classmethod
    def from_wire(cls, wire: Mapping[str, object]) -> Event:
        """Reads back what `to_wire` wrote."""
        data = wire["data"]
        parent, agent = wire.get("parentId"), wire.get("agentId")
        return cls(
            id=str(wire["id"]),
            at=datetime.fromisoformat(str(wire["timestamp"])),
            parent_id=None if parent is None else str(parent),
            type=str(wire["type"]),
            data=data if is_object(data) else {},
            ephemeral=wire.get("ephemeral") is True,
            agent_id=None if agent is None else str(agent),
        )

    def to_line(self) -> bytes:
        """The event as a line of a file."""
        return json.dumps(self.to_wire(), separators=(",", ":")).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Event:
        """Reads back what `to_line` wrote.

        Raises:
            ValueError: It holds no event.
        """
        try:
            return cls.from_wire(json.loads(line))
        except (KeyError, TypeError) as error:
            raise ValueError(f"no event: {error}") from error


@dataclass(frozen=True, slots=True)
class Batch:
    """What one read returned."""

    events: Sequence[Event]
    cursor: str
    has_more: bool
    expired: bool


class EventLog:
    """Durable events in order, and the last of the ephemeral ones."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.events: list[Event] = list(events)
        self._ephemeral: deque[Event] = deque(maxlen=_EPHEMERAL_KEPT)
        self._ephemeral_count = 0
        self._grown = asyncio.Event()

    @property
    def last_id(self) -> str | None:
        """The id of the newest durable event."""
        return self.events[-1].id if self.events else None

    def append(self, event: Event) -> None:
        """Takes in one event and wakes whoever waits for it."""
        if event.ephemeral:
            self._ephemeral.append(event)
            self._ephemeral_count += 1
        else:
            self.events.append(event)
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    def truncate(self, event_id: str) -> list[Event]:
        """Drops an event and all durable ones after it, and returns them; none if it is unknown."""
        at = next((index for index, event in enumerate(self.events) if event.id == event_id), None)
        if at is None:
            return []
        removed, self.events = self.events[at:], self.events[:at]
        return removed

    def tail(self) -> str:
        """A cursor behind the newest event."""
        return f"{len(self.events)}.{self._ephemeral_count}"

    async def read(
        self, cursor: str | None, *, limit: int, wait: float, wanted: Callable[[Event], bool]
    ) -> Batch:
        """Reads on from a cursor, waiting for something wanted to happen if there is nothing yet.

        Args:
            cursor: Where to begin; None for the start of the log.
            limit: How many events to return at most.
            wait: How many seconds to wait for the first one.
            wanted: Which events to return; the others are skipped.
        """
        deadline = asyncio.get_running_loop().time() + wait
        while True:
            batch = self._read(cursor, limit, wanted)
            left = deadline - asyncio.get_running_loop().time()
            if batch.events or left <= 0:
                return batch
            try:
                await asyncio.wait_for(self._grown.wait(), left)
            except TimeoutError:
                return self._read(cursor, limit, wanted)

    def _read(self, cursor: str | None, limit: int, wanted: Callable[[Event], bool]) -> Batch:
        position = (0, 0) if cursor is None else self._position(cursor)
        durable, ephemeral = position or (0, 0)
        found: list[Event] = []
        durable = _take(found, islice(self.events, durable, None), durable, limit, wanted)
        dropped = self._ephemeral_count - len(self._ephemeral)
        ephemeral = max(ephemeral, dropped)
        fresh = islice(self._ephemeral, ephemeral - dropped, None)
        ephemeral = _take(found, fresh, ephemeral, limit, wanted)
        return Batch(
            events=found,
            cursor=f"{durable}.{ephemeral}",
            has_more=durable < len(self.events) or ephemeral < self._ephemeral_count,
            expired=position is None,
        )

    def _position(self, cursor: str) -> tuple[int, int] | None:
        durable, dot, ephemeral = cursor.partition(".")
        if not (dot and durable.isdecimal() and ephemeral.isdecimal()):
            return None
        if int(durable) > len(self.events):
            return None
        # Ephemeral events are numbered anew in each process, so a count from an earlier one means the end.
        return int(durable), min(int(ephemeral), self._ephemeral_count)


def _take(
    found: list[Event], source: Iterable[Event], position: int, limit: int, wanted: Callable[[Event], bool]
) -> int:
    for event in source:
        if len(found) >= limit:
            break
        position += 1
        if wanted(event):
            found.append(event)
    return position
