"""Methods for the notes that clients keep with sessions."""

from __future__ import annotations

from collections.abc import Collection

from copilot_sdk._generated.copilot.types import (
    MetadataUpdateClientMetadataRequest,
    SessionsClientMetadataEntryCorrupt,
    SessionsClientMetadataEntryNotFound,
    SessionsClientMetadataEntryOk,
    SessionsClientMetadataEntryUnavailable,
    SessionsClientMetadataEntryUnsupportedVersion,
    SessionsGetClientMetadataRequest,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.client_metadata import UnreadableMetadata, read_notes
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.payloads import Payload, to_json
from copilot_sdk.runtime.core.runtime import Runtime
from copilot_sdk.runtime.core.storage import CLIENT_METADATA_FILE

router = Router()


@router.plain("session.metadata.getClientMetadata")
async def _get(call: Call) -> dict[str, object]:
    notes = call.session.notes
    try:
        return dict(await notes.read())
    except (UnreadableMetadata, OSError) as error:
        raise RuntimeFault(str(error)) from error


@router.on("session.metadata.updateClientMetadata", MetadataUpdateClientMetadataRequest)
async def _update(call: Call, params: MetadataUpdateClientMetadataRequest) -> dict[str, object]:
    notes = call.session.notes
    try:
        return dict(
            await notes.update(clear=bool(params.clear), remove=params.remove or (), put=params.set or {})
        )
    except (UnreadableMetadata, OSError) as error:
        raise RuntimeFault(str(error)) from error


@router.on("sessions.getClientMetadata", SessionsGetClientMetadataRequest)
async def _get_of_several(call: Call, params: SessionsGetClientMetadataRequest) -> list[dict[str, object]]:
    keys = None if params.keys is None else frozenset(params.keys)
    for identifier in params.session_ids:
        call.runtime.store.check_id(identifier)
    return [to_json(_entry(call.runtime, identifier, keys)) for identifier in params.session_ids]


def _entry(runtime: Runtime, session_id: str, keys: Collection[str] | None) -> Payload:
    if runtime.store.record(session_id) is None:
        return SessionsClientMetadataEntryNotFound(session_id=session_id)
    path = runtime.store.folder(session_id) / CLIENT_METADATA_FILE
    try:
        notes = read_notes(path.read_bytes()) if path.exists() else {}
    except UnreadableMetadata as error:
        if error.status == "corrupt":
            return SessionsClientMetadataEntryCorrupt(session_id=session_id)
        return SessionsClientMetadataEntryUnsupportedVersion(session_id=session_id)
    except OSError as error:
        return SessionsClientMetadataEntryUnavailable(
            session_id=session_id, code=type(error).__name__, message=str(error)
        )
    shown = {key: value for key, value in notes.items() if keys is None or key in keys}
    return SessionsClientMetadataEntryOk(session_id=session_id, metadata=shown)
