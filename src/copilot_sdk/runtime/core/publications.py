"""Sessions that hosts of the Agent Host Protocol have published, as the home folder keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.json_files import MalformedFile, read_object
from copilot_sdk.runtime.core.settings_files import UserSettings

Json = dict[str, object]

_SETTING = "ahpEnvironment"
_AT_REST = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def published_sessions(home: Path, settings: UserSettings) -> list[Json]:
    """The sessions that are published, those of the latest change first.

    Raises:
        RuntimeFault: The settings, which name the folder, cannot be read.
    """
    folder = home / "ahp" / _compute_id(settings) / "sessions"
    folder.mkdir(parents=True, exist_ok=True)
    found = [summary for path in folder.glob("*.json") if (summary := _summary(path)) is not None]
    found.sort(key=lambda summary: str(summary["resource"]))
    return sorted(found, key=lambda summary: str(summary["modifiedAt"]), reverse=True)


def _compute_id(settings: UserSettings) -> str:
    """What the home folder is known by to hosts; it is made up when it is first asked for."""
    try:
        known = settings.raw().get(_SETTING)
    except MalformedFile as error:
        raise RuntimeFault(f"The settings cannot be read: {error}") from error
    identifier = known.get("computeId") if is_object(known) else None
    if isinstance(identifier, str) and identifier:
        return identifier
    identifier = new_id()
    settings.update(_SETTING, {"computeId": identifier})
    return identifier


def _summary(path: Path) -> Json | None:
    """A session as it is listed; None where it was withdrawn, or the file means nothing."""
    try:
        kept = read_object(path)
    except MalformedFile:
        return None
    uri, session = kept.get("uri"), kept.get("session_id")
    created = _moment(kept, "created_at")
    if not isinstance(uri, str) or not isinstance(session, str) or created is None:
        return None
    if kept.get("publication_withdrawn") is True:
        return None
    title = kept.get("title")
    return {
        "resource": uri,
        "title": title if isinstance(title, str) else session,
        "createdAt": created,
        "modifiedAt": _moment(kept, "modified_at") or created,
        "status": _AT_REST,
    }


def _moment(kept: Mapping[str, object], name: str) -> str | None:
    """A moment that is kept in milliseconds, or in older files in seconds, to the nanosecond."""
    seconds, milliseconds = kept.get(f"{name}_unix"), kept.get(f"{name}_unix_ms")
    if isinstance(milliseconds, int):
        span = timedelta(milliseconds=milliseconds)
    elif isinstance(seconds, int):
        span = timedelta(seconds=seconds)
    else:
        return None
    return (_EPOCH + span).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
