"""The settings of the user and of a repository, in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from copilot_sdk._model.json_values import is_array, is_object
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.json_files import MalformedFile, read_object, write_object
from copilot_sdk.runtime.core.setting_kinds import (
    REPOSITORY_KEYS,
    SETTINGS,
    Issue,
    issues_of,
    normal_name,
)

FILE = "settings.json"
_LOCAL_FILE = "settings.local.json"

Edit = Literal["set", "add-item", "remove-item", "remove"]
EDITS: Mapping[str, Edit] = {
    "set": "set",
    "add-item": "add-item",
    "remove-item": "remove-item",
    "remove": "remove",
}
"""The ways to change a setting, by wire names."""


class InvalidSetting(RuntimeFault):
    """A setting cannot have the value that it was given."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        self.issues = issues
        super().__init__("Settings config error: " + "; ".join(str(issue) for issue in issues))


@dataclass(frozen=True, slots=True)
class Value:
    """What a setting is, what it is where nobody sets it, and whether nobody does."""

    value: object
    default: object
    is_default: bool


class UserSettings:
    """The settings of the user."""

    def __init__(self, home: Path) -> None:
        self.path = home / FILE

    def at(self, folder: str | None) -> UserSettings:
        """The settings in another folder; None for these."""
        return self if folder is None else UserSettings(Path(folder))

    def raw(self) -> dict[str, object]:
        """What the file says, as it is written there.

        Raises:
            MalformedFile: It cannot be read.
        """
        return read_object(self.path)

    def read(self) -> dict[str, object]:
        """What the file says, under the settings' own names.

        Raises:
            MalformedFile: It cannot be read.
        """
        return normalized(self.raw())

    def current(self) -> dict[str, object]:
        """What is in force: what the file says, or nothing where it cannot be used."""
        try:
            content = self.read()
        except MalformedFile:
            return {}
        return {} if any(issues_of(key, value) for key, value in content.items()) else content

    def values(self) -> dict[str, Value]:
        """All settings."""
        current = self.current()
        return {
            name: Value(current.get(name, setting.default), setting.default, name not in current)
            for name, setting in SETTINGS.items()
        }

    def change(self, changes: Mapping[str, object], *, to: str) -> None:
        """Sets some settings; null removes one.

        Args:
            changes: The new values.
            to: The method, for the text of a fault.

        Raises:
            RuntimeFault: A value is of the wrong kind, or the file cannot be read.
        """
        for key, value in changes.items():
            if value is not None and (issues := issues_of(key, value)):
                raise RuntimeFault(f"{to}: invalid value for '{key}' ({InvalidSetting(issues)})")
        content = {**self._known(to), **{normal_name(key): value for key, value in changes.items()}}
        write_object(self.path, {key: value for key, value in content.items() if value is not None})

    def update(self, key: str, value: object) -> None:
        """Sets one setting, even to null.

        Raises:
            RuntimeFault: The value is of the wrong kind, or the file cannot be read.
        """
        if value is not None and (issues := issues_of(key, value)):
            raise InvalidSetting(issues)
        write_object(self.path, {**self._known("user.settings.update"), normal_name(key): value})

    def edit(self, path: Sequence[str], operation: Edit, value: object) -> bool:
        """Changes one value in the file.

        Args:
            path: The setting, and the members below it.
            operation: What is to become of it.
            value: The value to set, or the member of a list.

        Returns:
            Whether something is different now.

        Raises:
            InvalidSetting: The setting cannot have that value.
            MalformedFile: The file is not plain JSON.
        """
        content = read_object(self.path, strict=True)
        before = _at(content, path)
        after = _edited(before, operation, value)
        if after == before:
            return False
        changed = _with(content, path, after)
        top = changed.get(path[0])
        if top is not None and (issues := issues_of(path[0], top)):
            raise InvalidSetting(issues)
        write_object(self.path, changed)
        return True

    def replace(self, content: Mapping[str, object]) -> None:
        """Writes all settings anew."""
        write_object(self.path, content)

    def _known(self, method: str) -> dict[str, object]:
        try:
            return self.read()
        except MalformedFile as error:
            raise RuntimeFault(
                f"{method}: refusing to overwrite {FILE} (the existing file could not be parsed)"
            ) from error


class RepositorySettings:
    """The settings that a repository has, for everybody or for this copy of it."""

    def __init__(self, root: Path, scope: str) -> None:
        """Finds the file.

        Args:
            root: The top of the repository.
            scope: `repo` for everybody, `local` for this copy.

        Raises:
            RuntimeFault: There is no such scope.
        """
        paths = {"repo": user_paths(root)[0], "local": user_paths(root)[1]}
        if scope not in paths:
            raise RuntimeFault(f"unknown repo settings scope: {scope}")
        self.path = paths[scope]

    def read(self) -> dict[str, object]:
        """What the file says.

        Raises:
            MalformedFile: It cannot be read.
        """
        return read_object(self.path)

    def write(self, key: str, value: object | None) -> None:
        """Sets or, with None, removes a setting.

        Raises:
            RuntimeFault: A repository has no such setting, or the file cannot be read.
        """
        if key not in REPOSITORY_KEYS:
            raise RuntimeFault(f"Setting '{key}' is not repo-overridable")
        try:
            content = self.read()
        except MalformedFile as error:
            text = f"Repo settings file '{self.path}' is not valid JSON; refusing to overwrite it"
            raise RuntimeFault(text) from error
        content[key] = value
        self.replace({name: member for name, member in content.items() if member is not None})

    def replace(self, content: Mapping[str, object]) -> None:
        """Writes all settings anew."""
        write_object(self.path, content)


def user_paths(root: Path) -> tuple[Path, Path]:
    """The files of a repository's settings: everybody's and those of this copy."""
    folder = root / ".github" / "copilot"
    return folder / FILE, folder / _LOCAL_FILE


def normalized(content: Mapping[str, object]) -> dict[str, object]:
    """Settings under their own names."""
    return {normal_name(key): value for key, value in content.items()}


def merged_with_repository(user: Mapping[str, object], repository: Mapping[str, object]) -> dict[str, object]:
    """The settings of a user where a repository has some: lists and objects are joined, other values replaced."""
    merged = dict(user)
    for key in REPOSITORY_KEYS:
        if key not in repository:
            continue
        own, theirs = user.get(key), repository[key]
        if is_object(own) and is_object(theirs):
            merged[key] = {**own, **theirs}
        elif is_array(own) and is_array(theirs) and key != "companyAnnouncements":
            merged[key] = [*own, *(item for item in theirs if item not in own)]
        else:
            merged[key] = theirs
    return merged


def _edited(before: object, operation: Edit, value: object) -> object:
    """What becomes of a value; None for nothing."""
    items = list(before) if is_array(before) else []
    match operation:
        case "set":
            return value
        case "remove":
            return None
        case "add-item":
            return [*items, value] if value not in items else before
        case "remove-item":
            return [item for item in items if item != value] or None


def _at(content: object, path: Sequence[str]) -> object:
    for step in path:
        content = content.get(step) if is_object(content) else None
    return content


def _with(content: Mapping[str, object], path: Sequence[str], value: object) -> dict[str, object]:
    """An object with another value at a path; with None the value, and what is empty without it, is gone."""
    first, rest = path[0], path[1:]
    if rest:
        below = content.get(first)
        value = _with(below if is_object(below) else {}, rest, value) or None
    changed = {**content, first: value}
    return {name: member for name, member in changed.items() if member is not None or name != first}
