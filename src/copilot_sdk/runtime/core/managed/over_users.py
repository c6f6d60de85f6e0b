"""The settings of a user where an administrator has some."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from copilot_sdk._model.json_values import is_array, is_object
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.managed import sandbox
from copilot_sdk.runtime.core.managed.keys import KEYS
from copilot_sdk.runtime.core.managed.kinds import Place
from copilot_sdk.runtime.core.managed.permissions import BYPASS, strings_in

Json = Mapping[str, object]
Join = Callable[[str, Json, Json], object]
"""What becomes of a setting that is in one of two documents, by its name; `_NOTHING` where nothing does."""

_NOTHING = object()
_TABLES = ("enabledPlugins", "extraKnownMarketplaces")


def with_controls(settings: Json, managed: Json) -> dict[str, object]:
    """Settings of a user with the plugins and marketplaces that an administrator wants."""
    wanted = {name: value for name in _TABLES if is_object(value := managed.get(name)) and value}
    return {
        **settings,
        **{name: {**_object(settings.get(name)), **_object(value)} for name, value in wanted.items()},
    }


def joined(managed: Json, user: Json) -> dict[str, object]:
    """What an administrator and a user want of the settings that both may have; others are left out.

    Raises:
        RuntimeFault: A tier of the administrator is none.
    """
    both = managed.keys() | user.keys()
    found = {name: join(name, managed, user) for name, join in _JOINS.items() if name in both}
    return {name: value for name, value in found.items() if value is not _NOTHING}


def _object(value: object) -> Json:
    return value if is_object(value) else {}


def _users(name: str, managed: Json, user: Json) -> object:
    return user[name] if name in user else managed[name]


def _managed(name: str, managed: Json, user: Json) -> object:
    return managed[name] if name in managed else user[name]


def _of_the_user(name: str, _: Json, user: Json) -> object:
    return user.get(name, _NOTHING)


def _either(name: str, managed: Json, user: Json) -> object:
    return managed.get(name) is True or user.get(name) is True


def _united(name: str, managed: Json, user: Json) -> object:
    return list(dict.fromkeys([*strings_in(managed.get(name)), *strings_in(user.get(name))]))


def _tables(name: str, managed: Json, user: Json) -> object:
    return {**_object(user.get(name)), **_object(managed.get(name))}


def _hooks(name: str, managed: Json, user: Json) -> object:
    if name not in managed or name not in user:
        return _users(name, managed, user)
    theirs, own = _object(managed[name]), _object(user[name])
    found: dict[str, object] = {**theirs, **own}
    for event in theirs.keys() | own.keys():
        lists = [hooks for hooks in (theirs.get(event), own.get(event)) if is_array(hooks)]
        if lists:
            found[event] = [hook for hooks in lists for hook in hooks]
    return found


def _permissions(name: str, managed: Json, user: Json) -> object:
    found = {**_object(managed.get(name)), **_object(user.get(name))}
    if isinstance(found.get(BYPASS), str):
        found[BYPASS] = "disable"
    return found


def _sandbox(name: str, managed: Json, user: Json) -> object:
    theirs = managed.get(name)
    if not is_object(theirs):
        return _NOTHING
    return sandbox.over_user(theirs, _object(user.get(name)))


def _tier(name: str, managed: Json, user: Json) -> object:
    if name not in managed:
        # Only administrators choose between the newer tiers.
        return _NOTHING if name == "fusionTier" else user.get(name, _NOTHING)
    errors: list[tuple[str, str]] = []
    tier = KEYS[name].read(managed[name], Place(name, errors))
    if errors:
        raise RuntimeFault("; ".join(f"managed.{path}: {problem}" for path, problem in errors))
    if name == "autoTier" and "fusionTier" in managed:
        # Where they do, what they say of the older ones does not count.
        return user.get(name, _NOTHING)
    return user.get(name, tier["overridable"]) if is_object(tier) else tier


_JOINS: Mapping[str, Join] = {
    "companyAnnouncements": _users,
    "disableAllHooks": _users,
    "mergeStrategy": _users,
    "includeCoAuthoredBy": _users,
    "model": _users,
    "modelProviderId": _users,
    "effortLevel": _of_the_user,
    "contextTier": _of_the_user,
    "autoTier": _tier,
    "fusionTier": _tier,
    "strictKnownMarketplaces": _managed,
    "shellShortcut": _managed,
    "respectGitignore": _either,
    "deniedUrls": _united,
    "disabledMcpServers": _united,
    "disabledSkills": _united,
    "enabledPlugins": _tables,
    "extraKnownMarketplaces": _tables,
    "hooks": _hooks,
    "permissions": _permissions,
    "sandbox": _sandbox,
}
