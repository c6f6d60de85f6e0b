"""What another version publishes of what we describe by hand: nothing is changed, differences are told."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from codegen.ir import (
    AliasDef,
    Array,
    Choice,
    Const,
    EnumDef,
    Map,
    Method,
    Nullable,
    ObjectDef,
    Protocol,
    Ref,
    TypeExpr,
    UnionDef,
)

Place = tuple[str, ...]


def differences(by_hand: Iterable[Method], ours: Protocol, theirs: Protocol) -> Iterator[str]:
    """Where published facts differ from what we say of a method, a line each."""
    published = {(method.scope.inbound, method.wire): method for method in theirs.methods}
    for method in by_hand:
        other = published.get((method.scope.inbound, method.wire))
        if other is not None:
            for said in (*_facts(method, other), *_shapes(method, other, ours, theirs)):
                yield f"method {method.wire}, written by hand: {said}"


def type_differences(by_hand: Iterable[str], ours: Protocol, theirs: Protocol) -> Iterator[str]:
    """Where a published type has other members or values than ours of that name, a line each."""
    for name in by_hand:
        for said in _compared(_own(name, ours), _own(name, theirs)):
            yield f"type {name}, written by hand: {said}"


def _own(name: str, protocol: Protocol) -> dict[Place, bool]:
    # What is further below is a difference of the type that has it.
    found = _members(Ref(name), protocol, (name,))
    return {place: required for place, required in found if place[2:] == ()}


def _facts(ours: Method, theirs: Method) -> Iterator[str]:
    if ours.scope is not theirs.scope:
        yield f"published in {theirs.scope.value}, here in {ours.scope.value}"
    stability = theirs.meta.stability or "stable"
    if (ours.meta.stability or "stable") != stability:
        yield f"published as {stability}"
    if ours.meta.internal != theirs.meta.internal:
        yield f"published as {'internal' if theirs.meta.internal else 'public'}"
    if ours.meta.deprecated != theirs.meta.deprecated:
        yield f"published as {'deprecated' if theirs.meta.deprecated else 'not deprecated'}"
    if ours.notification != theirs.notification:
        yield f"published {'as a notification' if theirs.notification else 'with an answer'}"


def _shapes(ours: Method, theirs: Method, our: Protocol, their: Protocol) -> Iterator[str]:
    for what, mine, other in (("params", ours.params, theirs.params), ("result", ours.result, theirs.result)):
        here = dict(_members(mine, our, (what,))) if mine else {}
        there = dict(_members(other, their, (what,))) if other else {}
        yield from _compared(here, there)


def _compared(here: Mapping[Place, bool], there: Mapping[Place, bool]) -> Iterator[str]:
    yield from (f"{place} is published, and is not here" for place in _outermost(there, here))
    yield from (f"{place} is not published" for place in _outermost(here, there))
    yield from (
        f"{'.'.join(place)} is published as one that may be left out"
        for place, required in here.items()
        if required and place in there and not there[place]
    )


def _outermost(places: Iterable[Place], others: Container[Place]) -> Iterator[str]:
    """Places that are not among others, though what they stand in is."""
    return (
        ".".join(place)
        for place in places
        if place not in others and (len(place) == 2 or place[:-1] in others)
    )


def _members(
    expr: TypeExpr, protocol: Protocol, place: Place, opened: tuple[str, ...] = ()
) -> Iterator[tuple[Place, bool]]:
    """Each member and each value below a type with its path, and whether it is required."""
    match expr:
        case Nullable(inner) | Array(inner) | Map(inner):
            yield from _members(inner, protocol, place, opened)
        case Choice(members):
            for branch in members:
                yield from _members(branch, protocol, place, opened)
        case Const(str(value)):
            yield (*place, value), False
        case Ref(name) if name not in opened:
            match protocol.types[name]:
                case UnionDef(members=members):
                    for branch in members:
                        yield from _members(branch, protocol, place, (*opened, name))
                case ObjectDef(fields=fields):
                    for field in fields:
                        yield (*place, field.wire), field.required
                        yield from _members(field.type, protocol, (*place, field.wire), (*opened, name))
                case EnumDef(values=values):
                    yield from (((*place, value), False) for value, _ in values)
                case AliasDef(type=inner):
                    yield from _members(inner, protocol, place, (*opened, name))
        case _:
            return
