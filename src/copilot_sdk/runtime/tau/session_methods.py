"""Requests about sessions and how they stand to each other."""

from __future__ import annotations

from pathlib import Path

from copilot_sdk._generated.tau.types import (
    ArchiveSessionRequest,
    CreateSessionRequest,
    DeleteSessionRequest,
    GetMessagesRequest,
    GetSessionAncestorsRequest,
    GetSessionInfoRequest,
    ListSessionsRequest,
    MessagesResponse,
    ModelChangedResponse,
    OkResponse,
    ReparentChildrenRequest,
    ResolvedSuccessorResponse,
    ResolveSuccessorRequest,
    RestoreSessionRequest,
    SessionAncestorsResponse,
    SessionArchivedResponse,
    SessionCreatedResponse,
    SessionDeletedResponse,
    SessionInfoResponse,
    SessionRestoredResponse,
    SessionsResponse,
    SetCwdRequest,
    SetModelRequest,
    SetSessionSuccessorRequest,
    SetTaglineRequest,
    SucceedSessionRequest,
)
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.tau.history import PROVIDER
from copilot_sdk.runtime.tau.host_methods import described, model_named
from copilot_sdk.runtime.tau.router import Call, Router
from copilot_sdk.runtime.tau.tree import Node

router = Router()


@router.on(CreateSessionRequest)
async def _create(call: Call, request: CreateSessionRequest) -> SessionCreatedResponse:
    tree = call.daemon.sessions.tree
    parent = None if request.parent_id is None else tree[request.parent_id]
    if parent is not None:
        tree.check_budget(parent.id)
    cwd = request.cwd or (parent.cwd if parent is not None else str(Path.cwd()))
    if request.provider not in (None, PROVIDER):
        raise RuntimeFault(f"provider: there is no {request.provider!r}, only {PROVIDER!r}")
    model = None if request.model is None else (await model_named(call, request.model, cwd)).id
    node = Node(
        id=tree.new_id(),
        cwd=cwd,
        model=model,
        system_prompt=request.system_prompt,
        parent_id=request.parent_id,
        child_budget=request.child_budget or 0,
        tagline=request.tagline,
        auto_archive=bool(request.auto_archive),
        notify_parent=request.notify_parent is not False,
        project_name=request.project_name or (None if parent is None else parent.project_name),
        sandbox_profile=request.sandbox_profile,
    )
    await call.daemon.sessions.make(node)
    if request.project_name is not None:
        # Whoever makes the first session of a project says where that is; a worker that comes before is anywhere.
        tree.found(request.project_name, node.cwd)
    return SessionCreatedResponse(session_id=node.id)


@router.on(GetSessionInfoRequest)
async def _info(call: Call, request: GetSessionInfoRequest) -> SessionInfoResponse:
    sessions = call.daemon.sessions
    return SessionInfoResponse(info=sessions.info(sessions.tree[request.session_id]))


@router.on(GetSessionAncestorsRequest)
async def _ancestors(call: Call, request: GetSessionAncestorsRequest) -> SessionAncestorsResponse:
    sessions = call.daemon.sessions
    nodes = sessions.tree.ancestors(request.session_id)
    return SessionAncestorsResponse(sessions=[sessions.info(node) for node in nodes])


@router.on(ListSessionsRequest)
async def _list(call: Call, request: ListSessionsRequest) -> SessionsResponse:
    sessions, project = call.daemon.sessions, request.project_name
    nodes = [
        node
        for node in sessions.tree
        if (request.include_archived or not node.archived) and project in (None, node.project_name)
    ]
    return SessionsResponse(sessions=[sessions.info(node) for node in nodes])


@router.on(ArchiveSessionRequest)
async def _archive(call: Call, request: ArchiveSessionRequest) -> SessionArchivedResponse:
    sessions = call.daemon.sessions
    node, wanted = sessions.tree[request.session_id], request.require_ancestor
    if wanted is not None and wanted not in [above.id for above in sessions.tree.ancestors(node.id)[1:]]:
        raise RuntimeFault(f"{wanted} is not above {node.id}")
    await sessions.archive(node.id)
    return SessionArchivedResponse()


@router.on(RestoreSessionRequest)
async def _restore(call: Call, request: RestoreSessionRequest) -> SessionRestoredResponse:
    tree = call.daemon.sessions.tree
    tree[request.session_id].archived = False
    tree.save()
    return SessionRestoredResponse()


@router.on(DeleteSessionRequest)
async def _delete(call: Call, request: DeleteSessionRequest) -> SessionDeletedResponse:
    await call.daemon.sessions.delete(request.session_id)
    return SessionDeletedResponse()


@router.on(GetMessagesRequest)
async def _messages(call: Call, request: GetMessagesRequest) -> MessagesResponse:
    return MessagesResponse(messages=call.daemon.sessions.messages(request.session_id))


@router.on(SetTaglineRequest)
async def _set_tagline(call: Call, request: SetTaglineRequest) -> OkResponse:
    tree = call.daemon.sessions.tree
    tree[request.session_id].tagline = request.tagline
    tree.save()
    return OkResponse()


@router.on(SetModelRequest)
async def _set_model(call: Call, request: SetModelRequest) -> ModelChangedResponse:
    session = await call.daemon.sessions.open(request.session_id)
    model = await model_named(call, request.model_id, session.node.cwd)
    session.core.model_choice.switch(model.id, source="tau")
    session.node.model = model.id
    call.daemon.sessions.tree.save()
    return ModelChangedResponse(model=described(model))


@router.on(SetCwdRequest)
async def _set_cwd(call: Call, request: SetCwdRequest) -> OkResponse:
    session = await call.daemon.sessions.open(request.session_id)
    session.core.move_to(Path(request.cwd))
    session.node.cwd = str(session.core.config.working_directory)
    call.daemon.sessions.tree.save()
    return OkResponse()


@router.on(ReparentChildrenRequest)
async def _reparent(call: Call, request: ReparentChildrenRequest) -> OkResponse:
    call.daemon.sessions.tree.reparent(request.old_parent_id, request.new_parent_id)
    return OkResponse()


@router.on(SetSessionSuccessorRequest)
async def _set_successor(call: Call, request: SetSessionSuccessorRequest) -> OkResponse:
    call.daemon.sessions.tree.set_successor(request.session_id, request.successor_id)
    return OkResponse()


@router.on(ResolveSuccessorRequest)
async def _resolve(call: Call, request: ResolveSuccessorRequest) -> ResolvedSuccessorResponse:
    return ResolvedSuccessorResponse(session_id=call.daemon.sessions.tree.successor(request.session_id))


@router.on(SucceedSessionRequest)
async def _succeed(call: Call, request: SucceedSessionRequest) -> SessionCreatedResponse:
    sessions = call.daemon.sessions
    before = sessions.tree[request.session_id]
    node = Node(
        id=sessions.tree.new_id(),
        cwd=before.cwd,
        model=before.model,
        system_prompt=before.system_prompt,
        parent_id=before.parent_id,
        child_budget=before.child_budget,
        tagline=request.tagline or before.tagline,
        notify_parent=before.notify_parent,
        project_name=before.project_name,
        sandbox_profile=before.sandbox_profile,
    )
    await sessions.make(node)
    sessions.succeed(before.id, node.id)
    return SessionCreatedResponse(session_id=node.id)
