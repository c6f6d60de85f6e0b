"""Sample JSON values for every type, method and event of a protocol: made from the IR, the same on every run.

A value's members stand in the order of the type's fields, what is unknown stands last: so a value that was
read and written again can be compared as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from codegen.frontends.unions import covers, leaves, objects
from codegen.ir import (
    AliasDef,
    Array,
    Choice,
    Const,
    EnumDef,
    Event,
    EventRef,
    Json,
    Map,
    Method,
    Nullable,
    ObjectDef,
    Protocol,
    Ref,
    Scalar,
    Tuple,
    TypeDef,
    TypeExpr,
    UnionDef,
)

UNKNOWN = "fromANewerPeer"
"""The member, enum value and union tag that no schema knows."""

_DEPTH = 3
_STRINGS = (
    "text",
    "owner/name",
    "system",
    "0" * 40,
    "0" * 64,
    "7",
    "urn:air:example:name:part",
    "${secret:name}",
)
_FORMATS = {
    "date-time": "2026-01-02T03:04:05.678Z",
    "uri": "https://example.com/path?query=1",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A JSON value that fits a type.

    Args:
        label: What is special about it, such as `minimal`.
        value: The value.
        branch: For the value of a union, the type that it is read as.
    """

    label: str
    value: Json
    branch: str | None = None


class Size(Enum):
    """How much of a type a value shows."""

    MINIMAL = "minimal"
    """What is required."""
    FULL = "full"
    """Every member, down to a certain depth."""
    NEWER = "newer"
    """Every member, and at each place what a newer peer might send there."""


class _EndlessError(Exception):
    """A type requires itself on this way."""


class Sampler:
    """Makes the samples of one protocol."""

    def __init__(self, protocol: Protocol) -> None:
        self._types: Mapping[str, TypeDef] = protocol.types
        self._events: Sequence[Event] = protocol.events
        self._made: dict[tuple[str, Size, int], Json] = {}
        self._open: list[tuple[str, Size, int]] = []

    def fitting(self, name: str) -> list[Sample]:
        """Values of a type as the schema has it: small, large, and each alternative in it."""
        definition = self._types[name]
        match definition:
            case EnumDef(values=values):
                return [Sample(value, value) for value, _ in values]
            case UnionDef():
                return list(self._branches(definition))
            case ObjectDef():
                return _distinct([*self._sizes(Ref(name)), *self._alternatives(definition)])
            case AliasDef(type=expr):
                return self.of(expr)

    def of(self, expr: TypeExpr) -> list[Sample]:
        """Values of a type expression, as `fitting` makes them."""
        match expr:
            case Ref(name):
                return self.fitting(name)
            case Nullable(inner):
                return [*self.of(inner), Sample("null", None)]
            case Choice(members):
                return _distinct(sample for member in members for sample in self._sizes(member))
            case _:
                return _distinct(self._sizes(expr))

    def newer(self, name: str) -> Sample:
        """A value of a type as a newer peer might send it."""
        return Sample(Size.NEWER.value, self._value(Ref(name), Size.NEWER, _DEPTH))

    def params(self, method: Method) -> list[Sample]:
        """Params of a method; none for a method without."""
        return self.fitting(method.params.name) if method.params else []

    def result(self, method: Method) -> list[Sample]:
        """Results of a method."""
        return self.of(method.result)

    def event(self, event: Event) -> list[Sample]:
        """An event with each sample of its data, and one of a newer peer."""
        small, *others = self.fitting(event.data.name)
        newer = self.newer(event.data.name)
        return [
            Sample(small.label, self._envelope(event, small.value, Size.MINIMAL)),
            *(Sample(data.label, self._envelope(event, data.value, Size.FULL)) for data in others),
            Sample(newer.label, self._envelope(event, newer.value, Size.NEWER)),
        ]

    def _sizes(self, expr: TypeExpr) -> Iterator[Sample]:
        for size in (Size.MINIMAL, Size.FULL):
            yield Sample(size.value, self._value(expr, size, _DEPTH))

    def _branches(self, definition: UnionDef) -> Iterator[Sample]:
        branches = objects(definition.name, self._types)
        read_as = {b.name: next(a.name for a in branches if a is b or covers(a, b)) for b in branches}
        for index, member in enumerate(definition.members):
            if isinstance(member, Ref):
                for name in leaves(member.name, self._types):
                    for sample in self._sizes(Ref(name)):
                        yield Sample(f"{name} {sample.label}", sample.value, read_as.get(name, name))
            else:
                for sample in _distinct(self._sizes(member)):
                    yield Sample(f"branch {index} {sample.label}", sample.value)

    def _alternatives(self, definition: ObjectDef) -> Iterator[Sample]:
        """The small object with each value of those members that may be one thing or another."""
        for field in definition.fields:
            for index, value in enumerate(self._choices(field.type)):
                members = {
                    other.wire: value if other is field else self._value(other.type, Size.MINIMAL, _DEPTH)
                    for other in definition.fields
                    if other.required or other is field
                }
                yield Sample(f"{field.wire} {index}", members)

    def _choices(self, expr: TypeExpr) -> Iterator[Json]:
        match expr:
            case Nullable(inner):
                yield None
                yield from self._choices(inner)
            case Choice(members):
                for member in members:
                    yield self._value(member, Size.FULL, 1)
            case Array(inner):
                yield from ([value] for value in self._choices(inner))
            case Map(inner, key):
                yield from ({self._key(key): value} for value in self._choices(inner))
            case _:
                return

    def _key(self, names: Ref | None) -> str:
        return "key" if names is None else str(self._named(names.name, Size.FULL, 1))

    def _value(self, expr: TypeExpr, size: Size, depth: int) -> Json:
        match expr:
            case Scalar():
                return _scalar(expr, size)
            case Const(value):
                return value
            case Ref(name):
                return self._named(name, size, depth)
            case Array():
                return self._array(expr, size, depth)
            case Map(inner, key):
                return {} if size is Size.MINIMAL else {self._key(key): self._value(inner, size, depth)}
            case _:
                return self._other(expr, size, depth)

    def _other(self, expr: TypeExpr, size: Size, depth: int) -> Json:
        match expr:
            case Nullable(inner):
                return None if size is Size.MINIMAL else self._value(inner, size, depth)
            case Tuple(items):
                return [self._value(item, size, depth) for item in items]
            case Choice(members):
                return self._value(members[0], size, depth)
            case EventRef(name):
                event = next(event for event in self._events if name in (None, event.name))
                return self._envelope(event, self._value(event.data, Size.MINIMAL, 0), Size.MINIMAL)
            case _:
                return None

    def _array(self, expr: Array, size: Size, depth: int) -> Json:
        count = max(expr.min_items, 0 if size is Size.MINIMAL else 1)
        return [self._value(expr.item, size, depth)] * count if count else []

    def _named(self, name: str, size: Size, depth: int) -> Json:
        if depth == 0:
            size = Size.MINIMAL
        if size is Size.MINIMAL:
            depth = 0
        key = (name, size, depth)
        if key not in self._made:
            if key in self._open:
                raise _EndlessError(name)
            self._open.append(key)
            try:
                self._made[key] = self._defined(self._types[name], size, depth)
            finally:
                self._open.pop()
        return self._made[key]

    def _defined(self, definition: TypeDef, size: Size, depth: int) -> Json:
        match definition:
            case ObjectDef():
                return self._object(definition, size, depth)
            case EnumDef(values=values):
                return UNKNOWN if size is Size.NEWER else values[0][0]
            case UnionDef():
                return self._union(definition, size, depth)
            case AliasDef(type=expr):
                return self._value(expr, size, depth)

    def _object(self, definition: ObjectDef, size: Size, depth: int) -> Json:
        shown = [field for field in definition.fields if field.required or size is not Size.MINIMAL]
        members = {field.wire: self._value(field.type, size, max(depth - 1, 0)) for field in shown}
        return {**members, UNKNOWN: {"deep": [1, None, {}]}} if size is Size.NEWER else members

    def _union(self, definition: UnionDef, size: Size, depth: int) -> Json:
        if size is Size.NEWER and definition.discriminator:
            return {definition.discriminator: UNKNOWN, "more": [1.5, None]}
        for member in definition.members:
            try:
                return self._value(member, size, depth)
            except _EndlessError:
                continue
        raise _EndlessError(definition.name)

    @staticmethod
    def _envelope(event: Event, data: Json, size: Size) -> Json:
        members: dict[str, Json] = {
            "id": _FORMATS["uuid"],
            "timestamp": _FORMATS["date-time"],
            "parentId": None if size is Size.MINIMAL else "223e4567-e89b-42d3-a456-426614174000",
        }
        if event.ephemeral or size is not Size.MINIMAL:
            members["ephemeral"] = event.ephemeral
        if size is not Size.MINIMAL:
            members["agentId"] = "agent-1"
        members.update(type=event.wire, data=data)
        return {**members, UNKNOWN: True} if size is Size.NEWER else members


def _scalar(expr: Scalar, size: Size) -> Json:
    small = size is Size.MINIMAL
    limits = dict(expr.constraints)
    match expr.kind:
        case "string":
            return _string(expr.format, limits, "text" if small else "täxt \u2713")
        case "integer":
            return _number(limits, 1 if small else 42, 1)
        case "number":
            return _number(limits, 1 if small else 0.25, 0.125)
        case "boolean":
            return not small
        case "any":
            return "anything" if small else {"any": ["thing", 1, 0.5, True, None]}


def _string(wire_format: str | None, limits: Mapping[str, Json], wanted: str) -> str:
    if wire_format in _FORMATS:
        return _FORMATS[wire_format]
    pattern = str(limits.get("pattern", ""))
    shortest, longest = limits.get("minLength", 0), limits.get("maxLength")
    for candidate in (wanted, *_STRINGS):
        text = candidate.ljust(shortest, "x") if isinstance(shortest, int) else candidate
        text = text[:longest] if isinstance(longest, int) else text
        if re.search(pattern, text):
            return text
    raise ValueError(f"no sample string fits the pattern {pattern!r}: add one to codegen/samples.py")


def _number(limits: Mapping[str, Json], wanted: float, step: float) -> float:
    """The wanted number, or the nearest one within the limits."""
    value = wanted
    for keyword, toward, margin in (
        ("minimum", max, 0),
        ("exclusiveMinimum", max, step),
        ("maximum", min, 0),
        ("exclusiveMaximum", min, -step),
    ):
        limit = limits.get(keyword)
        if isinstance(limit, (int, float)):
            value = toward(value, limit + margin)
    return value


def _distinct(samples: Iterator[Sample] | Sequence[Sample]) -> list[Sample]:
    """The samples without those whose value came before."""
    kept: dict[str, Sample] = {}
    for sample in samples:
        kept.setdefault(repr(sample.value), sample)
    return list(kept.values())
