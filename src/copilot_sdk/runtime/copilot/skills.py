"""Methods of `skills` and `session.skills`, and the skills that a client provides."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot.types import (
    ServerSkill,
    ServerSkillList,
    Skill,
    SkillDiscoveryPath,
    SkillDiscoveryPathList,
    SkillList,
    SkillProviderListResult,
    SkillProviderReadResult,
    SkillsConfigSetDisabledSkillsRequest,
    SkillsConfigSetSkillDisabledRequest,
    SkillsDisableRequest,
    SkillsDiscoverRequest,
    SkillsEnableRequest,
    SkillsGetDiscoveryPathsRequest,
    SkillsGetInvokedResult,
    SkillsLoadDiagnostics,
)
from copilot_sdk._model.json_values import texts_in
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.skill_files import (
    SkillInfo,
    SkillPlace,
    find_skills,
    folders_to_fill,
    personal_places,
    plugin_places,
    project_places,
)

if TYPE_CHECKING:
    from copilot_sdk.runtime.copilot.connection import Connection

router = Router()

_DISABLED = "disabledSkills"
_OF_INVOKED = (
    "name",
    "path",
    "content",
    "allowedTools",
    "source",
    "invokedAtTurn",
    "disableModelInvocation",
)


@router.on("skills.discover", SkillsDiscoverRequest)
async def _discover(call: Call, params: SkillsDiscoverRequest) -> ServerSkillList:
    projects = [Path(path) for path in params.project_paths or ()]
    places = [] if params.exclude_host_skills else _host_places(call, params)
    places += [place for project in projects for place in project_places(project)]
    ignored = [Path(path) for path in params.ignored_skills_locations or ()]
    found = await asyncio.to_thread(find_skills, places, ignored)
    disabled = _disabled(call)
    return ServerSkillList(
        skills=[
            ServerSkill(
                name=info.name,
                command_name=info.command_name,
                description=info.description,
                argument_hint=info.argument_hint,
                source=info.source,
                user_invocable=info.for_user,
                enabled=info.name not in disabled,
                path=_text(info.path),
                project_path=_text(info.project),
            )
            for info in found.skills
        ],
        # Where the skills of the host are left out, nothing is told of its files.
        errors=[] if params.exclude_host_skills else list(found.problems),
    )


def _host_places(call: Call, params: SkillsDiscoverRequest) -> list[SkillPlace]:
    runtime = call.runtime
    plugins = runtime.plugins.to_discover(for_projects=bool(params.project_paths))
    return [
        *personal_places(runtime.home),
        *(place for each in plugins for place in plugin_places(*each)),
        *(SkillPlace(Path(path), "custom") for path in params.skill_directories or ()),
    ]


@router.on("skills.getDiscoveryPaths", SkillsGetDiscoveryPathsRequest)
async def _discovery_paths(call: Call, params: SkillsGetDiscoveryPathsRequest) -> SkillDiscoveryPathList:
    paths = [
        SkillDiscoveryPath(
            path=str(folder), scope="project", preferred_for_creation=not index, project_path=project
        )
        for project in params.project_paths or ()
        for index, folder in enumerate(folders_to_fill(Path(project)))
    ]
    if not params.exclude_host_skills:
        paths += [
            SkillDiscoveryPath(path=str(place.path), scope=place.source, preferred_for_creation=not index)
            for index, place in enumerate(personal_places(call.runtime.home))
        ]
        paths += [
            # The CLI calls the scope so, whatever the schema says.
            SkillDiscoveryPath(path=path, scope="user", preferred_for_creation=False)
            for path in params.skill_directories or ()
        ]
    return SkillDiscoveryPathList(paths=paths)


@router.on("skills.config.setDisabledSkills", SkillsConfigSetDisabledSkillsRequest)
async def _set_disabled(call: Call, params: SkillsConfigSetDisabledSkillsRequest) -> None:
    call.runtime.settings.change({_DISABLED: params.disabled_skills}, to=call.method)


@router.on("skills.config.setSkillDisabled", SkillsConfigSetSkillDisabledRequest)
async def _set_skill_disabled(call: Call, params: SkillsConfigSetSkillDisabledRequest) -> None:
    others = [name for name in _disabled(call) if name != params.name]
    disabled = [*others, params.name] if params.disabled else others
    call.runtime.settings.change({_DISABLED: disabled}, to=call.method)


def _disabled(call: Call) -> list[str]:
    return texts_in(call.runtime.settings.current().get(_DISABLED))


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


@router.plain("session.skills.list")
async def _list(call: Call) -> SkillList:
    skills = call.session.skills
    await skills.load()
    return SkillList(
        skills=[
            Skill(
                name=info.name,
                command_name=info.command_name,
                description=info.description,
                argument_hint=info.argument_hint,
                source=info.source,
                user_invocable=info.for_user,
                enabled=skills.enabled(info.name),
                path=_text(info.path),
                plugin_name=None if info.plugin is None else info.plugin.name,
            )
            for info in skills
        ]
    )


@router.plain("session.skills.ensureLoaded")
async def _ensure_loaded(call: Call) -> None:
    await call.session.skills.load()


@router.plain("session.skills.reload")
async def _reload(call: Call) -> SkillsLoadDiagnostics:
    report = await call.session.skills.reload()
    return SkillsLoadDiagnostics(warnings=list(report.warnings), errors=list(report.errors))


@router.on("session.skills.enable", SkillsEnableRequest)
async def _enable(call: Call, params: SkillsEnableRequest) -> None:
    call.session.skills.enable(params.name, enabled=True)


@router.on("session.skills.disable", SkillsDisableRequest)
async def _disable(call: Call, params: SkillsDisableRequest) -> None:
    call.session.skills.enable(params.name, enabled=False)


@router.plain("session.skills.getInvoked")
async def _get_invoked(call: Call) -> SkillsGetInvokedResult:
    events = [event.data for event in call.session.log.events if event.type == "skill.invoked"]
    latest = {str(data["name"]): data for data in events}
    skills = [
        {name: value for name, value in data.items() if name in _OF_INVOKED}
        for _, data in sorted(latest.items())
    ]
    return SkillsGetInvokedResult.model_validate({"skills": skills})


class ClientSkills:
    """The skills that a client provides; see `SkillSource`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def catalogue(self, session_id: str) -> Sequence[SkillInfo]:
        """See `SkillSource`."""
        result = await self._connection.ask_for(
            SkillProviderListResult, "skillProvider.list", {"sessionId": session_id}, seconds=self._seconds
        )
        return [
            SkillInfo(
                name=skill.name,
                description=skill.description,
                argument_hint=skill.argument_hint,
                for_model=not skill.disable_model_invocation,
                for_user=skill.user_invocable is not False,
            )
            for skill in result.skills
        ]

    async def read(self, session_id: str, name: str) -> str | None:
        """See `SkillSource`."""
        params = {"sessionId": session_id, "name": name}
        result = await self._connection.ask_for(
            SkillProviderReadResult, "skillProvider.read", params, seconds=self._seconds
        )
        return result.markdown

    @property
    def _seconds(self) -> float:
        return self._connection.runtime.limits.provider_seconds
