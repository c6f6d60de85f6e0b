"""Methods that begin and end sessions, join and leave them, and look at stored ones."""

from __future__ import annotations

from copilot_sdk._generated.copilot import types
from copilot_sdk._generated.copilot.types import (
    SessionCreateRequest,
    SessionListRequest,
    SessionResumeRequest,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.copilot.settings import SessionParams, client_of, config_of
from copilot_sdk.runtime.core.accounts import Identity
from copilot_sdk.runtime.core.config import SessionConfig
from copilot_sdk.runtime.core.faults import RuntimeFault, SessionNotFound
from copilot_sdk.runtime.core.session import Session
from copilot_sdk.runtime.core.storage import SessionRecord

router = Router()


@router.on("session.create", SessionCreateRequest)
async def _create(call: Call, params: SessionCreateRequest) -> types.SessionCreateResult:
    folder = call.runtime.place.working_folder(params.working_directory)
    config = config_of(call, params, folder)
    config.identity = await _identity_of(call, params)
    await call.runtime.check_model(config)
    session = await call.runtime.create(params.session_id, config, client_of(call.connection, params))
    return types.SessionCreateResult.model_validate(_description(session))


@router.on("session.resume", SessionResumeRequest)
async def _resume(call: Call, params: SessionResumeRequest) -> types.SessionResumeResult:
    identity = await _identity_of(call, params)

    def configure(record: SessionRecord) -> SessionConfig:
        folder = call.runtime.place.working_folder(params.working_directory or record.cwd)
        config = config_of(call, params, folder)
        config.identity = identity
        return config

    session = await call.runtime.resume(
        params.session_id,
        configure,
        client_of(call.connection, params),
        announce=not params.disable_resume,
        continue_pending=bool(params.continue_pending_work),
    )
    result = types.SessionResumeResult.model_validate(_description(session))
    if session.clients.abilities().canvases:
        result.open_canvases = [
            types.OpenCanvasInstance.model_validate(panel.to_wire()) for panel in session.canvases.panels
        ]
    return result


@router.on("session.list", SessionListRequest)
async def _list(call: Call, params: SessionListRequest) -> types.SessionListResult:
    from copilot_sdk.runtime.copilot.stored_sessions import matches

    records = [record for record in call.runtime.store.listed() if matches(record, params.filter)]
    return types.SessionListResult(sessions=[_item(record) for record in records])


@router.plain("session.getMetadata")
async def _get_metadata(call: Call) -> types.SessionGetMetadataResult:
    record = call.runtime.record(call.target)
    return types.SessionGetMetadataResult(session=None if record is None else _item(record))


@router.plain("session.getLastId")
async def _get_last_id(call: Call) -> types.SessionGetLastIdResult:
    stored = next(iter(call.runtime.store.listed()), None)
    return types.SessionGetLastIdResult(
        session_id=call.runtime.last_used or (None if stored is None else stored.id)
    )


@router.plain("session.delete")
async def _delete(call: Call) -> types.SuccessResult:
    if await call.runtime.delete(call.target):
        return types.SuccessResult(success=True)
    return types.SuccessResult(success=False, error=str(SessionNotFound(call.target)))


@router.plain("session.destroy")
async def _destroy(call: Call) -> types.SuccessResult:
    return types.SuccessResult(success=await call.runtime.detach(call.target, call.connection) is True)


@router.plain("session.detach")
async def _detach(call: Call) -> types.SuccessResult:
    return types.SuccessResult(success=await call.runtime.detach(call.target, call.connection) is not False)


@router.plain("session.getForeground")
async def _get_foreground(call: Call) -> types.SessionGetForegroundResult:
    identifier = call.runtime.foreground
    if identifier is None:
        return types.SessionGetForegroundResult()
    return types.SessionGetForegroundResult(
        session_id=identifier, workspace_path=str(call.runtime.live(identifier).folder)
    )


@router.plain("session.setForeground")
async def _set_foreground(call: Call) -> types.SuccessResult:
    try:
        call.runtime.set_foreground(call.target)
    except SessionNotFound as fault:
        return types.SuccessResult(success=False, error=str(fault))
    return types.SuccessResult(success=True)


async def _identity_of(call: Call, params: SessionParams) -> Identity | None:
    """The owner of the token that a session is opened with; None for who is signed in at the runtime.

    Raises:
        RuntimeFault: The token is unknown.
    """
    accounts = call.runtime.accounts
    if params.github_token is None or not accounts.available:
        return None
    try:
        return await accounts.owner_of(params.github_token)
    except RuntimeFault as fault:
        raise RuntimeFault(f"GitHub token validation failed: {fault}") from fault


def _description(session: Session) -> dict[str, object]:
    abilities = session.clients.abilities()
    capabilities = types.SessionCapabilities(
        ui=types.SessionUICapabilities(
            elicitation=abilities.elicitation,
            mcp_apps=session.clients.shows_apps,
            canvases=abilities.canvases,
        ),
        extensions=session.extensions.wanted,
    )
    return {
        "sessionId": session.id,
        "nativeSessionId": session.id,
        "startTime": session.record.started_at,
        "isRemote": False,
        "mode": session.modes.current,
        "workspacePath": str(session.folder),
        "capabilities": capabilities,
        "modelState": session.model_choice.state,
    }


def _item(record: SessionRecord) -> types.SessionListItem:
    return types.SessionListItem(
        session_id=record.id,
        start_time=record.started_at,
        modified_time=record.modified_at,
        is_remote=False,
        summary=record.summary,
        name=record.name or record.summary,
        is_detached=False,
        client_name=record.client_name,
        context=types.SessionListItemContext(
            cwd=record.cwd,
            git_root=record.git_root,
            repository=record.repository,
            branch=record.branch,
        ),
    )
