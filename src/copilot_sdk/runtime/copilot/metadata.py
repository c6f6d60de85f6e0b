"""Methods of `session.metadata`."""

from __future__ import annotations

from pathlib import Path

from copilot_sdk._generated.copilot.types import (
    MetadataContextInfoRequest,
    MetadataContextInfoResult,
    MetadataIsProcessingResult,
    MetadataRecomputeContextTokensRequest,
    MetadataRecomputeContextTokensResult,
    MetadataRecordContextChangeRequest,
    MetadataRecordContextChangeResult,
    MetadataSetWorkingDirectoryRequest,
    MetadataSetWorkingDirectoryResult,
    SessionActivity,
    SessionContextInfo,
    SessionMetadataSnapshot,
    WorkspaceSummary,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.context import token_counts

router = Router()

_COMPACTION_SHARE = 0.8


@router.plain("session.metadata.snapshot")
async def _snapshot(call: Call) -> SessionMetadataSnapshot:
    session = call.session
    record = session.record
    return SessionMetadataSnapshot(
        session_id=record.id,
        start_time=record.started_at,
        modified_time=record.modified_at,
        is_remote=False,
        already_in_use=False,
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


@router.on("session.metadata.contextInfo", MetadataContextInfoRequest)
async def _context_info(call: Call, params: MetadataContextInfoRequest) -> MetadataContextInfoResult:
    session = call.session
    counts = token_counts(session)
    limit = params.prompt_token_limit + params.output_token_limit
    info = SessionContextInfo(
        model_name=params.selected_model or session.model_id,
        system_tokens=counts.system,
        conversation_tokens=counts.conversation,
        tool_definitions_tokens=counts.tools,
        mcp_tools_tokens=0,
        total_tokens=counts.system + counts.conversation + counts.tools,
        prompt_token_limit=params.prompt_token_limit,
        compaction_threshold=int(params.prompt_token_limit * _COMPACTION_SHARE),
        limit=limit,
        buffer_tokens=limit - int(params.prompt_token_limit * _COMPACTION_SHARE),
    )
    return MetadataContextInfoResult(context_info=info)


@router.on("session.metadata.recomputeContextTokens", MetadataRecomputeContextTokensRequest)
async def _recompute(
    call: Call, _: MetadataRecomputeContextTokensRequest
) -> MetadataRecomputeContextTokensResult:
    counts = token_counts(call.session)
    return MetadataRecomputeContextTokensResult(
        total_tokens=counts.system + counts.conversation,
        messages_token_count=counts.conversation,
        system_token_count=counts.system,
    )
