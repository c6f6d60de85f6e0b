"""The system message: sections that an application can replace, remove, add to, or rewrite itself."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.clients import Client, ClientFault
from copilot_sdk.runtime.core.config import Section

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

_PREAMBLE = "You are a coding agent."
_ROLE = "You help with software projects: you read and change files, run commands and explain what you find."
_TASK = "Do what the user asks for, check what you did, and say so."
_TONE = "# Tone\nAnswer briefly. Before a larger change, say in a few words how you go about it."
_TOOL_EFFICIENCY = "# Use of tools\nCall tools that do not depend on each other in one message."
_CODE_CHANGE_RULES = "Change what the task needs and nothing else. Keep the style of the code that is there."
_GUIDELINES = "Look at the output of each command before the next step. Remove temporary files at the end."
_SAFETY = "Keep secrets out of code, logs and messages. Refuse work that is meant to do harm."
_TOOL_INSTRUCTIONS = "Use `edit` for files that exist and `create` for new ones."
_RUNTIME_INSTRUCTIONS = (
    "Text in <system_notification> comes from the runtime: take it into account and go on."
)
_LAST_INSTRUCTIONS = "The task is complete when what was asked for works, and not before."

_WARNING = "system_prompt_customize"
_IDENTITY = "identity"
# Sections that hold others, or what the session offers: clients rewrite them when all others are settled.
_LATE = (_IDENTITY, "tool_instructions")
_ORDER = {
    _IDENTITY: "",
    "code_change_rules": "code_change_instructions",
    "guidelines": "",
    "safety": "environment_limitations",
    "environment_context": "environment_context",
    "tool_instructions": "tools",
    "custom_instructions": "",
    "runtime_instructions": "",
    "last_instructions": "",
}
"""The sections of the message in their order, with the tags around them. `identity` holds three more."""


@dataclass(frozen=True, slots=True)
class ConnectedIDE:
    """An IDE that a client is connected to, and the folder that is open in it."""

    name: str
    folder: str


class SystemMessage:
    """The system message of the main agent of a session.

    Attributes:
        ide: The IDE that the agent is told of.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.ide: ConnectedIDE | None = None
        self._rewritten: dict[str, tuple[str, str]] = {}
        self._warned: set[str] = set()

    @property
    def text(self) -> str:
        """The message; sections that clients rewrite are as they left them at the last `refresh`."""
        prompt = self._session.config.system_prompt
        if prompt.replaces:
            return prompt.content
        sections = self._sections()
        parts = (_tagged(tag, sections[name][1]) for name, tag in _ORDER.items())
        return "\n\n".join(part for part in parts if part)

    async def refresh(self) -> None:
        """Has clients rewrite the sections that they want to, where that is still to be done."""
        prompt = self._session.config.system_prompt
        if prompt.replaces:
            return
        self._warn_of_unknown(prompt.sections)
        wanted = [name for name, section in prompt.sections.items() if section.action == "transform"]
        for late in (False, True):
            sections = self._sections()
            stale = {
                name: sections[name][0]
                for name in wanted
                if name in sections and (name in _LATE) is late and self._is_stale(name, sections[name][0])
            }
            if stale:
                await self._rewrite(stale)

    def forget(self, client: Client) -> None:
        """Has the sections that a new client wants to rewrite rewritten anew."""
        for name in client.transforms:
            self._rewritten.pop(name, None)

    def _is_stale(self, name: str, source: str) -> bool:
        return name not in self._rewritten or self._rewritten[name][0] != source

    async def _rewrite(self, stale: Mapping[str, str]) -> None:
        rewritten: dict[str, str] = {}
        for client in self._session.clients:
            own = {
                name: text
                for name, text in stale.items()
                if name in client.transforms and name not in rewritten
            }
            if own:
                rewritten |= await self._ask(client, own)
        for name, source in stale.items():
            self._rewritten[name] = (source, rewritten.get(name, source))

    async def _ask(self, client: Client, sections: Mapping[str, str]) -> Mapping[str, str]:
        session = self._session
        try:
            async with asyncio.timeout(session.limits.hook_seconds):
                answered = await client.port.transform_sections(session.id, sections)
        except (ClientFault, TimeoutError) as error:
            reason = str(error) or f"no answer within {session.limits.hook_seconds:g} s"
            names = ", ".join(sections)
            text = f"The sections {names} of the system message stay as they are: {reason}"
            session.emit(types.SessionWarningData(warning_type=_WARNING, message=text), ephemeral=True)
            # Another client may want to rewrite them, too.
            return {}
        return {**sections, **{name: text for name, text in answered.items() if name in sections}}

    def _warn_of_unknown(self, sections: Mapping[str, Section]) -> None:
        for name in sections.keys() - self._sections().keys() - self._warned:
            self._warned.add(name)
            text = f"The system message has no section {name!r}; its content is added to the runtime instructions."
            self._session.emit(types.SessionWarningData(warning_type=_WARNING, message=text), ephemeral=True)

    def _sections(self) -> dict[str, tuple[str, str]]:
        """Each section: its text before the application touched it, and after."""
        prompt = self._session.config.system_prompt
        leaves = self._leaves()
        known = {**leaves, _IDENTITY: ""}
        additions = [section.content for name, section in prompt.sections.items() if name not in known]
        additions.append(prompt.content)
        leaves["runtime_instructions"] = "\n".join([_RUNTIME_INSTRUCTIONS, *filter(None, additions)])
        sections = {name: (source, self._changed(name, source)) for name, source in leaves.items()}
        opening = f"{sections['preamble'][1]} {_ROLE}".strip()
        inner = (opening, sections["tone"][1], sections["tool_efficiency"][1], _TASK)
        identity = "\n\n".join(part for part in inner if part)
        sections[_IDENTITY] = (identity, self._changed(_IDENTITY, identity))
        return sections

    def _leaves(self) -> dict[str, str]:
        folder = self._session.config.working_directory
        return {
            "preamble": _PREAMBLE,
            "tone": _TONE,
            "tool_efficiency": _TOOL_EFFICIENCY,
            "code_change_rules": _CODE_CHANGE_RULES,
            "guidelines": _GUIDELINES,
            "safety": _SAFETY,
            "environment_context": environment_text(folder) + self._ide_text(),
            "tool_instructions": _TOOL_INSTRUCTIONS,
            "custom_instructions": "\n\n".join(
                part for part in (self._session.instructions.text, self._session.agents.instructions) if part
            ),
            "runtime_instructions": "",
            "last_instructions": _LAST_INSTRUCTIONS,
        }

    def _ide_text(self) -> str:
        return "" if self.ide is None else f"\nConnected IDE: {self.ide.name} (workspace: {self.ide.folder})"

    def _changed(self, name: str, source: str) -> str:
        section = self._session.config.system_prompt.sections.get(name)
        if section is None:
            return source
        match section.action:
            case "replace":
                return section.content
            case "remove":
                return ""
            case "append":
                return source + section.content
            case "prepend":
                return section.content + source
            case "transform":
                return source if self._is_stale(name, source) else self._rewritten[name][1]
            case "preserve":
                return source


def environment_text(folder: Path) -> str:
    """What agents are told about where they work."""
    return f"Working directory: {folder}\nOperating system: {platform.system()}"


def background_agent_text(instructions: str, folder: Path) -> str:
    """The system message of a background agent: the application's own text is for the main agent."""
    return "\n\n".join(
        part for part in (f"{_PREAMBLE} {_ROLE}", instructions, environment_text(folder)) if part
    )


def _tagged(tag: str, text: str) -> str:
    return f"<{tag}>\n{text}\n</{tag}>" if tag and text else text
