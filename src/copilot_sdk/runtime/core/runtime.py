"""The runtime: its sessions by id, its home folder and its model."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Self
from weakref import WeakValueDictionary

from copilot_sdk.runtime.core.accounts import Accounts, Identity
from copilot_sdk.runtime.core.catalog.handles import Handles
from copilot_sdk.runtime.core.clients import Client, ClientPort
from copilot_sdk.runtime.core.clock import Clock, SystemClock, new_id
from copilot_sdk.runtime.core.config import Limits, SessionConfig
from copilot_sdk.runtime.core.extensions import Launcher
from copilot_sdk.runtime.core.faults import RuntimeFault, SessionNotFound
from copilot_sdk.runtime.core.global_state import GlobalState
from copilot_sdk.runtime.core.hook_sources import HookSources
from copilot_sdk.runtime.core.mcp.config_file import MCPConfigFile
from copilot_sdk.runtime.core.mcp.sign_ins import KnownSignIns
from copilot_sdk.runtime.core.milestones import resume_data, settings_data, start_data
from copilot_sdk.runtime.core.model_choice import AUTO
from copilot_sdk.runtime.core.model_families import ModelFamilies
from copilot_sdk.runtime.core.models.base import Model, ModelInfo, ModelService
from copilot_sdk.runtime.core.models.scripted import ScriptedModel
from copilot_sdk.runtime.core.models.sender import Sender, Sends
from copilot_sdk.runtime.core.plugins import Plugins
from copilot_sdk.runtime.core.provided import Provided
from copilot_sdk.runtime.core.remote_control import RemoteControl
from copilot_sdk.runtime.core.request_ids import RequestIds
from copilot_sdk.runtime.core.sandbox.host import SandboxHost
from copilot_sdk.runtime.core.saved_permissions import SavedPermissions
from copilot_sdk.runtime.core.secrets import Secrets
from copilot_sdk.runtime.core.session import LifecycleType, Session
from copilot_sdk.runtime.core.session_factory import SessionFactory
from copilot_sdk.runtime.core.settings_files import UserSettings
from copilot_sdk.runtime.core.storage import Place, SessionRecord
from copilot_sdk.runtime.core.store import Store
from copilot_sdk.runtime.core.stored import StoredSessions
from copilot_sdk.runtime.core.telemetry import Telemetry

_logger = logging.getLogger("copilot_sdk.runtime")

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
        accounts: Accounts | None = None,
        clock: Clock | None = None,
        stop: asyncio.Event | None = None,
    ) -> None:
        """Opens a runtime.

        Args:
            home: The home folder; None makes one that is deleted at the end.
            model: The model of sessions that bring no provider of their own; None plays directives of the prompt.
            default_model: The model id of sessions that name none.
            limits: How long to wait and how often to try.
            accounts: Who can sign in; None for nobody.
            clock: What scheduled prompts and new tries of model calls go by; None for the clock of the machine.
            stop: Set when the end is asked for; None for an event of its own.
        """
        self._temporary = home is None
        self.home = home or Path(tempfile.mkdtemp(prefix="copilot-runtime-"))
        self.store = Store(self.home)
        self.provided_place: Provided[Place] = Provided()
        self.provided_sender: Provided[Sender] = Provided()
        self.provided_launcher: Provided[Launcher] = Provided()
        self.saved = SavedPermissions(self.home)
        self.secrets = Secrets()
        _logger.addFilter(self.secrets)
        self.settings = UserSettings(self.home)
        self.state = GlobalState(self.home)
        self.state.launched()
        self.plugins = Plugins(self.home, self.settings, self.state)
        self.hook_sources = HookSources(self.home, self.settings)
        self.mcp_config = MCPConfigFile(self.home)
        self.sign_ins = KnownSignIns()
        numbers = count(1)
        self.registry_searches = RequestIds(numbers, "search", "mcp.registry.allocateRequestId")
        self.owner_listings = RequestIds(numbers, "listing", "gitHubOwners.nextRequestId")
        self.handles = Handles()
        self.families = ModelFamilies(self.home)
        self.limits = limits or Limits()
        self.clock: Clock = clock or SystemClock()
        self.model: Model = model or ScriptedModel()
        self.accounts = accounts or Accounts()
        if isinstance(self.model, Sends):
            self.model.sender = self._sender
        self.default_model = default_model or "scripted"
        self.stored = StoredSessions(self)
        self.remote_control = RemoteControl()
        self.connections = count(1)
        self.telemetry = Telemetry()
        self.sandbox_host = SandboxHost()
        self.foreground: str | None = None
        self.last_used: str | None = None
        self._sessions: dict[str, Session] = {}
        self._opening: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._factory = SessionFactory(self)
        self._listeners: dict[int, LifecycleListener] = {}
        self._stop_wanted = stop or asyncio.Event()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @property
    def sessions(self) -> Sequence[Session]:
        """The live sessions."""
        return list(self._sessions.values())

    @property
    def place(self) -> Place:
        """Where sessions are kept."""
        return self.provided_place.thing or self.store

    def model_for(self, session: Session) -> Model:
        """The model of a session: that of the runtime, or one that the session has to close."""
        config = session.config
        if config.provider is None and not config.named_models:
            return self.model
        from copilot_sdk.runtime.core.models.own import OwnModels

        return OwnModels(config, self.model, bearer_token=session.bearer_token, sender=self._sender)

    def _sender(self) -> Sender | None:
        return self.provided_sender.thing

    async def models(self, account: Identity | None = None) -> Sequence[ModelInfo]:
        """The models on offer.

        Args:
            account: Whom they are for; None for who is signed in.

        Raises:
            ModelFault: The provider could not be asked.
            RuntimeFault: They are for those alone who are signed in, and nobody is.
        """
        accounts = self.accounts
        if account is None and accounts.needed:
            account = await accounts.required()
        if account is not None and isinstance(self.model, ModelService):
            return await self.model.catalogue_of(account)
        return await self.model.catalogue()

    async def check_model(self, config: SessionConfig) -> None:
        """Checks that whoever a session works for may use its model.

        Raises:
            RuntimeFault: They may not.
            ModelFault: The service could not be asked.
        """
        if not isinstance(self.model, ModelService) or config.provider is not None or config.named_models:
            return
        account = config.identity or await self.accounts.current()
        if config.model in (None, AUTO) or account is None:
            return
        if config.model not in [model.id for model in await self.model.catalogue_of(account)]:
            raise RuntimeFault(f'Model "{config.model}" is not available.')

    def live(self, session_id: str) -> Session:
        """The live session with an id.

        Raises:
            SessionNotFound: There is none.
        """
        session = self._sessions.get(session_id)
        if session is None or session.closing:
            raise SessionNotFound(session_id)
        return session

    def find_live(self, session_id: str) -> Session | None:
        """The live session with an id, also one that is about to end."""
        return self._sessions.get(session_id)

    async def create(
        self, session_id: str | None, config: SessionConfig, client: Client | None, *, announce: bool = True
    ) -> Session:
        """Creates a session; an id that is live already returns that session.

        Args:
            session_id: The id it is to have; None for a fresh one.
            config: Its settings.
            client: Who joins it; None leaves it to itself.
            announce: Whether `session.start` is emitted.

        Raises:
            RuntimeFault: The id or the working directory cannot be used, or the session cannot be stored.
        """
        self._check_open()
        identifier = session_id or new_id()
        self.place.check_id(identifier)
        async with self._opened_by_one(identifier):
            known = self._sessions.get(identifier)
            if known is None:
                known = await self._make(identifier, config, client, announce=announce)
                known.extensions.launch()
            elif client is not None:
                known.members.attach(client)
                known.canvases.joined(client)
            self.last_used = identifier
            self.announce("session.created", known.record)
            return known

    async def _make(
        self, identifier: str, config: SessionConfig, client: Client | None, *, announce: bool
    ) -> Session:
        context = self.place.look_around(config.working_directory)
        session = self._sessions[identifier] = await self._factory.make(identifier, config, context)
        if client is not None:
            session.members.attach(client)
        self.announce("session.created", session.record)
        if announce:
            session.emit(start_data(session, context))
            session.emit(settings_data(session))
        session.agents.begin()
        return session

    @asynccontextmanager
    async def _opened_by_one(self, session_id: str) -> AsyncGenerator[None]:
        """Opens a session for one client at a time, when the session of that id before it is closed."""
        lock = self._opening.setdefault(session_id, asyncio.Lock())
        async with lock:
            while (session := self._sessions.get(session_id)) is not None and session.closing:
                await self.close_session(session_id)
            yield

    async def resume(
        self,
        session_id: str,
        configure: Callable[[SessionRecord], SessionConfig],
        client: Client | None,
        *,
        announce: bool = True,
        continue_pending: bool = False,
    ) -> Session:
        """Joins a live session, or brings a stored one back to life.

        Args:
            session_id: Which one.
            configure: Gives its settings; what they leave open is as it was.
            client: Who joins; None leaves it as it is.
            announce: Whether `session.resume` is emitted.
            continue_pending: What that event says about work that was interrupted.

        Raises:
            SessionNotFound: There is neither.
            RuntimeFault: The working directory cannot be used, or what is stored cannot be read.
        """
        self._check_open()
        async with self._opened_by_one(session_id):
            session = self._sessions.get(session_id)
            was_live = session is not None
            if session is None:
                session = self._sessions[session_id] = await self._factory.revive(session_id, configure)
            if client is not None:
                session.members.attach(client)
            self.last_used = session_id
            if announce:
                context = self.place.look_around(session.config.working_directory)
                session.emit(
                    resume_data(session, context, was_live=was_live, continue_pending=continue_pending)
                )
                if not was_live:
                    session.emit(settings_data(session))
            if client is not None:
                session.canvases.joined(client)
                session.extensions.joined(client)
            if not was_live:
                session.agents.begin()
                session.schedules.hydrate()
                session.extensions.launch()
            return session

    def record(self, session_id: str) -> SessionRecord | None:
        """What is known about a session that is live or in the home folder."""
        live = self._sessions.get(session_id)
        return live.record if live is not None else self.store.record(session_id)

    async def detach(self, session_id: str, port: ClientPort) -> bool | None:
        """Removes a client from a session; without clients a session is closed.

        Returns:
            Whether all of a session that is closed now is stored; None if no session had the client.
        """
        session = self._sessions.get(session_id)
        if session is None or session.clients.of(port) is None:
            return None
        await session.hooks.invoke("sessionEnd", {"reason": "user_exit"})
        await self._leave(session, port)
        return session.stored

    async def drop(self, port: ClientPort) -> None:
        """Removes a client that is gone, from all its sessions too."""
        self.provided_place.release(port)
        self.provided_sender.release(port)
        self.provided_launcher.release(port)
        self.telemetry.drop(port)
        self.families.drop(port)
        for session in self.sessions:
            session.tasks.orphan(port)
            if session.clients.of(port) is not None:
                await self._leave(session, port)

    async def _leave(self, session: Session, port: ClientPort) -> None:
        if not session.members.detach(port) or session.closing:
            return
        if any(not client.is_extension for client in session.clients):
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
            Whether there was one in the home folder; what a client keeps only that client can delete.
        """
        if self.place is not self.store:
            return False
        record = self.record(session_id)
        await self.close_session(session_id)
        if record is not None:
            self.announce("session.deleted", record)
        deleted = self.store.delete(session_id)
        if self.last_used == session_id:
            self.last_used = None
        if record is not None:
            # The CLI tells it twice, of the session and of what was stored, and so does everybody it is stood in for.
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
        _logger.removeFilter(self.secrets)
        await self.model.aclose()
        await self.accounts.aclose()
        if self._temporary:
            # Not in a thread: none can be started any more at the end of a program that forgot the runtime.
            shutil.rmtree(self.home, ignore_errors=True)
