"""Addresses on the web, and the patterns with which administrators name them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from pydantic_core import Url

_SUBDOMAINS = "*."


@dataclass(frozen=True, slots=True)
class Address:
    """An address on the web.

    Attributes:
        scheme: `http`, `https` or another one.
        host: The host in its usual form: lower case, names in ASCII, no brackets, no dot at the end.
        port: The port, where it goes without saying too.
        path: What comes behind, without the slash at its end.
    """

    scheme: str
    host: str
    port: int | None
    path: str


def read_url(text: str) -> Url | None:
    """Reads an address as browsers do; None if it is none."""
    try:
        return Url(text)
    except ValueError:
        return None


def read_address(text: str) -> Address | None:
    """The parts of an address that has a host; None if it is none."""
    url = read_url(text)
    host = "" if url is None else (url.host or "").removesuffix(".").strip("[]")
    if url is None or not host:
        return None
    return Address(url.scheme, host, url.port, (url.path or "").rstrip("/"))


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
    if address is None or (subdomains and _is_number(address.host)):
        return None
    return AddressPattern(address, subdomains)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
