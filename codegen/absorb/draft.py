"""Our files while another version is merged into them: what changes, since and until when, and the report on it."""

from __future__ import annotations

import copy

from codegen.absorb.dialect import Schema
from codegen.absorb.places import API, Places
from codegen.absorb.version import ordered
from codegen.errors import SchemaError
from codegen.frontends.documents import Documents
from codegen.ir import Json, Meta, Protocol

_SAID = frozenset({"description", "since", "until", "deprecated", "stability", "visibility"})


class Draft:
    """A copy of our files, and how a change is marked in it.

    Args:
        ours: Our schema files; they are not changed, see `files`.
        mine: The protocol that they describe.
        their: The protocol of the other version.
        version: The version that goes in.

    Raises:
        SchemaError: A newer version was taken in before.
    """

    def __init__(self, ours: Documents, mine: Protocol, their: Protocol, version: str) -> None:
        self.files: dict[str, Schema] = copy.deepcopy(ours.files)
        self.report: list[str] = []
        self.mine = mine
        self.their = their
        self.places = Places(ours, mine, their)
        self.version = version
        # Types of ours under a name that is not published, which stand for something that is.
        self.serving: set[str] = set()
        known = [str(item) for item in listed(self.files[API], "runtimes")]
        newest = max(known, key=ordered, default="")
        if newest and ordered(version) < ordered(newest):
            raise SchemaError(API, "/runtimes", f"{newest} was absorbed before; {version} is older")
        older = [item for item in known if ordered(item) < ordered(version)]
        self.last = max(older, key=ordered, default=None)
        self.since: Schema = {"since": version} if older else {}
        self._first_time = version not in known
        runtimes = sorted({*known, version}, key=ordered)
        self.files[API]["runtimes"] = list[Json](runtimes)

    def definitions(self, file: str) -> Schema:
        """The definitions of a file."""
        return member(self.files[file], "definitions")

    def definition(self, name: str) -> tuple[str, Schema]:
        """The file of a type, and its definition there."""
        file, key = self.places.home(name)
        return file, member(self.definitions(file), key)

    def published(self, name: str) -> bool:
        """True where the other version has our type."""
        definition = self.mine.types[name]
        wires = {known.wire for known in self.their.types.values()}
        return name in self.their.types or (definition.wire != "" and definition.wire in wires)

    def say(self, line: str) -> None:
        """Report what was done."""
        self.report.append(line)

    def note(self, line: str) -> None:
        """Report what was left as it is, when a version is met for the first time."""
        if self._first_time:
            self.report.append(line)

    def gone(self, schema: Schema, what: str, last: str | None = None) -> None:
        """Mark what the version lacks; `last` is set where it was gone before, with what it stood in."""
        until = last or self.last
        if until and "until" not in schema:
            schema["until"] = until
            self.say(f"{what} is gone")

    def back(self, schema: Schema, what: str) -> str | None:
        """Take the mark off what the version has; returns the mark."""
        until = schema.pop("until", None)
        if until is not None:
            self.say(f"{what} is back")
        return until if isinstance(until, str) else None

    def facts(self, schema: Schema, new: Meta, what: str) -> None:
        """Update what is said of a thing beside its shape; the newer version is right."""
        stability = new.stability or "stable"
        if schema.get("stability", "stable") != stability:
            schema["stability"] = stability
            self.say(f"{what} is {stability} now")
        if (schema.get("visibility") == "internal") != new.internal:
            _switch(schema, "visibility", "internal" if new.internal else None)
            self.say(f"{what} is {'internal' if new.internal else 'public'} now")
        if (schema.get("deprecated") is True) != new.deprecated:
            _switch(schema, "deprecated", new.deprecated or None)
            self.say(f"{what} is {'' if new.deprecated else 'no longer '}deprecated")

    @staticmethod
    def replace(schema: Schema, shape: Schema) -> None:
        """Give a place another shape; what is said about it stays."""
        said = {key: value for key, value in schema.items() if key in _SAID}
        schema.clear()
        schema.update({**said, **{key: value for key, value in shape.items() if key not in said}})


def _switch(schema: Schema, key: str, value: Json) -> None:
    if value is None:
        schema.pop(key, None)
    else:
        schema[key] = value


def member(schema: Schema, key: str) -> Schema:
    """The object that stands at a key; an empty one is put there where there is none."""
    value = schema.setdefault(key, {})
    if not isinstance(value, dict):
        raise TypeError(f"{key} is no object")
    return value


def listed(schema: Schema, key: str) -> list[Json]:
    """The array that stands at a key, empty where there is none."""
    value = schema.get(key)
    return value if isinstance(value, list) else []
