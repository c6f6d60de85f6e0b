"""Where the state of sessions is kept: its shape, whoever keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from copilot_sdk.runtime.core.file_system import FileSystem
from copilot_sdk.runtime.core.log import Event
from copilot_sdk.runtime.core.workspace import WorkContext

QueryKind = Literal["exec", "query", "run"]
"""What a statement is run for: its effect, its rows, or the number of rows that it changes."""


@dataclass(slots=True)
class SessionRecord:
    """What is known about a session without its events; times are ISO 8601."""

    id: str
    started_at: str
    modified_at: str
    cwd: str
    git_root: str | None = None
    repository: str | None = None
    branch: str | None = None
    summary: str | None = None
    name: str | None = None
    named_by_user: bool = False
    model: str | None = None
    mode: str = "interactive"
    turns: int = 0


@dataclass(frozen=True, slots=True)
class Rows:
    """What a statement came to."""

    columns: Sequence[str] = ()
    rows: Sequence[Mapping[str, object]] = ()
    affected: int = 0
    last_row_id: int | None = None


class DatabaseFault(Exception):
    """A statement that failed; the text is that of SQLite, or says why it could not be asked."""


class Database(Protocol):
    """The SQLite database of one session."""

    async def exists(self) -> bool:
        """Whether there is one already; that does not make it.

        Raises:
            DatabaseFault: It could not be asked.
        """
        ...

    async def run(self, statement: str, kind: QueryKind) -> Rows:
        """Runs a statement; of the kind `exec`, several.

        Raises:
            DatabaseFault: It failed.
        """
        ...


class Storage(Protocol):
    """The state of one session.

    Attributes:
        folder: Where it is, as clients and the model see it.
        files: The files of the session, those of its working directory too.
        database: Its database; None where there is none.
        on_failure: Called with what went wrong when something could not be stored.
    """

    folder: Path
    files: FileSystem
    database: Database | None
    on_failure: Callable[[str], None]

    @property
    def log_size(self) -> int:
        """How many bytes of events are stored."""
        ...

    def save(self, record: SessionRecord) -> None:
        """Has the record of the session stored."""
        ...

    def append(self, event: Event) -> None:
        """Has one more event stored."""
        ...

    def rewrite(self, events: Sequence[Event]) -> None:
        """Has these events stored in place of all others."""
        ...

    async def flush(self) -> bool:
        """Returns once all that was to be stored is stored, and whether that is so."""
        ...

    async def close(self) -> bool:
        """The same, and gives up what is held."""
        ...


class Place(Protocol):
    """Where sessions are kept."""

    def working_folder(self, wanted: str | None) -> Path:
        """The absolute path of the folder that a session works in."""
        ...

    def look_around(self, folder: Path) -> WorkContext:
        """What is known about a folder that a session is to work in.

        Raises:
            RuntimeFault: There is no such folder.
        """
        ...

    def check_id(self, session_id: str) -> None:
        """Raises a `RuntimeFault` for an id that no session can have."""
        ...

    async def make(self, record: SessionRecord) -> Storage:
        """Makes room for a new session.

        Raises:
            RuntimeFault: That failed.
        """
        ...

    async def find(self, session_id: str) -> SessionRecord | None:
        """The record of a stored session.

        Raises:
            RuntimeFault: It could not be looked up.
        """
        ...

    async def load(self, record: SessionRecord) -> tuple[Storage, list[Event]]:
        """Opens what is stored of a session, and reads its events.

        Raises:
            RuntimeFault: That failed.
        """
        ...


def read_lines(content: bytes) -> tuple[list[Event], list[int]]:
    """The events in a log, and the numbers of the lines that hold none: a crash may leave such."""
    events: list[Event] = []
    bad: list[int] = []
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            events.append(Event.from_line(line))
        except ValueError:
            bad.append(number)
    return events, bad
