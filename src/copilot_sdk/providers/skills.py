"""Skills that a program holds itself instead of files in a folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copilot_sdk.errors import UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import (
        SessionTarget,
        SkillProviderListResult,
        SkillProviderReadRequest,
        SkillProviderReadResult,
    )


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill.

    Attributes:
        name: Its name.
        description: What it is for, as the model reads it.
        markdown: What it says, in Markdown.
    """

    name: str
    description: str
    markdown: str


class Skills:
    """The skills of a session: `handlers={"skill_provider": Skills([Skill(...)])}`.

    Args:
        skills: The skills.

    Raises:
        UsageError: Two have the same name.
    """

    def __init__(self, skills: Iterable[Skill]) -> None:
        self._skills: dict[str, Skill] = {}
        for skill in skills:
            if skill.name in self._skills:
                raise UsageError(f"two skills have the name {skill.name!r}")
            self._skills[skill.name] = skill

    async def list(self, params: SessionTarget) -> SkillProviderListResult:  # noqa: ARG002 - all sessions have the same
        """Wire method: `skillProvider.list`."""
        from copilot_sdk._generated.copilot.types import ProvidedSkill, SkillProviderListResult

        return SkillProviderListResult(
            skills=[
                ProvidedSkill(name=skill.name, description=skill.description)
                for skill in self._skills.values()
            ]
        )

    async def read(self, params: SkillProviderReadRequest) -> SkillProviderReadResult:
        """Wire method: `skillProvider.read`."""
        from copilot_sdk._generated.copilot.types import SkillProviderReadResult

        skill = self._skills.get(params.name)
        return (
            SkillProviderReadResult() if skill is None else SkillProviderReadResult(markdown=skill.markdown)
        )
