"""What can be done with the sessions of the home folder without bringing them to life."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from copilot_sdk._generated.copilot import types
from copilot_sdk._version import __version__
from copilot_sdk.runtime.core.clock import new_id, now, stamp
from copilot_sdk.runtime.core.faults import RuntimeFault, SessionNotFound
from copilot_sdk.runtime.core.file_system import replace_file
from copilot_sdk.runtime.core.log import Event
from copilot_sdk.runtime.core.payloads import to_json
from copilot_sdk.runtime.core.storage import CLIENT_METADATA_FILE, EVENTS_FILE, SessionRecord
from copilot_sdk.runtime.core.store import make_workspace, write_record
from copilot_sdk.runtime.core.workspace import WorkContext

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.runtime import Runtime

_SHORTEST_PREFIX = 7
_CURSOR = "persisted:v1"


@dataclass(frozen=True, slots=True)
class Pruned:
    """Sessions that were deleted, or would be, those that were spared, and the bytes that this frees."""

    deleted: Sequence[str]
    candidates: Sequence[str]
    skipped: Sequence[str]
    freed: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some events of a stored session."""

    events: Sequence[Event]
    cursor: str
    has_more: bool
    expired: bool = False


class StoredSessions:
    """The sessions in the home folder of a runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._store = runtime.store

    def in_use_elsewhere(self, session_id: str) -> bool:
        """Whether another runtime uses a session."""
        live = self._runtime.find_live(session_id)
        return self._store.in_use(session_id) if live is None else live.storage.shared

    def by_prefix(self, prefix: str) -> str | None:
        """The one session whose id begins like that; a prefix that is too short finds none."""
        if len(prefix) < _SHORTEST_PREFIX:
            return None
        known = [record.id for record in self._store.records()]
        found = [identifier for identifier in known if identifier.lower().startswith(prefix.lower())]
        return found[0] if len(found) == 1 else None

    def last_for(self, context: WorkContext | None) -> str | None:
        """The session that was used last in a folder; failing that in its repository, or anywhere."""
        records = self._store.listed()
        if context is not None:
            records = sorted(records, key=lambda record: _closeness(record, context), reverse=True)
        return records[0].id if records else None

    async def delete(self, session_ids: Sequence[str]) -> dict[str, int]:
        """Deletes sessions, live ones too.

        Returns:
            How many bytes each freed, without those that another runtime uses.
        """
        freed: dict[str, int] = {}
        for identifier in session_ids:
            if not self.in_use_elsewhere(identifier):
                freed[identifier] = self._store.size(identifier)
                await self._runtime.delete(identifier)
        return freed

    async def prune(
        self, *, days: int, dry_run: bool, include_named: bool, exclude: Collection[str]
    ) -> Pruned:
        """Deletes sessions that have not been used for some days.

        Args:
            days: For how many.
            dry_run: Whether they are only listed.
            include_named: Whether those go too that the user gave a name.
            exclude: Those that stay.
        """
        since = now() - timedelta(days=days)
        old = [record for record in self._store.listed() if _last_used(record) < since]
        spared = [r.id for r in old if r.id in exclude or (r.named_by_user and not include_named)]
        candidates = [record.id for record in old if record.id not in spared]
        if dry_run:
            return Pruned([], candidates, spared, sum(map(self._store.size, candidates)))
        freed = await self.delete(candidates)
        return Pruned(
            list(freed), [], [*spared, *(c for c in candidates if c not in freed)], sum(freed.values())
        )

    def fork(self, session_id: str, *, before: str | None = None, name: str | None = None) -> SessionRecord:
        """Makes a new session that begins with what was said in another one.

        Args:
            session_id: The other one.
            before: The event where the new one leaves off; None takes over all.
            name: The name of the new one; None for one made of that of the other.

        Raises:
            RuntimeFault: There is nothing to begin with, or no such event.
        """
        origin, events = self._origin(session_id)
        if origin is None or not events:
            raise RuntimeFault(f"Cannot fork session {session_id}: no persisted or in-memory events found")
        taken = events if before is None else _before(events, before, session_id)
        moment = stamp(now())
        record = replace(
            origin,
            id=new_id(),
            started_at=moment,
            modified_at=moment,
            name=name or self._fork_name(origin),
            named_by_user=name is not None,
            summary_count=0,
            archived=None,
            turns=max(1, sum(event.type == "user.message" and event.agent_id is None for event in taken)),
        )
        lines = [event.to_line() for event in _adopted(taken, origin, record, before)]
        folder, source = self._store.folder(record.id), self._store.folder(session_id)
        folder.mkdir(parents=True)
        replace_file(folder / EVENTS_FILE, b"".join(lines))
        if (source / CLIENT_METADATA_FILE).exists():
            shutil.copyfile(source / CLIENT_METADATA_FILE, folder / CLIENT_METADATA_FILE)
        make_workspace(folder, record)
        return record

    def archive(self, session_id: str, *, away: bool) -> None:
        """Puts a session away, or brings it back; nothing else becomes of it.

        Raises:
            SessionNotFound: There is no such session.
            RuntimeFault: Another runtime uses it.
        """
        record = self._runtime.record(session_id)
        if record is None:
            raise SessionNotFound(session_id)
        if self.in_use_elsewhere(session_id):
            raise RuntimeFault(f"Session {session_id} is in use elsewhere, and stays as it is")
        record.archived = away or None
        write_record(self._store.folder(session_id), record)

    def page(
        self, session_id: str, cursor: str | None, *, limit: int, direction: Literal["forward", "backward"]
    ) -> Page:
        """Reads on from a cursor, in the order of the events; backward begins with the newest ones.

        Raises:
            RuntimeFault: Nothing is stored of such a session.
        """
        if not (self._store.folder(session_id) / EVENTS_FILE).exists():
            raise RuntimeFault(f"Persisted event journal is unavailable for session {session_id}")
        events = self._store.events(session_id)
        backward = direction == "backward"
        position = _position(cursor, events, backward)
        if position is None:
            return Page([], cursor or "", has_more=False, expired=True)
        first, last = (max(0, position - limit), position) if backward else (position, position + limit)
        found = events[first:last]
        edge = first if backward else first + len(found)
        anchor = events[edge - 1].id if edge else "start"
        more = first > 0 if backward else edge < len(events)
        return Page(found, f"{_CURSOR}:{edge}:{anchor}", more)

    def _origin(self, session_id: str) -> tuple[SessionRecord | None, list[Event]]:
        live = self._runtime.find_live(session_id)
        if live is not None:
            return live.record, list(live.log.events)
        record = self._store.record(session_id)
        return record, [] if record is None else self._store.events(session_id)

    def _fork_name(self, origin: SessionRecord) -> str:
        stem = f"{origin.name or origin.summary or 'Session'} (fork"
        taken = {record.name for record in self._store.records()}
        if f"{stem})" not in taken:
            return f"{stem})"
        number = 2
        while f"{stem} {number})" in taken:
            number += 1
        return f"{stem} {number})"


def _closeness(record: SessionRecord, context: WorkContext) -> int:
    if record.cwd == context.cwd:
        return 3
    if record.git_root is not None and record.git_root == context.git_root:
        return 2
    return int(record.repository is not None and record.repository == context.repository)


def _last_used(record: SessionRecord) -> datetime:
    try:
        return datetime.fromisoformat(record.modified_at)
    except ValueError:
        # Whoever wrote that: a session of unknown age is not an old one.
        return now()


def _before(events: Sequence[Event], event_id: str, session_id: str) -> list[Event]:
    at = next((index for index, event in enumerate(events) if event.id == event_id), None)
    if at is None:
        raise RuntimeFault(f"Event {event_id} not found in session {session_id}")
    return list(events[:at])


def _adopted(
    events: Sequence[Event], origin: SessionRecord, record: SessionRecord, before: str | None
) -> list[Event]:
    """Events as those of another session, with one that says where they come from."""
    moment = now()
    adopted = [
        replace(
            event,
            at=moment,
            data={
                **event.data,
                "sessionId": record.id,
                "startTime": record.started_at,
                "copilotVersion": __version__,
            },
        )
        if event.type == "session.start"
        else event
        for event in events
    ]
    part = "" if before is None else f" before event {before}"
    message = (
        f'Forked from "{origin.name or origin.summary}" ({origin.id}){part} as "{record.name}" ({record.id}).'
    )
    info = types.SessionInfoData(info_type="fork", message=message)
    parent = adopted[-1].id if adopted else None
    return [*adopted, Event(new_id(), moment, parent, "session.info", to_json(info))]


def _position(cursor: str | None, events: Sequence[Event], backward: bool) -> int | None:
    """Where a cursor points to; None if the events there are others by now."""
    if cursor is None:
        return len(events) if backward else 0
    head, _, anchor = cursor.rpartition(":")
    prefix, _, edge = head.rpartition(":")
    if prefix != _CURSOR or not edge.isdecimal() or int(edge) > len(events):
        return None
    at = int(edge)
    return at if (events[at - 1].id if at else "start") == anchor else None
