"""Methods of `session.debug`."""

from __future__ import annotations

from pathlib import Path

from copilot_sdk._generated.copilot.types import (
    DebugCollectLogsCollectedEntry,
    DebugCollectLogsDestinationArchive,
    DebugCollectLogsDestinationDirectory,
    DebugCollectLogsEntry,
    DebugCollectLogsRequest,
    DebugCollectLogsResult,
    DebugCollectLogsSkippedEntry,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.log_bundle import Bundle, Wanted, gather

router = Router()

_EVENTS = "events.jsonl"


@router.on("session.debug.collectLogs", DebugCollectLogsRequest)
async def _collect_logs(call: Call, params: DebugCollectLogsRequest) -> DebugCollectLogsResult:
    session, include = call.session, params.include
    wanted = [_wanted(entry) for entry in params.additional_entries or ()]
    if include is None or include.events is not False:
        given = None if include is None else include.events_path
        wanted.insert(0, Wanted(Path(given) if given else session.transcript, _EVENTS, "events"))
    bundle = gather(wanted, session.secrets)
    match params.destination:
        case DebugCollectLogsDestinationArchive() as archive:
            bundle.write_archive(Path(archive.output_path), overwrite=not archive.no_overwrite)
            return _result("archive", archive.output_path, bundle)
        case DebugCollectLogsDestinationDirectory() as directory:
            bundle.write_folder(Path(directory.output_directory))
            return _result("directory", directory.output_directory, bundle)
        case _:
            raise RuntimeFault("destination.kind: expected archive or directory")


def _wanted(entry: DebugCollectLogsEntry) -> Wanted:
    return Wanted(
        path=Path(entry.path),
        name=entry.bundle_path,
        source="additional",
        redacted=entry.redaction != "none",
        required=bool(entry.required),
    )


def _result(kind: str, path: str, bundle: Bundle) -> DebugCollectLogsResult:
    return DebugCollectLogsResult(
        kind=kind,
        path=path,
        entries=[
            DebugCollectLogsCollectedEntry(
                bundle_path=file.name, source=file.source, size_bytes=len(file.content)
            )
            for file in bundle.files
        ],
        skipped_entries=[
            DebugCollectLogsSkippedEntry(bundle_path=each.name, path=str(each.path), reason=each.reason)
            for each in bundle.skipped
        ]
        or None,
    )
