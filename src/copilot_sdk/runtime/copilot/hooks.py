"""Methods of `hooks`, and those that have a session read its hooks in files again."""

from __future__ import annotations

import hashlib
from pathlib import Path

from copilot_sdk._generated.copilot.types import (
    DiscoveredHook,
    HooksDiscoverRequest,
    HooksDiscoverResult,
    SessionLoadDeferredRepoHooksResult,
    SessionsLoadDeferredRepoHooksRequest,
    SessionsReloadPluginHooksRequest,
    SessionsReloadPluginHooksResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.hook_files import FileHook, Found
from copilot_sdk.runtime.core.hook_sources import sorted_hooks

router = Router()


@router.on("hooks.discover", HooksDiscoverRequest)
async def _discover(call: Call, params: HooksDiscoverRequest) -> HooksDiscoverResult:
    runtime = call.runtime
    own, installed = Found(), Found()
    if not params.exclude_host_hooks:
        own = runtime.hook_sources.of_user([Path(path) for path in params.hook_directories or ()])
        installed = runtime.hook_sources.of_plugins(runtime.plugins.to_discover(for_projects=False))
    result = HooksDiscoverResult(hooks=[], warnings=[], errors=[])
    if not params.project_paths:
        hooks, result.errors = sorted_hooks(own, installed)
        result.hooks = [_described(call, hook, None) for hook in hooks]
    for path in params.project_paths or ():
        folder = Path(path)
        # What a folder wants to be run is told where the user trusts it.
        project = runtime.hook_sources.of_project(folder) if runtime.saved.trusts(folder) else Found()
        plugins = runtime.hook_sources.of_plugins(runtime.plugins.folders())
        hooks, errors = sorted_hooks(own, plugins, project)
        result.hooks += [_described(call, hook, path) for hook in hooks]
        result.errors += errors
    return result


@router.on("sessions.reloadPluginHooks", SessionsReloadPluginHooksRequest)
async def _reload(call: Call, params: SessionsReloadPluginHooksRequest) -> SessionsReloadPluginHooksResult:
    session = call.runtime.find_live(params.session_id)
    if session is not None:
        session.plugins.reload()
        session.hooks.forget_files(defer_repository=bool(params.defer_repo_hooks))
    return SessionsReloadPluginHooksResult()


@router.on("sessions.loadDeferredRepoHooks", SessionsLoadDeferredRepoHooksRequest)
async def _load_deferred(
    call: Call, params: SessionsLoadDeferredRepoHooksRequest
) -> SessionLoadDeferredRepoHooksResult:
    session = call.runtime.find_live(params.session_id)
    if session is None:
        return SessionLoadDeferredRepoHooksResult(startup_prompts=[], hook_count=0)
    session.hooks.forget_files()
    return SessionLoadDeferredRepoHooksResult(startup_prompts=[], hook_count=len(session.hooks.in_files))


def _described(call: Call, hook: FileHook, project: str | None) -> DiscoveredHook:
    identity = f"{project or ''}\n{hook.source}\n{hook.key}"
    return DiscoveredHook(
        id=f"hook:{hashlib.sha256(identity.encode()).hexdigest()}",
        hook_type=hook.type,
        origin=hook.origin,
        source=hook.source,
        project_path=project,
        enabled=call.runtime.hook_sources.enabled(hook),
        disable_key=hook.key,
    )
