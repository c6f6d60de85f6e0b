"""Methods that begin and end sessions, join and leave them, and look at stored ones."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    OpenCanvasInstance,
    SessionCapabilities,
    SessionCreateRequest,
    SessionCreateResult,
    SessionGetForegroundResult,
    SessionGetLastIdResult,
    SessionGetMetadataResult,
    SessionListItem,
    SessionListItemContext,
    SessionListRequest,
    SessionListResult,
    SessionResumeRequest,
    SessionResumeResult,
    SessionUICapabilities,
    SuccessResult,
)
from copilot_sdk.runtime.copilot.account import identity_of
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.copilot.settings import client_of, config_of
from copilot_sdk.runtime.copilot.stored_sessions import matches
from copilot_sdk.runtime.core.config import SessionConfig
from copilot_sdk.runtime.core.faults import SessionNotFound
from copilot_sdk.runtime.core.session import Session
from copilot_sdk.runtime.core.storage import SessionRecord

router = Router()


@router.on("session.create", SessionCreateRequest)
async def _create(call: Call, params: SessionCreateRequest) -> SessionCreateResult:
    folder = call.runtime.place.working_folder(params.working_directory)
    config = config_of(call, params, folder)
    config.identity = await identity_of(call, params)
    await call.runtime.check_model(config)
    session = await call.runtime.create(params.session_id, config, client_of(call.connection, params))
    return SessionCreateResult.model_validate(_description(session))


@router.on("session.resume", SessionResumeRequest)
async def _resume(call: Call, params: SessionResumeRequest) -> SessionResumeResult:
    identity = await identity_of(call, params)

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
    result = SessionResumeResult.model_validate(_description(session))
    if session.clients.abilities().canvases:
        result.open_canvases = [
            OpenCanvasInstance.model_validate(panel.to_wire()) for panel in session.canvases.panels
        ]
    return result


@router.on("session.list", SessionListRequest)
async def _list(call: Call, params: SessionListRequest) -> SessionListResult:
    records = [record for record in call.runtime.store.listed() if matches(record, params.filter)]
    return SessionListResult(sessions=[_item(record) for record in records])


@router.plain("session.getMetadata")
async def _get_metadata(call: Call) -> SessionGetMetadataResult:
    record = call.runtime.record(call.target)
    return SessionGetMetadataResult(session=None if record is None else _item(record))


@router.plain("session.getLastId")
async def _get_last_id(call: Call) -> SessionGetLastIdResult:
    stored = next(iter(call.runtime.store.listed()), None)
    return SessionGetLastIdResult(
        session_id=call.runtime.last_used or (None if stored is None else stored.id)
    )


@router.plain("session.delete")
async def _delete(call: Call) -> SuccessResult:
    if await call.runtime.delete(call.target):
        return SuccessResult(success=True)
    return SuccessResult(success=False, error=str(SessionNotFound(call.target)))


@router.plain("session.destroy")
async def _destroy(call: Call) -> SuccessResult:
    return SuccessResult(success=await call.runtime.detach(call.target, call.connection) is True)


@router.plain("session.detach")
async def _detach(call: Call) -> SuccessResult:
    return SuccessResult(success=await call.runtime.detach(call.target, call.connection) is not False)


@router.plain("session.getForeground")
async def _get_foreground(call: Call) -> SessionGetForegroundResult:
    identifier = call.runtime.foreground
    if identifier is None:
        return SessionGetForegroundResult()
    return SessionGetForegroundResult(
        session_id=identifier, workspace_path=str(call.runtime.live(identifier).folder)
    )


@router.plain("session.setForeground")
async def _set_foreground(call: Call) -> SuccessResult:
    try:
        call.runtime.set_foreground(call.target)
    except SessionNotFound as fault:
        return SuccessResult(success=False, error=str(fault))
    return SuccessResult(success=True)


def _description(session: Session) -> dict[str, object]:
    abilities = session.clients.abilities()
    capabilities = SessionCapabilities(
        ui=SessionUICapabilities(
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


def _item(record: SessionRecord) -> SessionListItem:
    return SessionListItem(
        session_id=record.id,
        start_time=record.started_at,
        modified_time=record.modified_at,
        is_remote=False,
        summary=record.summary,
        name=record.name or record.summary,
        is_detached=False,
        context=SessionListItemContext(
            cwd=record.cwd,
            git_root=record.git_root,
            repository=record.repository,
            branch=record.branch,
        ),
    )
