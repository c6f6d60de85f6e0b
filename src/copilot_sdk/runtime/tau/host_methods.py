"""Requests about the daemon as a whole: models, accounts, projects, its end."""

from __future__ import annotations

import time
from collections.abc import Mapping

from copilot_sdk._generated.tau.types import (
    AliasesResponse,
    AliasInfo,
    AuthStatusRequest,
    AuthStatusResponse,
    EnqueuePostIdleActionRequest,
    FireHookRequest,
    GcCompleteResponse,
    GcSessionsRequest,
    GetProjectInfoRequest,
    GetSubscriptionUsageRequest,
    ListAliasesRequest,
    ListModelsRequest,
    LoginRequest,
    ModelInfo,
    ModelsResponse,
    OkResponse,
    ProjectInfoEntry,
    ProjectInfoResponse,
    ProjectStatsInfo,
    ProjectStatsRequest,
    ProjectStatsResponse,
    ReloadConfigRequest,
    ReloadPluginsRequest,
    ShutdownRequest,
    SubscriptionUsage,
    SubscriptionUsageResponse,
)
from copilot_sdk._model import VerbatimModel
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.models.base import ModelInfo as CoreModel
from copilot_sdk.runtime.tau.history import PROVIDER
from copilot_sdk.runtime.tau.router import Call, Router
from copilot_sdk.runtime.tau.tree import Counts, Node

_DAY_SECONDS = 86_400
_MOST_TOKENS = 16_384

router = Router()


def described(model: CoreModel) -> ModelInfo:
    """A model, as tau describes it."""
    return ModelInfo(
        id=model.id,
        name=model.name,
        provider=PROVIDER,
        thinking="open_ai" if model.reasoning_efforts else "none",
        context_window=model.context_window,
        max_tokens=min(model.context_window, _MOST_TOKENS),
    )


async def model_named(call: Call, name: str, folder: str) -> CoreModel:
    """The model with an id, also with its provider before it, or with an alias.

    Args:
        call: The request that names it.
        name: The name.
        folder: The folder whose project may have aliases of its own.

    Raises:
        RuntimeFault: There is none, or the aliases cannot be read.
    """
    target = call.daemon.settings.model(name, folder)
    wanted = target.removeprefix(f"{PROVIDER}/")
    models = await call.daemon.runtime.models()
    found = next((model for model in models if model.id == wanted), None)
    if found is None:
        raise RuntimeFault(
            f"unknown model: {name}" if target == name else f"unknown model: {name}, alias of {target}"
        )
    return found


@router.on(ListModelsRequest)
async def _models(call: Call, _: ListModelsRequest) -> ModelsResponse:
    return ModelsResponse(models=[described(model) for model in await call.daemon.runtime.models()])


@router.on(ListAliasesRequest)
async def _aliases(call: Call, request: ListAliasesRequest) -> AliasesResponse:
    settings = call.daemon.settings
    project = [] if request.cwd is None else _told(settings.project_aliases(request.cwd))
    return AliasesResponse(global_=_told(settings.read().aliases), project=project)


def _told(aliases: Mapping[str, str]) -> list[AliasInfo]:
    return [AliasInfo(name=name, target=target) for name, target in sorted(aliases.items())]


@router.on(LoginRequest)
async def _login(_: Call, request: LoginRequest) -> VerbatimModel:
    raise RuntimeFault(f"login failed: there is nothing to sign in to at {request.provider}")


@router.on(AuthStatusRequest)
async def _auth_status(_: Call, __: AuthStatusRequest) -> AuthStatusResponse:
    return AuthStatusResponse(providers=[])


@router.on(GetSubscriptionUsageRequest)
async def _usage(_: Call, __: GetSubscriptionUsageRequest) -> SubscriptionUsageResponse:
    nothing = SubscriptionUsage(
        five_hour=None, seven_day=None, seven_day_sonnet=None, seven_day_opus=None, extra_usage=None
    )
    return SubscriptionUsageResponse(usage=nothing)


@router.on(ReloadPluginsRequest)
async def _reload_plugins(call: Call, request: ReloadPluginsRequest) -> OkResponse:
    session = await call.daemon.sessions.open(request.session_id)
    session.core.skills.forget()
    await call.daemon.sessions.reload_plugins(request.session_id)
    return OkResponse()


@router.on(ReloadConfigRequest)
async def _reload_config(call: Call, _: ReloadConfigRequest) -> OkResponse:
    # The settings are read anew each time they are asked for: here somebody wants to know whether they can be.
    call.daemon.settings.read()
    return OkResponse()


@router.on(FireHookRequest)
async def _fire_hook(call: Call, request: FireHookRequest) -> OkResponse:
    if call.client is not None:
        raise RuntimeFault("fire_hook is only available to plugins")
    call.daemon.plugins.fire(request.name, request.data)
    return OkResponse()


@router.on(EnqueuePostIdleActionRequest)
async def _enqueue(call: Call, request: EnqueuePostIdleActionRequest) -> OkResponse:
    if call.client is not None:
        raise RuntimeFault("enqueue_post_idle_action is only available to plugins")
    daemon = call.daemon
    node, task = daemon.sessions.tree[request.session_id], daemon.board[request.action.task_id]
    live = daemon.sessions.find_live(node.id)
    if live is not None and live.busy:
        live.ends.append(task.id)
    else:
        daemon.archive_sessions(task.id)
    return OkResponse()


@router.on(GcSessionsRequest)
async def _collect(call: Call, request: GcSessionsRequest) -> GcCompleteResponse:
    sessions, deleted = call.daemon.sessions, 0
    before = time.time() - request.older_than_days * _DAY_SECONDS

    def unused(node: Node) -> bool:
        live = sessions.find_live(node.id)
        return node.last_activity <= before and (live is None or not live.busy)

    for node in sessions.tree:
        if node.id in sessions.tree and all(map(unused, sessions.tree.subtree(node.id))):
            deleted += await sessions.delete(node.id)
    return GcCompleteResponse(deleted=deleted)


@router.on(GetProjectInfoRequest)
async def _project(call: Call, request: GetProjectInfoRequest) -> ProjectInfoResponse:
    path = call.daemon.sessions.tree.projects.get(request.project_name)
    entry = None if path is None else ProjectInfoEntry(name=request.project_name, path=path)
    return ProjectInfoResponse(project=entry)


@router.on(ProjectStatsRequest)
async def _project_stats(call: Call, request: ProjectStatsRequest) -> ProjectStatsResponse:
    sessions = call.daemon.sessions
    nodes = [node for node in sessions.tree if node.project_name == request.project_name]
    tokens = Counts()
    for node in nodes:
        live = sessions.find_live(node.id)
        tokens = tokens.plus(node.tokens if live is None else live.tokens())
    stats = ProjectStatsInfo(
        project_name=request.project_name,
        session_count=len(nodes),
        message_count=sum(len(sessions.messages(node.id)) for node in nodes),
        tokens_input=tokens.input,
        tokens_output=tokens.output,
        tokens_cache_read=tokens.cache_read,
        tokens_cache_write=tokens.cache_write,
        cost_usd=0.0,
    )
    if nodes:
        # In milliseconds, as the daemon of tau sends it.
        stats.last_activity = max(node.last_activity for node in nodes) * 1000
    return ProjectStatsResponse(stats=stats)


@router.on(ShutdownRequest)
async def _shut_down(call: Call, request: ShutdownRequest) -> None:
    await call.connection.send(OkResponse())
    call.connection.end()
    call.daemon.shut_down(restart=bool(request.restart))
