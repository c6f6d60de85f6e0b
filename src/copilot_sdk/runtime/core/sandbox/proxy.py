"""The proxy that sandboxed commands go through."""

from __future__ import annotations

import re

from copilot_sdk.runtime.core.addresses import read_url
from copilot_sdk.runtime.core.sandbox.config import Proxy

_MANAGED = re.compile(
    r"https?://(?P<host>\[[0-9a-f:.]+\]|(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*\.?)(?::\d+)?(?:[/?#][!-~]*)?",
    re.IGNORECASE,
)


def floored_proxy(user: Proxy | None, managed: object) -> Proxy | None:
    """The proxy to use; None for none.

    Args:
        user: That of the user, whose credentials are used in any case.
        managed: The address that an administrator wants, which goes before that of the user unless it cannot be used.
    """
    mine = user or Proxy()
    url = managed_proxy(managed) or _user_url(mine.url)
    if not url:
        return None
    return Proxy(url=url, username=mine.username or None, password=mine.password or None)


def managed_proxy(value: object) -> str | None:
    """The address of a proxy that an administrator wants; None if it cannot be used."""
    match = _MANAGED.fullmatch(value) if isinstance(value, str) else None
    url = read_url(match[0]) if match else None
    # Whoever writes a host in another way than it is used may want to hide it.
    return str(url) if match and url and url.port and url.host == match["host"].lower() else None


def _user_url(text: str) -> str:
    """An address as URLs are written; as it is where it is none, so that the failure shows it."""
    given = text.strip()
    url = read_url(given)
    if "://" not in given and (url is None or not url.host):
        url = read_url(f"http://{given}")
    return given if url is None else str(url)
