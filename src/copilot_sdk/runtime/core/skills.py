"""The skills of a session, which its clients provide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from copilot_sdk._generated.copilot.types import SessionSkillsLoadedData, SkillsLoadedSkill
from copilot_sdk.runtime.core.clients import ClientFault, ClientNonsense, ClientSilent

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

SOURCE = "sdk"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class SkillInfo:
    """What is known of a skill before it is read."""

    name: str
    description: str
    argument_hint: str | None = None
    for_model: bool = True
    for_user: bool = True


class SkillSource(Protocol):
    """A client that provides skills. Its methods raise a `ClientFault`."""

    async def catalogue(self, session_id: str) -> Sequence[SkillInfo]:
        """The skills of a session."""
        ...

    async def read(self, session_id: str, name: str) -> str | None:
        """What a skill says; None where there is no such skill."""
        ...


class SkillFault(Exception):
    """A skill cannot be had.

    Attributes:
        answer: What the model is told.
    """

    def __init__(self, answer: str, problem: str) -> None:
        self.answer = answer
        super().__init__(problem)


class Skills:
    """The skills of one session; they are asked for when they are first needed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._infos: Sequence[SkillInfo] = ()
        self._loaded = False
        self._disabled = set(session.config.disabled_skills)

    def __iter__(self) -> Iterator[SkillInfo]:
        return iter(self._infos)

    @property
    def for_model(self) -> list[SkillInfo]:
        """Those that the model may use."""
        return [info for info in self._infos if info.for_model and self.enabled(info.name)]

    def enabled(self, name: str) -> bool:
        """Whether a skill may be used."""
        return name not in self._disabled

    def enable(self, name: str, *, enabled: bool) -> None:
        """Lets a skill be used, or not."""
        (self._disabled.discard if enabled else self._disabled.add)(name)
        self._tell()

    def forget(self) -> None:
        """Has the skills asked for again when they are next needed."""
        self._loaded = False

    async def load(self) -> None:
        """Asks for the skills, unless that has been done."""
        if not self._loaded:
            await self.reload()

    async def reload(self) -> list[str]:
        """Asks for the skills.

        Returns:
            What went wrong; there are no skills then.
        """
        self._loaded = True
        source = self._source()
        if source is None and not self._infos:
            return []
        problem = None
        try:
            self._infos = [] if source is None else _checked(await source.catalogue(self._session.id))
        except ClientFault as fault:
            self._infos, problem = [], f"Failed to load SDK-provided skills: {_reason(fault, 'list')}"
        self._tell()
        return [] if problem is None else [problem]

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
            content = await self._content(name)
        except ClientFault as fault:
            raise SkillFault(
                f'Failed to load SDK-provided skill "{name}". Its provider may be unavailable.',
                f"Failed to load SDK-provided skill: {_reason(fault, 'read')}",
            ) from fault
        return info, content

    async def _content(self, name: str) -> str:
        source = self._source()
        if source is None:
            raise _Invalid("the client that provided it is gone")
        content = await source.read(self._session.id, name)
        if content is None:
            raise _Invalid("skill provider read resource was not found")
        return content

    def _source(self) -> SkillSource | None:
        return next(
            (client.skills for client in self._session.clients.latest() if client.skills is not None), None
        )

    def _tell(self) -> None:
        shown = [
            SkillsLoadedSkill(
                name=info.name,
                command_name=info.name,
                description=info.description,
                argument_hint=info.argument_hint,
                source=SOURCE,
                user_invocable=info.for_user,
                enabled=self.enabled(info.name),
            )
            for info in self._infos
        ]
        self._session.emit(SessionSkillsLoadedData(skills=shown))


class _Invalid(ClientFault):
    """Something that a client provides cannot be used; the text is told as it is."""


def skill_context(name: str, content: str) -> str:
    """What a skill says, as the model sees it."""
    return (
        f'<skill-context name="{name}">\nThis is an SDK-provided text-only skill - related files, scripts, templates, '
        f"and assets are not available.\n{content}\n</skill-context>"
    )


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
