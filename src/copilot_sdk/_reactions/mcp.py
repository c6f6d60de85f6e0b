"""Remote MCP servers that want credentials. Without a usable answer they get none."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from copilot_sdk._callbacks import Contained, call_off_loop
from copilot_sdk._reactions.question import Question
from copilot_sdk.errors import RpcError, UnsupportedMethod

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.api.session import SessionRPC
    from copilot_sdk._generated.copilot.types import MCPHeadersRefreshRequiredData, MCPOAuthRequiredData
    from copilot_sdk.mcp import MCPHeadersAnswer, MCPHeadersRefreshHandler, MCPOAuthAnswer, MCPOAuthHandler

_logger = logging.getLogger("copilot_sdk.session")


def oauth(handler: MCPOAuthHandler) -> Question:
    """Sign-ins to MCP servers; one that fails is cancelled."""
    from copilot_sdk.mcp import cancel

    return Question(
        event_type="mcp.oauth_required",
        completed="mcp.oauth_completed",
        work=partial(_sign_in, handler),
        reply=_reply_to_oauth,
        fallback=cancel,
        needs_interest=True,
    )


def headers_refresh(handler: MCPHeadersRefreshHandler) -> Question:
    """Headers for MCP servers; that they could not be had is told as such."""
    from copilot_sdk.mcp import no_headers

    return Question(
        event_type="mcp.headers_refresh_required",
        completed="mcp.headers_refresh_completed",
        work=partial(_refresh, handler),
        reply=_reply_to_headers_refresh,
        fallback=no_headers,
        needs_interest=True,
    )


# What a handler returns in place of an answer may be a credential: no error shows it.


async def _sign_in(handler: MCPOAuthHandler, data: MCPOAuthRequiredData) -> MCPOAuthAnswer:
    from copilot_sdk._generated.copilot.types import (
        MCPOAuthPendingRequestResponseCancelled,
        MCPOAuthPendingRequestResponseRuntimeRefresh,
        MCPOAuthPendingRequestResponseToken,
    )

    answer = await call_off_loop(handler, data)
    if (
        isinstance(answer, MCPOAuthPendingRequestResponseRuntimeRefresh)
        and not data.runtime_refresh_supported
    ):
        raise ValueError("runtime_refresh() is no answer where runtime_refresh_supported is not true")
    if isinstance(
        answer,
        MCPOAuthPendingRequestResponseToken
        | MCPOAuthPendingRequestResponseCancelled
        | MCPOAuthPendingRequestResponseRuntimeRefresh,
    ):
        return answer
    raise TypeError(
        f"it has to return what token, cancel or runtime_refresh of copilot_sdk.mcp give, not {type(answer)}"
    )


async def _reply_to_oauth(rpc: SessionRPC, request_id: str, result: Any) -> None:
    try:
        await rpc.mcp.oauth.handle_pending_request(request_id=request_id, result=result)
    except UnsupportedMethod:
        # All that can be sent to a runtime of that age is a refusal.
        _logger.warning(
            "this runtime takes no OAuth tokens of a client: a sign-in to an MCP server is cancelled"
        )
        await rpc.mcp.oauth.respond(request_id=request_id)


async def _refresh(
    handler: MCPHeadersRefreshHandler, data: MCPHeadersRefreshRequiredData
) -> MCPHeadersAnswer:
    from copilot_sdk._generated.copilot.types import (
        MCPHeadersHandlePendingHeadersRefreshRequestError,
        MCPHeadersHandlePendingHeadersRefreshRequestHeaders,
        MCPHeadersHandlePendingHeadersRefreshRequestNone,
    )

    with Contained("mcp.headers_refresh_required") as call:
        answer = await call_off_loop(handler, data)
        if isinstance(
            answer,
            MCPHeadersHandlePendingHeadersRefreshRequestHeaders
            | MCPHeadersHandlePendingHeadersRefreshRequestNone,
        ):
            return answer
        raise TypeError(
            f"it has to return what headers or no_headers of copilot_sdk.mcp give, not {type(answer)}"
        )
    return MCPHeadersHandlePendingHeadersRefreshRequestError(message=call.problem or "")


async def _reply_to_headers_refresh(rpc: SessionRPC, request_id: str, result: Any) -> None:
    from copilot_sdk.mcp import no_headers

    try:
        await rpc.mcp.headers.handle_pending_headers_refresh_request(request_id=request_id, result=result)
    except RpcError:
        if result.kind != "error":
            raise
        # Runtimes before 1.0.102 know no failure.
        await rpc.mcp.headers.handle_pending_headers_refresh_request(
            request_id=request_id, result=no_headers()
        )
