"""Requests about the tasks of projects."""

from __future__ import annotations

from copilot_sdk._generated.tau.types import (
    GetTaskSessionRoleRequest,
    TaskAssignRequest,
    TaskCreateRequest,
    TaskDetailResponse,
    TaskGetRequest,
    TaskHistoryInfo,
    TaskInfo,
    TaskListRequest,
    TaskListResponse,
    TaskMergeQueueRequest,
    TaskMergeQueueResponse,
    TaskMessageInfo,
    TaskOverviewRequest,
    TaskOverviewResponse,
    TaskRelationInfo,
    TaskSearchRequest,
    TaskSessionInfo,
    TaskSessionRoleResponse,
    TaskStatusRequest,
    TaskStatusResponse,
    TaskTreeResponse,
    TaskUpdatedResponse,
    TaskUpdateRequest,
    TaskWaitReasons,
)
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.tau.board import ENDED, STATES, Change, Remark, Role, Task
from copilot_sdk.runtime.tau.router import Call, Router
from copilot_sdk.runtime.tau.scheduler import MOST_AT_ONCE, QUEUED

_RECENT = 10
_CHANGEABLE = (
    "state", "title", "priority", "tags", "affected_files", "skip_review", "require_approval", "sandbox_profile",
)  # fmt: skip

router = Router()


@router.on(TaskCreateRequest)
async def _create(call: Call, request: TaskCreateRequest) -> TaskUpdatedResponse:
    task = call.daemon.board.file(
        request.project,
        request.title,
        parent_id=request.parent_id,
        priority=request.priority or 0,
        tags=request.tags or (),
        sandbox_profile=request.sandbox_profile,
    )
    return TaskUpdatedResponse(task=_told(call, task))


@router.on(TaskUpdateRequest)
async def _update(call: Call, request: TaskUpdateRequest) -> TaskUpdatedResponse:
    daemon = call.daemon
    task = daemon.board[request.id]
    given: dict[str, object] = {name: getattr(request, name) for name in _CHANGEABLE}
    daemon.board.change(task, None, {name: value for name, value in given.items() if value is not None})
    daemon.scheduler.look()
    return TaskUpdatedResponse(task=_told(call, task))


@router.on(TaskAssignRequest)
async def _assign(call: Call, request: TaskAssignRequest) -> TaskUpdatedResponse:
    daemon = call.daemon
    task, node = daemon.board[request.id], daemon.sessions.tree[request.session_id]
    if task.state in ENDED:
        raise RuntimeFault(f"task {task.id} is {task.state}; nobody works at it any more")
    daemon.board.assign(task, node.id, "worker")
    daemon.board.change(task, node.id, {"state": "active"})
    return TaskUpdatedResponse(task=_told(call, task))


@router.on(TaskListRequest)
async def _list(call: Call, request: TaskListRequest) -> TaskTreeResponse:
    board, state = call.daemon.board, request.state
    _check(state)
    chosen = [task for task in board.of(request.project) if state in (None, task.state)]
    if (parent := request.parent_id) is not None:
        below = {task.id for _, task in board.tree([board[parent], *_below(call, parent)])[1:]}
        chosen = [task for task in chosen if task.id in below]
    return TaskTreeResponse(tasks=[(depth, _told(call, task)) for depth, task in board.tree(chosen)])


def _below(call: Call, task_id: int) -> list[Task]:
    parts = call.daemon.board.subtasks(task_id)
    return [*parts, *(found for part in parts for found in _below(call, part.id))]


@router.on(TaskSearchRequest)
async def _search(call: Call, request: TaskSearchRequest) -> TaskListResponse:
    _check(request.state)
    words = request.query.casefold().split()
    found = [
        _told(call, task)
        for task in call.daemon.board.of(request.project)
        if request.state in (None, task.state)
        and all(word in f"{task.title} {task.tags}".casefold() for word in words)
    ]
    return TaskListResponse(tasks=found)


@router.on(TaskGetRequest)
async def _get(call: Call, request: TaskGetRequest) -> TaskDetailResponse:
    board = call.daemon.board
    task = board[request.id]
    detail = TaskDetailResponse(
        task=_told(call, task),
        messages=[_message(task, remark) for remark in task.remarks],
        relations=[
            TaskRelationInfo(from_task=r.from_task, to_task=r.to_task, relation=r.relation)
            for r in board.relations
            if task.id in (r.from_task, r.to_task)
        ],
        subtasks=[_told(call, part) for part in board.subtasks(task.id)],
    )
    if sessions := [
        _session(call, role) for role in task.roles if role.session_id in call.daemon.sessions.tree
    ]:
        detail.sessions = sessions
    if task.history:
        detail.history = [_change(change) for change in task.history]
    return detail


@router.on(TaskStatusRequest)
async def _status(call: Call, request: TaskStatusRequest) -> TaskStatusResponse:
    tasks = call.daemon.board.of(request.project)
    counts = [(state, sum(task.state == state for task in tasks)) for state in STATES]
    shown = ", ".join(f"{count} {state}" for state, count in counts if count) or "no tasks"
    at_work = len(call.daemon.scheduler.in_flight(request.project))
    return TaskStatusResponse(text=f"{request.project}: {shown}; {at_work} of {MOST_AT_ONCE} at once")


@router.on(TaskOverviewRequest)
async def _overview(call: Call, request: TaskOverviewRequest) -> TaskOverviewResponse:
    board, scheduler = call.daemon.board, call.daemon.scheduler
    tasks = board.of(request.project)
    limit = _RECENT if request.recent_limit is None else request.recent_limit
    waiting = [task for task in tasks if task.state in QUEUED]
    blocked = [task for task in waiting if board.needs(task)]
    free = [task for task in waiting if task not in blocked]

    def told(chosen: list[Task]) -> list[TaskInfo]:
        return [_told(call, task) for task in chosen]

    def recent(state: str) -> list[TaskInfo]:
        ended = sorted((t for t in tasks if t.state == state), key=lambda t: (-t.updated_at, -t.id))
        return told(ended[:limit])

    overview = TaskOverviewResponse(
        active=told([task for task in tasks if task.state not in ENDED and task not in waiting]),
        queued_ready=told([task for task in free if task.state == "ready"]),
        queued_planning=told([task for task in free if task.state != "ready"]),
        blocked=told(blocked),
        held=[],
        recently_merged=recent("merged"),
        recently_done=recent("done"),
        recently_closed=recent("closed"),
        inflight_count=len(scheduler.in_flight(request.project)),
        max_concurrent=MOST_AT_ONCE,
    )
    if waiting:
        overview.wait_reasons = [
            TaskWaitReasons(task_id=task.id, reasons=[*scheduler.reasons(task)] or ["NotScheduled"])
            for task in waiting
        ]
    return overview


@router.on(TaskMergeQueueRequest)
async def _merge_queue(call: Call, request: TaskMergeQueueRequest) -> TaskMergeQueueResponse:
    tasks = [task for task in call.daemon.board.of(request.project) if task.state in ("approved", "merging")]
    return TaskMergeQueueResponse(tasks=[_told(call, task) for task in tasks])


@router.on(GetTaskSessionRoleRequest)
async def _role(call: Call, request: GetTaskSessionRoleRequest) -> TaskSessionRoleResponse:
    node = call.daemon.sessions.tree[request.session_id]
    for task in call.daemon.board:
        if task.session_id == node.id and task.state not in ENDED:
            return TaskSessionRoleResponse(is_worker=True, task_id=task.id, role="worker")
    return TaskSessionRoleResponse(is_worker=False)


def _check(state: str | None) -> None:
    if state is not None and state not in STATES:
        raise RuntimeFault(f"state: {state!r} is none of {', '.join(STATES)}")


def _told(call: Call, task: Task) -> TaskInfo:
    """A task, as clients see it. One without a branch leads to no merge."""
    live = None if task.session_id is None else call.daemon.sessions.find_live(task.session_id)
    told = TaskInfo(
        id=task.id,
        project_name=task.project,
        title=task.title,
        state=task.state,
        priority=task.priority,
        parent_id=task.parent_id,
        tags=task.tags,
        affected_files=task.affected_files,
        branch=task.branch,
        worktree_path=None if task.worktree is None else task.worktree.path,
        session_id=task.session_id,
        skip_review=task.skip_review,
        require_approval=task.require_approval,
        has_live_session=live is not None and live.busy,
        no_merge=task.branch is None,
        created_at=task.created_at,
        updated_at=task.updated_at,
    )
    if task.sandbox_profile is not None:
        told.sandbox_profile = task.sandbox_profile
    return told


def _message(task: Task, remark: Remark) -> TaskMessageInfo:
    return TaskMessageInfo(
        id=remark.id,
        task_id=task.id,
        content=remark.content,
        author=remark.author,
        created_at=remark.at,
        updated_at=remark.at,
    )


def _change(change: Change) -> TaskHistoryInfo:
    told = TaskHistoryInfo(field=change.field, created_at=change.at)
    members = {"old_value": change.old, "new_value": change.new, "session_id": change.session_id}
    for name, value in members.items():
        if value is not None:
            setattr(told, name, value)
    return told


def _session(call: Call, role: Role) -> TaskSessionInfo:
    info = call.daemon.sessions.info(call.daemon.sessions.tree[role.session_id])
    told = TaskSessionInfo(
        session_id=role.session_id,
        role=role.role,
        created_at=role.at,
        message_count=info.message_count,
        archived=info.archived,
        last_activity=info.last_activity,
        last_phase=info.state,
        is_live=info.is_live,
    )
    if info.last_exit_status is not None:
        told.last_exit_status = info.last_exit_status
    return told
