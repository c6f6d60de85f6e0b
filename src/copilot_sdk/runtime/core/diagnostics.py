"""What happens on the connections to the MCP servers of a session, kept for clients that look for a fault."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from copilot_sdk.runtime.core.clock import new_id, now, stamp

LEVELS = ("off", "error", "warning", "info", "debug", "trace")
"""How much is kept; each level keeps what those before it keep, and `off` nothing."""

_MOST_ENTRIES = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened; `details` are those of the wire."""

    number: int
    timestamp: str
    level: str
    message: str
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries.

    Attributes:
        entries: The entries, oldest first.
        end: The number of the first one after them.
        expired: Whether entries that were asked for are gone.
        dropped: How many of them are gone for want of room.
        more: Whether there are others after them.
    """

    entries: Sequence[Entry]
    end: int
    expired: bool
    dropped: int
    more: bool


class Diagnostics:
    """The entries of one session.

    Attributes:
        level: How much is kept.
        series: Another one whenever what was kept is deleted; numbers mean nothing in another series.
    """

    def __init__(self) -> None:
        self.level = "off"
        self.series = new_id()
        self._entries: deque[Entry] = deque(maxlen=_MOST_ENTRIES)
        self._numbers = itertools.count(1)
        self._end = 1
        self._noted = asyncio.Event()

    def configure(self, level: str) -> None:
        """Sets how much is kept; `off` deletes what was kept."""
        self.level = level
        if level == "off":
            self._entries.clear()
            self.series = new_id()

    def note(self, level: str, message: str, details: Mapping[str, str]) -> None:
        """Keeps something, if that much is kept."""
        if LEVELS.index(level) > LEVELS.index(self.level):
            return
        number = next(self._numbers)
        self._entries.append(Entry(number, stamp(now()), level, message, details))
        self._end = number + 1
        self._noted.set()

    async def read(self, start: int | None, series: str | None, most: int, seconds: float) -> Page:
        """Reads some entries, and waits for one if there is none.

        Args:
            start: The number of the first one; None for the oldest.
            series: The series of that number.
            most: How many at most.
            seconds: How long to wait at most.
        """
        expired = series is not None and series != self.series
        first = 0 if start is None or expired else start
        if not self._from(first):
            self._noted.clear()
            waiting = asyncio.ensure_future(self._noted.wait())
            try:
                await asyncio.wait({waiting}, timeout=seconds)
            finally:
                waiting.cancel()
        found = self._from(first)
        dropped = max(0, found[0].number - first) if found and first else 0
        page = found[:most]
        end = page[-1].number + 1 if page else self._end
        return Page(page, end, expired or dropped > 0, dropped, len(found) > len(page))

    def _from(self, number: int) -> list[Entry]:
        return [entry for entry in self._entries if entry.number >= number]
