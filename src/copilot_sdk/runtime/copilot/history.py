"""Methods of `session.history`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    HistoryAbortManualCompactionResult,
    HistoryCancelBackgroundCompactionResult,
    HistoryClearContextRequest,
    HistoryClearContextResult,
    HistoryCompactContextWindow,
    HistoryCompactRequest,
    HistoryCompactResult,
    HistoryListRewindPointsResult,
    HistoryPreviewRewindRequest,
    HistoryPreviewRewindResult,
    HistoryRewindFilePreview,
    HistoryRewindPoint,
    HistoryRewindRequest,
    HistoryRewindResult,
    HistorySkippedFileRestore,
    HistorySummarizeForHandoffResult,
    HistoryTruncateRequest,
    HistoryTruncateResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.rewind import Point

router = Router()

_MODES = ("conversation", "conversation-and-files")


@router.on("session.history.truncate", HistoryTruncateRequest)
async def _truncate(call: Call, params: HistoryTruncateRequest) -> HistoryTruncateResult:
    session = call.session
    session.check_cut()
    await session.compaction.stop()
    return HistoryTruncateResult(
        events_removed=session.truncate(params.event_id), checkpoint_cleanup_failed=False
    )


@router.on("session.history.compact", HistoryCompactRequest)
async def _compact(call: Call, params: HistoryCompactRequest) -> HistoryCompactResult:
    done = await call.session.compaction.compact(
        instructions=params.custom_instructions or None,
        trigger="model_switch" if params.trigger == "model_switch" else "manual",
        limit=params.token_limit,
    )
    context = done.context
    return HistoryCompactResult(
        success=True,
        tokens_removed=done.tokens_removed,
        messages_removed=done.messages_removed,
        summary_content=done.summary,
        context_window=HistoryCompactContextWindow(
            token_limit=context.limit,
            current_tokens=context.total,
            messages_length=context.messages,
            system_tokens=context.system,
            conversation_tokens=context.conversation,
            tool_definitions_tokens=context.tools,
        ),
    )


@router.plain("session.history.abortManualCompaction")
async def _abort_manual(call: Call) -> HistoryAbortManualCompactionResult:
    return HistoryAbortManualCompactionResult(aborted=await call.session.compaction.abort_manual())


@router.plain("session.history.cancelBackgroundCompaction")
async def _cancel_background(call: Call) -> HistoryCancelBackgroundCompactionResult:
    cancelled = await call.session.compaction.cancel_background()
    return HistoryCancelBackgroundCompactionResult(cancelled=cancelled)


@router.plain("session.history.summarizeForHandoff")
async def _summarize_for_handoff(call: Call) -> HistorySummarizeForHandoffResult:
    return HistorySummarizeForHandoffResult(summary=await call.session.compaction.summarize_for_handoff())


@router.on("session.history.clearContext", HistoryClearContextRequest)
async def _clear_context(call: Call, params: HistoryClearContextRequest) -> HistoryClearContextResult:
    session = call.session
    await session.compaction.stop()
    return HistoryClearContextResult(messages_cleared=session.agent.clear(params.prompt))


@router.plain("session.history.listRewindPoints")
async def _list_rewind_points(call: Call) -> HistoryListRewindPointsResult:
    rewind = call.session.rewind
    busy = rewind.unavailable == "session-busy"
    return HistoryListRewindPointsResult(
        file_change_tracking_enabled=rewind.tracks,
        unavailable_reason="session-busy" if busy else None,
        points=[] if busy else [_point(point, rewind.tracks) for point in rewind.points()],
    )


@router.on("session.history.previewRewind", HistoryPreviewRewindRequest)
async def _preview_rewind(call: Call, params: HistoryPreviewRewindRequest) -> HistoryPreviewRewindResult:
    rewind = call.session.rewind
    if (reason := rewind.unavailable) is not None:
        return HistoryPreviewRewindResult(available=False, reason=reason, file_count=0, files=[])
    files = [
        HistoryRewindFilePreview(
            path=change.path, change_type=change.kind, lines_added=change.added, lines_removed=change.removed
        )
        for change in rewind.preview(params.event_id)
    ]
    return HistoryPreviewRewindResult(available=True, file_count=len(files), files=files)


@router.on("session.history.rewind", HistoryRewindRequest)
async def _rewind(call: Call, params: HistoryRewindRequest) -> HistoryRewindResult:
    if params.mode not in _MODES:
        raise RuntimeFault(f"Invalid rewind mode '{params.mode}'; expected '{_MODES[0]}' or '{_MODES[1]}'")
    session = call.session
    done = await session.rewind.apply(params.event_id, files=params.mode == _MODES[1])
    return HistoryRewindResult(
        outcome=done.outcome,
        events_removed=done.events_removed,
        restored_files=list(done.restored),
        skipped_files=[HistorySkippedFileRestore(path=path, reason="user-modified") for path in done.skipped],
    )


def _point(point: Point, restorable: bool) -> HistoryRewindPoint:
    return HistoryRewindPoint(
        event_id=point.event_id,
        user_message=point.text,
        timestamp=point.timestamp,
        can_restore_files=restorable,
        file_count=point.files,
        turn_changed_files=point.changed,
        lines_added=point.added,
        lines_removed=point.removed,
        is_autopilot_continuation=False,
    )
