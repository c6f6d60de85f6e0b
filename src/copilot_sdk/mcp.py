"""Answers to remote MCP servers that want credentials: OAuth tokens, and headers that the program makes itself.

A handler is a function, plain or async, of the request; pass it as `on_mcp_oauth` or `on_mcp_headers_refresh`. A plain
one may block: it is run in a worker thread. No credential shows in the repr of an answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import (
        MCPHeadersHandlePendingHeadersRefreshRequest,
        MCPHeadersHandlePendingHeadersRefreshRequestHeaders,
        MCPHeadersHandlePendingHeadersRefreshRequestNone,
        MCPHeadersRefreshRequiredData,
        MCPOAuthPendingRequestResponse,
        MCPOAuthPendingRequestResponseCancelled,
        MCPOAuthPendingRequestResponseRuntimeRefresh,
        MCPOAuthPendingRequestResponseToken,
        MCPOAuthRequiredData,
    )

MCPOAuthAnswer: TypeAlias = "MCPOAuthPendingRequestResponse"
"""What `token`, `cancel` and `runtime_refresh` give."""
MCPOAuthHandler: TypeAlias = "Callable[[MCPOAuthRequiredData], Awaitable[MCPOAuthAnswer] | MCPOAuthAnswer]"
"""Signs in to an MCP server. `reason` says why: `initial`, `refresh`, `reauth` or `upscope`."""
MCPHeadersAnswer: TypeAlias = "MCPHeadersHandlePendingHeadersRefreshRequest"
"""What `headers` and `no_headers` give."""
MCPHeadersRefreshHandler: TypeAlias = (
    "Callable[[MCPHeadersRefreshRequiredData], Awaitable[MCPHeadersAnswer] | MCPHeadersAnswer]"
)
"""Gives the headers for an MCP server. `reason` says why: `startup`, `ttl-expired` or `auth-failed`."""


def token(
    access_token: str, *, expires_in: int | None = None, token_type: str | None = None
) -> MCPOAuthPendingRequestResponseToken:
    """The program has a token for the server.

    Args:
        access_token: The token.
        expires_in: Seconds until it expires, if that is known.
        token_type: Its type; bearer when left out.
    """
    from copilot_sdk._generated.copilot.types import MCPOAuthPendingRequestResponseToken

    given: dict[str, Any] = {"expires_in": expires_in, "token_type": token_type}
    return MCPOAuthPendingRequestResponseToken(access_token=access_token, **_without_none(given))


def cancel() -> MCPOAuthPendingRequestResponseCancelled:
    """There is no token: the server stays without authorization, and its tools are missing."""
    from copilot_sdk._generated.copilot.types import MCPOAuthPendingRequestResponseCancelled

    return MCPOAuthPendingRequestResponseCancelled()


def runtime_refresh() -> MCPOAuthPendingRequestResponseRuntimeRefresh:
    """The runtime may renew the token by itself, without the user.

    For requests whose `runtime_refresh_supported` is true; any other is cancelled. The runtime can renew what it got
    itself, by `session.mcp.oauth.login`; a token that the program gave it cannot be renewed, and the sign-in fails.
    Since runtime 1.0.102.
    """
    from copilot_sdk._generated.copilot.types import MCPOAuthPendingRequestResponseRuntimeRefresh

    return MCPOAuthPendingRequestResponseRuntimeRefresh()


def headers(
    values: Mapping[str, str], *, ttl: float | None = None
) -> MCPHeadersHandlePendingHeadersRefreshRequestHeaders:
    """The headers for the requests to the server.

    Args:
        values: The headers by name; they come before those of the server's configuration.
        ttl: Seconds that they are good for, where that is less than the `headers_refresh_ttl_ms` of the server's
            configuration. Since runtime 1.0.102.
    """
    from copilot_sdk._generated.copilot.types import MCPHeadersHandlePendingHeadersRefreshRequestHeaders

    given: dict[str, Any] = {"ttl_ms": None if ttl is None else int(ttl * 1000)}
    return MCPHeadersHandlePendingHeadersRefreshRequestHeaders(headers=dict(values), **_without_none(given))


def no_headers() -> MCPHeadersHandlePendingHeadersRefreshRequestNone:
    """There are no headers to add this time; the runtime goes on without."""
    from copilot_sdk._generated.copilot.types import MCPHeadersHandlePendingHeadersRefreshRequestNone

    return MCPHeadersHandlePendingHeadersRefreshRequestNone()


def _without_none(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}
