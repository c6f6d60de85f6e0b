"""Rules of administrators for permissions, such as `Shell(rm)` or `Domain(*.example.com)`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from copilot_sdk._model.json_values import is_array
from copilot_sdk.runtime.core.addresses import Address, AddressPattern, read_pattern
from copilot_sdk.runtime.core.hosts import EVERY_HOST, HostPattern, Patterns, read_host, read_hosts
from copilot_sdk.runtime.core.setting_kinds import type_name

Part = Literal["plain", "mcp", "custom tool"]
"""What rules speak about: each of these parts is managed or not, whatever is said of the others."""

FAMILIES = ("Bash", "Shell", "PowerShell", "Read", "Edit", "Write", "Domain", "Mcp", "CustomTool")
_RULE = re.compile(r"(?P<family>[\w-]+)(?:\((?P<argument>[^)]+)\))?", re.ASCII)
_SERVER_AND_TOOL = re.compile(r"[^/]+(/.+)?", re.DOTALL)
_KNOWN = {family.lower() for family in FAMILIES}


class BadRule(Exception):
    """A text is no rule; its own text says why."""


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """A rule.

    Attributes:
        family: What kind of operation it is about, in lower case.
        argument: Which of them; None for all.
        address: The addresses, where it is about those of a domain.
    """

    family: str
    argument: str | None = None
    address: AddressPattern | None = None

    @property
    def part(self) -> Part:
        """What it speaks about."""
        match self.family:
            case "mcp":
                return "mcp"
            case "customtool":
                return "custom tool"
            case _:
                return "plain"

    def names(self, address: Address) -> bool:
        """Whether it is about an address."""
        if self.family != "domain":
            return False
        return self.address is None or self.address.fits(address)


def read_rule(text: object) -> PolicyRule:
    """Reads a rule.

    Raises:
        BadRule: It is none.
    """
    if not isinstance(text, str):
        raise BadRule(f"Expected string, received {type_name(text)}")
    found = _RULE.fullmatch(text)
    if found is None:
        raise BadRule(f"Invalid rule format: {text}")
    family, argument = found["family"].lower(), found["argument"]
    if family not in _KNOWN:
        raise BadRule(
            f"Unsupported managed permission rule family '{found['family']}'; expected one of {', '.join(FAMILIES)}"
        )
    if family == "mcp" and (argument is None or _SERVER_AND_TOOL.fullmatch(argument) is None):
        raise BadRule("Expected Mcp(server) or Mcp(server/tool)")
    if family == "customtool" and argument is None:
        raise BadRule("Expected CustomTool(name)")
    if family != "domain" or argument is None:
        return PolicyRule(family, argument)
    address = read_pattern(argument)
    if address is None:
        raise BadRule(f"Invalid Domain pattern: {argument}")
    return PolicyRule(family, argument, address)


def is_about(rules: Sequence[PolicyRule], part: Part) -> bool:
    """Whether a list of rules speaks about a part; an empty one speaks about all."""
    return not rules or any(rule.part == part for rule in rules)


def _read_bound(text: str) -> HostPattern | None:
    """Reads a rule that is to bound what may be reached at all, such as `Domain(example.com)`; None if it is none."""
    found = _RULE.fullmatch(text)
    if found is None or found["family"].lower() != "domain":
        return None
    if found["argument"] is None:
        return EVERY_HOST
    return read_host(found["argument"].strip().removesuffix("."), itself=True)


def bounds(values: object) -> Patterns:
    """The hosts to which something is limited, with their texts; none where one of them cannot be read."""
    return read_hosts(values if is_array(values) else (), _read_bound)
