"""Instructions for agents in files of the user and of projects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from copilot_sdk.runtime.core.front_matter import BadFile, MarkdownFile, read_markdown

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

Kind = Literal["home", "repo", "model", "vscode"]
Location = Literal["user", "repository"]
_PATTERN = "*.instructions.md"
_PROJECT_FILES: Sequence[tuple[str, str, Kind]] = (
    (".github/copilot-instructions.md", "repo-copilot", "repo"),
    ("AGENTS.md", "model-agents-md", "model"),
    ("CLAUDE.md", "model-claude-md", "model"),
    ("GEMINI.md", "model-gemini-md", "model"),
)
_PROJECT_FOLDER = ".github/instructions"
_FOR_SOME_FILES = (
    "The instructions in these files are for files that match the patterns. Read them with `view` before you "
    "change such a file."
)
INIT_PROMPT = (
    "Look into this repository and write `.github/copilot-instructions.md` for those who work in it after you. Say how "
    "it is built, tested and checked, and how a single test is run; how its parts belong together, where that takes "
    "more than one file to see; and which customs it has that one file does not show. Leave out what holds for every "
    "repository and what the files say at a glance. If the file is there already, improve it, and keep what still "
    "holds. Read the README and the instructions for other agents first."
)
"""What the `init` command asks of the agent."""


@dataclass(frozen=True, slots=True)
class InstructionPlace:
    """A file with instructions, or a folder for such files; it need not exist.

    Attributes:
        path: Where it is.
        location: Whose instructions they are.
        is_folder: Whether it is a folder.
        preferred: Whether new instructions belong there.
        project: The project it belongs to.
        id: The id of the instructions in a file.
        kind: The kind of instructions.
    """

    path: Path
    location: Location
    is_folder: bool
    preferred: bool
    project: Path | None
    id: str
    kind: Kind

    def shown(self, path: Path) -> str:
        """A path in it: from the project on, if there is one."""
        return str(path if self.project is None else path.relative_to(self.project))


@dataclass(frozen=True, slots=True)
class Instructions:
    """The instructions of one file.

    Attributes:
        id: What they are told apart by.
        label: What people see.
        place: Where they were found.
        shown: The path of the file, from the project on.
        content: The whole file.
        apply_to: Patterns of the files they are for; None for all.
        description: What they are about.
    """

    id: str
    label: str
    place: InstructionPlace
    shown: str
    content: str
    apply_to: tuple[str, ...] | None
    description: str | None


def instruction_places(
    home: Path | None, projects: Sequence[Path] = (), more: Sequence[Path] = ()
) -> list[InstructionPlace]:
    """Where instructions are looked for.

    Args:
        home: The home folder of the runtime; None leaves the user's instructions out.
        projects: The project directories.
        more: Further folders with instructions of the user.
    """
    found: list[InstructionPlace] = []
    if home is not None:
        file = home / "copilot-instructions.md"
        found.append(InstructionPlace(file, "user", False, True, None, "home-copilot", "home"))
        more = (home / "instructions", *more)
    found += [InstructionPlace(path, "user", True, False, None, "", "vscode") for path in more]
    for project in projects:
        found += [
            InstructionPlace(project / name, "repository", False, kind == "repo", project, place_id, kind)
            for name, place_id, kind in _PROJECT_FILES
        ]
        folder = project / _PROJECT_FOLDER
        found.append(InstructionPlace(folder, "repository", True, False, project, "", "vscode"))
    return found


def find_instructions(places: Sequence[InstructionPlace]) -> list[Instructions]:
    """The instructions in some places; files that cannot be read are left out."""
    return [instructions for place in places for instructions in _in(place)]


def _in(place: InstructionPlace) -> Iterator[Instructions]:
    paths = sorted(place.path.rglob(_PATTERN)) if place.is_folder else [place.path]
    for path in paths:
        if path.is_file():
            try:
                yield _instructions(place, read_markdown(path))
            except BadFile:
                continue


def _instructions(place: InstructionPlace, file: MarkdownFile) -> Instructions:
    shown = place.shown(file.path)
    label = file.path.name if place.is_folder else shown
    return Instructions(
        id=place.id or f"vscode-instructions/{shown}",
        label="Home copilot-instructions.md" if place.kind == "home" else label,
        place=place,
        shown=shown,
        content=file.content,
        apply_to=file.strings("applyTo") if place.is_folder else None,
        description=file.string("description") if place.is_folder else None,
    )


class InstructionSources:
    """The instructions of one session; the files are read when they are first needed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: list[Instructions] | None = None

    @property
    def found(self) -> list[Instructions]:
        """The instructions, in the order in which the model gets them."""
        if self._found is None:
            folder = self._session.config.working_directory
            self._found = find_instructions(instruction_places(self._session.runtime_home, [folder]))
        return self._found

    @property
    def text(self) -> str:
        """What they add to the system message."""
        parts = [
            f"<custom_instruction>\n{instructions.content.strip()}\n</custom_instruction>"
            for instructions in self.found
            if instructions.apply_to is None
        ]
        some = [
            f"* {instructions.shown} for {', '.join(instructions.apply_to)}: {instructions.description or ''}"
            for instructions in self.found
            if instructions.apply_to is not None
        ]
        return "\n\n".join([*parts, *(["\n".join([_FOR_SOME_FILES, *some])] if some else [])])

    def forget(self) -> None:
        """Has the files read again when they are next needed."""
        self._found = None
