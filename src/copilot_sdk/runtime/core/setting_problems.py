"""What is wrong with files of settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from copilot_sdk.runtime.core.setting_kinds import SETTINGS, issues_of, normal_name


@dataclass(frozen=True, slots=True)
class Source:
    """A file of settings; `content` is None where it cannot be read."""

    kind: str
    label: str
    file: str
    content: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; `key` is the setting it is about."""

    source: Source
    kind: str
    category: str
    explanation: str
    key: str | None = None

    def to_wire(self, number: int) -> dict[str, object]:
        """The problem as JSON; its id is made with its number."""
        source = self.source
        return {
            "id": f"{source.kind}:{self.kind}:{number}",
            "kind": self.kind,
            "category": self.category,
            "source": {"kind": source.kind, "label": source.label, "filePath": source.file},
            "rawKey": self.key,
            "explanation": self.explanation,
        }


def problems_of(sources: Sequence[Source]) -> Iterator[Problem]:
    """Everything that is wrong, file by file: first the values, then the names."""
    for source in sources:
        if source.content is None:
            text = f"{source.file} could not be parsed. Open it in your editor to fix the file."
            yield Problem(source, "malformed-file", "Malformed file", text)
            continue
        yield from _values(source, source.content)
        yield from _names(source, source.content)


def _values(source: Source, content: Mapping[str, object]) -> Iterator[Problem]:
    for key, value in content.items():
        if issues := issues_of(key, value):
            told = "; ".join(str(issue) for issue in issues)
            text = f'"{key}" has an invalid value and has no effect: {told}. Remove it or fix it in'
            yield Problem(source, "invalid-value", "Invalid value", f"{text} {source.label} settings.", key)


def _names(source: Source, content: Mapping[str, object]) -> Iterator[Problem]:
    for key in content:
        if normal_name(key) not in SETTINGS:
            text = (
                f'"{key}" is not a recognised setting and has no effect. Remove it or correct the spelling in'
            )
            yield Problem(source, "unknown-key", "Unknown setting", f"{text} {source.label} settings.", key)
