"""The tool `skill`: reads a skill into the conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from html import escape

from copilot_sdk.runtime.core.skill_files import SkillInfo
from copilot_sdk.runtime.core.skills import SkillFault, invoked_data, skill_context
from copilot_sdk.runtime.core.tools.base import (
    Arguments,
    AsksNothing,
    ToolContext,
    ToolResult,
    schema,
    text,
    text_argument,
)

_TASK = (
    "Load a skill: instructions for a kind of task. If one of these fits what you are to do, load it first, "
    "and do as it says."
)

_LOCATIONS: Mapping[str, str] = {"personal-copilot": "user", "personal-agents": "user"}


class UseSkill(AsksNothing):
    """Reads one of the skills that are on offer."""

    name = "skill"
    parameters: Mapping[str, object] = schema(["skill"], skill=text("The name of the skill."))

    def __init__(self, skills: Sequence[SkillInfo]) -> None:
        listed = "\n".join(
            f"<skill>\n  <name>{escape(skill.name, quote=False)}</name>\n"
            f"  <description>{escape(skill.description, quote=False)}</description>\n"
            f"  <location>{_LOCATIONS.get(skill.source, skill.source)}</location>\n</skill>"
            for skill in skills
        )
        self.description = f"{_TASK}\n\n<available_skills>\n{listed}\n</available_skills>"

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Reads it; what it says follows the result of the call."""
        name = text_argument(arguments, "skill")
        try:
            info, content = await context.session.skills.read(name)
        except SkillFault as fault:
            return ToolResult(fault.answer, "failure", error=str(fault))
        return ToolResult(
            f'Skill "{name}" loaded successfully. Follow the instructions in the skill context.',
            # It lists the files that lie with the skill, of which there may be many.
            remark=await asyncio.to_thread(skill_context, name, content, info.path),
            follows=invoked_data(context.agent, info, content, "agent-invoked"),
        )
