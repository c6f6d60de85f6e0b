"""What changed between two versions of a protocol, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from codegen.ir import EnumDef, Event, Method, ObjectDef, Protocol, TypeDef, UnionDef

T = TypeVar("T")


def compare(old: Protocol, new: Protocol) -> str:
    """The report: methods, events and types that came, went or changed."""
    sections = [
        ("Methods", _keyed_methods(old), _keyed_methods(new), _method_changes),
        ("Events", {e.wire: e for e in old.events}, {e.wire: e for e in new.events}, _event_changes),
        ("Types", dict(old.types), dict(new.types), _type_changes),
    ]
    lines = []
    for title, before, after, changes in sections:
        body = list(_section(before, after, changes))  # type: ignore[arg-type]
        if body:
            lines += [f"## {title}", "", *body, ""]
    return "\n".join(lines) if lines else "No change.\n"


def _keyed_methods(protocol: Protocol) -> dict[str, Method]:
    return {f"{method.wire} ({method.scope.value})": method for method in protocol.methods}


def _section(before: Mapping[str, T], after: Mapping[str, T], changes: object) -> Iterator[str]:
    for name in sorted(after.keys() - before.keys()):
        yield f"- added `{name}`"
    for name in sorted(before.keys() - after.keys()):
        yield f"- removed `{name}`"
    for name in sorted(before.keys() & after.keys()):
        found = list(changes(before[name], after[name]))  # type: ignore[operator]
        if found:
            yield f"- changed `{name}`: {'; '.join(found)}"


def _method_changes(old: Method, new: Method) -> Iterator[str]:
    if old.params != new.params:
        yield f"params {_ref(old)} to {_ref(new)}"
    if old.result != new.result:
        yield f"result {old.result} to {new.result}"
    if old.meta.stability != new.meta.stability:
        yield f"stability {old.meta.stability} to {new.meta.stability}"
    if old.meta.internal != new.meta.internal:
        yield "became internal" if new.meta.internal else "became public"


def _ref(method: Method) -> str:
    return method.params.name if method.params else "none"


def _event_changes(old: Event, new: Event) -> Iterator[str]:
    if old.data != new.data:
        yield f"data {old.data.name} to {new.data.name}"
    if old.ephemeral != new.ephemeral:
        yield "became ephemeral" if new.ephemeral else "is stored now"


def _type_changes(old: TypeDef, new: TypeDef) -> Iterator[str]:
    if isinstance(old, ObjectDef) and isinstance(new, ObjectDef):
        yield from _object_changes(old, new)
    elif isinstance(old, EnumDef) and isinstance(new, EnumDef):
        yield from _set_changes("value", [v for v, _ in old.values], [v for v, _ in new.values])
    elif isinstance(old, UnionDef) and isinstance(new, UnionDef):
        yield from _set_changes("branch", map(str, old.members), map(str, new.members))
        if old.discriminator != new.discriminator:
            yield f"discriminator {old.discriminator} to {new.discriminator}"
    elif type(old) is not type(new):
        yield f"{type(old).__name__} to {type(new).__name__}"


def _object_changes(old: ObjectDef, new: ObjectDef) -> Iterator[str]:
    before = {field.wire: field for field in old.fields}
    after = {field.wire: field for field in new.fields}
    yield from _set_changes("field", before, after)
    for wire in before.keys() & after.keys():
        if before[wire].type != after[wire].type:
            yield f"`{wire}` has another type"
        if before[wire].required != after[wire].required:
            yield f"`{wire}` is required now" if after[wire].required else f"`{wire}` is optional now"


def _set_changes(what: str, old: Iterable[str], new: Iterable[str]) -> Iterator[str]:
    before, after = set(old), set(new)
    for name in sorted(after - before):
        yield f"{what} `{name}` added"
    for name in sorted(before - after):
        yield f"{what} `{name}` removed"
