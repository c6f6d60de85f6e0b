"""Addresses on the web, and the patterns with which administrators name them."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

_START = re.compile(r"\s*(?P<scheme>[a-z][a-z0-9+.-]*):[/\\]*", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_NO_HOST = re.compile(r"[\s%<>^|\\`{}\"\x00-\x1f\x7f]")
_LABELS = re.compile(r"[\w-]+(\.[\w-]+)*")
_SUBDOMAINS = "*."


@dataclass(frozen=True, slots=True)
class Address:
    """An address on the web.

    Attributes:
        scheme: `http`, `https` or another one.
        host: The host in its usual form: lower case, names in ASCII, no dot at the end.
        port: The port, where it goes without saying too.
        path: What comes behind, without the slash at its end.
    """

    scheme: str
    host: str
    port: int | None
    path: str


def read_address(text: str) -> Address | None:
    """Reads an address as browsers do; None if it is none."""
    start = _START.match(text)
    if start is None:
        return None
    scheme = start["scheme"].lower()
    try:
        parts = urlsplit(f"{scheme}://{text[start.end() :].strip()}")
        host = _host(parts)
        port = parts.port
    except (ValueError, UnicodeError):
        return None
    if not host:
        return None
    return Address(scheme, host, port or _PORTS.get(scheme), parts.path.rstrip("/"))


def _host(parts: SplitResult) -> str:
    """The host of an address in its usual form.

    Raises:
        ValueError: It cannot be one.
    """
    host = (parts.hostname or "").rstrip(".")
    if _NO_HOST.search(host):
        raise ValueError(host)
    if parts.netloc.rpartition("@")[2].startswith("["):
        return str(ipaddress.IPv6Address(host))
    if host and all(character in "0123456789." for character in host):
        return str(ipaddress.IPv4Address(socket.inet_aton(host)))
    return host if host.isascii() else host.encode("idna").decode()


@dataclass(frozen=True, slots=True)
class AddressPattern:
    """Addresses that a rule is about.

    Attributes:
        address: The address; its path is empty where all of a host are meant.
        subdomains: Whether hosts below that of the address are meant too.
    """

    address: Address
    subdomains: bool

    def fits(self, other: Address) -> bool:
        """Whether an address is meant."""
        own = self.address
        if (own.scheme, own.port) != (other.scheme, other.port) or own.path not in ("", other.path):
            return False
        return other.host == own.host or (self.subdomains and other.host.endswith(f".{own.host}"))


def read_pattern(text: str) -> AddressPattern | None:
    """Reads a pattern such as `*.example.com` or `http://localhost:8080`; None if it is none.

    What names no scheme is about HTTPS.
    """
    text = text.strip()
    scheme, _, rest = text.rpartition("://")
    subdomains = rest.startswith(_SUBDOMAINS)
    address = read_address(f"{scheme or 'https'}://{rest.removeprefix(_SUBDOMAINS)}")
    if address is None or (subdomains and is_ip(address.host)):
        return None
    return AddressPattern(address, subdomains)


def is_ip(host: str) -> bool:
    """Whether a host is given by its number."""
    try:
        ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class HostPattern:
    """Hosts that a list is about, whatever their ports.

    Attributes:
        host: The host, in lower case and without a dot at its end; empty for all hosts.
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

    def has(self, host: str) -> bool:
        """Whether a host is meant."""
        return self.covers(HostPattern(host))


EVERY_HOST = HostPattern("", subdomains=True)


def read_host(text: str, *, itself: bool) -> HostPattern | None:
    """Reads a host or `*.` with a host; None if it is neither.

    Args:
        text: What is written.
        itself: Whether `*.example.com` means `example.com` too.
    """
    subdomains = text.startswith(_SUBDOMAINS)
    host = text.removeprefix(_SUBDOMAINS).rstrip(".").lower()
    if is_ip(host):
        return None if subdomains else HostPattern(host.removeprefix("[").removesuffix("]"))
    if _LABELS.fullmatch(host) is None:
        return None
    try:
        name = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return None
    return HostPattern(name, subdomains, itself if subdomains else True)


def common(
    weaker: Iterable[tuple[str, HostPattern]], stronger: Iterable[tuple[str, HostPattern]]
) -> list[tuple[str, HostPattern]]:
    """The patterns for the hosts that two lists have in common, each with its text."""
    theirs = list(stronger)
    found: dict[str, HostPattern] = {}
    for text, pattern in weaker:
        for other_text, other in theirs:
            if pattern.covers(other):
                found.setdefault(other_text, other)
            elif other.covers(pattern):
                found.setdefault(text, pattern)
    return list(found.items())
