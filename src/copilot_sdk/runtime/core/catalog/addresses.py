"""Addresses that cards are at, and those that they name."""

from __future__ import annotations

import ipaddress
import re

from copilot_sdk.runtime.core.addresses import read_address
from copilot_sdk.runtime.core.catalog.refusals import Refusal

_LATER = re.compile(r"\$?\{[^{}]+\}")
"""A part of an address that is filled in later."""
_PORT_LATER = re.compile(r":\$?\{[^{}]+\}(?=[/?#]|$)")
_START = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):/*(?P<authority>[^/?#]*)")
_WRONG_ANYWHERE = re.compile(r"[\\{}\x00-\x1f\x7f]|^\s|\s$")

_PRIVATE = [
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("::/128", "::1/128", "fc00::/7", "fe80::/10"),
    )
]
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


class MalformedAddress(Exception):
    """A text is no address."""


def malformed_card(reason: str = "schema-violation", **details: object) -> Refusal:
    """A card that cannot be read."""
    return Refusal("malformed-card", "The card cannot be read.", reason=reason, **details)


def unsafe(reason: str, message: str) -> Refusal:
    """An address that nothing is fetched from."""
    return Refusal("unsafe-retrieval", message, reason=reason)


def host_of(address: str, *schemes: str) -> str:
    """The host of an address of a web server.

    Args:
        address: The address.
        schemes: Those that are allowed.

    Raises:
        MalformedAddress: It is no address.
        Refusal: It is one that must not be used.
    """
    start = None if _WRONG_ANYWHERE.search(address) else _START.match(address)
    if start is None:
        raise MalformedAddress
    if start["scheme"].lower() not in schemes:
        raise unsafe("blocked-scheme", f"The address has to begin with {' or '.join(schemes)}.")
    if "@" in start["authority"]:
        raise unsafe("credentials-in-url", "The address has credentials in it.")
    found = read_address(address)
    if found is None:
        raise MalformedAddress
    return found.host


def check_endpoint(endpoint: str) -> None:
    """Checks the address of a server on a card, which may have placeholders in it.

    Raises:
        Refusal: It cannot be used.
    """
    if (whole := _LATER.match(endpoint)) and endpoint[whole.end() : whole.end() + 1] in ("", "/", "?", "#"):
        # All that could be wrong is filled in later.
        return
    if _LATER.search(endpoint.partition(":")[0]):
        _, mark, rest = endpoint.partition("://")
        if not mark:
            raise malformed_card()
        endpoint = f"https://{rest}"
    try:
        host_of(_LATER.sub("x", _PORT_LATER.sub(":0", endpoint)), "http", "https")
    except MalformedAddress as error:
        raise malformed_card() from error


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open network."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip in _TRANSLATED:
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return not any(ip in network for network in _PRIVATE)
