"""What is told of a session when it begins, when it is taken up again, and when it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk._model.json_values import is_object
from copilot_sdk._version import __version__
from copilot_sdk.runtime.core.clock import now, stamp
from copilot_sdk.runtime.core.workspace import WorkContext

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

EVENT_FORMAT = 1
PRODUCER = "copilot-sdk-runtime"


def start_data(session: Session, context: WorkContext) -> types.SessionStartData:
    """What is told of its beginning."""
    return types.SessionStartData(
        session_id=session.id,
        version=EVENT_FORMAT,
        producer=PRODUCER,
        copilot_version=__version__,
        start_time=session.record.started_at,
        selected_model=session.config.model,
        reasoning_effort=session.config.reasoning_effort,
        context_tier=None,
        context=_context_data(context),
        remote_steerable=False,
        already_in_use=False,
    )


def settings_data(session: Session) -> types.SessionManagedSettingsResolvedData:
    """What is told of the settings that somebody else manages.

    Policies of servers and devices are for accounts and machines that are managed: here only clients have any.
    """
    managed = session.config.managed
    permissions = None if managed.document is None else managed.document.get("permissions")
    told: dict[str, object] = {}
    context = types.ManagedPermissionsContext(fail_closed=False)
    if is_object(permissions):
        from copilot_sdk.runtime.core.managed.permissions import context as judged_by
        from copilot_sdk.runtime.core.managed.permissions import of_client

        told["permissions"] = of_client(permissions)
        context.permissions = judged_by([permissions], by_client=True)
    return types.SessionManagedSettingsResolvedData(
        source="none" if managed.document is None else "client",
        server_managed=False,
        device_managed=False,
        client_managed=managed.document is not None,
        policy_helper_managed=False,
        fail_closed=False,
        sandbox_enabled_by_undetermined_policy=False,
        bypass_permissions_disabled=managed.bypass_disabled,
        managed_keys=list(told),
        settings=told or None,
        permissions_context=context,
    )


def resume_data(
    session: Session, context: WorkContext, *, was_live: bool, continue_pending: bool
) -> types.SessionResumeData:
    """What is told when it is taken up again."""
    return types.SessionResumeData(
        resume_time=stamp(now()),
        event_count=len(session.log.events),
        events_file_size_bytes=session.log_size,
        selected_model=session.config.model,
        reasoning_effort=session.config.reasoning_effort,
        context=_context_data(context),
        already_in_use=session.storage.shared,
        session_was_active=was_live,
        continue_pending_work=continue_pending or None,
        remote_steerable=bool(session.record.remote_steerable),
    )


def shutdown_data(session: Session) -> types.SessionShutdownData:
    """What is told of its end."""
    usage = session.usage
    return types.SessionShutdownData(
        shutdown_type="routine",
        total_premium_requests=0,
        total_api_duration_ms=usage.api_milliseconds,
        session_start_time=int(session.started_at.timestamp() * 1000),
        events_file_size_bytes=session.log_size,
        code_changes=types.ShutdownCodeChanges(
            lines_added=usage.lines_added,
            lines_removed=usage.lines_removed,
            files_modified=list(usage.files_modified),
        ),
        model_metrics={
            model: types.ShutdownModelMetric(
                requests=types.ShutdownModelMetricRequests(count=totals.requests, cost=0),
                usage=types.ShutdownModelMetricUsage(
                    input_tokens=totals.input_tokens,
                    output_tokens=totals.output_tokens,
                    cache_read_tokens=totals.cache_read_tokens,
                    cache_write_tokens=totals.cache_write_tokens,
                    reasoning_tokens=totals.reasoning_tokens,
                ),
            )
            for model, totals in usage.models.items()
        },
        current_model=session.model_id,
    )


def _context_data(context: WorkContext) -> types.WorkingDirectoryContext:
    return types.WorkingDirectoryContext(
        cwd=context.cwd, git_root=context.git_root, repository=context.repository, branch=context.branch
    )
