"""Documents of administrators: what is in one, and what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from copilot_sdk._model.json_values import is_array, is_object
from copilot_sdk.runtime.core.managed.keys import KEYS, NOT_BY_HELPERS
from copilot_sdk.runtime.core.managed.kinds import Place, Record
from copilot_sdk.runtime.core.setting_kinds import type_name

Json = Mapping[str, object]
Channel = Literal["device", "server", "policyHelper"]
CHANNELS: tuple[Channel, ...] = ("device", "server", "policyHelper")
"""Where documents come from, the strongest first."""

MOST_BYTES = 1024 * 1024
MOST_LEVELS = 64
_OF_MODELS = ("effortLevel", "contextTier")
_DOCUMENT = Record(members=KEYS)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a document.

    Attributes:
        path: Where in it, with dots; empty for all of it.
        severity: Whether the document cannot be used, or only this part of it.
        message: What it is.
    """

    path: str
    severity: Literal["error", "warning"]
    message: str


@dataclass(frozen=True, slots=True)
class Document:
    """What was read.

    Attributes:
        settings: What can be used, in its canonical form; None where the document is wrong.
        findings: What is wrong, or of no use.
    """

    settings: dict[str, object] | None
    findings: list[Finding]

    @property
    def problem(self) -> str:
        """What is wrong, in a line."""
        return "; ".join(
            f"{finding.path}: {finding.message}" if finding.path else finding.message
            for finding in self.findings
            if finding.severity == "error"
        )


def read_document(content: object, channel: Channel | None = None) -> Document:
    """Reads a document.

    Args:
        content: The document, or its text.
        channel: Where it comes from, if that is known.
    """
    if isinstance(content, str):
        if len(content.encode()) > MOST_BYTES:
            return _broken(f"The document has more than {MOST_BYTES} bytes")
        try:
            content = json.loads(content)
        except (ValueError, RecursionError) as error:
            return _broken(f"Invalid JSON: {error}")
    if not is_object(content):
        return _broken(f"Expected object, received {type_name(content)}")
    if _levels(content) > MOST_LEVELS:
        return _broken(f"Document nesting exceeds {MOST_LEVELS} levels.")
    if len(json.dumps(content, ensure_ascii=False).encode()) > MOST_BYTES:
        return _broken(f"The document has more than {MOST_BYTES} bytes")
    errors: list[tuple[str, str]] = []
    settings = _settings(content, Place("", errors))
    if errors:
        return Document(None, [Finding(path, "error", problem) for path, problem in errors])
    foreign = [name for name in NOT_BY_HELPERS if channel == "policyHelper" and name in settings]
    settings = {name: value for name, value in settings.items() if name not in foreign}
    return Document(
        settings, [Finding(path, "warning", text) for path, text in _unused(content, settings, foreign)]
    )


def _broken(problem: str) -> Document:
    return Document(None, [Finding("", "error", problem)])


def _levels(value: object) -> int:
    """How deep objects and lists lie in one another."""
    deepest, level = 0, [value]
    while level := [item for item in level if is_object(item) or is_array(item)]:
        deepest += 1
        level = [
            inner for item in level for inner in (item.values() if isinstance(item, dict) else _items(item))
        ]
    return deepest


def _items(value: object) -> list[object]:
    return value if is_array(value) else []


def _settings(content: Json, place: Place) -> dict[str, object]:
    """The canonical form; what is wrong is written down."""
    permissions = content.get("permissions")
    if is_object(permissions) and "model" in permissions:
        rest = {name: value for name, value in permissions.items() if name != "model"}
        moved = {} if "model" in content else {"model": permissions["model"]}
        if moved and not isinstance(permissions["model"], str):
            place.at("permissions").at("model").expected("string", permissions["model"])
            moved = {}
        content = {**content, "permissions": rest, **moved}
    found = _DOCUMENT.read(content, place)
    settings = found if is_object(found) else {}
    if not settings.get("forceLoginOrgs"):
        settings.pop("forceLoginOrgs", None)
    if not is_concrete(settings.get("model")):
        for name in _OF_MODELS:
            settings.pop(name, None)
    return settings


def is_concrete(model: object) -> bool:
    """Whether a model is one that can be told how to work."""
    return isinstance(model, str) and model not in ("", "auto")


def _unused(content: Json, settings: Json, foreign: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The parts of a document that are not in its canonical form, and why."""
    for path in _missing(content, settings, ""):
        moved = path == "permissions.model" and "model" not in content
        empty = path == "forceLoginOrgs" and content[path] == []
        if not moved and not empty and path not in foreign:
            yield path, f"`{path}` is not used by this policy and is ignored."
    for path in foreign:
        yield path, f"`{path}` cannot be set by a policy helper, and is ignored."


def _missing(given: object, kept: object, path: str) -> Iterator[str]:
    if is_object(given) and is_object(kept):
        for name, value in given.items():
            inner = f"{path}.{name}" if path else name
            if name in kept:
                yield from _missing(value, kept[name], inner)
            else:
                yield inner
    elif is_array(given) and is_array(kept) and len(given) == len(kept):
        for index, value in enumerate(given):
            yield from _missing(value, kept[index], f"{path}.{index}")
