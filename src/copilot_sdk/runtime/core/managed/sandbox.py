"""What several administrators want of the sandbox, in which commands are run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import TypeAlias

from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.managed.addresses import EVERY_HOST, HostPattern, common, read_host
from copilot_sdk.runtime.core.managed.permissions import strings_in

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


def _first(values: Sequence[object]) -> object:
    return values[0] if values else None


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
        "network": {"allowOutbound": _all, "allowLocalNetwork": _all, "proxy": _first},
        "seatbelt": {"keychainAccess": _all},
    },
}


def merged(layers: Sequence[Json]) -> dict[str, object]:
    """The settings of the sandbox that several documents add up to.

    Args:
        layers: The `sandbox` of each document, the strongest first.
    """
    found = _merged(_FIELDS, layers)
    if hosts := _hosts([network for layer in layers if (network := _network(layer)) is not None]):
        policy = found.get("userPolicy")
        others = _network(found) or {}
        found["userPolicy"] = {**(policy if is_object(policy) else {}), "network": {**others, **hosts}}
    return found


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


def _network(layer: Json) -> Json | None:
    policy = layer.get("userPolicy")
    network = policy.get("network") if is_object(policy) else None
    return network if is_object(network) else None


def _hosts(networks: Sequence[Json]) -> dict[str, object]:
    """The hosts that may be reached, and those that may not; nothing where no document names any."""
    if not any(name in network for network in networks for name in ("allowedHosts", "blockedHosts")):
        return {}
    lists = [texts for network in networks if (texts := strings_in(network.get("allowedHosts")))]
    allowed = (
        reduce(lambda stronger, weaker: common(weaker, stronger), map(_patterns, lists)) if lists else []
    )
    blocked = _united([network["blockedHosts"] for network in networks if "blockedHosts" in network])
    hosts = {"allowedHosts": [text for text, _ in allowed], "blockedHosts": blocked or []}
    if lists and not allowed:
        # An empty list allows every host, and here none is allowed by all.
        hosts["blockedHosts"] = ["*"]
    return hosts


def _patterns(texts: Sequence[str]) -> list[tuple[str, HostPattern]]:
    patterns = ((text, EVERY_HOST if text == "*" else read_host(text, itself=False)) for text in texts)
    return [(text, pattern) for text, pattern in patterns if pattern is not None]
