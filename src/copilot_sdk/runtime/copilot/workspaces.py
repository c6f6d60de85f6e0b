"""Methods of `session.workspaces`."""

from __future__ import annotations

from dataclasses import replace

from copilot_sdk._generated.copilot.types import (
    WorkspaceDiffResult,
    WorkspacesAddSummaryRequest,
    WorkspacesAddSummaryResult,
    WorkspacesAutopilotObjectiveExistsResult,
    WorkspacesCheckpoints,
    WorkspacesCreateDirectoryRequest,
    WorkspacesCreateFileRequest,
    WorkspacesDeleteAutopilotObjectiveResult,
    WorkspacesDiffRequest,
    WorkspacesEnsureRequest,
    WorkspacesGetWorkspaceResult,
    WorkspacesListCheckpointsResult,
    WorkspacesListFilesResult,
    WorkspacesReadAutopilotObjectiveResult,
    WorkspacesReadCheckpointRequest,
    WorkspacesReadCheckpointResult,
    WorkspacesReadFileRequest,
    WorkspacesReadFileResult,
    WorkspacesRemovePathRequest,
    WorkspacesRenamePathRequest,
    WorkspacesSaveLargePasteRequest,
    WorkspacesSaveLargePasteResult,
    WorkspacesSaveLargePasteResultSaved,
    WorkspacesStatFileRequest,
    WorkspacesStatFileResult,
    WorkspacesTruncateSummariesRequest,
    WorkspacesUpdateMetadataRequest,
    WorkspacesWriteAutopilotObjectiveRequest,
    WorkspacesWriteAutopilotObjectiveResult,
)
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.diffs import Diff, working_tree
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.session import Session

router = Router()

_HIDDEN = ("summary", "model", "mode", "turns")


@router.plain("session.workspaces.getWorkspace")
async def _get_workspace(call: Call) -> WorkspacesGetWorkspaceResult:
    session = call.session
    described = _described(session)
    return WorkspacesGetWorkspaceResult.model_validate({**described, "path": str(session.folder)})


@router.on("session.workspaces.ensure", WorkspacesEnsureRequest)
async def _ensure(call: Call, _: WorkspacesEnsureRequest) -> WorkspacesGetWorkspaceResult:
    return WorkspacesGetWorkspaceResult.model_validate(_described(call.session))


@router.on("session.workspaces.updateMetadata", WorkspacesUpdateMetadataRequest)
async def _update_metadata(
    call: Call, params: WorkspacesUpdateMetadataRequest
) -> WorkspacesGetWorkspaceResult:
    session = call.session
    record, context = session.record, params.context if is_object(params.context) else {}
    record.cwd = str(context.get("cwd") or record.cwd)
    record.git_root, record.repository, record.branch, record.host_type = (
        None if value is None else str(value)
        for value in (context.get(name) for name in ("gitRoot", "repository", "branch", "hostType"))
    )
    session.touch()
    return WorkspacesGetWorkspaceResult.model_validate(_described(session))


@router.plain("session.workspaces.listFiles")
async def _list_files(call: Call) -> WorkspacesListFilesResult:
    return WorkspacesListFilesResult(files=list(await call.session.files.listed()))


@router.on("session.workspaces.readFile", WorkspacesReadFileRequest)
async def _read_file(call: Call, params: WorkspacesReadFileRequest) -> WorkspacesReadFileResult:
    return WorkspacesReadFileResult(content=await call.session.files.read(params.path))


@router.on("session.workspaces.createFile", WorkspacesCreateFileRequest)
async def _create_file(call: Call, params: WorkspacesCreateFileRequest) -> None:
    await call.session.files.write(params.path, params.content)


@router.on("session.workspaces.saveLargePaste", WorkspacesSaveLargePasteRequest)
async def _save_large_paste(
    call: Call, params: WorkspacesSaveLargePasteRequest
) -> WorkspacesSaveLargePasteResult:
    path, size = await call.session.files.paste(params.content)
    saved = WorkspacesSaveLargePasteResultSaved(file_path=str(path), filename=path.name, size_bytes=size)
    return WorkspacesSaveLargePasteResult(saved=saved)


@router.on("session.workspaces.statFile", WorkspacesStatFileRequest)
async def _stat_file(call: Call, params: WorkspacesStatFileRequest) -> WorkspacesStatFileResult:
    status = await call.session.files.status(params.path)
    return WorkspacesStatFileResult(
        is_file=not status.is_folder,
        is_directory=status.is_folder,
        size=status.size,
        mtime_ms=status.modified,
        birthtime_ms=status.created,
    )


@router.on("session.workspaces.createDirectory", WorkspacesCreateDirectoryRequest)
async def _create_directory(call: Call, params: WorkspacesCreateDirectoryRequest) -> None:
    await call.session.files.make_folder(params.path, parents=bool(params.recursive))


@router.on("session.workspaces.renamePath", WorkspacesRenamePathRequest)
async def _rename_path(call: Call, params: WorkspacesRenamePathRequest) -> None:
    await call.session.files.rename(params.source, params.destination)


@router.on("session.workspaces.removePath", WorkspacesRemovePathRequest)
async def _remove_path(call: Call, params: WorkspacesRemovePathRequest) -> None:
    await call.session.files.remove(params.path, recursive=bool(params.recursive), force=bool(params.force))


@router.plain("session.workspaces.listCheckpoints")
async def _list_checkpoints(call: Call) -> WorkspacesListCheckpointsResult:
    points = await call.session.checkpoints.listed()
    return WorkspacesListCheckpointsResult(
        checkpoints=[
            WorkspacesCheckpoints(number=point.number, title=point.title, filename=point.file)
            for point in points
        ]
    )


@router.on("session.workspaces.readCheckpoint", WorkspacesReadCheckpointRequest)
async def _read_checkpoint(
    call: Call, params: WorkspacesReadCheckpointRequest
) -> WorkspacesReadCheckpointResult:
    return WorkspacesReadCheckpointResult(content=await call.session.checkpoints.read(params.number))


@router.on("session.workspaces.addSummary", WorkspacesAddSummaryRequest)
async def _add_summary(call: Call, params: WorkspacesAddSummaryRequest) -> WorkspacesAddSummaryResult:
    session = call.session
    point, path = await session.checkpoints.add(params.title, params.content)
    summary = {
        "checkpointNumber": point.number,
        "checkpointPath": str(path),
        "checkpointTitle": point.title,
    }
    return WorkspacesAddSummaryResult.model_validate({"summary": summary, **_described(session)})


@router.on("session.workspaces.truncateSummaries", WorkspacesTruncateSummariesRequest)
async def _truncate_summaries(
    call: Call, params: WorkspacesTruncateSummariesRequest
) -> WorkspacesGetWorkspaceResult:
    session = call.session
    await session.checkpoints.keep(params.keep_count)
    return WorkspacesGetWorkspaceResult.model_validate(_described(session))


@router.plain("session.workspaces.autopilotObjectiveExists")
async def _objective_exists(call: Call) -> WorkspacesAutopilotObjectiveExistsResult:
    content = await call.session.files.read_objective()
    return WorkspacesAutopilotObjectiveExistsResult(exists=content is not None)


@router.plain("session.workspaces.readAutopilotObjective")
async def _read_objective(call: Call) -> WorkspacesReadAutopilotObjectiveResult:
    return WorkspacesReadAutopilotObjectiveResult(content=await call.session.files.read_objective())


@router.on("session.workspaces.writeAutopilotObjective", WorkspacesWriteAutopilotObjectiveRequest)
async def _write_objective(
    call: Call, params: WorkspacesWriteAutopilotObjectiveRequest
) -> WorkspacesWriteAutopilotObjectiveResult:
    fresh = await call.session.files.write_objective(params.content)
    return WorkspacesWriteAutopilotObjectiveResult(operation="create" if fresh else "update")


@router.plain("session.workspaces.deleteAutopilotObjective")
async def _delete_objective(call: Call) -> WorkspacesDeleteAutopilotObjectiveResult:
    return WorkspacesDeleteAutopilotObjectiveResult(deleted=await call.session.files.delete_objective())


@router.on("session.workspaces.diff", WorkspacesDiffRequest)
async def _diff(call: Call, params: WorkspacesDiffRequest) -> WorkspaceDiffResult:
    session, unavailable = call.session, None
    if params.mode == "session":
        diff = await session.rewind.session_diff(contents=bool(params.include_contents))
        if diff.unavailable is None:
            return _diff_result("session", diff)
        unavailable = diff.unavailable
    elif params.include_contents:
        raise RuntimeFault("includeContents is only supported for session diffs")
    diff = await working_tree(
        session.config.working_directory,
        "branch" if params.mode == "branch" else "unstaged",
        ignore_whitespace=bool(params.ignore_whitespace),
    )
    return _diff_result(params.mode, replace(diff, unavailable=unavailable))


def _diff_result(wanted: str, diff: Diff) -> WorkspaceDiffResult:
    return WorkspaceDiffResult.model_validate(
        {
            "requestedMode": wanted,
            "mode": diff.mode,
            "changes": [change.to_wire() for change in diff.changes],
            "baseBranch": diff.base_branch,
            "isFallback": diff.mode != wanted,
            "unavailableReason": diff.unavailable,
        }
    )


def _described(session: Session) -> dict[str, object]:
    workspace = session.record.to_wire()
    return {"workspace": {name: value for name, value in workspace.items() if name not in _HIDDEN}}
