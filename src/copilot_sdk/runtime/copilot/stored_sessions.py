"""Methods that look at the sessions of the home folder."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    EventsReadResult,
    LocalSessionMetadataValue,
    SessionContext,
    SessionContextFilter,
    SessionEnrichMetadataResult,
    SessionList,
    SessionListFilter,
    SessionsCheckInUseRequest,
    SessionsCheckInUseResult,
    SessionsEnrichMetadataRequest,
    SessionsFindByPrefixRequest,
    SessionsFindByPrefixResult,
    SessionsFindByTaskIDRequest,
    SessionsFindByTaskIDResult,
    SessionsGetBoardEntryCountRequest,
    SessionsGetBoardEntryCountResult,
    SessionsGetEventFilePathRequest,
    SessionsGetEventFilePathResult,
    SessionsGetLastForContextRequest,
    SessionsGetLastForContextResult,
    SessionsGetMetadataRequest,
    SessionsGetMetadataResult,
    SessionsGetPersistedRemoteSteerableRequest,
    SessionsGetPersistedRemoteSteerableResult,
    SessionSizes,
    SessionsListNonEmptySessionIdsRequest,
    SessionsListNonEmptySessionIdsResult,
    SessionsListRequest,
    SessionsReadPersistedEventsRequest,
    SessionsReleaseLockRequest,
    SessionsReleaseLockResult,
    SessionsSaveRequest,
    SessionsSaveResult,
)
from copilot_sdk.runtime.copilot.event_log import page_size
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.storage import EVENTS_FILE, SessionRecord
from copilot_sdk.runtime.core.workspace import WorkContext

router = Router()


@router.on("sessions.list", SessionsListRequest)
async def _list(call: Call, params: SessionsListRequest) -> SessionList:
    if params.source in ("remote", "all") and params.throw_on_error:
        raise RuntimeFault("Not authenticated. Please authenticate first.")
    if params.source == "remote":
        return SessionList(sessions=[])
    records = [record for record in call.runtime.store.listed() if matches(record, params.filter)]
    full = len(records) if params.metadata_limit is None else params.metadata_limit
    return SessionList(
        sessions=[
            _described(record) if index < full else _outline(record) for index, record in enumerate(records)
        ]
    )


@router.on("sessions.getMetadata", SessionsGetMetadataRequest)
async def _get_metadata(call: Call, params: SessionsGetMetadataRequest) -> SessionsGetMetadataResult:
    record = call.runtime.store.record(params.session_id)
    if record is None or record.turns == 0:
        return SessionsGetMetadataResult()
    return SessionsGetMetadataResult(session=_described(record))


@router.on("sessions.enrichMetadata", SessionsEnrichMetadataRequest)
async def _enrich(call: Call, params: SessionsEnrichMetadataRequest) -> SessionEnrichMetadataResult:
    return SessionEnrichMetadataResult(
        sessions=[_enriched(call.runtime.store.record(given.session_id), given) for given in params.sessions]
    )


@router.plain("sessions.getSizes")
async def _get_sizes(call: Call) -> SessionSizes:
    store = call.runtime.store
    return SessionSizes(sizes={record.id: store.size(record.id) for record in store.listed()})


@router.on("sessions.listNonEmptySessionIds", SessionsListNonEmptySessionIdsRequest)
async def _list_ids(
    call: Call, params: SessionsListNonEmptySessionIdsRequest
) -> SessionsListNonEmptySessionIdsResult:
    ids = [record.id for record in call.runtime.store.listed()]
    return SessionsListNonEmptySessionIdsResult(
        session_ids=ids if params.limit is None else ids[: max(params.limit, 0)]
    )


@router.on("sessions.findByPrefix", SessionsFindByPrefixRequest)
async def _find_by_prefix(call: Call, params: SessionsFindByPrefixRequest) -> SessionsFindByPrefixResult:
    return SessionsFindByPrefixResult(session_id=call.runtime.stored.by_prefix(params.prefix))


@router.on("sessions.findByTaskId", SessionsFindByTaskIDRequest)
async def _find_by_task(call: Call, params: SessionsFindByTaskIDRequest) -> SessionsFindByTaskIDResult:
    records = call.runtime.store.records() if params.task_id else ()
    found = next((record.id for record in records if record.mc_task_id == params.task_id), None)
    return SessionsFindByTaskIDResult(session_id=found)


@router.on("sessions.getLastForContext", SessionsGetLastForContextRequest)
async def _get_last(call: Call, params: SessionsGetLastForContextRequest) -> SessionsGetLastForContextResult:
    return SessionsGetLastForContextResult(
        session_id=call.runtime.stored.last_for(work_context(params.context))
    )


@router.on("sessions.checkInUse", SessionsCheckInUseRequest)
async def _check_in_use(call: Call, params: SessionsCheckInUseRequest) -> SessionsCheckInUseResult:
    stored = call.runtime.stored
    return SessionsCheckInUseResult(in_use=[i for i in params.session_ids if stored.in_use_elsewhere(i)])


@router.on("sessions.releaseLock", SessionsReleaseLockRequest)
async def _release_lock(call: Call, params: SessionsReleaseLockRequest) -> SessionsReleaseLockResult:
    # Looking removes the locks that dead processes left; that of a session in use here has to stay.
    call.runtime.stored.in_use_elsewhere(params.session_id)
    return SessionsReleaseLockResult()


@router.on("sessions.save", SessionsSaveRequest)
async def _save(call: Call, params: SessionsSaveRequest) -> SessionsSaveResult:
    session = call.runtime.find_live(params.session_id)
    if session is not None and not await session.storage.flush():
        raise RuntimeFault(f"Session {params.session_id} could not be stored")
    return SessionsSaveResult()


@router.on("sessions.getEventFilePath", SessionsGetEventFilePathRequest)
async def _event_file(call: Call, params: SessionsGetEventFilePathRequest) -> SessionsGetEventFilePathResult:
    path = call.runtime.store.folder(params.session_id) / EVENTS_FILE
    return SessionsGetEventFilePathResult(file_path=str(path))


@router.on("sessions.getPersistedRemoteSteerable", SessionsGetPersistedRemoteSteerableRequest)
async def _remote_steerable(
    call: Call, params: SessionsGetPersistedRemoteSteerableRequest
) -> SessionsGetPersistedRemoteSteerableResult:
    record = call.runtime.store.record(params.session_id)
    return SessionsGetPersistedRemoteSteerableResult(
        remote_steerable=None if record is None else record.remote_steerable
    )


@router.on("sessions.getBoardEntryCount", SessionsGetBoardEntryCountRequest)
async def _board_entries(_: Call, __: SessionsGetBoardEntryCountRequest) -> SessionsGetBoardEntryCountResult:
    # There is a board only where an account has one.
    return SessionsGetBoardEntryCountResult()


@router.on("sessions.readPersistedEvents", SessionsReadPersistedEventsRequest)
async def _read_persisted(call: Call, params: SessionsReadPersistedEventsRequest) -> EventsReadResult:
    page = call.runtime.stored.page(
        params.session_id,
        params.cursor,
        limit=page_size(params.max),
        direction="backward" if params.direction == "backward" else "forward",
    )
    return EventsReadResult.model_validate(
        {
            "events": [event.to_wire() for event in page.events],
            "cursor": page.cursor,
            "hasMore": page.has_more,
            "cursorStatus": "expired" if page.expired else "ok",
        }
    )


def matches(record: SessionRecord, wanted: SessionListFilter | SessionContextFilter | None) -> bool:
    """Whether a session works where a filter says."""
    if wanted is None:
        return True
    pairs = (
        (wanted.cwd, record.cwd),
        (wanted.git_root, record.git_root),
        (wanted.repository, record.repository),
        (wanted.branch, record.branch),
    )
    return all(value is None or value == known for value, known in pairs)


def work_context(context: SessionContext | None) -> WorkContext | None:
    """Where a client says that it works."""
    if context is None:
        return None
    return WorkContext(context.cwd, context.git_root, context.repository, context.branch)


def _outline(record: SessionRecord) -> LocalSessionMetadataValue:
    return LocalSessionMetadataValue(
        session_id=record.id,
        start_time=record.started_at,
        modified_time=record.modified_at,
        is_remote=False,
        is_detached=False,
    )


def _described(record: SessionRecord) -> LocalSessionMetadataValue:
    return _enriched(record, _outline(record))


def _enriched(record: SessionRecord | None, given: LocalSessionMetadataValue) -> LocalSessionMetadataValue:
    if record is None:
        return given.model_copy(update={"is_detached": bool(given.is_detached)})
    title = record.name or record.summary
    return given.model_copy(
        update={
            "is_detached": False,
            "summary": record.summary,
            "name": title,
            "client_name": record.client_name,
            "mc_task_id": record.mc_task_id,
            "context": SessionContext(
                cwd=record.cwd,
                git_root=record.git_root,
                repository=record.repository,
                host_type=record.host_type,
                branch=record.branch,
            ),
        }
    )
