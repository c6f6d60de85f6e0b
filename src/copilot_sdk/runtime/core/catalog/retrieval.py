"""Fetching cards from the open network, and from nowhere else."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import TYPE_CHECKING

from copilot_sdk.runtime.core.catalog.addresses import (
    MalformedAddress,
    host_of,
    is_public,
    malformed_card,
    unsafe,
)
from copilot_sdk.runtime.core.catalog.cards import MEDIA_TYPES
from copilot_sdk.runtime.core.catalog.refusals import Refusal

if TYPE_CHECKING:
    import httpx

_SECONDS = 30.0
_BYTES = 1024 * 1024


async def fetch_card(address: str) -> str:
    """Fetches the card at an address; it has to be an `https` one of a host of the open network.

    Raises:
        Refusal: It must not be fetched, or cannot be.
    """
    try:
        host = host_of(address.strip(), "https")
    except MalformedAddress as error:
        raise unsafe("blocked-scheme", "The address has to begin with https.") from error
    found = await _addresses_of(host)
    if not all(map(is_public, found)):
        raise unsafe("blocked-address", "The address is not one of the open network.")
    return await _fetch(address.strip(), found[0], host)


async def _addresses_of(host: str) -> list[str]:
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _failed("dns", "The host of the card is not known.") from error
    return [str(address[0]) for *_, address in found]


async def _fetch(address: str, ip: str, host: str) -> str:
    try:
        import httpx
    except ImportError as error:
        raise _failed("offline", "Fetching needs httpx, which is not installed here.") from error
    url = httpx.URL(address)
    # The name may lead elsewhere the next time that it is looked up.
    pinned = url.copy_with(host=ip)
    headers = {"Host": url.netloc.decode(), "Accept": ", ".join(MEDIA_TYPES)}
    async with httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False) as client:
        try:
            request = client.build_request("GET", pinned, headers=headers, extensions={"sni_hostname": host})
            response = await client.send(request, stream=True)
            try:
                return await _text_of(response)
            finally:
                await response.aclose()
        except httpx.TimeoutException as error:
            raise _failed("timeout", f"The card did not come within {_SECONDS:g} s.") from error
        except httpx.HTTPError as error:
            reason = "tls" if "SSL" in str(error) else "connection-refused"
            raise _failed(reason, "The host of the card could not be talked to.") from error


async def _text_of(response: httpx.Response) -> str:
    if response.is_redirect:
        raise _failed("redirect-rejected", "The address leads on to another one.")
    if response.is_error:
        text = f"The host of the card answered with status {response.status_code}."
        raise _failed("http-status", text, statusCode=response.status_code)
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _BYTES:
            raise _failed("response-too-large", f"The card has more than {_BYTES} bytes.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise malformed_card("invalid-json") from error


def _failed(reason: str, message: str, **details: object) -> Refusal:
    return Refusal("network-failure", message, reason=reason, **details)
