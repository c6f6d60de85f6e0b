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
from copilot_sdk.runtime.core.catalog.refusals import Refusal

if TYPE_CHECKING:
    import httpx

_SECONDS = 30.0
_BYTES = 1024 * 1024
_LONGEST_WAIT_SECONDS = 300


async def fetch_card(address: str, media_type: str) -> tuple[str, str]:
    """Fetches a card; its address has to be an `https` one of a host of the open network.

    Args:
        address: Where it is.
        media_type: What it should be.

    Returns:
        The card, and the host that it is of.

    Raises:
        Refusal: It must not be fetched, or cannot be.
    """
    address = address.strip()
    try:
        host = host_of(address, "https")
    except MalformedAddress as error:
        raise unsafe("blocked-scheme", "The address has to begin with https.") from error
    found = await _addresses_of(host)
    if not all(map(is_public, found)):
        raise unsafe("blocked-address", "The address is not one of the open network.")
    return await _fetch(address, found[0], host, media_type)


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


async def _fetch(address: str, ip: str, host: str, media_type: str) -> tuple[str, str]:
    try:
        import httpx
    except ImportError as error:
        raise _failed("offline", "Fetching needs httpx, which is not installed here.") from error
    url = httpx.URL(address)
    authority = url.netloc.decode()
    # The name may lead elsewhere the next time that it is looked up.
    pinned = url.copy_with(host=ip)
    headers = {"Host": authority, "Accept": f"{media_type}, application/json;q=0.9"}
    async with httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False) as client:
        try:
            request = client.build_request("GET", pinned, headers=headers, extensions={"sni_hostname": host})
            response = await client.send(request, stream=True)
            try:
                return await _text_of(response, media_type), authority
            finally:
                await response.aclose()
        except httpx.TimeoutException as error:
            raise _failed("timeout", f"The card did not come within {_SECONDS:g} s.") from error
        except httpx.HTTPError as error:
            reason = "tls" if "SSL" in str(error) else "connection-refused"
            raise _failed(reason, "The host of the card could not be talked to.") from error


async def _text_of(response: httpx.Response, media_type: str) -> str:
    if not response.is_success:
        raise _refused(response.status_code, response.headers.get("retry-after", ""))
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _BYTES:
            raise _failed("response-too-large", f"The card has more than {_BYTES} bytes.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise malformed_card("invalid-json", mediaType=media_type) from error


def _refused(status: int, retry_after: str) -> Refusal:
    """What an HTTP status stands for."""
    match status:
        case 401:
            text = "The host of the card gives it to those alone who are signed in."
            return Refusal("authentication-required", text, reason="no-credential")
        case 403:
            return Refusal(
                "policy-rejected", "The host of the card does not give it.", source="registry-policy"
            )
        case 407:
            reason, text = "proxy-authentication-required", "The proxy wants credentials."
        case 429:
            reason, text = "rate-limited", "The host of the card was asked too often."
        case _ if status >= 500:
            reason, text = "service-unavailable", "The host of the card is out of order."
        case _ if status < 400:
            reason, text = "redirect-rejected", "The address leads on to another one."
        case _:
            reason, text = "http-status", f"The host of the card answered with status {status}."
    wait = {}
    if status == 429 and retry_after.isdecimal():
        wait = {"retryAfterSeconds": min(max(int(retry_after), 1), _LONGEST_WAIT_SECONDS)}
    return _failed(reason, text, statusCode=status, **wait)


def _failed(reason: str, message: str, **details: object) -> Refusal:
    return Refusal("network-failure", message, reason=reason, **details)
