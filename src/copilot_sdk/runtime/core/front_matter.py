"""Markdown files that begin with settings in YAML: agents, skills, instructions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from copilot_sdk._model.json_values import is_array, is_object, texts_in


class BadFile(Exception):
    """A file cannot be used; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class MarkdownFile:
    """A file, taken apart.

    Attributes:
        path: Where it is.
        settings: What stands above the text; empty if nothing does.
        text: The text itself.
        content: The whole file.
    """

    path: Path
    settings: Mapping[str, object]
    text: str
    content: str

    def string(self, name: str) -> str | None:
        """A setting that is a text; None if it is not there.

        Raises:
            BadFile: It is something else.
        """
        value = self.settings.get(name)
        if value is None or isinstance(value, str):
            return value
        raise BadFile(f"{self.path}: '{name}' has to be a string")

    def strings(self, name: str) -> tuple[str, ...] | None:
        """A setting that is a list of texts, or one text with commas in it; None if it is not there.

        Raises:
            BadFile: It is something else.
        """
        value = self.settings.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        if is_array(value) and len(texts := texts_in(value)) == len(value):
            return tuple(texts)
        raise BadFile(f"{self.path}: '{name}' has to be a list of strings")

    def flag(self, name: str, *, default: bool) -> bool:
        """A setting that is true or false.

        Raises:
            BadFile: It is something else.
        """
        value = self.settings.get(name, default)
        if isinstance(value, bool):
            return value
        raise BadFile(f"{self.path}: '{name}' has to be true or false")


def read_markdown(path: Path) -> MarkdownFile:
    """Reads a file.

    Raises:
        BadFile: It cannot be read, or its settings are no YAML.
    """
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{path}: {error}") from error
    if not content.startswith("---\n"):
        return MarkdownFile(path, {}, content, content)
    head, mark, text = content[4:].partition("\n---")
    if not mark:
        raise BadFile(f"{path}: missing or malformed YAML frontmatter")
    return MarkdownFile(path, _settings(path, head), text.partition("\n")[2].lstrip("\n"), content)


def _settings(path: Path, head: str) -> Mapping[str, object]:
    try:
        import yaml
    except ImportError as error:
        raise BadFile(f"{path}: settings need PyYAML: pip install 'copilot-sdk[runtime]'") from error
    try:
        settings: object = yaml.safe_load(head) or {}
    except yaml.YAMLError as error:
        raise BadFile(f"{path}: missing or malformed YAML frontmatter") from error
    if not is_object(settings):
        raise BadFile(f"{path}: missing or malformed YAML frontmatter")
    return settings
