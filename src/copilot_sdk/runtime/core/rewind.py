"""Going back to an earlier prompt, with the files that were changed since: they are recorded turn by turn."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Literal

from pydantic import TypeAdapter

from copilot_sdk.runtime.core.clock import stamp
from copilot_sdk.runtime.core.diffs import Diff, FileDiff, count_lines, text_diff
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.file_system import replace_content
from copilot_sdk.runtime.core.history import is_prompt, prompt_id
from copilot_sdk.runtime.core.log import Event

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

Unavailable = Literal["session-busy", "file-change-tracking-disabled"]

_FOLDER = "rewind-file-snapshots"
_INDEX = "index.json"


@dataclass(slots=True)
class Change:
    """What a turn did to a file; the hashes are of its content, None is no file."""

    before: str | None
    after: str | None
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class FileChange:
    """What several turns did to a file."""

    path: str
    kind: Literal["created", "deleted", "modified"]
    added: int
    removed: int
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Point:
    """A prompt to go back to, what its turn changed, and how many files that and later turns changed."""

    event_id: str
    text: str
    timestamp: str
    files: int
    changed: bool
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What going back came to; files that others changed meanwhile are skipped."""

    outcome: str
    events_removed: int | None = None
    restored: Sequence[str] = ()
    skipped: Sequence[str] = field(default_factory=list[str])


class Rewind:
    """The way back of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._files = session.storage.files
        self._folder = session.storage.folder / _FOLDER
        self._turns: dict[str, dict[str, Change]] = {}
        self._recording = asyncio.Lock()
        self.tracks = False

    async def open(self, *, wanted: bool) -> None:
        """Reads what is recorded; recording begins only before the first prompt, or nothing could be restored."""
        index = self._folder / _INDEX
        if await self._files.status(index) is not None:
            turns = TypeAdapter(dict[str, dict[str, Change]])
            self._turns = turns.validate_json(await self._files.read(index))
            self.tracks = True
        elif wanted and not self._prompts():
            self.tracks = True
            await self._store()

    @property
    def unavailable(self) -> Unavailable | None:
        """Why files cannot be restored now, if so."""
        if self._session.turns.processing:
            return "session-busy"
        return None if self.tracks else "file-change-tracking-disabled"

    async def write(self, path: Path, content: bytes) -> None:
        """Writes a file in the name of the running turn, whose work it is recorded as.

        Raises:
            OSError: It cannot be written.
        """
        turn = self._session.agent.exchange.message_id
        if not self.tracks or turn is None:
            await self._files.write(path, content)
            return
        async with self._recording:
            await self._record(turn, path, content)

    async def _record(self, turn: str, path: Path, content: bytes) -> None:
        before = await self._keep(await self._content(path))
        change = self._turns.setdefault(turn, {}).setdefault(str(path), Change(before, None))
        # What was there is on disk before it is overwritten, so that a crash in between loses nothing.
        await self._store()
        await self._files.write(path, content)
        change.after = _hash(content)
        original = b"" if change.before is None else await self._kept(change.before)
        change.added, change.removed = count_lines(_text(original), _text(content))
        await self._store()

    def points(self) -> Sequence[Point]:
        """The prompts to go back to, the oldest first."""
        found: list[Point] = []
        for event in self._prompts():
            own = self._turns.get(prompt_id(event), {})
            found.append(
                Point(
                    event_id=event.id,
                    text=str(event.data.get("content", "")),
                    timestamp=stamp(event.at),
                    files=len(self._since(event.id)),
                    changed=bool(own),
                    added=sum(change.added for change in own.values()),
                    removed=sum(change.removed for change in own.values()),
                )
            )
        return found

    def preview(self, event_id: str) -> Sequence[FileChange]:
        """The files that going back to a prompt would restore.

        Raises:
            RuntimeFault: There is no such prompt.
        """
        self._check(event_id)
        return self._since(event_id)

    async def apply(self, event_id: str, *, files: bool) -> Outcome:
        """Goes back to before a prompt.

        Args:
            event_id: The event of the prompt.
            files: Whether files are restored too.

        Raises:
            RuntimeFault: There is no such prompt, or the conversation cannot be cut.
        """
        reason = self.unavailable
        if reason == "session-busy" or (files and reason is not None):
            return Outcome(reason)
        self._check(event_id)
        self._session.check_cut()
        await self._session.compaction.stop()
        restored: list[str] = []
        skipped: list[str] = []
        for change in self._since(event_id) if files else ():
            path = Path(change.path)
            if _hash(await self._content(path)) != change.after:
                skipped.append(change.path)
                continue
            await self._restore(path, change)
            restored.append(change.path)
        removed = self._session.truncate(event_id)
        left = {prompt_id(event) for event in self._prompts()}
        self._turns = {turn: changes for turn, changes in self._turns.items() if turn in left}
        if self.tracks:
            await self._store()
        return Outcome("success", removed, restored, skipped)

    async def session_diff(self, *, contents: bool) -> Diff:
        """What is different now in the files that the turns of the session changed."""
        if (reason := self.unavailable) is not None:
            return Diff("session", unavailable=reason)
        root = self._session.config.working_directory
        changes: list[FileDiff] = []
        for change in _merged(self._turns.values()):
            path = Path(change.path)
            before = None if change.before is None else await self._kept(change.before)
            after = await self._content(path)
            if before == after:
                continue
            shown = str(path.relative_to(root)) if path.is_relative_to(root) else change.path
            texts = (None if content is None else _text(content) for content in (before, after))
            changes.append(text_diff(shown, *texts, contents=contents))
        return Diff("session", changes)

    def _prompts(self) -> list[Event]:
        return [event for event in self._session.log.events if is_prompt(event)]

    def _check(self, event_id: str) -> None:
        if event_id not in {event.id for event in self._prompts()}:
            raise RuntimeFault(f"Rewind event '{event_id}' is not a current root user turn")

    def _since(self, event_id: str) -> list[FileChange]:
        prompts = self._prompts()
        first = [event.id for event in prompts].index(event_id)
        return _merged(self._turns.get(prompt_id(event), {}) for event in prompts[first:])

    async def _restore(self, path: Path, change: FileChange) -> None:
        if change.before is not None:
            await self._files.write(path, await self._kept(change.before))
        elif change.after is not None:
            await self._files.remove(path)

    async def _content(self, path: PurePath) -> bytes | None:
        try:
            return await self._files.read(path)
        except FileNotFoundError:
            return None

    async def _keep(self, content: bytes | None) -> str | None:
        name = _hash(content)
        if name is None or content is None:
            return None
        path = self._folder / "backups" / name
        if await self._files.status(path) is None:
            await self._files.write(path, content)
        return name

    async def _kept(self, name: str) -> bytes:
        return await self._files.read(self._folder / "backups" / name)

    async def _store(self) -> None:
        turns = {
            turn: {path: asdict(change) for path, change in changes.items()}
            for turn, changes in self._turns.items()
        }
        await replace_content(self._files, self._folder / _INDEX, json.dumps(turns, indent=1).encode())


def _merged(turns: Iterable[dict[str, Change]]) -> list[FileChange]:
    together: dict[str, list[Change]] = {}
    for turn in turns:
        for path, change in turn.items():
            together.setdefault(path, []).append(change)
    return [_as_one(path, changes) for path, changes in sorted(together.items())]


def _as_one(path: str, changes: Sequence[Change]) -> FileChange:
    before, after = changes[0].before, changes[-1].after
    kind: Literal["created", "deleted", "modified"] = "modified"
    if before is None:
        kind = "created"
    elif after is None:
        kind = "deleted"
    added = sum(change.added for change in changes)
    removed = sum(change.removed for change in changes)
    return FileChange(path, kind, added, removed, before, after)


def _hash(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def _text(content: bytes) -> str:
    return content.decode(errors="replace")
