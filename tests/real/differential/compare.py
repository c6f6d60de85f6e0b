"""What two takes of one scenario differ in, without what differs between any two runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from tests.real.differential.actor import Take

Entry = tuple[str, object]

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_MEASURED = re.compile(r"duration|ms$|bytes$|size|mtime|pid$|port$", re.IGNORECASE)
_MILLISECONDS = range(1_000_000_000_000, 4_000_000_000_000)
_PROSE = {"description", "hint"}
_CONCURRENT = {"session.title_changed", "session.skills_loaded"}
"""Events that the CLI sends from beside the turn: their place among the others is chance."""
_NAMING_KEYS = ("name", "id", "modelId", "toolCallId", "role", "type", "kind", "path")
_LONGEST = 90


@dataclass(frozen=True, slots=True)
class Difference:
    """One place in which two takes differ; `cli` and `ours` are what stands there, for reading.

    Attributes:
        text: The place and the kind of the difference, as patterns of known ones are written.
    """

    text: str
    cli: str = ""
    ours: str = ""


def differences(cli: Take, ours: Take) -> list[Difference]:
    """Everything in which two takes differ, each difference once."""
    left, right = Normal(cli.names), Normal(ours.names)
    found = [
        *_streams("reply", left.entries(cli.replies), right.entries(ours.replies)),
        *_streams("request", left.entries(cli.requests), right.entries(ours.requests)),
        *_sets("notification", left.entries(cli.notifications), right.entries(ours.notifications)),
        *_streams("note", left.entries(cli.notes), right.entries(ours.notes)),
    ]
    for theirs, own in zip(cli.events.values(), ours.events.values(), strict=False):
        streams = left.entries(map(_typed, theirs)), right.entries(map(_typed, own))
        found += _streams("event", *([e for e in stream if e[0] not in _CONCURRENT] for stream in streams))
        for kind in sorted(_CONCURRENT):
            # How often they come is chance as well.
            found += _streams("event", *([e for e in stream if e[0] == kind][:1] for stream in streams))
    return list({difference.text: difference for difference in reversed(found)}.values())[::-1]


def _typed(event: Mapping[str, object]) -> Entry:
    agent = " of an agent" if "agentId" in event else ""
    return f"{event['type']}{agent}", event


class Normal:
    """Puts a word in the place of everything that is different on each run."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = dict(names)
        longest_first = sorted(map(re.escape, names), key=len, reverse=True)
        self._pattern = re.compile("|".join(longest_first) or "(?!)")

    def entries(self, entries: Iterator[Entry] | Sequence[Entry]) -> list[Entry]:
        """The entries of a stream, normalised."""
        return [(label, self.value(value)) for label, value in entries]

    def value(self, value: object, key: str = "") -> object:
        """A JSON value, normalised; `key` is the name that it stands under."""
        if key == "parentId":
            return "<id>"
        if key in _PROSE and isinstance(value, str):
            return "<text>"
        if isinstance(value, dict):
            # A client takes null for nothing, so both runtimes may say either.
            return {
                self._text(name): self.value(item, name) for name, item in value.items() if item is not None
            }
        if isinstance(value, list):
            return [self.value(item, key) for item in value]
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            if int(value) in _MILLISECONDS:
                return "<time>"
            return "<number>" if _MEASURED.search(key) else value
        return value

    def _text(self, text: str) -> str:
        named = self._pattern.sub(lambda found: self._names[found[0]], text)
        return _TIME.sub("<time>", _ID.sub("<id>", named))


def _sets(kind: str, cli: list[Entry], ours: list[Entry]) -> Iterator[Difference]:
    """Differences between messages whose order and number say nothing."""
    theirs, own = ({json.dumps(entry, sort_keys=True): entry for entry in side} for side in (cli, ours))
    for entries, others, side in ((theirs, own, "cli"), (own, theirs, "ours")):
        for text, (label, value) in entries.items():
            if text not in others:
                yield Difference(f"{kind} {label} {_kind_of(value)}: {side} only", _short(value))


def _kind_of(value: object) -> str:
    return str(value.get("type", "")) if isinstance(value, dict) else ""


def _streams(kind: str, cli: list[Entry], ours: list[Entry]) -> Iterator[Difference]:
    """Differences between two streams of messages: what is missing, what comes at another place, what is in them."""
    matcher = SequenceMatcher(None, [name for name, _ in cli], [name for name, _ in ours], autojunk=False)
    left, right = [], []
    pairs: list[tuple[Entry, Entry]] = []
    for operation, start, end, other_start, other_end in matcher.get_opcodes():
        if operation == "equal":
            pairs += zip(cli[start:end], ours[other_start:other_end], strict=True)
        else:
            left += cli[start:end]
            right += ours[other_start:other_end]
    for entry in list(left):
        twin = next((other for other in right if other[0] == entry[0]), None)
        if twin is not None:
            left.remove(entry)
            right.remove(twin)
            pairs.append((entry, twin))
            yield Difference(f"{kind} {entry[0]}: order")
    for (name, theirs), (_, own) in pairs:
        yield from _values(f"{kind} {name} ", theirs, own)
    yield from (Difference(f"{kind} {name}: cli only", _short(value)) for name, value in left)
    yield from (Difference(f"{kind} {name}: ours only", "", _short(value)) for name, value in right)


def _values(place: str, cli: object, ours: object) -> Iterator[Difference]:
    if isinstance(cli, dict) and isinstance(ours, dict):
        for key in [*cli, *(key for key in ours if key not in cli)]:
            inner = f"{place}/{key}"
            if key not in ours:
                yield Difference(f"{inner}: cli only", _short(cli[key]))
            elif key not in cli:
                yield Difference(f"{inner}: ours only", "", _short(ours[key]))
            else:
                yield from _values(inner, cli[key], ours[key])
    elif isinstance(cli, list) and isinstance(ours, list):
        yield from _lists(place, cli, ours)
    elif cli != ours:
        yield Difference(f"{place}: value", _short(cli), _short(ours))


def _lists(place: str, cli: list[object], ours: list[object]) -> Iterator[Difference]:
    for key in _NAMING_KEYS:
        named, own_named = _by(key, cli), _by(key, ours)
        if named is not None and own_named is not None and (named or own_named):
            yield from _values(place, named, own_named)
            if [name for name in named if name in own_named] != [name for name in own_named if name in named]:
                yield Difference(f"{place}: order", _short(list(named)), _short(list(own_named)))
            return
    if len(cli) != len(ours):
        yield Difference(f"{place}: length", _short(cli), _short(ours))
    for theirs, own in zip(cli, ours, strict=False):
        yield from _values(f"{place}/*", theirs, own)


def _by(key: str, items: list[object]) -> dict[str, object] | None:
    """The items by a key that tells them apart; None if it does not."""
    named: dict[str, object] = {
        str(item[key]): item for item in items if isinstance(item, dict) and key in item
    }
    return named if len(named) == len(items) else None


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
