"""Methods that open, close, fork and delete sessions without joining them."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ConfigDict, RootModel

from copilot_sdk._generated.copilot.types import (
    SessionBulkDeleteResult,
    SessionOpenOptions,
    SessionOpenParams,
    SessionOpenResult,
    SessionPruneResult,
    SessionsBulkDeleteRequest,
    SessionsCloseRequest,
    SessionsCloseResult,
    SessionsDeleteRequest,
    SessionsForkRequest,
    SessionsForkResult,
    SessionsOpenAttach,
    SessionsOpenCloud,
    SessionsOpenCreate,
    SessionsOpenHandoff,
    SessionsOpenRemote,
    SessionsOpenResume,
    SessionsOpenResumeLast,
    SessionsPruneOldRequest,
)
from copilot_sdk.runtime.copilot.model_providers import named_models_of, provider_of
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.copilot.stored_sessions import work_context
from copilot_sdk.runtime.core.config import SessionConfig
from copilot_sdk.runtime.core.faults import RuntimeFault, SessionNotFound
from copilot_sdk.runtime.core.storage import SessionRecord

router = Router()

RootT = TypeVar("RootT")


class _Deferred(RootModel[RootT]):
    """Is built when it is first used, as all types of the wire are."""

    model_config = ConfigDict(defer_build=True)


class _OpenParams(_Deferred[SessionOpenParams]):
    """What `sessions.open` is given: one of several requests."""


@router.on("sessions.open", _OpenParams)
async def _open(call: Call, params: _OpenParams) -> SessionOpenResult:
    match params.root:
        case SessionsOpenCreate() as wanted:
            return await _create(call, wanted)
        case SessionsOpenResume() as wanted:
            known = call.runtime.record(wanted.session_id)
            found = known.id if known is not None else call.runtime.stored.by_prefix(wanted.session_id)
            return await _resume(call, found, wanted.options, announce=wanted.resume is not False)
        case SessionsOpenResumeLast() as wanted:
            found = call.runtime.stored.last_for(work_context(wanted.context))
            return await _resume(call, found, wanted.options)
        case SessionsOpenAttach() as wanted:
            if call.runtime.find_live(wanted.session_id) is None:
                return _not_found()
            return _opened("resumed", wanted.session_id)
        case SessionsOpenRemote() | SessionsOpenCloud() | SessionsOpenHandoff():
            raise RuntimeFault("Unsupported native server host request 'request_sessions_open_remote'")
        case _:
            return _not_found()


async def _create(call: Call, wanted: SessionsOpenCreate) -> SessionOpenResult:
    options = wanted.options or SessionOpenOptions()
    config = _config(call, options, None)
    session = await call.runtime.create(
        options.session_id, config, None, announce=wanted.emit_start is not False
    )
    return _opened("created", session.id)


async def _resume(
    call: Call, session_id: str | None, options: SessionOpenOptions | None, *, announce: bool = True
) -> SessionOpenResult:
    if session_id is None:
        return _not_found()

    def configure(record: SessionRecord) -> SessionConfig:
        return _config(call, options or SessionOpenOptions(), record)

    try:
        session = await call.runtime.resume(session_id, configure, None, announce=announce)
    except SessionNotFound:
        return _not_found()
    return _opened("resumed", session.id)


@router.on("sessions.close", SessionsCloseRequest)
async def _close(call: Call, params: SessionsCloseRequest) -> SessionsCloseResult:
    await call.runtime.close_session(params.session_id)
    return SessionsCloseResult()


@router.on("sessions.delete", SessionsDeleteRequest)
async def _delete(call: Call, params: SessionsDeleteRequest) -> None:
    runtime, identifier = call.runtime, params.session_id
    if runtime.stored.in_use_elsewhere(identifier):
        raise RuntimeFault(f"Session {identifier} is in use by another runtime")
    if not await runtime.delete(identifier):
        raise RuntimeFault(f"Session file not found for {identifier}")


@router.on("sessions.bulkDelete", SessionsBulkDeleteRequest)
async def _bulk_delete(call: Call, params: SessionsBulkDeleteRequest) -> SessionBulkDeleteResult:
    return SessionBulkDeleteResult(freed_bytes=await call.runtime.stored.delete(params.session_ids))


@router.on("sessions.pruneOld", SessionsPruneOldRequest)
async def _prune_old(call: Call, params: SessionsPruneOldRequest) -> SessionPruneResult:
    dry_run = bool(params.dry_run)
    pruned = await call.runtime.stored.prune(
        days=params.older_than_days,
        dry_run=dry_run,
        include_named=bool(params.include_named),
        exclude=params.exclude_session_ids or (),
    )
    return SessionPruneResult(
        deleted=list(pruned.deleted),
        candidates=list(pruned.candidates),
        skipped=list(pruned.skipped),
        freed_bytes=pruned.freed,
        dry_run=dry_run,
    )


@router.on("sessions.fork", SessionsForkRequest)
async def _fork(call: Call, params: SessionsForkRequest) -> SessionsForkResult:
    record = call.runtime.stored.fork(params.session_id, before=params.to_event_id, name=params.name or None)
    return SessionsForkResult(session_id=record.id, name=record.name)


def _not_found() -> SessionOpenResult:
    return SessionOpenResult(status="not_found")


def _opened(status: str, session_id: str) -> SessionOpenResult:
    return SessionOpenResult(status=status, session_id=session_id, startup_prompts=[])


def _config(call: Call, options: SessionOpenOptions, record: SessionRecord | None) -> SessionConfig:
    """The settings of a session that is opened; those that only a client can live up to come when one joins."""
    folder = options.working_directory or (None if record is None else record.cwd)
    return SessionConfig(
        working_directory=call.runtime.place.working_folder(folder),
        model=options.model or None,
        reasoning_effort=options.reasoning_effort,
        streaming=bool(options.enable_streaming),
        provider=provider_of(options.provider),
        named_models=named_models_of(options.providers, options.models),
        available_tools=None if options.available_tools is None else frozenset(options.available_tools),
        excluded_tools=frozenset(options.excluded_tools or ()),
        disabled_skills=frozenset(options.disabled_skills or ()),
        name=options.name if record is None else None,
        client_name=options.client_name,
        tracks_files=bool(options.enable_file_change_tracking),
    )
