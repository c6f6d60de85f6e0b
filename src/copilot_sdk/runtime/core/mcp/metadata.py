"""What remote MCP servers and their authorization servers publish of themselves. Loads the `mcp` package."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, urlsplit

import httpx2
from mcp.client.auth.utils import (
    build_oauth_authorization_server_metadata_discovery_urls as authorization_server_urls,
)
from mcp.client.auth.utils import extract_field_from_www_auth
from mcp.shared.inbound import MCP_PROTOCOL_VERSION_HEADER
from mcp.types import LATEST_PROTOCOL_VERSION

from copilot_sdk._model.json_values import is_array, is_object

Json = Mapping[str, object]

_SECONDS = 10.0
_UNAUTHORIZED = 401
_VERSION = {MCP_PROTOCOL_VERSION_HEADER: LATEST_PROTOCOL_VERSION}
_ACCEPT = {"Accept": "application/json"}
_RESOURCE = "/.well-known/oauth-protected-resource"
_OPENID = "/.well-known/openid-configuration"
_UNSAFE = {"javascript", "data", "vbscript"}
_ENDPOINTS = ("authorization_endpoint", "token_endpoint")
_LISTS = ("response_types_supported",)
_OPENID_ENDPOINTS = (*_ENDPOINTS, "jwks_uri")
_OPENID_LISTS = (*_LISTS, "subject_types_supported", "id_token_signing_alg_values_supported")


@dataclass(frozen=True, slots=True)
class Registration:
    """Whether clients can register themselves.

    Attributes:
        supported: Whether they can.
        server: The URL of the authorization server.
    """

    supported: bool
    server: str


async def protected_resource_text(
    url: str, *, metadata_url: str | None, headers: Mapping[str, str], proxy: str | None
) -> str | None:
    """What a server says of itself as a protected resource, as it says it.

    Args:
        url: The address of the server.
        metadata_url: Where that stands; None for the usual places.
        headers: What goes with each request.
        proxy: The proxy to go through, if any.

    Returns:
        None where nothing can be had.
    """
    async with _Web(proxy) as web:
        for place in _resource_places(url) if metadata_url is None else [metadata_url]:
            found = await web.ask("GET", place, {**headers, **_VERSION})
            if found is not None and found.is_success:
                return found.text
    return None


async def registration(url: str, *, metadata: str | None, proxy: str | None) -> Registration:
    """Finds out whether clients of a server can register themselves.

    Args:
        url: The address of the server.
        metadata: What it says of itself as a protected resource; None or nonsense has it asked.
        proxy: The proxy to go through, if any.
    """
    async with _Web(proxy) as web:
        resource = _resource(metadata or "", url) or await _asked_resource(web, url)
        servers = resource.get("authorization_servers")
        named = servers[0] if is_array(servers) and servers else None
        server = named if isinstance(named, str) else url
        for place, issuer in _server_places(server):
            found = await web.ask("GET", place, {**_ACCEPT, **_VERSION})
            if found is None or found.is_client_error:
                continue
            document = _object(found.text)
            if not found.is_success or not _describes(document, issuer, openid=_OPENID in place):
                break
            return Registration("registration_endpoint" in document, issuer)
    return Registration(supported=False, server=server)


class _Web:
    """Asks for pages; one that cannot be had is None."""

    def __init__(self, proxy: str | None) -> None:
        self._http: httpx2.AsyncClient | None = None
        # Nothing can be had through a proxy that is none.
        with suppress(ValueError, httpx2.InvalidURL):
            self._http = httpx2.AsyncClient(follow_redirects=True, proxy=proxy or None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], *, body: Json | None = None
    ) -> httpx2.Response | None:
        if self._http is None:
            return None
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._http.request(method, url, headers=dict(headers), json=body)
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, TimeoutError):
            return None


async def _asked_resource(web: _Web, url: str) -> Json:
    """What a server says of itself, at the address that its challenge names or at the usual places."""
    refused = await web.ask("POST", url, _ACCEPT, body={})
    named = None
    if refused is not None and refused.status_code == _UNAUTHORIZED:
        named = extract_field_from_www_auth(refused, "resource_metadata")
    for place in ([] if named is None else [named]) + list(_resource_places(url)):
        found = await web.ask("GET", place, {**_ACCEPT, **_VERSION})
        if found is not None and found.is_success and (resource := _resource(found.text, url)) is not None:
            return resource
    return {}


def _resource_places(url: str) -> Iterator[str]:
    """Where a server usually says what it is: below the origin, at the origin, below itself."""
    parts = _parts(url)
    path = parts.path.rstrip("/")
    yield from dict.fromkeys(
        parts._replace(path=place, query=query, fragment="").geturl()
        for place, query in (
            (f"{_RESOURCE}{path}", parts.query),
            (_RESOURCE, ""),
            (f"{path}{_RESOURCE}", parts.query),
        )
    )


def _server_places(server: str) -> Iterator[tuple[str, str]]:
    """Where an authorization server says what it is, and the issuer that it has to name there."""
    parts = _parts(server)
    if not parts.netloc:
        return
    for place in authorization_server_urls(server, server):
        yield place, server
    if parts.path.strip("/"):
        origin = f"{parts.scheme}://{parts.netloc}"
        for place in authorization_server_urls(origin, origin):
            yield place, origin


def _resource(text: str, url: str) -> Json | None:
    """The description of a protected resource of the same origin; None if it is none."""
    described = _object(text)
    resource, servers = described.get("resource"), described.get("authorization_servers", [])
    if not isinstance(resource, str) or not is_array(servers):
        return None
    if not is_array(described.get("scopes_supported", [])):
        return None
    return described if _origin(resource) == _origin(url) else None


def _describes(document: Json, issuer: str, *, openid: bool) -> bool:
    """Whether a document is the metadata of an authorization server."""
    endpoints, lists = (_OPENID_ENDPOINTS, _OPENID_LISTS) if openid else (_ENDPOINTS, _LISTS)
    if "registration_endpoint" in document:
        endpoints = (*endpoints, "registration_endpoint")
    return (
        document.get("issuer") == issuer
        and all(_is_url(document.get(name)) for name in endpoints)
        and all(_is_texts(document.get(name)) for name in lists)
    )


def _is_url(value: object) -> bool:
    return isinstance(value, str) and _parts(value).scheme not in {"", *_UNSAFE}


def _is_texts(value: object) -> bool:
    return is_array(value) and all(isinstance(item, str) for item in value)


def _origin(url: str) -> tuple[str, str]:
    parts = _parts(url)
    return parts.scheme, parts.netloc.lower()


def _parts(url: str) -> SplitResult:
    """The parts of an address; empty ones if it is none."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _object(text: str) -> Json:
    """The object in a text; an empty one if there is none."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return {}
    return value if is_object(value) else {}
