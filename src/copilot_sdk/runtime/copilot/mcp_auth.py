"""Methods of `session.mcp.oauth` and `session.mcp.headers`: the credentials that MCP servers want to see."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    MCPHeadersHandlePendingHeadersRefreshRequestRequest,
    MCPHeadersHandlePendingHeadersRefreshRequestResult,
    MCPOAuthAuthenticationStateChangedRequest,
    MCPOAuthCompleteRequest,
    MCPOAuthHandlePendingRequest,
    MCPOAuthHandlePendingResult,
    MCPOAuthRespondRequest,
    MCPOAuthRespondResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.copilot.settings import raw
from copilot_sdk.runtime.core.faults import RuntimeFault

router = Router()


@router.on("session.mcp.oauth.handlePendingRequest", MCPOAuthHandlePendingRequest)
async def _handle_sign_in(call: Call, params: MCPOAuthHandlePendingRequest) -> MCPOAuthHandlePendingResult:
    sign_ins = call.session.mcp.credentials.sign_ins
    return MCPOAuthHandlePendingResult(success=sign_ins.resolve(params.request_id, raw(params.result)))


@router.on("session.mcp.oauth.respond", MCPOAuthRespondRequest)
async def _respond(call: Call, params: MCPOAuthRespondRequest) -> MCPOAuthRespondResult:
    # A provider is an object of the caller's process: over the wire only its absence can be said.
    sign_ins = call.session.mcp.credentials.sign_ins
    return MCPOAuthRespondResult(success=sign_ins.resolve(params.request_id, {"kind": "cancelled"}))


@router.on("session.mcp.oauth.authenticationStateChanged", MCPOAuthAuthenticationStateChangedRequest)
async def _state_changed(call: Call, params: MCPOAuthAuthenticationStateChangedRequest) -> None:
    await call.session.mcp.signed_in(params.server_name)


@router.on("session.mcp.oauth.complete", MCPOAuthCompleteRequest)
async def _complete(_call: Call, _params: MCPOAuthCompleteRequest) -> None:
    # This runtime begins no sign-in of its own: tokens come from clients.
    raise RuntimeFault("OAuth authorization request is unknown or no longer pending")


@router.on(
    "session.mcp.headers.handlePendingHeadersRefreshRequest",
    MCPHeadersHandlePendingHeadersRefreshRequestRequest,
)
async def _handle_headers(
    call: Call, params: MCPHeadersHandlePendingHeadersRefreshRequestRequest
) -> MCPHeadersHandlePendingHeadersRefreshRequestResult:
    headers = call.session.mcp.credentials.headers
    return MCPHeadersHandlePendingHeadersRefreshRequestResult(
        success=headers.resolve(params.request_id, raw(params.result))
    )
