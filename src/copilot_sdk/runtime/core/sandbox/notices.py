"""What is said about a sandbox that cannot be had, and which commands are of use then."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from copilot_sdk._model.json_values import is_object

DOCS_URL = "https://docs.github.com/en/copilot/concepts/about-cloud-and-local-sandboxes"
_REMEDY = (
    "Install bubblewrap (bwrap) 0.5.0 or newer"
    if sys.platform == "linux"
    else "Use a machine on which commands can be sandboxed"
)
_SEE = f"See {DOCS_URL}"

UNSUPPORTED = f"Commands cannot be sandboxed on this machine. {_REMEDY}. {_SEE}"
SETTING_WITHOUT_EFFECT = (
    "The sandbox is off for this session: commands cannot be sandboxed on this machine, and run without one. The saved "
    f"setting stays as it is. {_REMEDY}."
)
NO_COMMANDS = "The sandbox is on, and this runtime cannot run a command in one."
_WITH_ANY_ARGUMENTS = frozenset({"changelog", "exit", "help", "update", "upgrade"})
_WITHOUT_ARGUMENTS = frozenset({"context", "cwd", "env", "usage", "version"})
_WITH_ONE_ARGUMENT: Mapping[str, str] = {"sandbox": "status", "session": "info"}


def startup_notice(managed: object, *, undetermined: bool) -> str:
    """What is said at the start of a session that wants a sandbox and cannot have it.

    Args:
        managed: The settings of an administrator, as they came.
        undetermined: Whether nobody could find out what the administrator wants.
    """
    if not is_enforced(managed):
        way_out = "turn the sandbox off"
    elif undetermined:
        way_out = "wait until the policy of your enterprise is known: until then the sandbox stays on"
    else:
        way_out = "ask your administrator: the policy of your organization wants the sandbox"
    return (
        "The sandbox is on, and commands cannot be sandboxed on this machine: they will fail. "
        f"{_REMEDY}, or {way_out}. {_SEE}"
    )


def is_enforced(managed: object) -> bool:
    """Whether an administrator wants no command to run outside of a sandbox."""
    return is_object(managed) and managed.get("enabled") is True and managed.get("failIfUnavailable") is True


def is_of_use(command: str, arguments: Sequence[str]) -> bool:
    """Whether a slash command may be used although nothing else may.

    Args:
        command: Its name, with or without slashes in front.
        arguments: What stands behind it.
    """
    name = command.strip().lstrip("/").lower()
    if name in _WITH_ANY_ARGUMENTS:
        return True
    if name in _WITHOUT_ARGUMENTS:
        return not arguments
    return name in _WITH_ONE_ARGUMENT and [word.lower() for word in arguments] == [_WITH_ONE_ARGUMENT[name]]
