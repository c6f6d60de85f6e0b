"""Where types and events stand in our schema files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from codegen import naming
from codegen.errors import SchemaError
from codegen.frontends.documents import Documents
from codegen.ir import EventRef, Protocol, Ref, TypeDef, closure

API = "api.schema.json"
EVENTS = "session-events.schema.json"
TARGET = "SessionTarget"


class Locator:
    """Writes a `$ref` to a type or event as seen from a file."""

    def __init__(
        self,
        file: str,
        keys: Mapping[str, str],
        homes: Mapping[str, tuple[str, str]],
        event_keys: Mapping[str, str],
    ) -> None:
        self._file = file
        self._keys = keys
        self._homes = homes
        self._event_keys = event_keys

    def __call__(self, target: Ref | EventRef) -> str:
        """The `$ref`; a name that has no place is a `KeyError`."""
        if isinstance(target, Ref):
            file, key = self._homes[self._keys[target.name]]
        else:
            file, key = EVENTS, "SessionEvent" if target.name is None else self._event_keys[target.name]
        return f"{'' if file == self._file else file}#/definitions/{key}"


class Places:
    """The places of what we have, and those that are given to what is new.

    Args:
        ours: Our schema files.
        mine: The protocol that they describe.
        their: The protocol of the other version.
    """

    def __init__(self, ours: Documents, mine: Protocol, their: Protocol) -> None:
        self._mine = mine
        self._their = their
        self._homes = {name: (node.file, name) for name, node in ours.definitions.items()}
        self._keys = {definition.name: definition.wire or name for name, definition in mine.types.items()}
        self._twins = {definition.wire: definition for definition in mine.types.values() if definition.wire}
        self._event_keys = dict(_event_keys(ours, mine))

    def place_new(self, wanted: Iterable[str]) -> None:
        """Give each new type its file: what events reach stands with the events."""
        with_events = closure((event.data.name for event in self._their.events), self._their.types)
        for name in sorted(wanted):
            if name not in self._mine.types:
                wire = self._their.types[name].wire
                if wire in self._twins:
                    # How many events use a definition decides its class name; it is the same definition.
                    self._keys[name] = wire
                    continue
                key = wire if wire and naming.class_name(wire) == name else name
                self._keys[name] = key
                self._homes[key] = (EVENTS if name in with_events else API, key)
        for event in self._their.events:
            self._event_keys.setdefault(event.name, _event_key(event.wire))

    def add(self, name: str, file: str, reason: str) -> None:
        """Give a type of our own a place.

        Raises:
            SchemaError: The name is taken.
        """
        if name in self._keys:
            raise SchemaError(file, f"/definitions/{name}", f"is taken: {reason} needs a type of that name")
        self._keys[name] = name
        self._homes[name] = (file, name)

    def taken(self, name: str) -> bool:
        """True where a type has the name."""
        return name in self._keys

    def same(self, one: str, other: str) -> bool:
        """True where two class names are those of one definition."""
        return self._keys[one] == self._keys[other]

    def known(self, new: TypeDef) -> TypeDef | None:
        """Our type that a type of the other version is."""
        return self._mine.types.get(new.name) or self._twins.get(new.wire)

    def is_definition(self, name: str) -> bool:
        """True where a type of ours has a definition of its own; false for one that stands in place."""
        return self._keys[name] in self._homes

    def home(self, name: str) -> tuple[str, str]:
        """File and key of a type's definition."""
        return self._homes[self._keys[name]]

    def event_home(self, name: str) -> tuple[str, str]:
        """File and key of an event's definition, by its class name."""
        key = self._event_keys[name]
        return self._homes.get(key, (EVENTS, key))

    def locator(self, file: str) -> Locator:
        """Writes references as seen from a file."""
        return Locator(file, self._keys, self._homes, self._event_keys)


def _event_key(wire: str) -> str:
    """Name of an event's definition: `mcp.oauth_required` is `McpOauthRequiredEvent`."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[._]", wire)) + "Event"


def _event_keys(documents: Documents, protocol: Protocol) -> Iterable[tuple[str, str]]:
    classes = {event.wire: event.name for event in protocol.events}
    for key, node in documents.definitions.items():
        properties = node.value.get("properties")
        kind = properties.get("type") if isinstance(properties, dict) and "data" in properties else None
        wire = kind.get("const") if isinstance(kind, dict) else None
        if "allOf" in node.value and isinstance(wire, str) and wire in classes:
            yield classes[wire], key
