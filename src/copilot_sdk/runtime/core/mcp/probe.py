"""Whether a remote MCP server wants a sign-in, found out by asking it once. This module loads the `mcp` package."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx2
from mcp.shared._httpx_utils import create_mcp_http_client

from copilot_sdk.runtime.core.mcp.credentials import challenge_of
from copilot_sdk.runtime.core.mcp.spec import ServerSpec

Json = Mapping[str, object]

_SECONDS = 10.0
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_QUESTION = {"jsonrpc": "2.0", "id": "mcp-oauth-probe", "method": "ping"}
_ACCEPT = "application/json, text/event-stream"


async def probe(spec: ServerSpec, token: str | None) -> Json:
    """Asks a server.

    Args:
        spec: The server.
        token: The token that was got for it by a sign-in.

    Returns:
        What came of it, as `session.mcp.oauth.probe` answers.
    """
    headers = {**spec.headers, "Accept": _ACCEPT}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    sse = spec.transport == "sse"
    try:
        async with asyncio.timeout(_SECONDS), create_mcp_http_client(headers=headers) as http:
            question = http.stream("GET", spec.url) if sse else http.stream("POST", spec.url, json=_QUESTION)
            async with question as response:
                # A stream of events has no end.
                is_stream = "text/event-stream" in response.headers.get("Content-Type", "")
                body = b"" if is_stream else await response.aread()
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
        return {"status": "failed", "error": str(error) or type(error).__name__}
    return _judged(response, _text(body), signed_in=token is not None)


def _judged(response: httpx2.Response, body: str | None, *, signed_in: bool) -> Json:
    status = response.status_code
    told = {
        "statusCode": status,
        "headers": [{"name": name, "value": value} for name, value in response.headers.multi_items()],
        "body": body,
    }
    if response.is_success:
        return {"status": "authenticated" if signed_in else "no-auth-required", "httpResponse": told}
    challenge = challenge_of(response.headers.get("WWW-Authenticate", ""))
    upscope = status == _FORBIDDEN and challenge.get("error") == "insufficient_scope"
    if status != _UNAUTHORIZED and not upscope:
        return {
            "status": "failed",
            "error": f"the server answered with status {status}",
            "httpResponse": told,
        }
    reason = "upscope" if upscope else "refresh" if signed_in else "initial"
    needed = {"status": "needs-auth", "httpResponse": told, "reason": reason}
    return {**needed, "wwwAuthenticateParams": challenge} if challenge else needed


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
