"""What can be said of types only when all are known.

Which member tells a union's branches apart, and what never ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from codegen.ir import AliasDef, Const, Json, ObjectDef, Ref, TypeDef, UnionDef, definition_references


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


def find_discriminators(types: dict[str, TypeDef]) -> None:
    """Give each union of objects the member whose constant value tells the branches apart, where there is one."""
    for name, definition in list(types.items()):
        if isinstance(definition, UnionDef) and all(isinstance(m, Ref) for m in definition.members):
            types[name] = replace(definition, discriminator=_discriminator(list(leaves(name, types)), types))


def _discriminator(members: list[str], types: Mapping[str, TypeDef]) -> str | None:
    tags: dict[str, list[Json]] = {}
    for member in dict.fromkeys(members):
        definition = types[member]
        if not isinstance(definition, ObjectDef):
            return None
        for field in definition.fields:
            if isinstance(field.type, Const) and field.required:
                tags.setdefault(field.wire, []).append(field.type.value)
    count = len(set(members))
    return next((wire for wire, values in tags.items() if len(values) == len(set(values)) == count), None)
