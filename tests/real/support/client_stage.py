"""The package's client on a stage: a runtime in a process of its own, and a scripted model behind it."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from copilot_sdk import CopilotClient, Session
from copilot_sdk._generated.copilot import RUNTIMES
from copilot_sdk.events import UnknownEvent
from copilot_sdk.types import ProviderConfig
from tests.real.support import cli
from tests.real.support.processes import parent_of, processes_with
from tests.real.support.stage import MODEL_ID, ModelScript
from tests.support.model_server import Answer, ModelServer

if TYPE_CHECKING:
    from typing import Unpack

    from copilot_sdk.events import SessionEvent
    from copilot_sdk.options import SessionCreateOptions, SessionOptions, SessionResumeOptions
    from copilot_sdk.providers import Handlers, SessionFS

WAIT_SECONDS = 20.0
STAGE_VARIABLE = "STAGE_FOLDER"


@dataclass(frozen=True, slots=True)
class RuntimeKind:
    """A runtime that the same tests are played against.

    Attributes:
        name: What the tests call it.
        version: The version that it has to report.
        program: Finds its executable.
        arguments: What the executable is given before the flags of a server.
    """

    name: str
    version: str
    program: Callable[[], Path]
    arguments: tuple[str, ...] = ()

    @property
    def command(self) -> list[str]:
        """The command line without the flags of a server."""
        return [str(self.program()), *self.arguments]


CLI = RuntimeKind("cli", cli.VERSION, cli.installed_cli)
REFERENCE = RuntimeKind(
    "reference", RUNTIMES[-1], lambda: Path(sys.executable), ("-m", "copilot_sdk.runtime")
)


@dataclass(eq=False)
class Sightings:
    """How often an event of each type was seen, by how the client could read it."""

    known: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    malformed: Counter[str] = field(default_factory=Counter)

    def count(self, event: SessionEvent) -> None:
        """Counts one event."""
        problems = [event.problem or ""] if isinstance(event, UnknownEvent) else event.misfits()
        if any(problems):
            self.malformed[f"{event.type}: {'; '.join(problems)}"] += 1
        elif isinstance(event, UnknownEvent):
            self.unknown[event.type] += 1
        else:
            self.known[event.type] += 1

    def add(self, more: Sightings) -> None:
        """Adds what was seen elsewhere."""
        self.known += more.known
        self.unknown += more.unknown
        self.malformed += more.malformed


@dataclass(eq=False)
class ClientStage:
    """One client with its runtime and its model."""

    runtime: RuntimeKind
    folder: Path
    sightings: Sightings
    script: ModelScript = field(default_factory=ModelScript)
    holds: list[threading.Event] = field(default_factory=list)
    client: CopilotClient = field(init=False)
    model: ModelServer = field(init=False)

    @classmethod
    @asynccontextmanager
    async def open(cls, runtime: RuntimeKind, folder: Path, sightings: Sightings) -> AsyncIterator[Self]:
        """Starts the model and the runtime, with `folder` below it; stops both at the end."""
        stage = cls(runtime, folder, sightings)
        stage.work.mkdir()
        with ModelServer(stage.script, models=[MODEL_ID]) as stage.model:
            stage.client = stage.new_client()
            try:
                async with stage.client:
                    yield stage
            finally:
                for hold in stage.holds:
                    hold.set()

    @property
    def work(self) -> Path:
        """The working directory of the runtime."""
        return self.folder / "work"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the runtime: sessions are kept for this stage alone, processes can be found."""
        return {**os.environ, "COPILOT_HOME": str(self.folder / "home"), STAGE_VARIABLE: str(self.folder)}

    @property
    def processes(self) -> set[int]:
        """The ids of all processes that runtimes of this stage are or have started."""
        return processes_with(STAGE_VARIABLE, str(self.folder))

    @property
    def runtime_process(self) -> int:
        """The id of the one runtime that the client has started."""
        (found,) = (pid for pid in self.processes if parent_of(pid) == os.getpid())
        return found

    def new_client(self, *, tcp: bool = False) -> CopilotClient:
        """A client with a runtime of its own, which is not started yet."""
        program, *arguments = self.runtime.command
        return CopilotClient(
            program, cli_args=arguments, env=self.environment, cwd=self.work, tcp=tcp, log_level="none"
        )

    def serving_client(
        self,
        *,
        handlers: Handlers | None = None,
        session_fs: SessionFS | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> CopilotClient:
        """The same for one that provides something; `variables` are added to the environment of the runtime."""
        program, *arguments = self.runtime.command
        return CopilotClient(
            program,
            cli_args=arguments,
            env={**self.environment, **(variables or {})},
            cwd=self.work,
            log_level="none",
            handlers=handlers,
            session_fs=session_fs,
        )

    def says(self, *answers: Answer) -> None:
        """Adds what the model answers next, in order."""
        self.script.answers += answers

    def hold(self) -> threading.Event:
        """An event for a reply that is held open; it is set at the end of the stage at the latest."""
        self.holds.append(threading.Event())
        return self.holds[-1]

    @property
    def provider(self) -> ProviderConfig:
        """The scripted model, as a session is told of it."""
        return ProviderConfig(
            type="openai", base_url=self.model.base_url, api_key="no-secret", wire_api="completions"
        )

    async def create(
        self, *, client: CopilotClient | None = None, **options: Unpack[SessionCreateOptions]
    ) -> Session:
        """Creates a streaming session whose model is the scripted one."""
        chosen: SessionCreateOptions = {**self.scripted, **options}
        return await (client or self.client).create_session(**chosen)

    async def resume(
        self, session_id: str, *, client: CopilotClient | None = None, **options: Unpack[SessionResumeOptions]
    ) -> Session:
        """Takes up a session, again with the scripted model."""
        chosen: SessionResumeOptions = {**self.scripted, **options}
        return await (client or self.client).resume_session(session_id, **chosen)

    @property
    def scripted(self) -> SessionOptions:
        """What every session needs, also one that is taken up: the scripted model, and that its events are counted."""
        return {
            "model": MODEL_ID,
            "streaming": True,
            "provider": self.provider,
            "on_event": self.sightings.count,
        }


async def turn(session: Session, prompt: str) -> list[SessionEvent]:
    """All events of one turn."""
    return [event async for event in session.send(prompt, timeout=WAIT_SECONDS)]


async def first(events: AsyncIterator[Any], wanted: Callable[[Any], bool] = bool) -> Any:
    """The next event of a subscription that is wanted.

    Raises:
        TimeoutError: None came in time.
    """
    async with asyncio.timeout(WAIT_SECONDS):
        async for event in events:
            if wanted(event):
                return event
    raise AssertionError("the subscription ended before the event came")


@asynccontextmanager
async def listening(stage: ClientStage, *, token: str | None = None) -> AsyncIterator[str]:
    """A further runtime that listens on a TCP port, with the address to connect to."""
    extra = {} if token is None else {"COPILOT_CONNECTION_TOKEN": token}
    process = await asyncio.create_subprocess_exec(
        *stage.runtime.command,
        *("--headless", "--no-auto-update", "--log-level", "none", "--port", "0"),
        env={**stage.environment, **extra},
        cwd=stage.work,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield f"127.0.0.1:{await port_of(process)}"
    finally:
        process.terminate()
        await process.communicate()


async def port_of(process: asyncio.subprocess.Process) -> int:
    """The port that a runtime says it listens on."""
    assert process.stdout is not None
    async with asyncio.timeout(WAIT_SECONDS):
        async for line in process.stdout:
            _, found, port = line.decode().partition("listening on port ")
            if found:
                return int(port)
    raise AssertionError("the runtime ended before it listened")
