"""Methods of `mcp.oauth`: what remote MCP servers say of how one signs in to them."""

from __future__ import annotations

import asyncio
import json
from importlib import import_module
from urllib.parse import urlsplit

from copilot_sdk._generated.copilot.types import (
    MCPOAuthCheckDcrSupportRequest,
    MCPOAuthCheckDcrSupportResult,
    MCPOAuthFetchProtectedResourceMetadataRequest,
    MCPOAuthFetchProtectedResourceMetadataResult,
    MCPOAuthIsMicrosoftAuthorizationServerRequest,
    MCPOAuthIsMicrosoftAuthorizationServerResult,
    MCPOAuthStaticClientConfigRequest,
    MCPOAuthStaticClientConfigResult,
)
from copilot_sdk._model.json_values import is_object, texts_in
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.copilot.settings import raw
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.mcp.host import MISSING, is_available

router = Router()

_ENTRA = (
    "login.microsoft.com",
    "login.microsoftonline.com",
    "login.microsoftonline.de",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.windows.net",
    "sts.windows.net",
)
"""Where Microsoft Entra ID signs people in; subdomains of these too."""


@router.on(
    "mcp.oauth.staticClientConfig", MCPOAuthStaticClientConfigRequest, exact=RuntimeFault, opaque="config"
)
async def _static_client(
    _: Call, params: MCPOAuthStaticClientConfigRequest
) -> MCPOAuthStaticClientConfigResult:
    config = raw(params.config)
    client_id, public = config.get("oauthClientId"), config.get("oauthPublicClient")
    if not isinstance(client_id, str) or not client_id:
        return MCPOAuthStaticClientConfigResult()
    client: dict[str, object] = {"clientId": client_id}
    if isinstance(public, bool):
        client["publicClient"] = public
    if config.get("oauthGrantType") == "client_credentials":
        client["grantType"] = "client_credentials"
    if scopes := texts_in(config.get("oauthScopes")):
        client["scope"] = " ".join(scopes)
    return MCPOAuthStaticClientConfigResult.model_validate({"clientConfig": client})


@router.on(
    "mcp.oauth.fetchProtectedResourceMetadata",
    MCPOAuthFetchProtectedResourceMetadataRequest,
    exact=RuntimeFault,
)
async def _fetch(
    _: Call, params: MCPOAuthFetchProtectedResourceMetadataRequest
) -> MCPOAuthFetchProtectedResourceMetadataResult:
    url = _given(params.request_url, "requestUrl")
    headers = _headers(params.headers_json)
    if params.user_agent:
        headers["User-Agent"] = params.user_agent
    await _load()
    from copilot_sdk.runtime.core.mcp.metadata import protected_resource_text

    text = await protected_resource_text(
        url, metadata_url=params.resource_metadata_url, headers=headers, proxy=params.sandbox_proxy
    )
    return MCPOAuthFetchProtectedResourceMetadataResult(metadata_text=text)


@router.on("mcp.oauth.checkDcrSupport", MCPOAuthCheckDcrSupportRequest, exact=RuntimeFault)
async def _check_registration(
    _: Call, params: MCPOAuthCheckDcrSupportRequest
) -> MCPOAuthCheckDcrSupportResult:
    url = _given(params.server_url, "serverUrl")
    await _load()
    from copilot_sdk.runtime.core.mcp.metadata import registration

    found = await registration(url, metadata=params.resource_metadata_text, proxy=params.sandbox_proxy)
    return MCPOAuthCheckDcrSupportResult(supports_dcr=found.supported, authorization_server_url=found.server)


@router.on(
    "mcp.oauth.isMicrosoftAuthorizationServer",
    MCPOAuthIsMicrosoftAuthorizationServerRequest,
    exact=RuntimeFault,
)
async def _is_microsoft(
    _: Call, params: MCPOAuthIsMicrosoftAuthorizationServerRequest
) -> MCPOAuthIsMicrosoftAuthorizationServerResult:
    url = _given(params.authorization_server_url, "authorizationServerUrl")
    try:
        parts = urlsplit(url)
        host = (parts.hostname if parts.scheme else None) or ""
    except ValueError:
        host = ""
    return MCPOAuthIsMicrosoftAuthorizationServerResult(
        is_microsoft_authorization_server=any(host == name or host.endswith(f".{name}") for name in _ENTRA)
    )


def _given(text: str, name: str) -> str:
    if not text:
        raise RuntimeFault(f"{name} must not be empty")
    return text


def _headers(text: str | None) -> dict[str, str]:
    """The headers in a JSON object.

    Raises:
        RuntimeFault: They are something else.
    """
    if not text:
        return {}
    try:
        headers: object = json.loads(text)
    except ValueError as error:
        raise RuntimeFault(f"headersJson: {error}") from error
    if not is_object(headers) or not all(isinstance(value, str) for value in headers.values()):
        raise RuntimeFault("headersJson: expected an object of strings")
    return {name: str(value) for name, value in headers.items()}


async def _load() -> None:
    """Loads the `mcp` package in a thread, because that takes seconds.

    Raises:
        RuntimeFault: It is not installed.
    """
    if not is_available():
        raise RuntimeFault(MISSING)
    await asyncio.to_thread(import_module, "copilot_sdk.runtime.core.mcp.metadata")
