"""Going on with an open session over a new connection."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from copilot_sdk._calls import Requests, WireCaller, request
from copilot_sdk.errors import ConnectionClosed, CopilotError, RequestTimeout, UnsupportedMethod

if TYPE_CHECKING:
    from copilot_sdk._core import SessionCore
    from copilot_sdk._generated.copilot.api.session import SessionRPC

_logger = logging.getLogger("copilot_sdk.session")


async def resume(connection: Requests, session: SessionCore, reason: ConnectionClosed, attempts: int) -> None:
    """Take a session up again with the options that it was opened with, and what was missed of it.

    A session that the runtime does not have any more is ended.

    Args:
        connection: The new connection.
        session: The session.
        reason: Why the old one was lost.
        attempts: How many tries it took to have the new one.

    Raises:
        ConnectionClosed, RequestTimeout: The new connection is no good either.
    """
    try:
        log = await _resume(connection, session)
    except (ConnectionClosed, RequestTimeout):
        raise
    except CopilotError as error:
        _logger.warning("session %s could not be taken up again: %s", session.id, error)
        session.cut(ConnectionClosed(f"{reason.reason}; the session could not be taken up again: {error}"))
        return
    session.restore(log, reason, attempts)


async def _resume(connection: Requests, session: SessionCore) -> list[dict[str, Any]]:
    from copilot_sdk._generated.copilot.api.session import SessionRPC
    from copilot_sdk._generated.copilot.methods.server_session import SESSION_RESUME
    from copilot_sdk._model.codec import decode_result, encode_params
    from copilot_sdk.options import SessionCreateOptions, SessionResumeOptions

    # What only creating takes has been done.
    created = SessionCreateOptions.__optional_keys__ - SessionResumeOptions.__optional_keys__
    options = {name: value for name, value in session.options().items() if name not in created}
    params = encode_params(
        SESSION_RESUME, {**options, "session_id": session.id, "continue_pending_work": True}
    )
    result = decode_result(
        SESSION_RESUME, await request(connection, SESSION_RESUME.name, params, trace=session.trace)
    )
    session.capabilities = result.capabilities
    rpc = SessionRPC(WireCaller(connection, session.id))
    await register_interests(session, rpc)
    await session.client_tasks.resume(rpc)
    messages = await connection.request("session.getMessages", {"sessionId": session.id})
    events: Any = cast("Mapping[str, Any]", messages).get("events") if isinstance(messages, dict) else None
    return cast("list[dict[str, Any]]", events) if isinstance(events, list) else []


async def register_interests(session: SessionCore, rpc: SessionRPC) -> None:
    """Have the runtime send what it sends only to those who ask for it."""
    try:
        for event_type in session.answers.interests:
            await rpc.event_log.register_interest(event_type=event_type)
    except UnsupportedMethod as error:
        _logger.debug("session %s: no interest in events can be registered: %s", session.id, error)
