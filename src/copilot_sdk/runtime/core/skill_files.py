"""Skills that stand in files: in the folders of projects, of the user, of plugins and of the application."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from copilot_sdk.runtime.core.front_matter import BadFile, MarkdownFile, read_markdown
from copilot_sdk.runtime.core.plugin_parts import plugin_paths
from copilot_sdk.runtime.core.plugins import Plugin
from copilot_sdk.runtime.core.workspace import look_around

SkillSource = Literal[
    "project", "inherited", "personal-copilot", "personal-agents", "plugin", "custom", "sdk"
]

SKILL_FILE = "SKILL.md"
_PROJECT_FOLDERS = (".github/skills", ".agents/skills", ".claude/skills")
_PROJECT_COMMANDS = ".claude/commands"
_AGENTS_FOLDER = Path(".agents/skills")
_MOST_OF_NAME, _MOST_OF_DESCRIPTION = 64, 1024
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_ARGUMENT = re.compile(r"\$(ARGUMENTS|\d+)")


@dataclass(frozen=True, slots=True)
class SkillInfo:
    """What is known of a skill before it is used.

    Attributes:
        name: Its name.
        description: What it is good for.
        argument_hint: What may stand behind its name.
        for_model: Whether the model may use it.
        for_user: Whether the user may call it as a slash command.
        source: Where it comes from.
        path: Its file; None for one that a client provides.
        allowed_tools: The tools that it says it needs.
        plugin: The plugin that brings it.
        project: The project for which it was found.
    """

    name: str
    description: str
    argument_hint: str | None = None
    for_model: bool = True
    for_user: bool = True
    source: SkillSource = "sdk"
    path: Path | None = None
    allowed_tools: tuple[str, ...] = ()
    plugin: Plugin | None = None
    project: Path | None = None

    @property
    def command_name(self) -> str:
        """The slash command that calls it, without the slash."""
        return self.name if self.plugin is None else f"{self.plugin.name}:{self.name}"


@dataclass(frozen=True, slots=True)
class SkillPlace:
    """A folder in which skills are looked for, or the file of one.

    Attributes:
        path: Where it is, or would be.
        source: What skills in it are.
        project: The project for which it is looked at.
        plugin: The plugin that it belongs to.
        commands: Whether each of its files is a skill of its own, which is what slash commands are.
    """

    path: Path
    source: SkillSource
    project: Path | None = None
    plugin: Plugin | None = None
    commands: bool = False


@dataclass(frozen=True, slots=True)
class FoundSkills:
    """Skills that were found, those that count most first, and what is wrong with files that are none."""

    skills: Sequence[SkillInfo]
    problems: Sequence[str]


def folders_to_fill(project: Path) -> list[Path]:
    """The folders of a project for new skills, the usual one first: those at the top of its repository."""
    return _folders(Path(look_around(project).git_root or project))


def _folders(folder: Path) -> list[Path]:
    return [folder / name for name in _PROJECT_FOLDERS]


def personal_places(home: Path) -> list[SkillPlace]:
    """Where the user has skills: the folder that all agents share counts for a home folder in the usual place."""
    places = [SkillPlace(home / "skills", "personal-copilot")]
    if home.absolute().parent == Path.home():
        places.append(SkillPlace(Path.home() / _AGENTS_FOLDER, "personal-agents"))
    return places


def project_places(project: Path) -> list[SkillPlace]:
    """Where a project has skills: in itself, then in the folders around it up to the top of its repository."""
    root = look_around(project).git_root
    places: list[SkillPlace] = []
    for folder in (project, *project.parents):
        if root is None and folder != project:
            break
        source: SkillSource = "project" if folder == project else "inherited"
        places += [SkillPlace(path, source, project) for path in _folders(folder)]
        places.append(SkillPlace(folder / _PROJECT_COMMANDS, source, project, commands=True))
        if str(folder) == root:
            break
    return places


def plugin_places(plugin: Plugin, folder: Path) -> list[SkillPlace]:
    """Where a plugin has skills."""
    return [
        *(SkillPlace(path, "plugin", plugin=plugin) for path in plugin_paths(folder, "skills")),
        *(
            SkillPlace(path, "plugin", plugin=plugin, commands=True)
            for path in plugin_paths(folder, "commands")
        ),
    ]


def find_skills(places: Sequence[SkillPlace], ignored: Sequence[Path] = ()) -> FoundSkills:
    """The skills in some places.

    Args:
        places: Where to look.
        ignored: Folders to leave out, with all below them.
    """
    skills: list[SkillInfo] = []
    problems: list[str] = []
    for place in places:
        if place.source == "custom" and not place.path.exists():
            problems.append(f"Failed to scan skill directory '{place.path}': path does not exist")
        for path in _files(place, [folder.expanduser() for folder in ignored]):
            try:
                skills.append(_skill(read_markdown(path), place))
            except BadFile as error:
                problems.append(_shown(error, path, place))
    return FoundSkills(skills, problems)


def read_skill(path: Path) -> str:
    """What a skill says.

    Raises:
        BadFile: Its file cannot be used.
    """
    return read_markdown(path).text


def related_files(path: Path) -> list[Path]:
    """The files that lie with a skill."""
    return [file for file in sorted(path.parent.rglob("*")) if file.is_file() and file.name != SKILL_FILE]


def with_arguments(content: str, arguments: str) -> str:
    """What a skill says to a user who calls it with arguments: in the places it has for them, or else at its end."""
    words = _words(arguments)

    def fill(match: re.Match[str]) -> str:
        if match[1] == "ARGUMENTS":
            return arguments
        return words[int(match[1])] if int(match[1]) < len(words) else ""

    filled, places = _ARGUMENT.subn(fill, content)
    return filled if places or not arguments else f"{filled}\n\nARGUMENTS: {arguments}"


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _files(place: SkillPlace, ignored: Sequence[Path]) -> Iterator[Path]:
    if any(place.path.is_relative_to(folder) for folder in ignored):
        return
    if not place.commands:
        yield from _skill_files(place.path, ignored)
    elif place.path.is_file():
        yield place.path
    else:
        yield from sorted(path for path in place.path.glob("*.md") if path.is_file())


def _skill_files(folder: Path, ignored: Sequence[Path]) -> Iterator[Path]:
    """The files of skills in a folder; below one that is a skill there is no other."""
    if folder in ignored:
        return
    if (folder / SKILL_FILE).is_file():
        yield folder / SKILL_FILE
        return
    try:
        inner = sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        return
    for path in inner:
        yield from _skill_files(path, ignored)


def _shown(error: BadFile, path: Path, place: SkillPlace) -> str:
    project = place.project
    if project is None or not path.is_relative_to(project):
        return str(error)
    return str(error).replace(str(path), str(path.relative_to(project)), 1)


def _skill(file: MarkdownFile, place: SkillPlace) -> SkillInfo:
    if not place.commands and not file.settings:
        raise BadFile(f"{file.path}: missing or malformed YAML frontmatter")
    hint, tools = file.settings.get("argument-hint"), _allowed_tools(file)
    return SkillInfo(
        name=_name(file, place),
        description=_description(file),
        argument_hint=None if hint is None else str(hint),
        for_model=not _flag(file, "disable-model-invocation", default=False),
        for_user=_flag(file, "user-invocable", default=True),
        source=place.source,
        path=file.path,
        allowed_tools=tools,
        plugin=place.plugin,
        project=place.project,
    )


def _name(file: MarkdownFile, place: SkillPlace) -> str:
    usual = file.path.stem if place.commands else file.path.parent.name
    name = file.settings.get("name", usual)
    if not isinstance(name, str):
        raise BadFile(f"{file.path}: Skill name must be a string")
    if len(name) > _MOST_OF_NAME:
        raise BadFile(f"{file.path}: Skill name must be at most {_MOST_OF_NAME} characters")
    return _UNFIT.sub("-", name.strip())


def _description(file: MarkdownFile) -> str:
    description = file.settings.get("description")
    if description is None:
        lines = (line for line in file.text.splitlines() if not line.startswith("#"))
        return " ".join(" ".join(lines).split())[:_MOST_OF_DESCRIPTION]
    if not isinstance(description, str):
        raise BadFile(f"{file.path}: Skill description must be a string")
    if len(description) > _MOST_OF_DESCRIPTION:
        raise BadFile(f"{file.path}: Skill description must be at most {_MOST_OF_DESCRIPTION} characters")
    return description


def _flag(file: MarkdownFile, name: str, *, default: bool) -> bool:
    try:
        return file.flag(name, default=default)
    except BadFile as error:
        raise BadFile(f"{file.path}: {name} must be a boolean") from error


def _allowed_tools(file: MarkdownFile) -> tuple[str, ...]:
    try:
        return file.strings("allowed-tools") or ()
    except BadFile as error:
        raise BadFile(f"{file.path}: allowed-tools must be a string or array of strings") from error
