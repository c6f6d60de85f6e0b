"""Marketplaces: folders that say which plugins they have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from copilot_sdk._model.json_values import is_object, objects_in
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.json_files import MalformedFile, read_object
from copilot_sdk.runtime.core.settings_files import UserSettings

_KNOWN = "extraKnownMarketplaces"
_MANIFESTS = (
    "marketplace.json",
    ".plugin/marketplace.json",
    ".github/plugin/marketplace.json",
    ".claude-plugin/marketplace.json",
)
_DEFAULT = "awesome-copilot"
_DEFAULT_SOURCE: Mapping[str, object] = {"source": "github", "repo": "github/awesome-copilot"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A plugin that a marketplace has; `folder` is None where the plugin is somewhere else."""

    name: str
    marketplace: str
    folder: Path | None
    description: str | None = None

    @property
    def spec(self) -> str:
        """What it is installed by."""
        return f"{self.name}@{self.marketplace}"


@dataclass(frozen=True, slots=True)
class Marketplace:
    """A marketplace that is known; `folder` is None for one that would have to be fetched."""

    name: str
    source: str
    folder: Path | None
    is_default: bool = False

    def offers(self) -> list[Offer]:
        """Its plugins.

        Raises:
            RuntimeFault: It cannot be read.
        """
        folder = self.folder
        if folder is None:
            raise RuntimeFault(
                f'Marketplace "{self.name}" has to be fetched from {self.source}, which needs a network'
            )
        return [_offer(self.name, folder, entry) for entry in objects_in(_manifest(folder).get("plugins"))]


class Marketplaces:
    """The marketplaces of the user, which the settings name, and the one that everybody has."""

    def __init__(self, settings: UserSettings) -> None:
        self._settings = settings

    def __iter__(self) -> Iterator[Marketplace]:
        for name, entry in self._known().items():
            yield _marketplace(name, entry.get("source") if is_object(entry) else None)
        yield _marketplace(_DEFAULT, _DEFAULT_SOURCE, is_default=True)

    def get(self, name: str) -> Marketplace:
        """The marketplace of a name.

        Raises:
            RuntimeFault: There is none.
        """
        for marketplace in self:
            if marketplace.name == name:
                return marketplace
        raise RuntimeFault(f'Marketplace "{name}" not found')

    def offer(self, name: str, marketplace: str) -> Offer:
        """A plugin of a marketplace.

        Raises:
            RuntimeFault: There is none.
        """
        offers = self.get(marketplace).offers()
        for offer in offers:
            if offer.name == name:
                return offer
        available = ", ".join(offer.name for offer in offers)
        raise RuntimeFault(
            f'Plugin "{name}" not found in marketplace "{marketplace}". Available plugins: {available}'
        )

    def add(self, source: str, folder: Path) -> str:
        """Makes a marketplace known.

        Args:
            source: Its folder.
            folder: Where a relative path begins.

        Returns:
            Its name.

        Raises:
            RuntimeFault: There is no marketplace in the folder, or one of its name is known.
        """
        path = (folder / Path(source).expanduser()).resolve()
        if not path.is_dir():
            raise RuntimeFault(f"Local marketplace path does not exist: {path}")
        name = str(_manifest(path).get("name") or path.name)
        if any(known.name == name for known in self):
            raise RuntimeFault(f'Marketplace "{name}" already registered')
        entry = {"source": {"source": "directory", "path": str(path)}}
        self._settings.change({_KNOWN: {**self._known(), name: entry}}, to="plugins.marketplaces.add")
        return name

    def remove(self, name: str) -> None:
        """Forgets a marketplace.

        Raises:
            RuntimeFault: There is none that could be forgotten.
        """
        known = self._known()
        if name not in known:
            raise RuntimeFault(f'Marketplace "{name}" is not registered')
        left = {other: entry for other, entry in known.items() if other != name}
        self._settings.change({_KNOWN: left}, to="plugins.marketplaces.remove")

    def _known(self) -> dict[str, object]:
        known = self._settings.current().get(_KNOWN)
        return known if is_object(known) else {}


def _marketplace(name: str, source: object, *, is_default: bool = False) -> Marketplace:
    details: Mapping[str, object] = source if is_object(source) else {}
    path = details.get("path")
    if details.get("source") == "directory" and isinstance(path, str):
        return Marketplace(name, f"Local: {path}", Path(path))
    place = details.get("repo") or details.get("url") or ""
    label = f"GitHub: {place}" if "repo" in details else f"URL: {place}"
    return Marketplace(name, label, None, is_default)


def _manifest(folder: Path) -> dict[str, object]:
    for manifest in _MANIFESTS:
        path = folder / manifest
        if path.is_file():
            try:
                return read_object(path)
            except MalformedFile as error:
                raise RuntimeFault(f"Invalid marketplace manifest {error}") from error
    tried = ", ".join(str(folder / manifest) for manifest in _MANIFESTS)
    raise RuntimeFault(f"File not found: {', '.join(_MANIFESTS)} (tried {tried})")


def _offer(marketplace: str, folder: Path, entry: Mapping[str, object]) -> Offer:
    source, description = entry.get("source"), entry.get("description")
    return Offer(
        name=str(entry.get("name")),
        marketplace=marketplace,
        folder=(folder / source).resolve() if isinstance(source, str) else None,
        description=description if isinstance(description, str) else None,
    )
