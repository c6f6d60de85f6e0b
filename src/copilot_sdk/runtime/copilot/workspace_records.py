"""Methods for the records of sessions in folders that the caller names."""

from __future__ import annotations

import json
from pathlib import Path, PurePath

from copilot_sdk._generated.copilot.types import (
    SessionsCreateWorkspaceRequest,
    SessionsCreateWorkspaceResult,
    SessionsLoadWorkspaceRequest,
    SessionsLoadWorkspaceResult,
    SessionsUpdateWorkspaceFieldsRequest,
    SessionsUpdateWorkspaceFieldsResult,
)
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.clock import now, stamp
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.storage import SessionRecord
from copilot_sdk.runtime.core.store import make_workspace, read_record, write_record

router = Router()


@router.on("sessions.createWorkspace", SessionsCreateWorkspaceRequest)
async def _create(_: Call, params: SessionsCreateWorkspaceRequest) -> SessionsCreateWorkspaceResult:
    moment, context = stamp(now()), params.context
    record = SessionRecord(
        id=params.session_id,
        started_at=moment,
        modified_at=moment,
        cwd="" if context is None else context.cwd,
        name=params.name,
        named_by_user=params.name is not None,
    )
    if context is not None:
        record.git_root, record.repository = context.git_root, context.repository
        record.branch, record.host_type = context.branch, context.host_type
        record.client_name = context.client_name
    try:
        make_workspace(Path(params.session_state_path), record)
    except OSError as error:
        raise RuntimeFault(f"The workspace cannot be made: {error}") from error
    return SessionsCreateWorkspaceResult(workspace_json=json.dumps(record.to_wire()))


@router.on("sessions.loadWorkspace", SessionsLoadWorkspaceRequest)
async def _load(_: Call, params: SessionsLoadWorkspaceRequest) -> SessionsLoadWorkspaceResult:
    record = read_record(_folder(params.sessions_home, params.session_id))
    return SessionsLoadWorkspaceResult(
        workspace_json=None if record is None else json.dumps(record.to_wire())
    )


@router.on("sessions.updateWorkspaceFields", SessionsUpdateWorkspaceFieldsRequest)
async def _update(
    call: Call, params: SessionsUpdateWorkspaceFieldsRequest
) -> SessionsUpdateWorkspaceFieldsResult:
    folder = _folder(params.sessions_home, params.session_id)
    try:
        fields: object = json.loads(params.fields_json)
    except ValueError as error:
        raise RuntimeFault(f"fieldsJson: {error}") from error
    if not is_object(fields):
        raise RuntimeFault("fieldsJson: expected an object")
    live = call.runtime.find_live(params.session_id)
    if live is not None and live.folder != folder:
        live = None
    known = live.record if live is not None else read_record(folder)
    moment = stamp(now())
    before = {"id": params.session_id, "created_at": moment} if known is None else known.to_wire()
    try:
        record = SessionRecord.from_wire({**before, "updated_at": moment, **fields})
    except ValueError as error:
        raise RuntimeFault(f"fieldsJson: {error}") from error
    folder.mkdir(parents=True, exist_ok=True)
    write_record(folder, record)
    if live is not None:
        live.record = record
    return SessionsUpdateWorkspaceFieldsResult()


def _folder(home: str, session_id: str) -> Path:
    path = PurePath(session_id)
    if not path.parts or path.is_absolute() or ".." in path.parts:
        raise RuntimeFault("session_id must be a relative path without parent components")
    return Path(home) / path
