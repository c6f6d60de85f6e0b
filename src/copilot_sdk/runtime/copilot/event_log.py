"""Methods of `session.eventLog`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    EventLogReadRequest,
    EventLogReleaseInterestResult,
    EventLogTailResult,
    EventsReadResult,
    RegisterEventInterestParams,
    RegisterEventInterestResult,
    ReleaseEventInterestParams,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.log import Event

router = Router()

_USUAL_COUNT = 200
_LARGEST_COUNT = 1_000


def page_size(wanted: int | None) -> int:
    """How many events a page has, when a client wants so many."""
    return min(max(wanted or _USUAL_COUNT, 1), _LARGEST_COUNT)


_LONGEST_WAIT_MS = 30_000


@router.on("session.eventLog.read", EventLogReadRequest)
async def _read(call: Call, params: EventLogReadRequest) -> EventsReadResult:
    types = None if params.types in (None, "*") else frozenset(params.types or ())
    primary = params.agent_scope == "primary"

    def wanted(event: Event) -> bool:
        if primary and event.agent_id is not None and not event.type.startswith("subagent."):
            return False
        return types is None or event.type in types

    batch = await call.session.log.read(
        params.cursor,
        limit=page_size(params.max),
        wait=min(params.wait_ms or 0, _LONGEST_WAIT_MS) / 1_000,
        wanted=wanted,
    )
    return EventsReadResult.model_validate(
        {
            "events": [event.to_wire() for event in batch.events],
            "cursor": batch.cursor,
            "hasMore": batch.has_more,
            "cursorStatus": "expired" if batch.expired else "ok",
        }
    )


@router.plain("session.eventLog.tail")
async def _tail(call: Call) -> EventLogTailResult:
    return EventLogTailResult(cursor=call.session.log.tail())


@router.on("session.eventLog.registerInterest", RegisterEventInterestParams)
async def _register(call: Call, params: RegisterEventInterestParams) -> RegisterEventInterestResult:
    handle = call.session.interests.register(call.connection, params.event_type)
    return RegisterEventInterestResult(handle=handle)


@router.on("session.eventLog.releaseInterest", ReleaseEventInterestParams)
async def _release(call: Call, params: ReleaseEventInterestParams) -> EventLogReleaseInterestResult:
    session = call.session
    session.interests.release(params.handle)
    session.members.give_up_orphans()
    return EventLogReleaseInterestResult(success=True)
