"""Where the state of sessions is kept: its shape, whoever keeps it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Literal, Protocol, Self

from pydantic import TypeAdapter

from copilot_sdk.runtime.core.file_system import FileSystem
from copilot_sdk.runtime.core.log import Event
from copilot_sdk.runtime.core.workspace import WorkContext

QueryKind = Literal["exec", "query", "run"]
"""What a statement is run for: its effect, its rows, or the number of rows that it changes."""


RECORD_FILE = "workspace.yaml"
EVENTS_FILE = "events.jsonl"
CLIENT_METADATA_FILE = "client-metadata.json"
FOLDERS = ("checkpoints", "files", "research")
"""The folders that every session has."""

_FILE_NAMES = {"started_at": "created_at", "modified_at": "updated_at", "named_by_user": "user_named"}


@dataclass(slots=True)
class SessionRecord:
    """What is known about a session without its events; times are ISO 8601.

    Attributes:
        id: Which session it is.
        started_at: When it began.
        modified_at: When something about it changed last.
        cwd: The folder it works in.
        git_root: The root of the repository of that folder.
        repository: That repository, as its host names it.
        branch: The branch that is checked out.
        summary: What it is about: the first prompt.
        name: Its name for people.
        named_by_user: Whether that is the name the user gave.
        model: The model it uses; None for the usual one.
        mode: The mode of the agent.
        turns: How many prompts it had.
        host_type: Where the repository is hosted.
        client_name: The program the session belongs to.
        summary_count: How many checkpoints it has.
        remote_steerable: Whether it may be steered from elsewhere; None where nobody said.
        mc_task_id: The remote task that it belongs to.
        archived: Whether it is put away; None where nobody said.
        extra: What others wrote into the record.
    """

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
    host_type: str | None = None
    client_name: str | None = None
    summary_count: int = 0
    remote_steerable: bool | None = None
    mc_task_id: str | None = None
    archived: bool | None = None
    extra: dict[str, object] = field(default_factory=dict[str, object])

    @property
    def context(self) -> WorkContext:
        """Where the session works."""
        return WorkContext(self.cwd, self.git_root, self.repository, self.branch)

    def to_wire(self) -> dict[str, object]:
        """The record as the workspace file has it, without what is not known."""
        named = {
            _FILE_NAMES.get(name, name): value for name, value in asdict(self).items() if name != "extra"
        }
        return {**{name: value for name, value in named.items() if value is not None}, **self.extra}

    @classmethod
    def from_wire(cls, wire: object) -> Self:
        """Reads back what `to_wire` wrote; members that mean nothing here are kept.

        Raises:
            ValueError: It is no such record.
        """
        members = dict(TypeAdapter(dict[str, object]).validate_python(wire))
        known = {name: members.pop(_FILE_NAMES.get(name, name), None) for name in cls._fields()}
        given = {name: value for name, value in known.items() if value is not None}
        return TypeAdapter(cls).validate_python({"cwd": "", **given, "extra": members})

    @classmethod
    def _fields(cls) -> list[str]:
        return [member.name for member in fields(cls) if member.name != "extra"]

    def to_text(self) -> str:
        """The workspace file: JSON, which is YAML too."""
        return json.dumps(self.to_wire(), indent=1) + "\n"

    @classmethod
    def from_text(cls, text: str | bytes) -> Self:
        """Reads back what `to_text` wrote.

        Raises:
            ValueError: It is no such record.
        """
        return cls.from_wire(json.loads(text))


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
        shared: Whether another runtime uses the session too.
    """

    folder: Path
    files: FileSystem
    database: Database | None
    on_failure: Callable[[str], None]

    @property
    def shared(self) -> bool:
        """See above."""
        ...

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


@asynccontextmanager
async def closed_on_failure(storage: Storage) -> AsyncGenerator[None]:
    """Gives up a storage for which no session came about."""
    try:
        yield
    except BaseException:
        await storage.close()
        raise


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
