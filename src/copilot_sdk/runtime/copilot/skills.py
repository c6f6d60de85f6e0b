"""Methods of `session.skills`, and the skills that a client provides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot.types import (
    Skill,
    SkillList,
    SkillProviderListResult,
    SkillProviderReadResult,
    SkillsDisableRequest,
    SkillsEnableRequest,
    SkillsGetInvokedResult,
    SkillsInvokedSkill,
    SkillsLoadDiagnostics,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.skills import SOURCE, SkillInfo

if TYPE_CHECKING:
    from copilot_sdk.runtime.copilot.connection import Connection

router = Router()


@router.plain("session.skills.list")
async def _list(call: Call) -> SkillList:
    skills = call.session.skills
    await skills.load()
    return SkillList(
        skills=[
            Skill(
                name=info.name,
                command_name=info.name,
                description=info.description,
                argument_hint=info.argument_hint,
                source=SOURCE,
                user_invocable=info.for_user,
                enabled=skills.enabled(info.name),
            )
            for info in skills
        ]
    )


@router.plain("session.skills.ensureLoaded")
async def _ensure_loaded(call: Call) -> None:
    await call.session.skills.load()


@router.plain("session.skills.reload")
async def _reload(call: Call) -> SkillsLoadDiagnostics:
    return SkillsLoadDiagnostics(warnings=[], errors=await call.session.skills.reload())


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
    return SkillsGetInvokedResult(
        skills=[SkillsInvokedSkill.model_validate(data) for data in latest.values()]
    )


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
