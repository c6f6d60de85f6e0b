"""Methods of `session.customizations`: all that files say about a session, read again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from copilot_sdk._generated.copilot.types import (
    CustomizationReloadOutcome,
    CustomizationReloadStatus,
    CustomizationReloadSubsystem,
    CustomizationsReloadResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.session import Session
from copilot_sdk.runtime.core.skills import LoadReport

router = Router()


@router.plain("session.customizations.reload")
async def _reload(call: Call) -> CustomizationsReloadResult:
    session = call.session
    report = CustomizationsReloadResult(warnings=[], errors=[], outcomes=[])
    for subsystem, reload in _SUBSYSTEMS.items():
        status: CustomizationReloadStatus = "reloaded"
        detail = None
        try:
            outcome = await reload(session)
        except RuntimeFault as fault:
            status, detail = "failed", str(fault)
            report.errors.append(str(fault))
        else:
            if isinstance(outcome, LoadReport):
                report.warnings += outcome.warnings
                report.errors += outcome.errors
            elif outcome is not None:
                status, detail = "skipped", outcome
        report.outcomes.append(CustomizationReloadOutcome(subsystem=subsystem, status=status, detail=detail))
    return report


async def _repository(session: Session) -> None:
    # What is known of a repository is looked up whenever it is needed: only the folder may be gone.
    session.move_to(session.config.working_directory)


async def _instructions(session: Session) -> None:
    session.instructions.forget()


async def _plugins(session: Session) -> None:
    session.plugins.reload()


async def _hooks(session: Session) -> None:
    session.hooks.forget_files()


async def _skills(session: Session) -> LoadReport:
    return await session.skills.reload()


async def _agents(session: Session) -> None:
    session.agents.reload()


async def _mcp(session: Session) -> str | None:
    await session.mcp.bring(session.plugins.servers())
    if not session.mcp:
        return "There are no MCP servers"
    await session.mcp.reload()
    return None


async def _extensions(session: Session) -> str | None:
    if not session.extensions.wanted:
        return "Extensions are not configured for this session"
    await session.extensions.reload()
    return None


_SUBSYSTEMS: Mapping[
    CustomizationReloadSubsystem, Callable[[Session], Awaitable[LoadReport | str | None]]
] = {
    "repositoryContext": _repository,
    "instructions": _instructions,
    "plugins": _plugins,
    "hooks": _hooks,
    "skills": _skills,
    "agents": _agents,
    "mcp": _mcp,
    "extensions": _extensions,
}
