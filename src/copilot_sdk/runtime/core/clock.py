"""Identifiers and points in time."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4


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
