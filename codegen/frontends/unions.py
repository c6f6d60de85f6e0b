"""What can be said of types only when all are known.

Which member tells a union's branches apart, which branches no value tells apart, and what never ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from codegen.ir import (
    AliasDef,
    Choice,
    Const,
    EnumDef,
    ObjectDef,
    Ref,
    TypeDef,
    TypeExpr,
    UnionDef,
    definition_references,
)


def endless(types: Mapping[str, TypeDef]) -> str | None:
    """A type that contains itself without an object in between, which no annotation can express.

    None if there is none.
    """
    done: set[str] = set()

    def search(name: str, trail: tuple[str, ...]) -> str | None:
        if name in trail:
            return name
        if name in done or isinstance(types[name], ObjectDef):
            return None
        found = (search(other, (*trail, name)) for other in definition_references(types[name]))
        result = next((other for other in found if other), None)
        done.add(name)
        return result

    return next((name for name in types if search(name, ())), None)


def leaves(name: str, types: Mapping[str, TypeDef]) -> Iterator[str]:
    """Names of the types in a union, unions inside it opened."""
    match types[name]:
        case UnionDef(members=members):
            for member in members:
                if isinstance(member, Ref):
                    yield from leaves(member.name, types)
        case AliasDef(type=Ref(target)):
            yield from leaves(target, types)
        case _:
            yield name


def objects(name: str, types: Mapping[str, TypeDef]) -> list[ObjectDef]:
    """The branches of a union, unions inside it opened; none if one of them is no object."""
    definition = types[name]
    if not isinstance(definition, UnionDef) or not all(isinstance(m, Ref) for m in definition.members):
        return []
    found = [types[leaf] for leaf in dict.fromkeys(leaves(name, types))]
    branches = [leaf for leaf in found if isinstance(leaf, ObjectDef)]
    return branches if len(branches) == len(found) else []


def covers(wide: ObjectDef, narrow: ObjectDef, tag: str | None = None) -> bool:
    """True if every value of `narrow` is one of `wide` too, were it not for the member `tag`.

    An object keeps members that it does not know: what it lacks of the other's is no hindrance.
    """
    others = {field.wire: field for field in narrow.fields if field.wire != tag}
    return all(
        others[field.wire].type == field.type and (others[field.wire].required or not field.required)
        if field.wire in others
        else not field.required
        for field in wide.fields
        if field.wire != tag
    )


def find_discriminators(types: dict[str, TypeDef]) -> None:
    """Give each union of objects the member whose values tell the branches apart, where there is one.

    A branch that is named as the default need not have it. Such a member may be an enum. Where a branch would then
    take the values of a later one, since an enum is open to new values, the member takes the listed values alone.
    """
    for name in types:
        _close_tags(objects(name, types), types)
    for name, definition in list(types.items()):
        if isinstance(definition, UnionDef):
            branches = [branch for branch in objects(name, types) if branch.name != definition.default]
            types[name] = replace(definition, discriminator=_discriminator(branches))


def _close_tags(branches: list[ObjectDef], types: dict[str, TypeDef]) -> None:
    for wire in _common(branches):
        tags = [_listed(_type(branch, wire), types) for branch in branches]
        if _apart(tags) and any(covers(*pair, wire) for pair in combinations(branches, 2)):
            for branch, values in zip(branches, tags, strict=True):
                closed = Choice(tuple(map(Const, values))) if values[1:] else Const(values[0])
                fields = (replace(f, type=closed) if f.wire == wire else f for f in branch.fields)
                types[branch.name] = replace(branch, fields=tuple(fields))
            return


def _discriminator(branches: list[ObjectDef]) -> str | None:
    for wire in _common(branches, required=True):
        if _apart([_listed(_type(branch, wire), {}) for branch in branches]):
            return wire
    return None


def _common(branches: list[ObjectDef], *, required: bool = False) -> list[str]:
    """The members that every branch has, or requires."""
    members = [
        {field.wire for field in branch.fields if field.required or not required} for branch in branches
    ]
    return (
        [field.wire for field in branches[0].fields if all(field.wire in m for m in members)]
        if branches
        else []
    )


def _type(branch: ObjectDef, wire: str) -> TypeExpr:
    return next(field.type for field in branch.fields if field.wire == wire)


def _listed(expr: TypeExpr, types: Mapping[str, TypeDef]) -> tuple[str | bool | int, ...]:
    """The values of a constant, of several, or of an enum among the types; none where they are not listed."""
    match expr:
        case Const(value):
            return (value,)
        case Choice(members):
            values = tuple(member.value for member in members if isinstance(member, Const))
            return values if len(values) == len(members) else ()
        case Ref(name) if isinstance(found := types.get(name), EnumDef):
            return tuple(value for value, _ in found.values)
        case _:
            return ()


def _apart(tags: Sequence[Sequence[str | bool | int]]) -> bool:
    """True if every branch lists its values, and no value stands twice."""
    every = [value for values in tags for value in values]
    return all(tags) and len(every) == len(set(every))
