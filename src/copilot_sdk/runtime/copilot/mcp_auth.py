"""Methods of `session.mcp.oauth` and `session.mcp.headers`: the credentials that MCP servers want to see."""

from __future__ import annotations

import asyncio
from importlib import import_module

from copilot_sdk._generated.copilot.types import (
    MCPHeadersHandlePendingHeadersRefreshRequestRequest,
    MCPHeadersHandlePendingHeadersRefreshRequestResult,
    MCPOAuthAuthenticationStateChangedRequest,
    MCPOAuthCompleteRequest,
    MCPOAuthHandlePendingRequest,
    MCPOAuthHandlePendingResult,
    MCPOAuthLoginRequest,
    MCPOAuthLoginResult,
    MCPOAuthProbeRequest,
    MCPOAuthRespondRequest,
    MCPOAuthRespondResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.copilot.settings import raw
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.mcp.host import MISSING, is_available
from copilot_sdk.runtime.core.mcp.sign_ins import SignInOptions

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
async def _complete(call: Call, params: MCPOAuthCompleteRequest) -> None:
    await call.session.mcp.sign_ins.complete(params.authorization_id, params.callback_url)


@router.on("session.mcp.oauth.login", MCPOAuthLoginRequest)
async def _login(call: Call, params: MCPOAuthLoginRequest) -> MCPOAuthLoginResult:
    if not is_available():
        raise RuntimeFault(MISSING)
    options = SignInOptions(
        force=bool(params.force_reauth),
        client_name=params.client_name,
        success=params.callback_success_message,
        client_id=params.client_id,
        client_secret=None if params.public_client else params.client_secret,
        without_user=params.grant_type == "client_credentials",
        redirect_uri=params.redirect_uri,
    )
    begun = await call.session.mcp.sign_ins.begin(params.server_name, options)
    return MCPOAuthLoginResult(authorization_url=begun.url, authorization_id=begun.id)


@router.on("session.mcp.oauth.probe", MCPOAuthProbeRequest)
async def _probe(call: Call, params: MCPOAuthProbeRequest) -> dict[str, object]:
    mcp, name = call.session.mcp, params.server_name
    await mcp.ready()
    spec = mcp.spec(name)
    if spec is None:
        return {"status": "failed", "error": f'MCP server "{name}" has no configured connection'}
    if not spec.is_remote:
        return {"status": "failed", "error": f'MCP server "{name}" is not reached over HTTP'}
    if not is_available():
        raise RuntimeFault(MISSING)
    # In a thread, because loading the package takes seconds.
    await asyncio.to_thread(import_module, "copilot_sdk.runtime.core.mcp.probe")
    from copilot_sdk.runtime.core.mcp.probe import probe

    return dict(await probe(spec, mcp.sign_ins.token(spec.url)))


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
