"""What users configure, in files that are read anew each time: aliases of models, and plugins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from copilot_sdk._model.base import problems
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.json_files import MalformedFile, read_object

FILE = "tau-config.json"
PROJECT_FILE = Path(".tau") / "config.json"
Scope: TypeAlias = Literal["global", "session"]


@dataclass(frozen=True, slots=True)
class PluginSettings:
    """How a plugin is started; what it is to have in its environment stays out of the repr.

    Attributes:
        command: The program and its arguments.
        scope: Whether one process serves all sessions, or each session has its own.
        env: Variables beside those of the daemon.
    """

    command: Annotated[list[str], Field(min_length=1)]
    scope: Scope = "session"
    env: dict[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """What is configured; a project has aliases alone: what was fetched from elsewhere starts no program.

    Attributes:
        aliases: Models by the names that stand for them.
        plugins: The plugins by name.
        plugin_idle_seconds: After how long a plugin is told that nobody has needed it.
    """

    aliases: dict[str, str] = field(default_factory=dict[str, str])
    plugins: dict[str, PluginSettings] = field(default_factory=dict[str, PluginSettings])
    plugin_idle_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30.0

    def plugins_of(self, scope: Scope) -> dict[str, PluginSettings]:
        """The plugins of a scope by name."""
        return {name: settings for name, settings in self.plugins.items() if settings.scope == scope}


@cache
def _config() -> TypeAdapter[Config]:
    return TypeAdapter(Config)


class Settings:
    """The settings of one user, and the aliases of projects.

    Args:
        home: The folder with the file of the user.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / FILE

    def read(self) -> Config:
        """What the user has configured.

        Raises:
            RuntimeFault: The file cannot be read, or something in it is of the wrong type.
        """
        return _read(self._path)

    def project_aliases(self, folder: str) -> Mapping[str, str]:
        """The aliases of the project that a folder is in: the nearest file at or above it counts; see `read`."""
        start = Path(folder)
        for above in (start, *start.parents):
            if (path := above / PROJECT_FILE).is_file():
                return _read(path).aliases
        return {}

    def model(self, name: str, folder: str) -> str:
        """What a name of a model stands for in a folder; the project's aliases go before those of the user.

        Raises:
            RuntimeFault: A file cannot be read.
        """
        project = self.project_aliases(folder)
        return project[name] if name in project else self.read().aliases.get(name, name)


def _read(path: Path) -> Config:
    try:
        return _config().validate_python(read_object(path))
    except MalformedFile as error:
        raise RuntimeFault(str(error)) from error
    except ValidationError as error:
        raise RuntimeFault(f"{path}: {'; '.join(problems(error))}") from error
