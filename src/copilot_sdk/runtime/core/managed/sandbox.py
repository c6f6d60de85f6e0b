"""What several administrators want of the sandbox, in which commands are run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.hosts import reachable, with_loopback
from copilot_sdk.runtime.core.managed.kinds import Place
from copilot_sdk.runtime.core.managed.permissions import strings_in
from copilot_sdk.runtime.core.managed.values import PROXY

Json = Mapping[str, object]
Rule = Callable[[Sequence[object]], object]
"""What becomes of the values of a setting, the strongest first; None where none of them can be used."""


def _any(values: Sequence[object]) -> object:
    flags = [value for value in values if isinstance(value, bool)]
    return any(flags) if flags else None


def _all(values: Sequence[object]) -> object:
    flags = [value for value in values if isinstance(value, bool)]
    return all(flags) if flags else None


def _learning(values: Sequence[object]) -> object:
    return next((mode for mode in ("deny", "allow") if mode in values), None)


def _proxy(values: Sequence[object]) -> object:
    for value in values:
        errors: list[tuple[str, str]] = []
        found = PROXY.read(value, Place("", errors))
        if not errors:
            return found
    return None


def _united(values: Sequence[object]) -> object:
    texts = (text for value in reversed(values) for text in strings_in(value))
    return list(dict.fromkeys(texts)) if values else None


def _shared(values: Sequence[object]) -> object:
    if not values:
        return None
    weakest, *others = (strings_in(value) for value in reversed(values))
    return [text for text in dict.fromkeys(weakest) if all(text in other for other in others)]


Fields: TypeAlias = "Mapping[str, Rule | Fields]"
_FIELDS: Fields = {
    "enabled": _any,
    "failIfUnavailable": _any,
    "allowBypass": _all,
    "addCurrentWorkingDirectory": _all,
    "sandboxMcpServers": _any,
    "sandboxLspServers": _any,
    "auth": {"git": _all, "gh": _all},
    "allowDevToolAccess": _all,
    "learningMode": _learning,
    "userPolicy": {
        "filesystem": {"readwritePaths": _shared, "readonlyPaths": _shared, "deniedPaths": _united},
        "network": {"allowOutbound": _all, "allowLocalNetwork": _all, "proxy": _proxy},
        "seatbelt": {"keychainAccess": _all},
    },
}

_RESTRICTIVE: Mapping[Rule, bool] = {_any: True, _all: False}
"""The values of flags that take something from users."""

_HOSTS = ("allowedHosts", "blockedHosts")
_GRANTS = ("readwritePaths", "readonlyPaths")
_ADVISORY = ("failIfUnavailable", "learningMode")
_LOCKS = {"sandboxMcpServers": "managedMcpRoutingLocked", "sandboxLspServers": "managedLspRoutingLocked"}
"""What says that users cannot change where servers run."""


def merged(layers: Sequence[Json]) -> dict[str, object]:
    """The settings of the sandbox that several documents add up to.

    Args:
        layers: The `sandbox` of each document, the strongest first.
    """
    found = _merged(_FIELDS, layers)
    hosts = _hosts([_part(layer, "network") for layer in layers])
    return _with(found, "network", hosts) if hosts else found


def over_user(layer: Json, user: Json) -> dict[str, object]:
    """The settings of the sandbox of a user where a document has some: it takes, and gives nothing.

    Args:
        layer: The `sandbox` of the document.
        user: What the user wants of it.
    """
    forced = _restrictions(_FIELDS, layer)
    for name in _ADVISORY:
        forced.pop(name, None)
    network = _part(layer, "network")
    if hosts := {name: network[name] for name in _HOSTS if name in network}:
        forced = _with(forced, "network", hosts)
    locks = {lock: True for routing, lock in _LOCKS.items() if routing in forced}
    return {**_over(user, merged([forced, _spelt_out(user, forced)])), **locks}


def _spelt_out(user: Json, forced: Json) -> Json:
    """What a user wants with what goes without saying: no paths, and local hosts where these are let in."""
    mine = _part(user, "filesystem")
    if none := {
        name: list[str]() for name in _GRANTS if name in _part(forced, "filesystem") and name not in mine
    }:
        user = _with(user, "filesystem", none)
    network = _part(user, "network")
    allowed = strings_in(network.get("allowedHosts"))
    both = _part(_merged(_FIELDS, [forced, user]), "network")
    if allowed and both.get("allowLocalNetwork") is not False and both.get("allowOutbound") is not False:
        user = _with(user, "network", {"allowedHosts": with_loopback(list(dict.fromkeys(allowed)))})
    return user


def _merged(fields: Fields, layers: Sequence[Json]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, rule in fields.items():
        values = [layer[name] for layer in layers if name in layer]
        if callable(rule):
            value: object = rule(values)
        else:
            value = _merged(rule, [inner for inner in values if is_object(inner)]) or None
        if value is not None:
            found[name] = value
    return found


def _restrictions(fields: Fields, layer: Json) -> dict[str, object]:
    """The settings that take something from users."""
    found: dict[str, object] = {}
    for name, rule in fields.items():
        value = layer.get(name)
        if not callable(rule):
            if is_object(value) and (inner := _restrictions(rule, value)):
                found[name] = inner
        elif value is not None and value is _RESTRICTIVE.get(rule, value):
            found[name] = value
    return found


def _over(value: Json, other: Json) -> dict[str, object]:
    """An object with the members of another one, at every depth."""
    members = {
        name: _over(own, member) if is_object(member) and is_object(own := value.get(name)) else member
        for name, member in other.items()
    }
    return {**value, **members}


def _part(layer: Json, name: str) -> Json:
    """A part of what commands may reach."""
    policy = layer.get("userPolicy")
    part = policy.get(name) if is_object(policy) else None
    return part if is_object(part) else {}


def _with(layer: Json, name: str, members: Json) -> dict[str, object]:
    """The same with other members in a part of what commands may reach."""
    policy = layer.get("userPolicy")
    parts = policy if is_object(policy) else {}
    return {**layer, "userPolicy": {**parts, name: {**_part(layer, name), **members}}}


def _hosts(networks: Sequence[Json]) -> dict[str, object]:
    """The hosts that may be reached, and those that may not; nothing where no document names any."""
    if not any(name in network for network in networks for name in _HOSTS):
        return {}
    allowed, blocked = ([strings_in(network.get(name)) for network in networks] for name in _HOSTS)
    return dict(zip(_HOSTS, reachable(allowed, blocked), strict=True))
