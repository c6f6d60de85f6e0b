"""Methods of `session.tasks` for tasks that a client carries out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot.types import (
    ClientTaskCancelResult,
    TaskClientInfo,
    TaskClientOwner,
    TaskClientProgress,
    TaskClientUpdateCancelled,
    TaskClientUpdateCompleted,
    TaskClientUpdateFailed,
    TaskClientUpdateProgress,
    TaskProgressLine,
    TasksRegisterRequest,
    TasksRegisterResult,
    TasksUpdateRequest,
    TasksUpdateResult,
)
from copilot_sdk.errors import InvalidParams, RpcError
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.client_tasks import ClientTask, TaskOrder, TaskUpdate
from copilot_sdk.runtime.core.clients import Client
from copilot_sdk.runtime.core.clock import stamp
from copilot_sdk.runtime.core.tasks import Status

if TYPE_CHECKING:
    from copilot_sdk.runtime.copilot.connection import Connection

router = Router()

_NOT_FOUND, _NOT_OWNER, _CONFLICT, _UNSUPPORTED = -32010, -32011, -32012, -32013


@router.on("session.tasks.register", TasksRegisterRequest)
async def _register(call: Call, params: TasksRegisterRequest) -> TasksRegisterResult:
    if not call.connection.reception.serves_tasks:
        raise RpcError(_UNSUPPORTED, "TASK_UNSUPPORTED")
    for name, value in (("clientTaskId", params.client_task_id), ("description", params.description)):
        if not value.strip():
            raise InvalidParams(f"{name} must be a non-empty string")
    session, owner = call.session, _owner(call)
    for task in session.tasks:
        if isinstance(task, ClientTask) and task.is_of(owner.port, params.client_task_id):
            return TasksRegisterResult(task=describe(task), created=False, reclaimed=False)
    order = TaskOrder(params.client_task_id, params.description, params.display_name, params.cancellable)
    task = ClientTask(session, owner, ClientTasks(call.connection), order)
    return TasksRegisterResult(task=describe(task), created=True, reclaimed=False)


@router.on("session.tasks.update", TasksUpdateRequest)
async def _update(call: Call, params: TasksUpdateRequest) -> TasksUpdateResult:
    update = _read(params)
    task = call.session.tasks.get(params.id)
    data = {"taskId": params.id}
    if not isinstance(task, ClientTask):
        raise RpcError(_NOT_FOUND, "TASK_NOT_FOUND", data)
    if not task.is_of(call.connection):
        raise RpcError(_NOT_OWNER, "TASK_NOT_OWNER", data)
    if params.sequence == task.sequence and update == task.last:
        return TasksUpdateResult(task=describe(task), applied=False, duplicate=True)
    if not task.open:
        raise RpcError(_CONFLICT, "TASK_CONFLICT", {"reason": "terminal", **data})
    if params.sequence != task.sequence + 1:
        mismatch = {
            "reason": "sequence_mismatch",
            **data,
            "clientTaskId": task.order.id,
            "currentSequence": task.sequence,
            "expectedSequence": task.sequence + 1,
            "receivedSequence": params.sequence,
        }
        raise RpcError(_CONFLICT, "TASK_CONFLICT", mismatch)
    task.update(params.sequence, update)
    return TasksUpdateResult(task=describe(task), applied=True, duplicate=False)


class ClientTasks:
    """A client that carries out tasks; see `TaskHost`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def cancel(self, session_id: str, task: ClientTask, cancellation_id: str, reason: str) -> bool:
        """See `TaskHost`."""
        params = {
            "sessionId": session_id,
            "id": task.id,
            "clientTaskId": task.order.id,
            "cancellationId": cancellation_id,
            "reason": reason,
        }
        seconds = self._connection.runtime.limits.cancel_seconds
        result = await self._connection.ask_for(
            ClientTaskCancelResult, "tasks.cancel", params, seconds=seconds
        )
        return result.cancelled


def describe(task: ClientTask) -> TaskClientInfo:
    """A task of a client, as the wire shows it."""
    progress, order, last = task.progress, task.order, task.last
    ended = not task.open and task.orphaned_at is None
    return TaskClientInfo(
        id=task.id,
        client_task_id=order.id,
        display_name=order.name,
        description=order.description,
        status=progress.status,
        owner=_describe_owner(task),
        started_at=stamp(progress.started_at),
        updated_at=stamp(task.updated_at),
        completed_at=stamp(progress.completed_at) if ended else None,
        active_time_ms=task.active_milliseconds,
        active_started_at=None if task.active_since is None else stamp(task.active_since),
        idle_since=stamp(progress.completed_at) if progress.status == "idle" else None,
        orphaned_at=None if task.orphaned_at is None else stamp(task.orphaned_at),
        execution_mode="background",
        can_cancel=task.open and order.cancellable,
        sequence=task.sequence,
        result=last.result,
        error=last.error,
        error_code=last.error_code,
        cancellation_reason=last.reason,
    )


def describe_progress(task: ClientTask) -> TaskClientProgress:
    """How far a task of a client is, as the wire shows it."""
    return TaskClientProgress(
        status=task.progress.status,
        sequence=task.sequence,
        updated_at=stamp(task.updated_at),
        phase=task.phase,
        percentage=task.percentage,
        last_message=task.message,
        recent_activity=[TaskProgressLine(message=text, timestamp=stamp(at)) for text, at in task.activity],
    )


def _describe_owner(task: ClientTask) -> TaskClientOwner:
    gone = task.orphaned_at
    return TaskClientOwner(
        participant_id=task.owner.participant_id,
        join_id=task.owner.join_id,
        kind="extension" if task.owner.is_extension else "sdk",
        presence="connected" if gone is None else "disconnected",
        disconnected_at=None if gone is None else stamp(gone),
    )


def _owner(call: Call) -> Client:
    client = call.session.clients.of(call.connection)
    if client is None:
        raise RpcError(_UNSUPPORTED, "TASK_UNSUPPORTED")
    return client


def _read(params: TasksUpdateRequest) -> TaskUpdate:
    match params.update:
        case TaskClientUpdateProgress() as update:
            return _progress(update)
        case TaskClientUpdateCompleted(message=message, result=result):
            return TaskUpdate("completed", message, result=result)
        case TaskClientUpdateFailed(message=message, error=error, code=code):
            return TaskUpdate("failed", message, error=error, error_code=code)
        case TaskClientUpdateCancelled(message=message, reason=reason):
            return TaskUpdate("cancelled", message, reason=reason)
        case unknown:
            raise InvalidParams(
                f"Invalid client task update: unknown variant `{unknown.kind}`, expected one of "
                "`progress`, `completed`, `failed`, `cancelled`"
            )


_ACTIVE: dict[str, Status] = {"running": "running", "idle": "idle"}


def _progress(update: TaskClientUpdateProgress) -> TaskUpdate:
    said = update.model_fields_set - {"kind"}
    if not said:
        raise InvalidParams("empty progress update")
    percentage = update.percentage
    if percentage is not None and not (math.isfinite(percentage) and 0 <= percentage <= 100):
        raise InvalidParams("percentage must be finite and between 0 and 100")
    status = None if update.status is None else _ACTIVE.get(update.status)
    if update.status is not None and status is None:
        raise InvalidParams(
            f"Invalid client task update: unknown variant `{update.status}`, expected `running` or `idle`"
        )
    return TaskUpdate(
        status,
        update.message,
        phase=(update.phase,) if "phase" in said else (),
        percentage=(percentage,) if "percentage" in said else (),
    )
