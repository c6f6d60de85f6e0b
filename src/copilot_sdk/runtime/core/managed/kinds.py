"""Kinds of values in the documents of administrators: each reads a value, and tells its JSON schema.

To read gives the value in its canonical form, or None where it is left out: because it is wrong, which is written down,
or because it is of no use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from copilot_sdk._model.json_values import is_array, is_object
from copilot_sdk.runtime.core.setting_kinds import type_name

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a document something stands.

    Attributes:
        path: The names and numbers that lead there, with dots.
        errors: What is wrong in the document: texts by places.
    """

    path: str
    errors: list[tuple[str, str]]

    def at(self, step: str | int) -> Place:
        """A place below."""
        return Place(f"{self.path}.{step}" if self.path else str(step), self.errors)

    def fail(self, problem: str) -> object:
        """Writes down what is wrong here, and gives None: what is wrong is left out."""
        self.errors.append((self.path, problem))
        return None

    def expected(self, wanted: str, value: object) -> object:
        """Writes down that a value is of another type, and gives None."""
        return self.fail(f"Expected {wanted}, received {type_name(value)}")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of value.

    Attributes:
        about: What it is, for people.
        notes: What its schema says besides.
    """

    about: str = ""
    notes: Json = field(default_factory=dict[str, object])

    def read(self, value: object, place: Place) -> object:
        """The canonical form of a value; None to leave it out."""
        raise NotImplementedError

    def shape(self) -> Json:
        """The part of the schema that tells what values there are."""
        raise NotImplementedError

    def schema(self) -> dict[str, object]:
        """The JSON schema."""
        about = {"description": self.about} if self.about else {}
        return {**about, **self.shape(), **self.notes}


@dataclass(frozen=True, kw_only=True)
class Flag(Kind):
    """True or false."""

    def read(self, value: object, place: Place) -> object:
        """The value."""
        return value if isinstance(value, bool) else place.expected("boolean", value)

    def shape(self) -> Json:
        """A boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True, kw_only=True)
class Lock(Flag):
    """A flag that locks something: what cannot be read locks it too."""

    def read(self, value: object, place: Place) -> object:  # noqa: ARG002
        """The value; true for what is no flag."""
        return value if isinstance(value, bool) else True


@dataclass(frozen=True, kw_only=True)
class Text(Kind):
    """A string.

    Attributes:
        empty: What is wrong with an empty one; None where it may be empty.
        pattern: What it has to look like, in whole.
        problem: What is wrong with one that does not.
        shown: What the schema says of its looks, if that is another pattern.
        trimmed: Whether blanks around it do not count.
    """

    empty: str | None = None
    pattern: str | None = None
    problem: str = ""
    shown: Json = field(default_factory=dict[str, object])
    trimmed: bool = False

    def read(self, value: object, place: Place) -> object:
        """The string."""
        if not isinstance(value, str):
            return place.expected("string", value)
        text = value.strip() if self.trimmed else value
        if self.empty is not None and not text:
            return place.fail(self.empty)
        if self.pattern is not None and re.fullmatch(self.pattern, text) is None:
            return place.fail(self.problem)
        return text

    def shape(self) -> Json:
        """A string."""
        return {"type": "string", **self.shown}


NAMED = Text(empty="Expected non-empty string", shown={"minLength": 1})
"""A string that is not empty."""


@dataclass(frozen=True, kw_only=True)
class Choice(Kind):
    """One of some strings."""

    values: tuple[str, ...]

    def read(self, value: object, place: Place) -> object:
        """The string."""
        if value in self.values:
            return value
        known = " | ".join(f"'{choice}'" for choice in self.values)
        if isinstance(value, str):
            return place.fail(f"Invalid enum value. Expected {known}, received '{value}'")
        return place.expected(known, value)

    def shape(self) -> Json:
        """An enumeration."""
        return {"type": "string", "enum": list(self.values)}


@dataclass(frozen=True, kw_only=True)
class OptionalChoice(Choice):
    """One of some strings, where another value is of no use and does no harm."""

    def read(self, value: object, place: Place) -> object:  # noqa: ARG002
        """The string; None for another value."""
        return value if value in self.values else None


@dataclass(frozen=True, kw_only=True)
class Whole(Kind):
    """A whole number within bounds."""

    least: int
    most: int | None = None
    problem: str = ""

    def read(self, value: object, place: Place) -> object:
        """The number."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return place.expected("number", value)
        in_bounds = value >= self.least and (self.most is None or value <= self.most)
        return value if in_bounds and isinstance(value, int) else place.fail(self.problem)

    def shape(self) -> Json:
        """An integer."""
        most = {} if self.most is None else {"maximum": self.most}
        return {"type": "integer", "minimum": self.least, **most}


@dataclass(frozen=True, kw_only=True)
class Items(Kind):
    """A list of values of one kind."""

    of: Kind
    at_least_one: bool = False

    def read(self, value: object, place: Place) -> object:
        """The list."""
        if not is_array(value):
            return place.expected("array", value)
        if self.at_least_one and not value:
            return place.fail("Expected at least one item")
        return [self.of.read(item, place.at(index)) for index, item in enumerate(value)]

    def shape(self) -> Json:
        """An array."""
        least = {"minItems": 1} if self.at_least_one else {}
        return {"type": "array", **least, "items": self.of.schema()}


@dataclass(frozen=True, kw_only=True)
class Table(Kind):
    """An object whose members, by any names, are of one kind."""

    of: Kind

    def read(self, value: object, place: Place) -> object:
        """The object."""
        if not is_object(value):
            return place.expected("object", value)
        return {name: self.of.read(member, place.at(name)) for name, member in value.items()}

    def shape(self) -> Json:
        """An object."""
        return {"type": "object", "additionalProperties": self.of.schema()}


@dataclass(frozen=True, kw_only=True)
class Record(Kind):
    """An object of known members; others are left out."""

    members: Mapping[str, Kind]
    required: tuple[str, ...] = ()

    def read(self, value: object, place: Place) -> object:
        """The object, with what it has of the members."""
        if not is_object(value):
            return place.expected("object", value)
        for name in self.required:
            if name not in value:
                place.at(name).fail("Required")
        found = {
            name: kind.read(value[name], place.at(name))
            for name, kind in self.members.items()
            if name in value
        }
        return {name: member for name, member in found.items() if member is not None}

    def shape(self) -> Json:
        """An object."""
        required = {"required": list(self.required)} if self.required else {}
        members = {name: kind.schema() for name, kind in self.members.items()}
        return {"type": "object", "additionalProperties": False, **required, "properties": members}


@dataclass(frozen=True, kw_only=True)
class Overridable(Kind):
    """A string that is locked, or `{"overridable": ...}` with one that users may replace."""

    of: Kind

    def read(self, value: object, place: Place) -> object:
        """The string, or the object."""
        if isinstance(value, str):
            return self.of.read(value, place)
        if not is_object(value):
            return place.fail("Expected a string or object")
        if list(value) != ["overridable"]:
            return place.fail("Expected an object containing only `overridable`")
        inner = value["overridable"]
        if not isinstance(inner, str):
            return place.at("overridable").fail("Expected string")
        found = self.of.read(inner, place.at("overridable"))
        return None if found is None else {"overridable": found}

    def shape(self) -> Json:
        """Either form."""
        inner = self.of.schema()
        wrapped = {
            "type": "object",
            "properties": {"overridable": inner},
            "required": ["overridable"],
            "additionalProperties": False,
        }
        return {"oneOf": [inner, wrapped]}


@dataclass(frozen=True, kw_only=True)
class OptionalOverridable(Overridable):
    """The same, where what cannot be read is of no use and does no harm."""

    def read(self, value: object, place: Place) -> object:
        """The string, or the object; None for another value."""
        errors: list[tuple[str, str]] = []
        return super().read(value, Place(place.path, errors))


def one_of(*shapes: Json) -> dict[str, Sequence[Json]]:
    """The schema of a value that has one of several shapes."""
    return {"oneOf": list(shapes)}
