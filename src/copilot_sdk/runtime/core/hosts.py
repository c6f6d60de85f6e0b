"""Lists of hosts in settings: names, numbers, and patterns such as `*.example.com`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias

from copilot_sdk.runtime.core.addresses import read_url

EVERY = "*"
"""Every host, in a list of hosts."""

_SUBDOMAINS = "*."
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_BARE = re.compile(r"\[[^\[\]]*\]|[^\s/\\?#@:%\[\]]+")
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class HostPattern:
    """Hosts that a list is about, whatever their ports.

    Attributes:
        host: The host in its usual form, a number of IPv4 wherever it is one; empty for all hosts.
        subdomains: Whether hosts below it are meant.
        itself: Whether the host is meant, where hosts below it are.
    """

    host: str
    subdomains: bool = False
    itself: bool = True

    def covers(self, other: HostPattern) -> bool:
        """Whether all hosts are meant that the other one means."""
        if not self.host:
            return True
        if other.host == self.host:
            return other == self or (self.subdomains and self.itself)
        return self.subdomains and other.host.endswith(f".{self.host}")


EVERY_HOST = HostPattern("", subdomains=True)
Patterns: TypeAlias = Sequence[tuple[str, HostPattern]]
"""Patterns, each with its text."""


def read_host(text: str, *, itself: bool) -> HostPattern | None:
    """Reads a host or `*.` with a host, as it would stand in an address; None if it is neither.

    Args:
        text: What is written.
        itself: Whether `*.example.com` means `example.com` too.
    """
    subdomains = text.startswith(_SUBDOMAINS)
    host = text.removeprefix(_SUBDOMAINS)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    url = read_url(f"http://{host}") if _BARE.fullmatch(host) else None
    name = "" if url is None else (url.host or "").strip("[]")
    try:
        number = ipaddress.ip_address(name)
    except ValueError:
        return HostPattern(name, subdomains, itself or not subdomains) if _NAME.fullmatch(name) else None
    if isinstance(number, ipaddress.IPv6Address) and number.ipv4_mapped is not None:
        number = number.ipv4_mapped
    return None if subdomains else HostPattern(str(number))


def _read_listed(text: str) -> HostPattern | None:
    return EVERY_HOST if text == EVERY else read_host(text.rstrip("."), itself=False)


def read_hosts(texts: Iterable[object], read: Callable[[str], HostPattern | None] = _read_listed) -> Patterns:
    """Reads a list of hosts; none where something in it is no host, so that nobody knows what it means.

    Args:
        texts: The list.
        read: Reads one of them.
    """
    found: list[tuple[str, HostPattern]] = []
    for text in texts:
        pattern = read(text) if isinstance(text, str) else None
        if pattern is None or not isinstance(text, str):
            return []
        found.append((text, pattern))
    return found


def is_among(host: str, patterns: Patterns) -> bool:
    """Whether one of the patterns means a host; what is no host is meant by none."""
    found = read_host(host, itself=True)
    return (
        found is not None and not found.subdomains and any(pattern.covers(found) for _, pattern in patterns)
    )


def common(stronger: Patterns, weaker: Patterns) -> Patterns:
    """The patterns for the hosts that two lists have in common, in the order of the weaker one.

    Of two patterns the narrower one counts; where both have the same, it is written as in the stronger list.
    """
    found: dict[str, HostPattern] = {}
    for text, pattern in weaker:
        for other_text, other in stronger:
            if pattern.covers(other):
                found.setdefault(other_text, other)
            elif other.covers(pattern):
                found.setdefault(text, pattern)
    return list(found.items())


def reachable(
    allowed: Sequence[Sequence[str]], blocked: Sequence[Sequence[str]]
) -> tuple[list[str], list[str]]:
    """The hosts that may be reached where several have a say: those that all allow, and those that none blocks.

    Args:
        allowed: The lists of hosts that are allowed, the strongest first; an empty one allows every host.
        blocked: The lists of hosts that are blocked, the strongest first.

    Returns:
        The hosts that are allowed, and those that are blocked.
    """
    lists = [texts for texts in allowed if texts]
    shut = [text for texts in reversed(blocked) for text in texts]
    both = list(lists[0]) if len(lists) == 1 else [text for text, _ in _common_of_all(lists)]
    if lists and not both:
        shut.append(EVERY)
    return [] if EVERY in shut else both, list(dict.fromkeys(shut))


def _common_of_all(lists: Sequence[Sequence[str]]) -> Patterns:
    return reduce(common, map(read_hosts, lists)) if lists else []


def with_loopback(hosts: Sequence[str]) -> list[str]:
    """The hosts, and this machine under each of its names."""
    return [*hosts, *(name for name in _LOOPBACK if name not in hosts)]
