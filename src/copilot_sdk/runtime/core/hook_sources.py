"""Where hooks in files are looked for, and which of them are disabled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from copilot_sdk._model.json_values import texts_in
from copilot_sdk.runtime.core.hook_files import FOLDER, FileHook, Found, in_order
from copilot_sdk.runtime.core.plugin_parts import hook_variables
from copilot_sdk.runtime.core.plugins import Plugin
from copilot_sdk.runtime.core.settings_files import UserSettings
from copilot_sdk.runtime.core.workspace import look_around

_OF_USER = "hooks"


class HookSources:
    """Knows the hooks of the user, of repositories and of plugins."""

    def __init__(self, home: Path, settings: UserSettings) -> None:
        self._home = home
        self._settings = settings

    def enabled(self, hook: FileHook) -> bool:
        """Whether a hook is not disabled in the settings."""
        settings = self._settings.current()
        if settings.get("disableAllHooks") is True:
            return False
        return hook.key not in texts_in(settings.get("disabledHooks"))

    def of_user(self, directories: Sequence[Path]) -> Found:
        """The hooks of the user, and those in more folders."""
        found = Found()
        found.look_in(self._home / _OF_USER, "user", shown_from=self._home)
        for directory in directories:
            found.look_in(directory, "user")
        return found

    def of_project(self, folder: Path) -> Found:
        """The hooks of the repository that a folder lies in."""
        root = Path(look_around(folder).git_root or folder)
        found = Found()
        found.look_in(root / FOLDER, "repository", shown_from=root)
        return found

    def of_plugins(self, plugins: Sequence[tuple[Plugin, Path]]) -> Found:
        """The hooks that plugins bring."""
        found = Found()
        for plugin, folder in plugins:
            found.look_at_plugin(folder, plugin.spec, hook_variables(self._home, plugin, folder))
        return found

    def for_session(
        self, folder: Path, directories: Sequence[Path], plugins: Sequence[tuple[Plugin, Path]]
    ) -> list[FileHook]:
        """The hooks that a session in a folder runs, in the order in which it does."""
        sources = (self.of_user(directories), self.of_plugins(plugins), self.of_project(folder))
        return [hook for found in sources for hook in found.hooks if self.enabled(hook)]


def sorted_hooks(*sources: Found) -> tuple[list[FileHook], list[str]]:
    """All hooks by the place at which they are run, and all that could not be read."""
    hooks = [hook for found in sources for hook in found.hooks]
    return in_order(hooks), [error for found in sources for error in found.errors]
