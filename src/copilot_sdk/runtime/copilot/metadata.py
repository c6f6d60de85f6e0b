"""Methods of `session.metadata`."""

from __future__ import annotations

from pathlib import Path

from copilot_sdk._generated.copilot.types import (
    MetadataIsProcessingResult,
    MetadataRecordContextChangeRequest,
    MetadataRecordContextChangeResult,
    MetadataSetWorkingDirectoryRequest,
    MetadataSetWorkingDirectoryResult,
    SessionActivity,
    SessionMetadataSnapshot,
    WorkspaceSummary,
)
from copilot_sdk.runtime.copilot.router import Call, Router

router = Router()


@router.plain("session.metadata.snapshot")
async def _snapshot(call: Call) -> SessionMetadataSnapshot:
    session = call.session
    record = session.record
    return SessionMetadataSnapshot(
        session_id=record.id,
        start_time=record.started_at,
        modified_time=record.modified_at,
        is_remote=False,
        already_in_use=session.storage.shared,
        workspace_path=str(session.folder),
        initial_name=session.config.name,
        client_name=session.config.client_name,
        summary=record.summary,
        working_directory=str(session.config.working_directory),
        current_mode=record.mode,
        selected_model=session.config.model,
        workspace=WorkspaceSummary(
            id=record.id,
            cwd=record.cwd,
            git_root=record.git_root,
            repository=record.repository,
            branch=record.branch,
            name=record.name,
            user_named=record.named_by_user,
            created_at=record.started_at,
            updated_at=record.modified_at,
        ),
    )


@router.plain("session.metadata.isProcessing")
async def _is_processing(call: Call) -> MetadataIsProcessingResult:
    return MetadataIsProcessingResult(processing=call.session.turns.processing)


@router.plain("session.metadata.activity")
async def _activity(call: Call) -> SessionActivity:
    session = call.session
    turn = session.turns.processing
    return SessionActivity(abortable=turn, has_active_work=turn or session.tasks.busy)


@router.on("session.metadata.setWorkingDirectory", MetadataSetWorkingDirectoryRequest)
async def _set_working_directory(
    call: Call, params: MetadataSetWorkingDirectoryRequest
) -> MetadataSetWorkingDirectoryResult:
    session = call.session
    session.move_to(Path(params.working_directory))
    return MetadataSetWorkingDirectoryResult(working_directory=str(session.config.working_directory))


@router.on("session.metadata.recordContextChange", MetadataRecordContextChangeRequest)
async def _record_context_change(
    call: Call, params: MetadataRecordContextChangeRequest
) -> MetadataRecordContextChangeResult:
    session, context = call.session, params.context
    record = session.record
    record.cwd, record.git_root = context.cwd, context.git_root
    record.repository, record.branch = context.repository, context.branch
    session.emit(context, kind="session.context_changed")
    session.touch()
    return MetadataRecordContextChangeResult()
