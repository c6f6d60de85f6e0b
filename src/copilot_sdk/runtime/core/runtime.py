"""The runtime: its sessions by id, its home folder and its model."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from copilot_sdk._generated.copilot.types import SessionResumeData, SessionStartData, WorkingDirectoryContext
from copilot_sdk._version import __version__
from copilot_sdk.runtime.core.clients import Client, ClientPort
from copilot_sdk.runtime.core.clock import new_id, now, stamp
from copilot_sdk.runtime.core.config import Limits, ModelProvider, SessionConfig
from copilot_sdk.runtime.core.faults import RuntimeFault, SessionNotFound
from copilot_sdk.runtime.core.mcp.config_file import MCPConfigFile
from copilot_sdk.runtime.core.models.base import Model, ModelInfo
from copilot_sdk.runtime.core.models.scripted import ScriptedModel
from copilot_sdk.runtime.core.saved_permissions import SavedPermissions
from copilot_sdk.runtime.core.session import LifecycleType, Session
from copilot_sdk.runtime.core.store import SessionRecord, Store
from copilot_sdk.runtime.core.workspace import WorkContext, existing_folder, look_around

EVENT_FORMAT = 1
PRODUCER = "copilot-sdk-runtime"

LifecycleListener = Callable[[LifecycleType, SessionRecord], None]


class Runtime:
    """Holds sessions and everything they share.

    Use it as an asynchronous context manager, or call `aclose` at the end.
    """

    def __init__(
        self,
        *,
        home: Path | None = None,
        model: Model | None = None,
        default_model: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Opens a runtime.

        Args:
            home: The home folder; None makes one that is deleted at the end.
            model: The model of sessions that bring no provider of their own; None plays directives of the prompt.
            default_model: The model id of sessions that name none.
            limits: How long to wait and how often to try.
        """
        self._temporary = home is None
        self.home = home or Path(tempfile.mkdtemp(prefix="copilot-runtime-"))
        self.store = Store(self.home)
        self.saved = SavedPermissions(self.home)
        self.mcp_config = MCPConfigFile(self.home)
        self.limits = limits or Limits()
        self.model: Model = model or ScriptedModel()
        self.default_model = default_model or "scripted"
        self.foreground: str | None = None
        self.last_used: str | None = None
        self._sessions: dict[str, Session] = {}
        self._listeners: dict[int, LifecycleListener] = {}
        self._stop_wanted = asyncio.Event()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @property
    def sessions(self) -> Sequence[Session]:
        """The live sessions."""
        return list(self._sessions.values())

    def model_for(self, provider: ModelProvider | None) -> Model:
        """The model of a session."""
        if provider is None:
            return self.model
        from copilot_sdk.runtime.core.models.openai import Endpoint, OpenAIModel

        return OpenAIModel(
            Endpoint(
                base_url=provider.base_url,
                api_key=provider.api_key,
                headers=provider.headers,
                wire_model=provider.wire_model,
                max_output_tokens=provider.max_output_tokens,
            )
        )

    async def models(self) -> Sequence[ModelInfo]:
        """The models on offer.

        Raises:
            ModelFault: The provider could not be asked.
        """
        return await self.model.catalogue()

    def live(self, session_id: str) -> Session:
        """The live session with an id.

        Raises:
            SessionNotFound: There is none.
        """
        session = self._sessions.get(session_id)
        if session is None or session.closing:
            raise SessionNotFound(session_id)
        return session

    def create(self, session_id: str | None, config: SessionConfig, client: Client) -> Session:
        """Creates a session; an id that is live already returns that session.

        Raises:
            RuntimeFault: The id or the working directory cannot be used.
        """
        self._check_open()
        identifier = session_id or new_id()
        self.store.folder(identifier)
        known = self._sessions.get(identifier)
        if known is not None and not known.closing:
            known.attach(client)
            return known
        existing_folder(config.working_directory)
        context = look_around(config.working_directory)
        session = Session(self, self._new_record(identifier, config, context), config)
        self._sessions[identifier] = session
        self.store.save(session.record)
        session.attach(client)
        session.emit(
            SessionStartData(
                session_id=identifier,
                version=EVENT_FORMAT,
                producer=PRODUCER,
                copilot_version=__version__,
                start_time=session.record.started_at,
                selected_model=config.model,
                reasoning_effort=config.reasoning_effort,
                context=_context_data(context),
            )
        )
        self.last_used = identifier
        self.announce("session.created", session.record)
        return session

    def _new_record(self, identifier: str, config: SessionConfig, context: WorkContext) -> SessionRecord:
        moment = stamp(now())
        return SessionRecord(
            id=identifier,
            started_at=moment,
            modified_at=moment,
            cwd=context.cwd,
            git_root=context.git_root,
            repository=context.repository,
            branch=context.branch,
            name=config.name,
            named_by_user=config.name is not None,
            model=config.model,
        )

    def resume(
        self,
        session_id: str,
        config: SessionConfig,
        client: Client,
        *,
        announce: bool = True,
        continue_pending: bool = False,
    ) -> Session:
        """Joins a live session, or brings a stored one back to life.

        Args:
            session_id: Which one.
            config: Its settings; what they leave open is as it was.
            client: Who joins.
            announce: Whether `session.resume` is emitted.
            continue_pending: What that event says about work that was interrupted.

        Raises:
            SessionNotFound: There is neither.
            RuntimeFault: The working directory cannot be used.
        """
        self._check_open()
        session = self._sessions.get(session_id)
        was_live = session is not None and not session.closing
        if session is None or session.closing:
            session = self._revive(session_id, config)
        session.attach(client)
        self.last_used = session_id
        if announce:
            session.emit(
                SessionResumeData(
                    resume_time=stamp(now()),
                    event_count=len(session.log.events),
                    events_file_size_bytes=session.log_size,
                    selected_model=session.config.model,
                    reasoning_effort=session.config.reasoning_effort,
                    context=_context_data(look_around(session.config.working_directory)),
                    session_was_active=was_live,
                    continue_pending_work=continue_pending,
                )
            )
        return session

    def _revive(self, session_id: str, config: SessionConfig) -> Session:
        record = self.store.find(session_id)
        if record is None:
            raise SessionNotFound(session_id)
        existing_folder(config.working_directory)
        config.model = config.model or record.model
        session = Session(self, record, config, self.store.read_events(session_id))
        self._sessions[session_id] = session
        return session

    def record(self, session_id: str) -> SessionRecord | None:
        """What is known about a session, live or stored."""
        live = self._sessions.get(session_id)
        return live.record if live is not None else self.store.find(session_id)

    async def settled(self, session_id: str) -> None:
        """Waits for the end of a session that is being closed, so that it can be opened again."""
        while (session := self._sessions.get(session_id)) is not None and session.closing:
            await self.close_session(session_id)

    async def detach(self, session_id: str, port: ClientPort) -> bool:
        """Removes a client from a session; without clients a session is closed.

        Returns:
            Whether the session had the client.
        """
        session = self._sessions.get(session_id)
        if session is None or session.clients.of(port) is None:
            return False
        await session.hooks.invoke("sessionEnd", {"reason": "user_exit"})
        await self._leave(session, port)
        return True

    async def drop(self, port: ClientPort) -> None:
        """Removes a client that is gone from all its sessions."""
        for session in self.sessions:
            if session.clients.of(port) is not None:
                await self._leave(session, port)

    async def _leave(self, session: Session, port: ClientPort) -> None:
        if not session.detach(port) or session.clients:
            return
        await self.close_session(session.id)

    async def close_session(self, session_id: str) -> None:
        """Ends a live session; what is stored of it stays."""
        session = self._sessions.get(session_id)
        if session is None:
            return
        await session.close()
        if self._sessions.get(session_id) is session:
            del self._sessions[session_id]
        if self.foreground == session_id:
            self.foreground = None

    async def delete(self, session_id: str) -> bool:
        """Ends a session and deletes all that is stored of it.

        Returns:
            Whether there was one.
        """
        record = self.record(session_id)
        await self.close_session(session_id)
        deleted = self.store.delete(session_id)
        if self.last_used == session_id:
            self.last_used = None
        if record is not None:
            self.announce("session.deleted", record)
        return deleted

    def listen(self, listener: LifecycleListener) -> Callable[[], None]:
        """Calls `listener` for each change of any session, until what this returns is called."""
        key = id(listener)
        self._listeners[key] = listener

        def stop() -> None:
            self._listeners.pop(key, None)

        return stop

    def announce(self, change: LifecycleType, record: SessionRecord) -> None:
        """Tells all listeners about a change of a session."""
        for listener in list(self._listeners.values()):
            listener(change, record)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeFault("The runtime is shutting down")

    def set_foreground(self, session_id: str) -> None:
        """Makes a live session the one the user looks at.

        Raises:
            SessionNotFound: There is none.
        """
        session = self.live(session_id)
        previous, self.foreground = self.foreground, session_id
        if previous not in (None, session_id) and (behind := self._sessions.get(str(previous))) is not None:
            self.announce("session.background", behind.record)
        self.announce("session.foreground", session.record)

    def request_stop(self) -> None:
        """Asks whoever runs the runtime to end it."""
        self._stop_wanted.set()

    async def stop_wanted(self) -> None:
        """Waits until somebody asks for the end."""
        await self._stop_wanted.wait()

    async def close_idle_sessions(self, after_seconds: float) -> None:
        """Closes sessions in which nothing has happened for so long, again and again until it is cancelled."""
        while True:
            idle = [(session.id, session.idle_seconds) for session in self.sessions]
            for session_id, seconds in idle:
                if seconds >= after_seconds:
                    await self.close_session(session_id)
            waited = [seconds for _, seconds in idle if seconds < after_seconds]
            await asyncio.sleep(after_seconds - max(waited, default=0.0))

    async def end_sessions(self) -> None:
        """Ends all live sessions."""
        for session in self.sessions:
            await self.close_session(session.id)

    async def aclose(self) -> None:
        """Ends all sessions and gives up everything that is held."""
        if self._closed:
            return
        self._closed = True
        self.request_stop()
        await self.end_sessions()
        await self.model.aclose()
        self.store.close()
        if self._temporary:
            # Not in a thread: none can be started any more at the end of a program that forgot the runtime.
            shutil.rmtree(self.home, ignore_errors=True)


def _context_data(context: WorkContext) -> WorkingDirectoryContext:
    return WorkingDirectoryContext(
        cwd=context.cwd, git_root=context.git_root, repository=context.repository, branch=context.branch
    )
