"""Lists of hosts in the settings of a sandbox: names, addresses, and patterns such as `*.example.com`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HOST = re.compile(r"\*|(?:\*\.)?[\w-]+(?:\.[\w-]+)*")


def with_loopback(hosts: Sequence[str]) -> list[str]:
    """The hosts, and this machine under each of its names."""
    return [*hosts, *(name for name in _LOOPBACK if name not in hosts)]


def common_hosts(user: Sequence[str], most: Sequence[str]) -> list[str]:
    """What both lists allow, in the order of the first; of two patterns the narrower one counts.

    Args:
        user: The hosts that the user allows.
        most: The hosts that may be allowed; where both have the same one, it is written as here.

    Returns:
        The hosts; none where either list has something that is no host, so that nobody knows what it means.
    """
    common: dict[str, None] = {}
    for host in user:
        for limit in most:
            one, other = _plain(host), _plain(limit)
            if one is None or other is None:
                return []
            if _covers(one, other):
                common[limit] = None
            elif _covers(other, one):
                common[host] = None
    return list(common)


def _plain(host: str) -> str | None:
    """A host in the one way to write it; None if it is none."""
    text = host.lower().removesuffix(".")
    try:
        return str(ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        pass
    if not _HOST.fullmatch(text):
        return None
    try:
        return text.encode("idna").decode()
    except UnicodeError:
        return None


def _covers(pattern: str, host: str) -> bool:
    return pattern in {host, "*"} or (pattern.startswith("*.") and host.endswith(pattern[1:]))
