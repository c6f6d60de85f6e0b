"""Methods of `repo.settings`."""

from __future__ import annotations

from pathlib import Path

from copilot_sdk._generated.copilot.types import (
    RepoSettingsReadRawRequest,
    RepoSettingsReadRawResult,
    RepoSettingsWriteAllRequest,
    RepoSettingsWriteKeyRequest,
)
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.json_files import MalformedFile
from copilot_sdk.runtime.core.settings_files import RepositorySettings

router = Router()


@router.on("repo.settings.readRaw", RepoSettingsReadRawRequest)
async def _read_raw(_: Call, params: RepoSettingsReadRawRequest) -> RepoSettingsReadRawResult:
    try:
        content = RepositorySettings(Path(params.repo_root), params.scope).read()
    except MalformedFile:
        return RepoSettingsReadRawResult(config={}, invalid=True)
    return RepoSettingsReadRawResult(config=content, invalid=False)


@router.on("repo.settings.writeKey", RepoSettingsWriteKeyRequest)
async def _write_key(call: Call, params: RepoSettingsWriteKeyRequest) -> None:
    if params.value is None and not params.delete:
        raise RuntimeFault(f"{call.method}: value is required unless delete is true")
    value = None if params.delete else params.value
    RepositorySettings(Path(params.repo_root), params.scope).write(params.key, value)


@router.on("repo.settings.writeAll", RepoSettingsWriteAllRequest)
async def _write_all(_: Call, params: RepoSettingsWriteAllRequest) -> None:
    if not is_object(params.settings):
        raise RuntimeFault("Settings must be a JSON object")
    RepositorySettings(Path(params.repo_root), params.scope).replace(params.settings)
