"""What several administrators want of permissions, and what that means for an operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from typing import Literal

from copilot_sdk._model.json_values import is_array, is_object
from copilot_sdk.runtime.core.addresses import Address
from copilot_sdk.runtime.core.hosts import Patterns, common, is_among
from copilot_sdk.runtime.core.managed.rules import (
    BadRule,
    Part,
    PolicyRule,
    bounds,
    is_about,
    read_rule,
)
from copilot_sdk.runtime.core.setting_kinds import type_name

Json = Mapping[str, object]
Verdict = Literal["deny", "ask", "allow", "unmanaged"]

BYPASS = "disableBypassPermissionsMode"
ASSISTED = "disableAssistedPermissionsMode"
MODE = "defaultMode"
LISTS = ("deny", "ask", "allow")
_MODES = ("manual", "assisted", "allow-all")
_ALLOW_LISTS = "_allowLists"
_BOUNDS = "_limitToLists"
_ASKING: Mapping[Part, str] = {
    "plain": "_defaultAskActive",
    "mcp": "_mcpDefaultAskActive",
    "custom tool": "_customToolDefaultAskActive",
}


def merged(layers: Sequence[Json]) -> dict[str, object]:
    """The permissions that several documents add up to, as they are shown.

    Several lists of what is allowed have no shape that could be shown: they are left out.

    Args:
        layers: The `permissions` of each document, the strongest first.
    """
    found = _switches(layers)
    for name in ("deny", "ask"):
        lists = [layer[name] for layer in layers if name in layer]
        if lists:
            found[name] = list(dict.fromkeys(text for texts in lists for text in strings_in(texts)))
    allowed = [layer["allow"] for layer in layers if "allow" in layer]
    if len(allowed) == 1:
        found["allow"] = allowed[0]
    limits = [layer["limitTo"] for layer in layers if "limitTo" in layer]
    if limits:
        found["limitTo"] = [text for text, _ in reduce(common, map(bounds, limits))]
    kept = {name: value for name, value in layers[0].items() if name not in _MERGED}
    return {**kept, **found}


_MERGED = frozenset({BYPASS, ASSISTED, MODE, *LISTS, "limitTo"})


def allow_lists(layers: Sequence[Json]) -> int:
    """How many of the documents say what is allowed."""
    return sum("allow" in layer for layer in layers)


def _switches(layers: Sequence[Json]) -> dict[str, object]:
    found: dict[str, object] = {}
    if any(isinstance(layer.get(BYPASS), str) for layer in layers):
        # A value that nobody knows yet can only be meant to restrict.
        found[BYPASS] = "disable"
    flags = [flag for layer in layers if isinstance(flag := layer.get(ASSISTED), bool)]
    if flags:
        found[ASSISTED] = any(flags)
    modes = [layer[MODE] for layer in layers if MODE in layer]
    if modes:
        found[MODE] = min((mode if mode in _MODES else _MODES[0] for mode in modes), key=_MODES.index)
    return found


def of_client(layer: Json) -> dict[str, object]:
    """The permissions that a client wants for its session, as they are shown: what it allows is a list of lists."""
    found = merged([layer])
    if "allow" in found:
        found[_ALLOW_LISTS] = [found.pop("allow")]
    return found


def context(layers: Sequence[Json], *, by_client: bool = False) -> dict[str, object]:
    """The permissions that several documents add up to, as operations are judged by.

    Args:
        layers: The `permissions` of each document, the strongest first.
        by_client: Whether they are those of a client: what it forbids then leaves the rest as it is.
    """
    shown = merged(layers)
    found = {name: value for name, value in shown.items() if name not in ("allow", "limitTo")}
    allowed = [strings_in(layer["allow"]) for layer in layers if "allow" in layer]
    limits = [strings_in(layer["limitTo"]) for layer in layers if "limitTo" in layer]
    found |= {key: lists for key, lists in ((_ALLOW_LISTS, allowed), (_BOUNDS, limits)) if lists}
    counting = ("allow",) if by_client else LISTS
    rules = [strings_in(layer[name]) for layer in layers for name in counting if name in layer]
    read = [read_rule(text) for texts in rules for text in texts]
    for part, key in _ASKING.items():
        named = part == "plain" or any(rule.part == part for rule in read)
        found[key] = bool(rules) and (named or [] in allowed)
    return found


@dataclass(frozen=True, slots=True)
class Policy:
    """Permissions by which operations are judged.

    Attributes:
        deny: What is forbidden; None where nothing is said of that.
        ask: What has to be asked for.
        allowed: What is allowed, by each who says it.
        limits: The hosts that may be reached at all, by each who limits them.
        asks: Whether what is not named has to be asked for; None where the rules themselves tell.
    """

    deny: Sequence[PolicyRule] | None = None
    ask: Sequence[PolicyRule] | None = None
    allowed: Sequence[Sequence[PolicyRule]] | None = None
    limits: Sequence[Patterns] = ()
    asks: bool | None = None

    def verdict(self, address: Address) -> Verdict:
        """What is said about access to an address."""
        if any(rule.names(address) for rule in self.deny or ()):
            return "deny"
        if not all(is_among(address.host, limit) for limit in self.limits):
            return "deny"
        if any(rule.names(address) for rule in self.ask or ()):
            return "ask"
        speaking = [rules for rules in self.allowed or () if is_about(rules, "plain")]
        if speaking and all(any(rule.names(address) for rule in rules) for rules in speaking):
            return "allow"
        return "ask" if self.asks is not False and self._speaks() else "unmanaged"

    def _speaks(self) -> bool:
        """Whether the rules say something about more than the tools of MCP servers and clients."""
        if self.deny is None and self.ask is None and self.allowed is None:
            return False
        return is_about([*chain(self.deny or (), self.ask or (), *(self.allowed or ()))], "plain")


def read_policy(permissions: Json) -> Policy:
    """Reads permissions that come out of `context`, or that an administrator wrote.

    Raises:
        ValueError: They are none; the text says where.
    """
    for name, kind, expected in _TYPES:
        value = permissions.get(name)
        if value is not None and not isinstance(value, kind):
            raise ValueError(f"{name}: Expected {expected}, received {type_name(value)}")
    limits = permissions.get(_BOUNDS)
    if limits is None and "limitTo" in permissions:
        limits = [permissions["limitTo"]]
    lists = permissions.get(_ALLOW_LISTS)
    if lists is None and permissions.get("allow") is not None:
        lists = [permissions["allow"]]
    asks = permissions.get(_ASKING["plain"])
    return Policy(
        deny=_rules("deny", permissions.get("deny")),
        ask=_rules("ask", permissions.get("ask")),
        allowed=None if lists is None else [_rules("allow", rules) or [] for rules in _array("allow", lists)],
        limits=[bounds(limit) for limit in _array("limitTo", limits or [])],
        asks=asks if isinstance(asks, bool) else None,
    )


_TYPES: Sequence[tuple[str, type[object], str]] = (
    (BYPASS, str, "string"),
    (MODE, str, "string"),
    (ASSISTED, bool, "boolean"),
    *((key, bool, "boolean") for key in _ASKING.values()),
)


def _rules(name: str, value: object) -> list[PolicyRule] | None:
    return None if value is None else list(_read_rules(name, _array(name, value)))


def _read_rules(name: str, texts: Sequence[object]) -> Iterator[PolicyRule]:
    for index, text in enumerate(texts):
        try:
            yield read_rule(text)
        except BadRule as error:
            raise ValueError(f"{name}[{index}]: {error}") from error


def _array(name: str, value: object) -> Sequence[object]:
    if not is_array(value):
        raise ValueError(f"{name}: Expected array, received {type_name(value)}")
    return value


def strings_in(value: object) -> list[str]:
    """The strings of a list; none if it is no list."""
    return [item for item in value if isinstance(item, str)] if is_array(value) else []


def layers_of(documents: Sequence[Json]) -> list[Json]:
    """The `permissions` of those documents that have any."""
    return [permissions for document in documents if is_object(permissions := document.get("permissions"))]
