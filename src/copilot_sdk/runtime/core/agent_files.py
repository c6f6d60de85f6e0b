"""Agents that are defined by files in the folders of a user and of projects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from copilot_sdk.runtime.core.config import AgentDefinition
from copilot_sdk.runtime.core.front_matter import BadFile, MarkdownFile, read_markdown
from copilot_sdk.runtime.core.plugin_parts import plugin_paths
from copilot_sdk.runtime.core.plugins import Plugin

Scope = Literal["user", "project"]
AgentSource = Literal["user", "project", "plugin"]
_PROJECT_FOLDERS = (Path(".github/agents"), Path(".claude/agents"))


@dataclass(frozen=True, slots=True)
class AgentFolder:
    """A folder in which agents are looked for.

    Attributes:
        path: Where it is, or would be.
        scope: Whose agents are there.
        preferred: Whether new agents of that scope belong there.
        project: The project it belongs to.
    """

    path: Path
    scope: Scope
    preferred: bool
    project: Path | None = None


def agent_folders(
    home: Path | None, projects: Sequence[Path] = (), more: Sequence[Path] = ()
) -> list[AgentFolder]:
    """Where agents are looked for, the most important place first.

    Args:
        home: The home folder of the runtime; None leaves the user's agents out.
        projects: The project directories.
        more: Further folders with agents of the user.
    """
    user = [] if home is None else [AgentFolder(home / "agents", "user", preferred=True)]
    user += [AgentFolder(path, "user", preferred=False) for path in more]
    return user + [
        AgentFolder(project / folder, "project", preferred=folder is _PROJECT_FOLDERS[0], project=project)
        for project in projects
        for folder in _PROJECT_FOLDERS
    ]


def find_agents(folders: Sequence[AgentFolder]) -> tuple[list[AgentDefinition], list[str]]:
    """The agents in some folders, and what is wrong with files that are none.

    The first of several agents with one id is the one that counts.
    """
    found: dict[str, AgentDefinition] = {}
    problems: list[str] = []
    for folder in folders:
        for path in _files(folder.path):
            try:
                agent = _agent(read_markdown(path), folder.scope)
            except BadFile as error:
                problems.append(str(error))
            else:
                found.setdefault(agent.id, agent)
    return list(found.values()), problems


def find_plugin_agents(
    plugins: Sequence[tuple[Plugin, Path]],
) -> tuple[list[AgentDefinition], list[str]]:
    """The agents that plugins bring, each called by the name of its plugin too, and what is wrong with files."""
    found: list[AgentDefinition] = []
    problems: list[str] = []
    for plugin, folder in plugins:
        for path in (file for place in plugin_paths(folder, "agents") for file in _files(place)):
            try:
                agent = _agent(read_markdown(path), "plugin")
            except BadFile as error:
                problems.append(str(error))
                continue
            name = f"{plugin.name}:{agent.name}"
            found.append(replace(agent, id=name, name=name, display_name=agent.name))
    return found, problems


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_file():
        yield folder
    yield from sorted(path for path in folder.glob("*.md") if path.is_file())


def _agent(file: MarkdownFile, source: AgentSource) -> AgentDefinition:
    identifier = file.path.name.removesuffix(".md").removesuffix(".agent")
    description = file.string("description")
    if description is None:
        raise BadFile(f"{file.path}: 'description' is missing")
    name = file.string("name") or identifier
    models = file.strings("model") or ()
    return AgentDefinition(
        id=identifier,
        name=name,
        display_name=name,
        description=description,
        prompt=file.text,
        tools=file.strings("tools") or ("*",),
        model=next(iter(models), None),
        path=file.path,
        source=source,
        for_user=file.flag("user-invocable", default=True),
        for_model=not file.flag("disable-model-invocation", default=False),
    )
