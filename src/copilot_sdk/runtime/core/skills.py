"""The skills of a session: those that its clients provide, and those in files."""

from __future__ import annotations

import asyncio
import os.path
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.clients import ClientFault, ClientNonsense, ClientSilent
from copilot_sdk.runtime.core.front_matter import BadFile
from copilot_sdk.runtime.core.skill_files import (
    SKILL_FILE,
    FoundSkills,
    SkillInfo,
    SkillPlace,
    find_skills,
    personal_places,
    plugin_places,
    project_places,
    read_skill,
    related_files,
)

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.agent import Agent
    from copilot_sdk.runtime.core.session import Session

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NOTHING = FoundSkills((), ())
_TIERS = ("sdk", "project", "inherited", "personal-copilot", "personal-agents", "plugin", "custom")


class SkillSource(Protocol):
    """A client that provides skills. Its methods raise a `ClientFault`."""

    async def catalogue(self, session_id: str) -> Sequence[SkillInfo]:
        """The skills of a session."""
        ...

    async def read(self, session_id: str, name: str) -> str | None:
        """What a skill says; None where there is no such skill."""
        ...


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What was noteworthy when skills were loaded."""

    warnings: Sequence[str] = ()
    errors: Sequence[str] = ()


class SkillFault(Exception):
    """A skill cannot be had.

    Attributes:
        answer: What the model is told.
    """

    def __init__(self, answer: str, problem: str) -> None:
        self.answer = answer
        super().__init__(problem)


class Skills:
    """The skills of one session; they are looked for when they are first needed."""

    def __init__(self, session: Session, *, disabled: Sequence[str] = ()) -> None:
        """Prepares the skills of a session.

        Args:
            session: Whose they are.
            disabled: The skills that the user has disabled for all sessions.
        """
        self._session = session
        self._infos: Sequence[SkillInfo] = ()
        self._loaded = False
        self._disabled = {*session.config.disabled_skills, *disabled}

    def __iter__(self) -> Iterator[SkillInfo]:
        return iter(self._infos)

    @property
    def for_model(self) -> list[SkillInfo]:
        """Those that the model may use."""
        return [info for info in self._infos if info.for_model and self.enabled(info.name)]

    @property
    def for_user(self) -> list[SkillInfo]:
        """Those that the user may call as slash commands."""
        return [info for info in self._infos if info.for_user and self.enabled(info.name)]

    def enabled(self, name: str) -> bool:
        """Whether a skill may be used."""
        return name not in self._disabled

    def enable(self, name: str, *, enabled: bool) -> None:
        """Lets a skill be used, or not."""
        (self._disabled.discard if enabled else self._disabled.add)(name)
        self._tell()

    def disable_only(self, names: Sequence[str]) -> None:
        """Lets all skills be used but these."""
        self._disabled = set(names)
        self._tell()

    def forget(self) -> None:
        """Has the skills looked for again when they are next needed."""
        self._loaded = False

    async def load(self) -> None:
        """Looks for the skills, unless that has been done."""
        if not self._loaded:
            await self.reload()

    async def reload(self) -> LoadReport:
        """Looks for the skills: a client that cannot be asked provides none."""
        self._loaded = True
        places = self._places()
        found = await asyncio.to_thread(self._find, places) if places else _NOTHING
        errors = list(found.problems)
        provided: Sequence[SkillInfo] = ()
        source = self._source() if self._session.config.skills is not False else None
        if source is not None:
            try:
                provided = _checked(await source.catalogue(self._session.id))
            except ClientFault as fault:
                errors.append(f"Failed to load SDK-provided skills: {_reason(fault, 'list')}")
        self._infos, warnings = _merged(provided, found.skills)
        self._tell()
        return LoadReport(warnings, errors)

    def _find(self, places: Sequence[SkillPlace]) -> FoundSkills:
        ignored = [self._absolute(path) for path in self._session.config.ignored_skills]
        return find_skills(places, ignored)

    def _absolute(self, path: Path) -> Path:
        return Path(os.path.normpath(self._session.config.working_directory / path.expanduser()))

    def _places(self) -> list[SkillPlace]:
        """Where to look, the places that count most first."""
        session, config = self._session, self._session.config
        if config.skills is False:
            return []
        plugins = session.plugins.active
        brought = [place for each in plugins if each[0].kind == "builtin" for place in plugin_places(*each)]
        others = [place for each in plugins if each[0].kind != "builtin" for place in plugin_places(*each)]
        custom = [SkillPlace(self._absolute(path), "custom") for path in config.skill_directories]
        own = config.config_discovery
        return [
            *(project_places(config.working_directory) if own else ()),
            *brought,
            *(personal_places(session.runtime_home) if own else ()),
            *others,
            *custom,
        ]

    async def read(self, name: str) -> tuple[SkillInfo, str]:
        """What a skill of the model says.

        Raises:
            SkillFault: There is none, or it cannot be read.
        """
        info = next((info for info in self.for_model if info.name == name), None)
        if info is None:
            known = ", ".join(info.name for info in self.for_model)
            raise SkillFault(
                f'Skill "{name}" not found. Available skills: {known}', f"Skill not found: {name}"
            )
        try:
            content = await self.content(info)
        except BadFile as error:
            raise SkillFault(
                f'Failed to load skill "{name}": {error}', f"Failed to load skill: {error}"
            ) from error
        except ClientFault as fault:
            raise SkillFault(
                f'Failed to load SDK-provided skill "{name}". Its provider may be unavailable.',
                f"Failed to load SDK-provided skill: {_reason(fault, 'read')}",
            ) from fault
        return info, content

    async def content(self, info: SkillInfo) -> str:
        """What a skill says.

        Raises:
            BadFile: Its file cannot be used any more.
            ClientFault: The client that provides it does not tell.
        """
        if info.path is not None:
            return await asyncio.to_thread(read_skill, info.path)
        source = self._source()
        if source is None:
            raise _Invalid("the client that provided it is gone")
        content = await source.read(self._session.id, info.name)
        if content is None:
            raise _Invalid("skill provider read resource was not found")
        return content

    def by_command(self, command: str) -> SkillInfo | None:
        """The skill that a slash command calls; upper and lower case are the same."""
        return next((info for info in self.for_user if info.command_name.lower() == command), None)

    def _source(self) -> SkillSource | None:
        return next(
            (client.skills for client in self._session.clients.latest() if client.skills is not None), None
        )

    def _tell(self) -> None:
        shown = [
            types.SkillsLoadedSkill(
                name=info.name,
                command_name=info.command_name,
                description=info.description,
                argument_hint=info.argument_hint,
                source=info.source,
                user_invocable=info.for_user,
                enabled=self.enabled(info.name),
                path=None if info.path is None else str(info.path),
            )
            for info in self._infos
        ]
        self._session.emit(types.SessionSkillsLoadedData(skills=shown))


class _Invalid(ClientFault):
    """Something that a client provides cannot be used; the text is told as it is."""


def skill_context(name: str, content: str, path: Path | None = None) -> str:
    """What a skill says, as the model sees it.

    Args:
        name: Its name.
        content: What it says.
        path: Its file; None for one that a client provides.
    """
    if path is None:
        about = (
            "This is an SDK-provided text-only skill - related files, scripts, templates, and assets are not "
            "available.\n"
        )
    else:
        about = f"Base directory for this skill: {path.parent}\n\n"
        if related := related_files(path):
            listed = "\n".join(f"  - {file}" for file in related)
            about += f"Related files (use view tool to read):\n{listed}\n\n"
    return f'<skill-context name="{name}">\n{about}{content}\n</skill-context>'


def invoked_data(
    agent: Agent, info: SkillInfo, content: str, trigger: types.SkillInvokedTrigger
) -> types.SkillInvokedData:
    """The payload that tells of the use of a skill."""
    by_agent = trigger == "agent-invoked"
    plugin = info.plugin
    return types.SkillInvokedData(
        name=info.name,
        path="" if info.path is None else str(info.path),
        content=content,
        allowed_tools=list(info.allowed_tools) if by_agent or info.allowed_tools else None,
        source=info.source,
        plugin_name=None if plugin is None else plugin.name,
        plugin_version=None if plugin is None else plugin.version,
        description=info.description,
        trigger=trigger,
        model=agent.model_id if by_agent else None,
        # Within a turn the system message counts too.
        invoked_at_turn=len(agent.history) + by_agent,
        disable_model_invocation=None if by_agent else not info.for_model,
    )


def _merged(
    provided: Sequence[SkillInfo], found: Sequence[SkillInfo]
) -> tuple[Sequence[SkillInfo], Sequence[str]]:
    """The skills by name, in the order in which they are listed, and what is to be said of those left out."""
    known = {info.name: info for info in provided}
    warnings: list[str] = []
    for info in found:
        first = known.setdefault(info.name, info)
        if first.source == "sdk":
            warnings.append(
                f'SDK-provided skill "{info.name}" shadows the {info.source} skill at {info.path}.'
            )
        elif first is not info and info.source == "custom":
            warnings.append(
                f"Skipped duplicate skill name '{info.name}' from '{info.path}'; "
                "a higher-priority entry with the same name was already loaded"
            )
    return sorted(known.values(), key=_place_in_list), warnings


def _place_in_list(info: SkillInfo) -> tuple[bool, int, str]:
    is_command = info.path is not None and info.path.name != SKILL_FILE
    tier = _TIERS.index(info.source)
    if info.plugin is not None and info.plugin.kind == "builtin":
        tier = _TIERS.index("inherited")
    return is_command, tier, info.name


def _checked(infos: Sequence[SkillInfo]) -> Sequence[SkillInfo]:
    names = [info.name for info in infos]
    if not all(_NAME.fullmatch(name) for name in names):
        raise _Invalid("SDK skill provider descriptor name is invalid")
    if len(set(names)) < len(names):
        raise _Invalid("SDK skill provider catalog contains duplicate invocation names")
    return sorted(infos, key=lambda info: info.name)


def _reason(fault: ClientFault, operation: str) -> str:
    match fault:
        case _Invalid():
            return str(fault)
        case ClientSilent():
            return f"skill provider {operation} request timed out: {fault}"
        case ClientNonsense():
            return f"skill provider {operation} response was invalid"
        case _:
            return f"skill provider {operation} callback failed"
