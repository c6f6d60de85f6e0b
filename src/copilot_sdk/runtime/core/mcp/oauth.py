"""Gets the tokens of an OAuth sign-in. Loading this module loads the `mcp` package, which takes its time."""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable
from typing import Literal

import httpx2
from mcp.client.auth import OAuthClientProvider, OAuthFlowError
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl

from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.mcp.sign_ins import Browser, KnownSignIn, SignInOptions
from copilot_sdk.runtime.core.mcp.spec import ServerSpec

_CLIENT_NAME = "copilot-sdk-runtime"
_ASKS = {"jsonrpc": "2.0", "id": 0, "method": "ping"}
_ACCEPT = {"Accept": "application/json, text/event-stream"}
_PUBLIC: Literal["none"] = "none"
_POST: Literal["client_secret_post"] = "client_secret_post"


class _Storage:
    """What the package keeps of a sign-in; see `TokenStorage`."""

    def __init__(self, known: KnownSignIn, client: OAuthClientInformationFull | None) -> None:
        self._known = known
        self._client = client

    async def get_tokens(self) -> OAuthToken | None:
        return None if self._known.tokens is None else OAuthToken.model_validate(self._known.tokens)

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self._known.tokens = tokens.model_dump(mode="json", exclude_none=True)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        if self._client is not None or self._known.client is None:
            return self._client
        return OAuthClientInformationFull.model_validate(self._known.client)

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self._known.client = client_info.model_dump(mode="json", exclude_none=True)


async def sign_in(
    spec: ServerSpec,
    options: SignInOptions,
    known: KnownSignIn,
    browser: Browser,
) -> None:
    """Signs in to a server, unless what is known of earlier sign-ins is enough.

    Args:
        spec: The server.
        options: How to sign in.
        known: What is known; the tokens come to stand there.
        browser: The browser of the user.

    Raises:
        RuntimeFault: The server cannot be reached, or does not let one in.
    """

    async def came_back() -> AuthorizationCodeResult:
        query = await browser.comes_back()
        if "code" not in query:
            raise OAuthFlowError(query.get("error_description") or query.get("error") or "no code came back")
        return AuthorizationCodeResult(code=query["code"], state=query.get("state"), iss=query.get("iss"))

    try:
        auth = _provider(spec, options, known, browser, came_back)
        async with create_mcp_http_client(headers=dict(spec.headers), auth=auth) as http:
            # Whatever it answers: on the way there the package signs in.
            if spec.transport == "sse":
                request = http.stream("GET", spec.url, headers=_ACCEPT)
            else:
                request = http.stream("POST", spec.url, json=_ASKS, headers=_ACCEPT)
            async with request:
                pass
    except (OAuthFlowError, httpx2.HTTPError, ValueError) as error:
        raise RuntimeFault(
            f"OAuth sign-in to {spec.url} failed: {str(error) or type(error).__name__}"
        ) from error


def _provider(
    spec: ServerSpec,
    options: SignInOptions,
    known: KnownSignIn,
    browser: Browser,
    came_back: Callable[[], Awaitable[AuthorizationCodeResult]],
) -> OAuthClientProvider:
    client_id = options.client_id or spec.client_id
    if options.without_user:
        if client_id is None or options.client_secret is None:
            raise RuntimeFault("The grant client_credentials needs clientId and clientSecret")
        with warnings.catch_warnings():
            # Nothing on the wire names the issuer, which the package would like to know.
            warnings.simplefilter("ignore")
            return ClientCredentialsOAuthProvider(
                spec.url, _Storage(known, None), client_id, options.client_secret, _POST
            )
    method = _PUBLIC if options.client_secret is None else _POST
    client = client_id and OAuthClientInformationFull(
        client_id=client_id,
        client_secret=options.client_secret,
        redirect_uris=[AnyUrl(browser.redirect_uri)],
        token_endpoint_auth_method=method,
    )
    metadata = OAuthClientMetadata(
        client_name=options.client_name or _CLIENT_NAME,
        redirect_uris=[AnyUrl(browser.redirect_uri)],
        token_endpoint_auth_method=_PUBLIC,
        grant_types=["authorization_code", "refresh_token"],
    )
    return OAuthClientProvider(spec.url, metadata, _Storage(known, client or None), browser.opens, came_back)
