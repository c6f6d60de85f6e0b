"""Identifiers and points in time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol
from uuid import uuid4


class Clock(Protocol):
    """What scheduled prompts and new tries of model calls go by."""

    def now(self) -> datetime:
        """This moment, aware of its zone."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits; not at all if no time is left."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """See `Clock.now`."""
        return now()

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        # The loop refuses spans of decades; whoever waits that long looks again every day.
        while seconds > _DAY_SECONDS:
            await asyncio.sleep(_DAY_SECONDS)
            seconds -= _DAY_SECONDS
        await asyncio.sleep(max(0.0, seconds))


_DAY_SECONDS = 86400.0


def new_id() -> str:
    """A fresh identifier, unique everywhere."""
    return str(uuid4())


def now() -> datetime:
    """This moment, aware of its zone."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """A moment in ISO 8601 with milliseconds, as it stands on the wire."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds_between(start: datetime, end: datetime) -> int:
    """How many whole milliseconds passed."""
    return max(0, int((end - start).total_seconds() * 1000))
