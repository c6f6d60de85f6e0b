"""A session: its state, its event log, its clients, and the parts that do its work."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from copilot_sdk._generated.copilot import types
from copilot_sdk._model.json_values import is_object, texts_in
from copilot_sdk.runtime.core.accounts import SessionAccount
from copilot_sdk.runtime.core.agent import Agent
from copilot_sdk.runtime.core.canvases import Canvases
from copilot_sdk.runtime.core.checkpoints import Checkpoints
from copilot_sdk.runtime.core.client_metadata import ClientNotes
from copilot_sdk.runtime.core.clients import Client, Clients, Interests
from copilot_sdk.runtime.core.clock import Clock, new_id, now, stamp
from copilot_sdk.runtime.core.commands import Commands
from copilot_sdk.runtime.core.compaction import Compaction
from copilot_sdk.runtime.core.config import Limits, ModelProvider, SessionConfig
from copilot_sdk.runtime.core.credits import Credits
from copilot_sdk.runtime.core.custom_agents import CustomAgents
from copilot_sdk.runtime.core.extensions import Extensions
from copilot_sdk.runtime.core.external import ExternalCalls
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.history import rebuild
from copilot_sdk.runtime.core.hook_files import FileHook
from copilot_sdk.runtime.core.hooks import Hooks
from copilot_sdk.runtime.core.instructions import InstructionSources
from copilot_sdk.runtime.core.log import Event, EventLog
from copilot_sdk.runtime.core.mcp.host import MCPHost
from copilot_sdk.runtime.core.mcp.sign_ins import KnownSignIns
from copilot_sdk.runtime.core.members import Members
from copilot_sdk.runtime.core.milestones import shutdown_data
from copilot_sdk.runtime.core.model_choice import ModelChoice
from copilot_sdk.runtime.core.models.base import Model
from copilot_sdk.runtime.core.modes import Modes
from copilot_sdk.runtime.core.paths import PathPolicy
from copilot_sdk.runtime.core.payloads import Payload, event_kind, to_json
from copilot_sdk.runtime.core.permissions import PermissionGate
from copilot_sdk.runtime.core.plan import Plan
from copilot_sdk.runtime.core.rate_limits import RateLimits
from copilot_sdk.runtime.core.rewind import Rewind
from copilot_sdk.runtime.core.saved_permissions import SavedPermissions
from copilot_sdk.runtime.core.schedules import Schedules
from copilot_sdk.runtime.core.scope import TaskScope
from copilot_sdk.runtime.core.secrets import Secrets
from copilot_sdk.runtime.core.session_plugins import SessionPlugins
from copilot_sdk.runtime.core.skills import Skills
from copilot_sdk.runtime.core.storage import SessionRecord, Storage
from copilot_sdk.runtime.core.system_message import SystemMessage
from copilot_sdk.runtime.core.tasks import TaskRegistry
from copilot_sdk.runtime.core.tokens import bearer_token
from copilot_sdk.runtime.core.tools.base import Tool
from copilot_sdk.runtime.core.tools.toolbox import toolbox
from copilot_sdk.runtime.core.turns import Turns
from copilot_sdk.runtime.core.usage import UsageTotals
from copilot_sdk.runtime.core.user_input import UserInput
from copilot_sdk.runtime.core.user_shell import UserShell
from copilot_sdk.runtime.core.workspace import location_of
from copilot_sdk.runtime.core.workspace_files import WorkspaceFiles
from copilot_sdk.transports.closing import CloseOnce

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.runtime import Runtime

_TITLE_CHARACTERS = 60

LifecycleType = Literal[
    "session.created", "session.updated", "session.deleted", "session.foreground", "session.background"
]


class Session:
    """One live session."""

    def __init__(
        self,
        runtime: Runtime,
        record: SessionRecord,
        config: SessionConfig,
        storage: Storage,
        events: Sequence[Event] = (),
    ) -> None:
        """Brings a session to life.

        Args:
            runtime: What it belongs to.
            record: What is known about it.
            config: Its settings.
            storage: Where its state is kept.
            events: What is stored of it; empty for a new one.
        """
        self.record = record
        self.config = config
        self.resumed = bool(events)
        self.log = EventLog(events)
        self._runtime = runtime
        self.storage = _with_files(storage, config)
        self.clients = Clients()
        self.interests = Interests()
        self.usage = UsageTotals()
        self.credits = Credits(self)
        self.paths = PathPolicy(self)
        self.permissions = PermissionGate(self, location=location_of(config.working_directory).key)
        self.external = ExternalCalls(self)
        self.commands = Commands(self)
        self.user_input = UserInput(self)
        self.plan = Plan(self)
        self.modes = Modes(self)
        self.model_choice = ModelChoice(self)
        self.rate_limits = RateLimits(self)
        self.hooks = Hooks(self)
        self.system_message = SystemMessage(self)
        self.tasks = TaskRegistry(self)
        self.plugins = SessionPlugins(
            runtime.plugins, config.plugin_directories, discovery=config.config_discovery
        )
        self.skills = Skills(self, disabled=texts_in(runtime.settings.current().get("disabledSkills")))
        self.canvases = Canvases(self, events)
        self.extensions = Extensions(self, runtime)
        self.mcp = MCPHost(
            self,
            {**self.plugins.servers(), **runtime.mcp_config.specs(), **config.mcp_servers},
            disabled=(*runtime.mcp_config.disabled(), *config.disabled_mcp_servers),
            env_mode=config.env_value_mode,
        )
        self.scope = TaskScope(f"session {record.id}")
        self.turns = Turns(self)
        self.schedules = Schedules(self)
        self.agents = CustomAgents(self)
        self.user_shell = UserShell(self)
        self.instructions = InstructionSources(self)
        self.agent = Agent(self, history=rebuild(events))
        self.engagement_id = new_id()
        self.features: Mapping[str, str] = {}
        self.files = WorkspaceFiles(self)
        self.checkpoints = Checkpoints(self)
        self.notes = ClientNotes(self)
        self.compaction = Compaction(self)
        self.rewind = Rewind(self)
        self.closing = False
        self._close = CloseOnce(self._end)
        self.stored_system_text: str | None = None
        self._last_event = time.monotonic()
        self.stored = True
        storage.on_failure = self._tell_storage_failure
        self.model: Model = runtime.model_for(self)
        self.account = SessionAccount(runtime.accounts, config)

    @cached_property
    def members(self) -> Members:
        """Lets clients in and out."""
        return Members(self)

    @property
    def id(self) -> str:
        """The id of the session."""
        return self.record.id

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self.storage.folder

    @property
    def transcript(self) -> Path:
        """The file of its events."""
        return self.folder / "events.jsonl"

    @property
    def saved(self) -> SavedPermissions:
        """What users have allowed beyond this session."""
        return self._runtime.saved

    @property
    def known_sign_ins(self) -> KnownSignIns:
        """What is known of sign-ins to MCP servers."""
        return self._runtime.sign_ins

    @property
    def limits(self) -> Limits:
        """How long to wait and how often to try."""
        return self._runtime.limits

    @property
    def runtime_home(self) -> Path:
        """The home folder of the runtime."""
        return self._runtime.home

    @property
    def clock(self) -> Clock:
        """What its scheduled prompts go by."""
        return self._runtime.clock

    @property
    def model_id(self) -> str:
        """The model that was chosen."""
        return self.model_choice.id

    @property
    def default_model(self) -> str:
        """The model where none was chosen."""
        return self._runtime.default_model

    @property
    def started_at(self) -> datetime:
        """When the session began."""
        return datetime.fromisoformat(self.record.started_at)

    @property
    def log_size(self) -> int:
        """How many bytes of events are stored."""
        return self.storage.log_size

    @property
    def idle_seconds(self) -> float:
        """How long nothing has happened; 0 while there is work."""
        working = self.turns.processing or self.tasks.busy
        return 0.0 if working else time.monotonic() - self._last_event

    def emit(
        self,
        data: Payload,
        *,
        agent_id: str | None = None,
        extra: Mapping[str, object] | None = None,
        stored: bool = True,
        kind: str | None = None,
        ephemeral: bool | None = None,
        only: Client | None = None,
    ) -> Event:
        """Records an event and hands it to the clients.

        Args:
            data: The payload; its class tells the type of the event.
            agent_id: The background agent it belongs to.
            extra: Members of the payload that the schema does not know.
            stored: Whether a durable event goes to disk.
            kind: The event type, for data that several types carry.
            ephemeral: Whether the event is forgotten with the process; None for what is usual for its type.
            only: The one client to send it to; None for all.
        """
        name, usually_ephemeral = (kind, False) if kind is not None else event_kind(type(data))
        event = Event(
            id=new_id(),
            at=now(),
            parent_id=self.log.last_id,
            type=name,
            data=self._redacted({**to_json(data), **(extra or {})}),
            ephemeral=usually_ephemeral if ephemeral is None else ephemeral,
            agent_id=agent_id,
        )
        self._last_event = time.monotonic()
        self.log.append(event)
        if stored and not event.ephemeral:
            self.storage.append(event)
        self.clients.deliver(self.id, event, only=only)
        if self.config.telemetry:
            self._runtime.telemetry.record(self.id, event, self.features)
        if not event.ephemeral:
            self._runtime.announce("session.updated", self.record)
        return event

    def _redacted(self, data: dict[str, object]) -> dict[str, object]:
        redacted = self.secrets.json(data)
        return redacted if is_object(redacted) else data

    @property
    def secrets(self) -> Secrets:
        """What is told to nobody."""
        return self._runtime.secrets

    def find_hooks(self) -> list[FileHook]:
        """The hooks in files that are for this session."""
        config = self.config
        return self._runtime.hook_sources.for_session(
            config.working_directory, config.hook_directories, self.plugins.active
        )

    def toolbox(self, *, sub_agent: bool) -> dict[str, Tool]:
        """The tools of the main agent, or those of a background agent."""
        return toolbox(self, sub_agent=sub_agent)

    def _tell_storage_failure(self, text: str) -> None:
        self.emit(types.SessionErrorData(error_type="persistence", message=text), ephemeral=True)

    def touch(self) -> None:
        """Records that something about the session is different."""
        self.record.modified_at = stamp(now())
        self.storage.save(self.record)

    def note_prompt(self, text: str) -> None:
        """Counts a prompt of the user; the first one gives the session its title."""
        self.record.turns += 1
        if self.record.summary is None:
            self.record.summary = _title(text)
            self.emit(types.SessionTitleChangedData(title=self.record.name or self.record.summary))
        self.touch()

    def set_steerable(self, steerable: bool) -> None:
        """Records whether the session may be steered from elsewhere."""
        self.record.remote_steerable = steerable
        self.touch()

    def rename(self, name: str, *, by_user: bool) -> None:
        """Gives the session a name."""
        self.record.name, self.record.named_by_user = name, by_user
        self.emit(types.SessionTitleChangedData(title=name))
        self.touch()

    def move_to(self, folder: Path) -> None:
        """Changes the working directory.

        Raises:
            RuntimeFault: There is no such directory.
        """
        place = self._runtime.place
        folder = place.working_folder(str(folder))
        place.look_around(folder)
        self.config.working_directory = folder

    async def use_provider(self, provider: ModelProvider | None) -> None:
        """Changes the provider that is used from the next model call on."""
        previous = self.model
        self.config.provider = provider
        self.model = self._runtime.model_for(self)
        if previous is not self._runtime.model:
            await previous.aclose()

    async def use_models(
        self, providers: Mapping[str, ModelProvider], models: Mapping[str, ModelProvider]
    ) -> bool:
        """Changes the models of the application's own, and who provides them.

        Returns:
            Whether the model that was chosen is gone, so that none is chosen any more.
        """
        from copilot_sdk.runtime.core.models.own import OwnModels

        config = self.config
        gone = config.model in config.named_models and config.model not in models
        config.named_providers, config.named_models = providers, models
        if gone:
            config.model = self.record.model = None
            self.touch()
        if isinstance(self.model, OwnModels):
            await self.model.follow(models)
        else:
            self.model = self._runtime.model_for(self)
        return gone

    async def bearer_token(self, provider: str) -> str:
        """Asks the client that gives tokens for a model provider for one.

        Raises:
            ModelFault: There is none.
        """
        return await bearer_token(self.clients, self.id, provider)

    def check_cut(self) -> None:
        """Raises a `RuntimeFault` if the history cannot be cut now."""
        if self.turns.processing:
            raise RuntimeFault("The history cannot be truncated while a turn is running; abort it first")
        if self.storage.shared:
            raise RuntimeFault("The history cannot be truncated while another runtime uses the session")

    def truncate(self, event_id: str) -> int:
        """Drops an event and all after it.

        Returns:
            How many events were dropped.

        Raises:
            RuntimeFault: There is no such event, or the history cannot be cut now.
        """
        self.check_cut()
        removed = self.log.truncate(event_id)
        if not removed:
            raise RuntimeFault(f"Event {event_id} not found in session")
        self.storage.rewrite(self.log.events)
        self.agent.history = rebuild(self.log.events)
        self.stored_system_text = None
        self.emit(types.SessionSnapshotRewindData(up_to_event_id=event_id, events_removed=len(removed)))
        return len(removed)

    async def close(self) -> None:
        """Ends all work; what is stored stays. Further calls wait for the same end."""
        self.closing = True
        await self._close()

    async def _end(self) -> None:
        self.user_input.forms.give_up()
        self.commands.abort()
        await self.turns.abort("user_initiated")
        await self.tasks.stop_all()
        await self.mcp.aclose()
        await self.scope.aclose()
        await self.modes.objective.flush()
        self.emit(shutdown_data(self))
        self.record.modified_at = stamp(now())
        self.storage.save(self.record)
        self.stored = await self.storage.close()
        if self.model is not self._runtime.model:
            await self.model.aclose()


def _with_files(storage: Storage, config: SessionConfig) -> Storage:
    """A storage with the files that the settings of its session name."""
    if config.files is not None:
        storage.files = config.files
    return storage


def _title(prompt: str) -> str:
    line = next((line.strip() for line in prompt.splitlines() if line.strip()), "New session")
    return line if len(line) <= _TITLE_CHARACTERS else line[: _TITLE_CHARACTERS - 3].rstrip() + "..."
