"""What users have allowed beyond one session, kept in files of the home folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from copilot_sdk._model.json_values import is_object, objects_in, texts_in
from copilot_sdk.runtime.core.home_files import HomeFiles

Approval = Mapping[str, object]

_APPROVALS = "permissions-config.json"
_FOLDERS = "config.json"
_URLS = "settings.json"


class SavedPermissions:
    """Tool approvals by location, trusted folders and allowed addresses."""

    def __init__(self, home: Path) -> None:
        self._files = HomeFiles(home)

    def approvals(self, location: str) -> list[Approval]:
        """What is approved for a location."""
        entry = self._locations().get(location)
        return list(objects_in(entry.get("tool_approvals"))) if is_object(entry) else []

    def approve(self, location: str, approval: Approval) -> None:
        """Approves something for a location."""
        known = self.approvals(location)
        if approval not in known:
            self._set_approvals(location, [*known, approval])

    def forget(self, location: str) -> None:
        """Forgets what is approved for a location."""
        if self.approvals(location):
            self._set_approvals(location, [])

    def trusts(self, folder: Path) -> bool:
        """Whether a folder, or one above it, is trusted."""
        full = folder.resolve()
        return any(full.is_relative_to(trusted) for trusted in self._texts(_FOLDERS, "trustedFolders"))

    def trust(self, folder: Path) -> None:
        """Trusts a folder with all that is in it."""
        self._add(_FOLDERS, "trustedFolders", str(folder.resolve()))

    def allows_url(self, origin: str) -> bool:
        """Whether the addresses of an origin, such as `https://example.com`, are allowed."""
        return origin in self._texts(_URLS, "allowedUrls")

    def allow_url(self, origin: str) -> None:
        """Allows the addresses of an origin."""
        self._add(_URLS, "allowedUrls", origin)

    def _locations(self) -> dict[str, object]:
        found = self._files.read(_APPROVALS).get("locations")
        return dict(found) if is_object(found) else {}

    def _set_approvals(self, location: str, approvals: Sequence[Approval]) -> None:
        locations = self._locations()
        locations[location] = {"tool_approvals": [dict(approval) for approval in approvals]}
        self._files.write(_APPROVALS, {**self._files.read(_APPROVALS), "locations": locations})

    def _texts(self, file: str, key: str) -> list[str]:
        return texts_in(self._files.read(file).get(key))

    def _add(self, file: str, key: str, text: str) -> None:
        known = self._texts(file, key)
        if text not in known:
            self._files.write(file, {**self._files.read(file), key: [*known, text]})
