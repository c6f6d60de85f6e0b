"""Plugins: folders that bring skills, agents, hooks and more, from a marketplace or copied from where they are."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from copilot_sdk._model.json_values import is_object, objects_in
from copilot_sdk.runtime.core.clock import now, stamp
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.global_state import GlobalState
from copilot_sdk.runtime.core.json_files import MalformedFile, read_object
from copilot_sdk.runtime.core.marketplaces import Marketplaces, Offer
from copilot_sdk.runtime.core.settings_files import UserSettings

_ENABLED = "enabledPlugins"
_INSTALLED = "installedPlugins"
_MANIFESTS = (
    ".plugin/plugin.json",
    "plugin.json",
    ".github/plugin/plugin.json",
    ".claude-plugin/plugin.json",
)

PluginKind = Literal["installed", "builtin", "given"]


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin that is there.

    Attributes:
        name: Its name.
        folder: Where it is; None where its marketplace names a folder that is gone.
        enabled: Whether sessions have it.
        marketplace: Where it is from; empty for one that was installed from its own folder.
        version: What its manifest says.
        source_id: Tells plugins apart that were installed from their own folders.
        installed_from: The folder of the marketplace.
        kind: Whether the user has installed it, the application brings it, or a client names it for sessions.
    """

    name: str
    folder: Path | None
    enabled: bool
    marketplace: str = ""
    version: str | None = None
    source_id: str | None = None
    installed_from: str | None = None
    kind: PluginKind = "installed"

    @property
    def spec(self) -> str:
        """What it is named by."""
        return f"{self.name}@{self.marketplace}" if self.marketplace else self.name

    @property
    def skills(self) -> int:
        """How many skills it has."""
        return 0 if self.folder is None else len(list(self.folder.glob("skills/*/SKILL.md")))


@dataclass(frozen=True, slots=True)
class Update:
    """What an update came to."""

    plugin: Plugin
    before: str | None


class Plugins:
    """The plugins of the user, which the settings and the state of the runtime name."""

    def __init__(self, home: Path, settings: UserSettings, state: GlobalState) -> None:
        self._home = home
        self._settings = settings
        self._state = state
        self.marketplaces = Marketplaces(settings)
        self.built_in: Sequence[Path] = ()
        self.additional: Sequence[Plugin] = ()

    def __iter__(self) -> Iterator[Plugin]:
        for entry in self._direct():
            yield _direct_plugin(entry)
        enabled = self._enabled()
        for marketplace in self.marketplaces:
            if marketplace.folder is None:
                continue
            try:
                offers = marketplace.offers()
            except RuntimeFault:
                continue
            for offer in offers:
                yield self._offered(offer, enabled.get(offer.spec) is True)

    def folders(self) -> list[tuple[Plugin, Path]]:
        """What sessions have, and where: plugins that are enabled and there."""
        return in_use([*self, *self.additional, *self.brought()])

    def brought(self) -> list[Plugin]:
        """What the application brings."""
        return [plugin_in(folder, "builtin") for folder in self.built_in if folder.is_dir()]

    def to_discover(self, *, for_projects: bool) -> list[tuple[Plugin, Path]]:
        """What is told outside of sessions, and where: what the user has installed; marketplaces are for projects."""
        return [each for each in in_use(self) if for_projects or not each[0].marketplace]

    def find(self, name: str) -> Plugin:
        """A plugin by its name, alone or with its marketplace.

        Raises:
            RuntimeFault: There is none.
        """
        plugin = self._matching(name)
        if plugin is None or plugin.folder is None:
            raise RuntimeFault(f'Plugin "{name}" is not installed')
        return plugin

    def install(self, source: str, folder: Path) -> Plugin:
        """Installs a plugin: one of a marketplace is used where it is, another one is copied.

        Args:
            source: `name@marketplace` or a folder.
            folder: Where a relative path begins.

        Raises:
            RuntimeFault: There is no such plugin.
        """
        if source.startswith(("/", ".", "~")):
            return self._install_copy((folder / Path(source).expanduser()).resolve())
        name, at, marketplace = source.partition("@")
        if not (at and name and marketplace):
            raise RuntimeFault("Invalid plugin spec. Use: plugin-name@marketplace-name, owner/repo, or a URL")
        offer = self.marketplaces.offer(name, marketplace)
        if offer.folder is None or not offer.folder.is_dir():
            raise RuntimeFault(f"Plugin source directory not found: {offer.folder or source}")
        self._manifest(offer.folder)
        self._set_enabled(offer.spec, enabled=True)
        return self._offered(offer, enabled=True)

    def _install_copy(self, source: Path) -> Plugin:
        if not source.is_dir():
            raise RuntimeFault(f"Local plugin path does not exist: {source}")
        manifest = self._manifest(source)
        copy = self._home / "installed-plugins" / "_direct" / source.name
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(source, copy)
        entry: dict[str, object] = {
            "name": str(manifest.get("name") or source.name),
            "marketplace": "",
            "version": _version_in(manifest),
            "installed_at": stamp(now()),
            "cache_path": str(copy),
            "enabled": True,
            "source": {"source": "local", "path": str(source)},
        }
        self._set_direct(
            [*(other for other in self._direct() if other.get("cache_path") != str(copy)), entry]
        )
        return _direct_plugin(entry)

    def uninstall(self, name: str) -> None:
        """Takes a plugin away; one of a marketplace is only disabled.

        Raises:
            RuntimeFault: There is none.
        """
        plugin = self.find(name)
        if plugin.marketplace:
            self._set_enabled(plugin.spec, enabled=False)
            return
        shutil.rmtree(str(plugin.folder), ignore_errors=True)
        self._set_direct([other for other in self._direct() if other.get("cache_path") != str(plugin.folder)])

    def enable(self, names: Sequence[str], *, enabled: bool) -> None:
        """Enables or disables plugins; names of none mean nothing."""
        for name in names:
            plugin = self._matching(name)
            if plugin is None:
                continue
            if plugin.marketplace:
                self._set_enabled(plugin.spec, enabled=enabled)
            else:
                self._set_direct(
                    [
                        {**entry, "enabled": enabled} if entry.get("name") == plugin.name else entry
                        for entry in self._direct()
                    ]
                )

    def update(self, name: str) -> Update:
        """Takes a plugin anew from where it came from.

        Raises:
            RuntimeFault: There is none.
        """
        plugin = self.find(name)
        if plugin.marketplace:
            return Update(plugin, plugin.version)
        source = next(entry.get("source") for entry in self._direct() if entry.get("name") == plugin.name)
        path = source.get("path") if is_object(source) else None
        return Update(self._install_copy(Path(str(path))), plugin.version)

    def _matching(self, name: str) -> Plugin | None:
        return next((plugin for plugin in self if name in (plugin.spec, plugin.name)), None)

    def _offered(self, offer: Offer, enabled: bool) -> Plugin:
        folder = offer.folder if offer.folder is not None and offer.folder.is_dir() else None
        return Plugin(
            name=offer.name,
            folder=folder,
            enabled=enabled,
            marketplace=offer.marketplace,
            version=None if folder is None else _version_in(manifest_of(folder) or {}),
            installed_from=str(self.marketplaces.get(offer.marketplace).folder),
        )

    def _manifest(self, folder: Path) -> Mapping[str, object]:
        manifest = manifest_of(folder)
        if manifest is None:
            tried = ", ".join(f"./{path}" if "/" not in path else path for path in _MANIFESTS)
            raise RuntimeFault(f"No plugin.json found in repository. Tried: {tried}")
        return manifest

    def _enabled(self) -> dict[str, object]:
        enabled = self._settings.current().get(_ENABLED)
        return enabled if is_object(enabled) else {}

    def _set_enabled(self, spec: str, *, enabled: bool) -> None:
        self._settings.change({_ENABLED: {**self._enabled(), spec: enabled}}, to="plugins.enable")

    def _direct(self) -> list[dict[str, object]]:
        return objects_in(self._state.read().get(_INSTALLED))

    def _set_direct(self, entries: Sequence[Mapping[str, object]]) -> None:
        self._state.put(_INSTALLED, list(entries))


def _direct_plugin(entry: Mapping[str, object]) -> Plugin:
    version, source = entry.get("version"), entry.get("source")
    path = source.get("path") if is_object(source) else None
    return Plugin(
        name=str(entry.get("name")),
        folder=Path(str(entry.get("cache_path"))),
        enabled=entry.get("enabled") is True,
        version=version if isinstance(version, str) else None,
        source_id=hashlib.sha256(str(path).encode()).hexdigest(),
    )


def in_use(plugins: Iterable[Plugin]) -> list[tuple[Plugin, Path]]:
    """The plugins of some that are enabled and there, and where."""
    return [
        (plugin, plugin.folder)
        for plugin in plugins
        if plugin.enabled and plugin.folder is not None and plugin.folder.is_dir()
    ]


def manifest_path(folder: Path) -> Path | None:
    """Where the manifest of a plugin is."""
    return next((folder / name for name in _MANIFESTS if (folder / name).is_file()), None)


def manifest_of(folder: Path) -> dict[str, object] | None:
    """What the manifest of a plugin says; None where there is none that can be read."""
    path = manifest_path(folder)
    try:
        return None if path is None else read_object(path)
    except MalformedFile:
        return None


def plugin_in(folder: Path, kind: PluginKind) -> Plugin:
    """The plugin in a folder, as its manifest says."""
    manifest = manifest_of(folder) or {}
    name, version = str(manifest.get("name") or folder.name), _version_in(manifest)
    return Plugin(name, folder, enabled=True, version=version, kind=kind)


def _version_in(manifest: Mapping[str, object]) -> str | None:
    version = manifest.get("version")
    return version if isinstance(version, str) else None
