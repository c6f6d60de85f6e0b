"""The extensions of a session: programs that join it as clients, launched as a client says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from copilot_sdk._generated.copilot import types
from copilot_sdk._model.json_values import is_object, texts_in
from copilot_sdk.runtime.core.clients import Client, ClientPort
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.plugins import Plugin
from copilot_sdk.runtime.core.scope import end_all
from copilot_sdk.runtime.core.settings_files import UserSettings

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.runtime import Runtime
    from copilot_sdk.runtime.core.session import Session

_MODULE = "extension.mjs"

Source = Literal["project", "user", "plugin"]
MODES = ("disabled", "load_only", "load_and_augment")
Status = Literal["starting", "running", "failed", "disabled"]


class LaunchFault(Exception):
    """An extension is not launched, or could not be."""


class Program(Protocol):
    """A program that was launched."""

    @property
    def port(self) -> ClientPort:
        """What it is as a client."""
        ...

    async def serve(self) -> None:
        """Serves it until it ends; it is ended when this is cancelled."""
        ...


class Launcher(Protocol):
    """Whoever launches extensions."""

    async def launch(self, extension: Extension, session_id: str, folder: Path) -> Program:
        """Launches an extension of a session in a folder.

        Raises:
            LaunchFault: It is not launched.
        """
        ...


@dataclass(eq=False, slots=True)
class Extension:
    """An extension, and how it fares; `owner` is the plugin that brings it."""

    name: str
    source: Source
    module: Path
    owner: str | None = None
    status: Status = "starting"
    port: ClientPort | None = None
    joined: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    @property
    def id(self) -> str:
        """Its id."""
        return f"{self.source}:{self.name}"


class Extensions:
    """The extensions of one session; none unless its client wants them."""

    def __init__(self, session: Session, runtime: Runtime) -> None:
        self._session = session
        self._runtime = runtime
        self._extensions: dict[str, Extension] = {}

    def __iter__(self) -> Iterator[Extension]:
        return iter(list(self._extensions.values()))

    @property
    def wanted(self) -> bool:
        """Whether the session has extensions."""
        return self._session.config.extensions

    def launch(self) -> None:
        """Launches all that are found."""
        if not self.wanted:
            return
        for extension in self._found():
            self._extensions[extension.id] = extension
        for extension in self:
            self._begin(extension)

    async def reload(self) -> None:
        """Ends all that run and launches what is found now.

        Raises:
            RuntimeFault: The session has no extensions.
        """
        self._check_wanted()
        disabled = {extension.id for extension in self if extension.status == "disabled"}
        for extension in self:
            await self._end(extension)
        self._extensions = {extension.id: extension for extension in self._found()}
        for extension in self:
            if extension.id in disabled:
                extension.status = "disabled"
            self._begin(extension)

    async def enable(self, extension_id: str, *, enabled: bool) -> None:
        """Launches an extension that was disabled, or ends and disables one.

        Raises:
            RuntimeFault: There is none, or the session has no extensions.
        """
        self._check_wanted()
        extension = self._extensions.get(extension_id)
        if extension is None:
            raise RuntimeFault(f"Extension not found: {extension_id}")
        if enabled and extension.status == "disabled":
            self._start(extension)
        elif not enabled:
            await self._end(extension)
            self._become(extension, "disabled")

    def joined(self, client: Client) -> None:
        """Records that a client has joined, if it is an extension."""
        for extension in self:
            if extension.port is client.port:
                extension.joined.set()
                self._become(extension, "running")

    def _check_wanted(self) -> None:
        if not self.wanted:
            raise RuntimeFault("Extensions not available")

    def _found(self) -> Iterator[Extension]:
        found = Installed(self._runtime.home, self._runtime.settings)
        if found.mode == "disabled":
            return
        yield from found.of_user()
        yield from _in_folder("project", self._session.config.working_directory / ".github" / "extensions")
        yield from found.of_plugins(self._session.plugins.folders)

    def _begin(self, extension: Extension) -> None:
        if extension.status == "disabled":
            self._become(extension, "disabled")
        else:
            self._start(extension)

    def _start(self, extension: Extension) -> None:
        extension.joined.clear()
        self._become(extension, "starting")
        extension.task = self._session.scope.start(self._run(extension), name=f"extension {extension.id}")

    async def _end(self, extension: Extension) -> None:
        if extension.task is not None:
            await end_all({extension.task})

    async def _run(self, extension: Extension) -> None:
        launcher = self._runtime.provided_launcher.thing
        if launcher is None:
            self._become(extension, "failed")
            return
        folder = self._session.config.working_directory
        try:
            program = await launcher.launch(extension, self._session.id, folder)
        except LaunchFault:
            self._become(extension, "failed")
            return
        extension.port = program.port
        serving = asyncio.create_task(program.serve(), name=f"extension {extension.id}")
        joining = asyncio.create_task(extension.joined.wait(), name=f"joining of {extension.id}")
        try:
            seconds = self._session.limits.extension_seconds
            await asyncio.wait({serving, joining}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if extension.joined.is_set():
                await asyncio.wait({serving})
        finally:
            extension.port = None
            await end_all({serving, joining})
        self._become(extension, "failed")

    def _become(self, extension: Extension, status: Status) -> None:
        extension.status = status
        shown = [
            {"id": each.id, "name": each.name, "source": each.source, "status": each.status} for each in self
        ]
        self._session.emit(types.SessionExtensionsLoadedData.model_validate({"extensions": shown}))


class Installed:
    """The extensions of the user and of plugins, and what the settings say of them."""

    def __init__(self, home: Path, settings: UserSettings) -> None:
        self._folder = home / "extensions"
        self._settings = settings

    @property
    def mode(self) -> str:
        """How extensions are used."""
        mode = self._section().get("mode")
        return mode if mode in MODES else MODES[-1]

    def of_user(self) -> Iterator[Extension]:
        """Those in the home folder."""
        return self._marked(_in_folder("user", self._folder))

    def of_plugins(self, plugins: Sequence[tuple[Plugin, Path]]) -> Iterator[Extension]:
        """Those that plugins bring."""
        for plugin, folder in plugins:
            yield from self._marked(_in_folder("plugin", folder / "extensions", owner=plugin.name))

    def enable(self, ids: Sequence[str], *, enabled: bool) -> None:
        """Enables or disables extensions that are there, for sessions to come."""
        known = {extension.id for extension in self.of_user()}
        disabled = [other for other in self._disabled() if other not in ids]
        if not enabled:
            disabled += [extension_id for extension_id in ids if extension_id in known]
        section = {**self._section(), "disabledExtensions": disabled}
        if disabled != self._disabled():
            self._settings.change({"extensions": section}, to="extensions.enable")

    def _marked(self, extensions: Iterator[Extension]) -> Iterator[Extension]:
        disabled = self._disabled()
        for extension in extensions:
            if extension.id in disabled:
                extension.status = "disabled"
            yield extension

    def _disabled(self) -> list[str]:
        return texts_in(self._section().get("disabledExtensions"))

    def _section(self) -> Mapping[str, object]:
        section = self._settings.current().get("extensions")
        return section if is_object(section) else {}


def _in_folder(source: Source, folder: Path, *, owner: str | None = None) -> Iterator[Extension]:
    for module in sorted(folder.glob(f"*/{_MODULE}")):
        name = module.parent.name
        yield Extension(name if owner is None else f"{owner}:{name}", source, module, owner=owner)
