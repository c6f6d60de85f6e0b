"""Lists of sessions, page by page."""

from __future__ import annotations

import base64
import binascii
import json

from copilot_sdk._generated.acp.types import ListSessionsRequest, ListSessionsResponse, SessionInfo
from copilot_sdk.errors import InvalidParams
from copilot_sdk.runtime.core.storage import SessionRecord
from copilot_sdk.runtime.core.store import Store

_PAGE = 50
_ARCHIVED = {"exclude": (False,), "include": (False, True), "only": (True,)}


def listed(store: Store, params: ListSessionsRequest) -> ListSessionsResponse:
    """The sessions that a client asks for, the one used last first.

    Raises:
        InvalidParams: The cursor or the filter means nothing.
    """
    after = None if params.cursor is None else _position(params.cursor)
    wanted = _ARCHIVED.get(params.archived or "exclude")
    if wanted is None:
        raise InvalidParams(f"archived: expected one of {', '.join(_ARCHIVED)}, got {params.archived!r}")
    records = [
        record
        for record in store.listed()
        if params.cwd in (None, record.cwd)
        and bool(record.archived) in wanted
        and (after is None or _key(record) < after)
    ]
    response = ListSessionsResponse(sessions=[_info(record) for record in records[:_PAGE]])
    if len(records) > _PAGE:
        response.next_cursor = _cursor(records[_PAGE - 1])
    return response


def _info(record: SessionRecord) -> SessionInfo:
    info = SessionInfo(
        session_id=record.id,
        cwd=record.cwd,
        title=record.name or record.summary,
        updated_at=record.modified_at,
    )
    if record.archived:
        info.archived = True
    return info


def _key(record: SessionRecord) -> tuple[str, str]:
    return record.modified_at, record.id


def _cursor(record: SessionRecord) -> str:
    return base64.urlsafe_b64encode(json.dumps(_key(record)).encode()).decode()


def _position(cursor: str) -> tuple[str, str]:
    try:
        moment, session_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, binascii.Error, TypeError) as error:
        raise InvalidParams("cursor: it is not one that session/list has given") from error
    return str(moment), str(session_id)
