"""Methods of `session.diagnostics`: what happens on the connections to the servers of a session."""

from __future__ import annotations

import re

from copilot_sdk._generated.copilot.types import (
    DiagnosticsConfiguration,
    DiagnosticsConfigureRequest,
    DiagnosticsReadRequest,
    DiagnosticsReadResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.diagnostics import LEVELS, Entry
from copilot_sdk.runtime.core.faults import InvalidInput

router = Router()

_CURSOR = re.compile(r"diagnostics:v1:mcp:(?P<series>[\w-]+):(?P<number>\d+)")
_USUAL_ENTRIES = 100
_MOST_ENTRIES = 500
_LONGEST_WAIT_MS = 30_000


@router.on("session.diagnostics.configure", DiagnosticsConfigureRequest)
async def _configure(call: Call, params: DiagnosticsConfigureRequest) -> DiagnosticsConfiguration:
    source = params.sources.mcp
    if source is None:
        raise InvalidInput("diagnostics.sources must configure at least mcp")
    if source.level not in LEVELS:
        raise InvalidInput(f"sources.mcp.level: expected one of {', '.join(LEVELS)}, got {source.level!r}")
    call.session.mcp.diagnostics.configure(source.level)
    return DiagnosticsConfiguration(sources=params.sources)


@router.on("session.diagnostics.read", DiagnosticsReadRequest)
async def _read(call: Call, params: DiagnosticsReadRequest) -> DiagnosticsReadResult:
    if unknown := [source for source in params.sources if source != "mcp"]:
        raise InvalidInput(f"sources: expected mcp, got {unknown[0]!r}")
    most = _USUAL_ENTRIES if params.max is None else params.max
    wait = params.wait_ms or 0
    if not (1 <= most <= _MOST_ENTRIES and 0 <= wait <= _LONGEST_WAIT_MS):
        raise InvalidInput(
            f"diagnostics read max must be 1 through {_MOST_ENTRIES} and waitMs must be 0 through "
            f"{_LONGEST_WAIT_MS}"
        )
    series, number = _position(params.cursor)
    diagnostics = call.session.mcp.diagnostics
    page = await diagnostics.read(number, series, most, wait / 1_000)
    return DiagnosticsReadResult.model_validate(
        {
            "entries": [_described(entry) for entry in page.entries],
            "cursor": f"diagnostics:v1:mcp:{diagnostics.series}:{page.end}",
            "cursorStatus": "expired" if page.expired else "ok",
            "droppedCount": page.dropped or None,
            "hasMore": page.more,
        }
    )


def _position(cursor: str | None) -> tuple[str | None, int | None]:
    """The series of entries and the number of one in it that a cursor stands for."""
    if cursor is None:
        return None, None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidInput("invalid diagnostics cursor")
    return found["series"], int(found["number"])


def _described(entry: Entry) -> dict[str, object]:
    return {
        "source": "mcp",
        "timestamp": entry.timestamp,
        "level": entry.level,
        "message": entry.message,
        "details": dict(entry.details),
    }
