"""Merges another version's facts into our schema files.

New things come in with the version since which they exist; things that vanished stay, with the version until
which they did; types that changed become the widest that both versions accept. No text is taken over: what is new
has no description until somebody writes one.
"""

from __future__ import annotations

from dataclasses import replace

from codegen.absorb.by_hand import differences, type_differences
from codegen.absorb.dialect import Schema
from codegen.absorb.draft import Draft
from codegen.absorb.kinds import Kinds
from codegen.absorb.places import API, EVENTS, TARGET
from codegen.absorb.surface import Surface
from codegen.absorb.types import Types
from codegen.frontends.copilot import protocol_of
from codegen.frontends.documents import Documents
from codegen.ir import ObjectDef, TypeDef, UnionDef, closure, method_references


def take_in(ours: Documents, theirs: Documents, version: str) -> tuple[dict[str, Schema], list[str]]:
    """Merge until nothing is left to do: what one change widens may call for another one.

    Args:
        ours: Our schema files; they are not changed.
        theirs: The schema files of the other version.
        version: The version of the other files.

    Returns:
        Our files with the other version's facts, and what was done, a line each.

    Raises:
        SchemaError: A newer version was taken in before.
    """
    report: list[str] = []
    files = ours.files
    while True:
        absorber = Absorber(Documents(files), theirs, version)
        merged = absorber.absorb()
        report += absorber.report
        if merged == files:
            return merged, report
        files = merged


class Absorber:
    """Takes one version in.

    Args:
        ours: Our schema files; they are not changed.
        theirs: The schema files of the other version.
        version: The version of the other files.

    Raises:
        SchemaError: A newer version was taken in before.
    """

    def __init__(self, ours: Documents, theirs: Documents, version: str) -> None:
        self._mine = protocol_of(ours)
        self._their = protocol_of(theirs)
        self._draft = Draft(ours, self._mine, self._their, version)
        self._types = Types(self._draft)
        self._surface = Surface(self._draft, self._types)
        self._by_hand = [m for m in self._mine.methods if self._surface.leaf(m) is None]
        self.report = self._draft.report

    def absorb(self) -> dict[str, Schema]:
        """Merge; returns the files."""
        wanted = self._wanted()
        self._draft.places.place_new(wanted)
        for name in sorted(wanted):
            self._types.merge(self._their.types[name])
        kinds = Kinds(self._draft, self._types)
        for old, new in self._types.changed:
            kinds.change(old, new)
        for event in self._their.events:
            self._surface.event(event)
        for method in self._their.methods:
            self._surface.method(method)
        self._vanished_methods()
        self._vanished_events()
        self._vanished_types()
        self._note_by_hand()
        for file in (API, EVENTS):
            self._draft.files[file]["definitions"] = dict(sorted(self._draft.definitions(file).items()))
        return self._draft.files

    def _wanted(self) -> set[str]:
        """Their types, but for those that only methods of our own hand-written files use."""
        by_hand = {(m.scope.inbound, m.wire) for m in self._by_hand}
        skipped = [m for m in self._their.methods if (m.scope.inbound, m.wire) in by_hand]
        kept = [m for m in self._their.methods if (m.scope.inbound, m.wire) not in by_hand]
        roots = [
            *(name for m in kept for name in method_references(m)),
            *(e.data.name for e in self._their.events),
        ]
        only_skipped = closure((name for m in skipped for name in method_references(m)), self._their.types)
        only_skipped -= closure(roots, self._their.types)
        return closure([*roots, *(set(self._their.types) - only_skipped)], self._their.types)

    def _note_by_hand(self) -> None:
        types = [
            name
            for name in self._mine.types
            if name in self._their.types
            and self._draft.places.is_definition(name)
            and self._draft.places.home(name)[0] not in (API, EVENTS)
        ]
        for line in (
            *differences(self._by_hand, self._mine, self._their),
            *type_differences(types, self._mine, self._their),
        ):
            self._draft.note(line)

    # --------------------------------------------------------------- vanished

    def _vanished_methods(self) -> None:
        theirs = {(m.scope.inbound, m.wire) for m in self._their.methods}
        for method in self._mine.methods:
            leaf = self._surface.leaf(method)
            if leaf is not None and (method.scope.inbound, method.wire) not in theirs:
                self._draft.gone(leaf, f"method {method.wire}")

    def _vanished_events(self) -> None:
        kinds = {event.wire for event in self._their.events}
        for event in self._mine.events:
            file, key = self._draft.places.event_home(event.name)
            if file == EVENTS and event.wire not in kinds:
                schema = self._draft.definitions(file)[key]
                if isinstance(schema, dict):
                    self._draft.gone(schema, f"event {event.wire}")

    def _vanished_types(self) -> None:
        """Mark the types that are published no more; a union that we made ourselves goes with its last use."""
        living = self._living()
        roots = [name for method in self._by_hand for name in method_references(method)]
        kept = {TARGET, *self._draft.serving, *closure(roots, living)}
        published = [m for m in self._mine.methods if not m.meta.until]
        roots += [name for method in published for name in method_references(method)]
        roots += [event.data.name for event in self._mine.events if not event.meta.until]
        used = closure(roots, living)
        for name, definition in self._mine.types.items():
            if not self._draft.places.is_definition(name):
                continue
            file, schema = self._draft.definition(name)
            if file not in (API, EVENTS) or name in kept or self._draft.published(name):
                continue
            if isinstance(definition, UnionDef) and name in used:
                self._draft.back(schema, f"type {name}")
            else:
                self._draft.gone(schema, f"type {name}")

    def _living(self) -> dict[str, TypeDef]:
        """Our types without what is gone; a union is gone with what uses it."""
        return {
            name: replace(item, fields=tuple(field for field in item.fields if not field.meta.until))
            if isinstance(item, ObjectDef)
            else item
            for name, item in self._mine.types.items()
            if isinstance(item, UnionDef) or not item.meta.until
        }
