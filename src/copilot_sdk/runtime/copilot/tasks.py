"""Methods of `session.tasks`: background agents and shell commands."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    TaskAgentInfo,
    TaskAgentProgress,
    TaskInfo,
    TaskList,
    TaskProgress,
    TaskProgressLine,
    TasksCancelRequest,
    TasksCancelResult,
    TasksGetCurrentPromotableResult,
    TasksGetProgressRequest,
    TasksGetProgressResult,
    TaskShellInfo,
    TaskShellOutputExit,
    TaskShellProgress,
    TasksPromoteCurrentToBackgroundResult,
    TasksPromoteToBackgroundRequest,
    TasksPromoteToBackgroundResult,
    TasksReadOutputRequest,
    TasksReadOutputResult,
    TasksRefreshResult,
    TasksRemoveRequest,
    TasksRemoveResult,
    TasksSendMessageRequest,
    TasksSendMessageResult,
    TasksStartAgentRequest,
    TasksStartAgentResult,
    TasksWaitForPendingResult,
)
from copilot_sdk.runtime.copilot import client_tasks
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.agent_models import ModelWish
from copilot_sdk.runtime.core.client_tasks import ClientTask
from copilot_sdk.runtime.core.clock import stamp
from copilot_sdk.runtime.core.faults import InvalidInput
from copilot_sdk.runtime.core.shells import ShellTask
from copilot_sdk.runtime.core.sub_agents import AgentOrder, AgentTask
from copilot_sdk.runtime.core.tasks import Task

router = Router()

_LONGEST_READ_MS = 30_000


@router.on("session.tasks.startAgent", TasksStartAgentRequest)
async def _start_agent(call: Call, params: TasksStartAgentRequest) -> TasksStartAgentResult:
    order = AgentOrder(
        agent_type=params.agent_type,
        prompt=params.prompt,
        name=params.name,
        description=params.description or params.name,
        wish=ModelWish(params.model),
    )
    task = AgentTask(call.session, order)
    task.start()
    return TasksStartAgentResult(agent_id=task.id)


@router.plain("session.tasks.list")
async def _list(call: Call) -> TaskList:
    return TaskList(tasks=[describe(task) for task in call.session.tasks])


@router.plain("session.tasks.refresh")
async def _refresh(call: Call) -> TasksRefreshResult:
    await call.session.tasks.refresh()
    return TasksRefreshResult()


@router.plain("session.tasks.waitForPending")
async def _wait_for_pending(call: Call) -> TasksWaitForPendingResult:
    session = call.session
    await session.tasks.wait_for_pending(session.limits.task_wait_seconds)
    return TasksWaitForPendingResult()


@router.on("session.tasks.getProgress", TasksGetProgressRequest)
async def _get_progress(call: Call, params: TasksGetProgressRequest) -> TasksGetProgressResult:
    task = call.session.tasks.get(params.id)
    return TasksGetProgressResult(progress=None if task is None else _progress(task))


@router.plain("session.tasks.getCurrentPromotable")
async def _get_current_promotable(call: Call) -> TasksGetCurrentPromotableResult:
    task = call.session.tasks.promotable()
    return TasksGetCurrentPromotableResult(task=None if task is None else describe(task))


@router.on("session.tasks.promoteToBackground", TasksPromoteToBackgroundRequest)
async def _promote(call: Call, params: TasksPromoteToBackgroundRequest) -> TasksPromoteToBackgroundResult:
    task = call.session.tasks.get(params.id)
    return TasksPromoteToBackgroundResult(promoted=task is not None and task.progress.promote())


@router.plain("session.tasks.promoteCurrentToBackground")
async def _promote_current(call: Call) -> TasksPromoteCurrentToBackgroundResult:
    task = call.session.tasks.promotable()
    if task is None or not task.progress.promote():
        return TasksPromoteCurrentToBackgroundResult()
    return TasksPromoteCurrentToBackgroundResult(task=describe(task))


@router.on("session.tasks.cancel", TasksCancelRequest)
async def _cancel(call: Call, params: TasksCancelRequest) -> TasksCancelResult:
    return TasksCancelResult(cancelled=await call.session.tasks.cancel(params.id))


@router.on("session.tasks.remove", TasksRemoveRequest)
async def _remove(call: Call, params: TasksRemoveRequest) -> TasksRemoveResult:
    return TasksRemoveResult(removed=call.session.tasks.remove(params.id))


@router.on("session.tasks.sendMessage", TasksSendMessageRequest)
async def _send_message(call: Call, params: TasksSendMessageRequest) -> TasksSendMessageResult:
    task = call.session.tasks.find(params.id, AgentTask)
    if task is None:
        return TasksSendMessageResult(sent=False, error="Agent not found or not accepting messages")
    task.send(params.message)
    return TasksSendMessageResult(sent=True)


@router.on("session.tasks.readOutput", TasksReadOutputRequest)
async def _read_output(call: Call, params: TasksReadOutputRequest) -> TasksReadOutputResult:
    cursor, wait = params.cursor or "0", params.wait_ms or 0
    if not 0 <= wait <= _LONGEST_READ_MS:
        raise InvalidInput(f"tasks.readOutput waitMs must be 0 through {_LONGEST_READ_MS}")
    if not cursor.isdecimal():
        raise InvalidInput("invalid tasks.readOutput cursor")
    task = call.session.tasks.find(params.id, ShellTask)
    if task is None or not task.detached:
        raise InvalidInput(f"No detached shell task with id '{params.id}'")
    piece = await task.read(int(cursor), wait / 1000)
    ended = piece.last and not task.progress.running
    return TasksReadOutputResult(
        text=piece.text,
        cursor=str(piece.end),
        exit=TaskShellOutputExit(status=task.progress.status, exit_code=task.process.exit_code)
        if ended
        else None,
    )


def describe(task: Task) -> TaskInfo:
    """A task, as the wire shows it."""
    match task:
        case AgentTask():
            return _describe_agent(task)
        case ShellTask():
            return _describe_shell(task)
        case ClientTask():
            return client_tasks.describe(task)


def _describe_agent(task: AgentTask) -> TaskAgentInfo:
    progress = task.progress
    return TaskAgentInfo(
        id=task.id,
        tool_call_id=task.call_id,
        description=task.description,
        status=progress.status,
        started_at=stamp(progress.started_at),
        completed_at=None if progress.running else stamp(progress.completed_at),
        active_time_ms=task.active_milliseconds,
        active_started_at=None if task.active_since is None else stamp(task.active_since),
        error=task.error,
        agent_type=task.type.name,
        prompt=task.prompt,
        result=task.result,
        model=task.model.override,
        resolved_model=task.agent.model_id,
        execution_mode=progress.mode,
        can_promote_to_background=progress.promotable,
        latest_response=task.agent.latest_response,
    )


def _describe_shell(task: ShellTask) -> TaskShellInfo:
    progress = task.progress
    return TaskShellInfo(
        id=task.id,
        description=task.description,
        status=progress.status,
        started_at=stamp(progress.started_at),
        completed_at=None if progress.running else stamp(progress.completed_at),
        command=task.process.text,
        attachment_mode="detached" if task.detached else "attached",
        execution_mode=progress.mode,
        can_promote_to_background=progress.promotable,
        log_path=None if task.process.log is None else str(task.process.log),
        pid=task.process.pid,
    )


def _progress(task: Task) -> TaskProgress:
    if isinstance(task, ClientTask):
        return client_tasks.describe_progress(task)
    if isinstance(task, AgentTask):
        lines = [
            TaskProgressLine(message=line.text, timestamp=stamp(line.at)) for line in task.recent_activity
        ]
        return TaskAgentProgress(recent_activity=lines, latest_intent=task.agent.intent)
    return TaskShellProgress(recent_output=task.process.recent_output, pid=task.process.pid)
