"""Compares the schema with the facts of the Go reference: method names, types, fields, values and events.

The reference is of one version of the runtime, the schema of several: what a later version brought is left out of
the comparison, and what a later version widened is a difference.

`tests/data/go_reference.json` holds the facts and no text. A method is `[direction, params, result]`,
followed by `internal` for one that is not public, and by `name lost` when only its signature is known.
A type is one of `struct` (JSON name, `?` when it may be left out, to Go type), `enum` (its values), `union`
(the enum of its discriminator), `choices` (a union written as a struct), `alias`, `holder` (raw JSON of an
unknown union member), `class` (part of the Go call surface) or `lost` (what the reference no longer shows).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.schema_files import Document, as_of, event_types, methods, reference_target

GoType = dict[str, Any]

# The version of the runtime that the reference belongs to.
RUNTIME = "1.0.61"
REFERENCE = Path(__file__).parents[1] / "data" / "go_reference.json"
DIRECTIONS = {"server": "server", "session": "session", "client": "clientSession"}
# Structs that go by another name here: Go's one event struct is our envelope, and the data of one event is a
# type that other places share.
OTHER_NAMES = {
    "SessionEvent": "SessionEventEnvelope",
    "SessionContextChangedData": "WorkingDirectoryContext",
}
GO_SCALARS = {
    "string": "string",
    "bool": "boolean",
    "int32": "integer",
    "int64": "integer",
    "float64": "number",
    "any": "any",
    "time.Time": "date-time",
}


@dataclass(frozen=True)
class Method:
    """What both sides know of a method."""

    tree: str
    params: str | None
    result: str


class GoFacts:
    """The facts of the Go reference."""

    def __init__(self) -> None:
        facts = json.loads(REFERENCE.read_text("utf-8"))
        self.types: dict[str, GoType] = facts["types"]
        self.methods = {
            name: Method(DIRECTIONS[fact[0]], self._type(fact[1]), self._type(fact[2]) or "null")
            for name, fact in facts["methods"].items()
        }
        self.internal = {name for name, fact in facts["methods"].items() if "internal" in fact[3:]}
        self.nameless = {name for name, fact in facts["methods"].items() if "name lost" in fact[3:]}
        self.discriminators = {kind["union"] for kind in self.types.values() if kind.get("union")}

    def structs(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Each struct that carries data, with its fields."""
        return ((name, kind["struct"]) for name, kind in self.types.items() if "struct" in kind)

    def empty(self, go_type: str) -> bool:
        """Whether a canonical type is a struct without fields."""
        return any(name.lower() == go_type and kind == {"struct": {}} for name, kind in self.types.items())

    def canonical(self, go_type: str) -> str:
        """A Go type in the spelling in which both sides are compared."""
        bare = go_type.lstrip("*")
        if bare.startswith("[]"):
            return f"[{self.canonical(bare[2:])}]"
        if bare.startswith("map[string]"):
            return f"{{{self.canonical(bare.removeprefix('map[string]'))}}}"
        values = self.types.get(bare, {}).get("enum", [])
        return f"={values[0]}" if len(values) == 1 else GO_SCALARS.get(bare, bare.lower())

    def _type(self, name: str | None) -> str | None:
        return self.canonical(name.rstrip("?")) if name else None


class SchemaFacts:
    """The same facts of the schema files that the Go reference covers, as of its version of the runtime.

    `later` has what a later version brought: types that a widened field, param or result may refer to.
    """

    def __init__(self, documents: dict[str, Document]) -> None:
        past = as_of(documents, RUNTIME)
        api, events = past["api.schema.json"], past["session-events.schema.json"]
        self.definitions: dict[str, Document] = {**api["definitions"], **events["definitions"]}
        self.later: dict[str, Document] = {
            name: node
            for file in ("api.schema.json", "session-events.schema.json")
            for name, node in documents[file]["definitions"].items()
            if name not in self.definitions
        }
        self.by_lower_name = {name.lower(): name for name in self.definitions}
        self.events = event_types(events)
        self.methods: dict[str, Method] = {}
        self.internal: set[str] = set()
        for tree, _, leaf in methods(api):
            params = self._params(leaf["params"])
            self.methods[leaf["rpcMethod"]] = Method(tree, params, self.canonical(leaf["result"]))
            if leaf.get("visibility") == "internal":
                self.internal.add(leaf["rpcMethod"])

    def find(self, go_name: str) -> Document | None:
        """The definition of a Go type: the names differ in the case of acronyms alone."""
        name = OTHER_NAMES.get(go_name) or self.by_lower_name.get(go_name.lower())
        return self.definitions[name] if name else None

    def find_later(self, canonical: str) -> Document | None:
        """The definition of a type that a later version brought, by its name as both sides are compared."""
        return next((node for name, node in self.later.items() if name.lower() == canonical), None)

    def canonical(self, node: Document) -> str:
        """A schema in the spelling in which both sides are compared; null beside a type does not count."""
        if "$ref" in node:
            return self._referred(reference_target(node))
        if "anyOf" in node:
            members = [self.canonical(member) for member in node["anyOf"]]
            return "|".join(member for member in members if member != "null")
        if "const" in node and isinstance(node["const"], str):
            return f"={node['const']}"
        return self._plain(node)

    def constants(self, node: Document, field: str) -> set[str]:
        """The values that a discriminating field takes over all members of a union."""
        if "$ref" in node:
            return self.constants(self.definitions[reference_target(node)], field)
        if "anyOf" in node:
            return {value for member in node["anyOf"] for value in self.constants(member, field)}
        found = node["properties"][field]
        if "$ref" in found:
            found = self.definitions[reference_target(found)]
        return set(found["enum"]) if "enum" in found else {found["const"]}

    def _params(self, node: Document | None) -> str | None:
        """The type of a method's own params, beside the session that it names."""
        members = node.get("allOf", [node]) if node else []
        own = [name for member in members if (name := self.canonical(member)) != "sessiontarget"]
        return own[0] if own else None

    def _referred(self, name: str) -> str:
        values = self.definitions.get(name, {}).get("enum", [])
        return f"={values[0]}" if len(values) == 1 else name.lower()

    def _plain(self, node: Document) -> str:
        kind = node.get("type", "any")
        if isinstance(kind, list):
            kinds = [word for word in kind if word != "null"]
            return kinds[0] if len(kinds) == 1 else "|".join(kinds)
        if kind == "array":
            return f"[{self.canonical(node['items'])}]"
        if kind == "object":
            values = node.get("additionalProperties")
            return f"{{{self.canonical(values) if isinstance(values, dict) else 'any'}}}"
        return "date-time" if node.get("format") == "date-time" else str(kind)


def differences(go: GoFacts, schema: SchemaFacts) -> dict[str, str]:
    """Every fact on which the two sides differ: what differs, and how."""
    return {
        **dict(_method_differences(go, schema)),
        **dict(_type_differences(go, schema)),
        **dict(_field_differences(go, schema)),
        **dict(_value_differences(go, schema)),
    }


def _method_differences(go: GoFacts, schema: SchemaFacts) -> Iterator[tuple[str, str]]:
    for name in sorted(go.methods.keys() | schema.methods.keys()):
        theirs, ours = go.methods.get(name), schema.methods.get(name)
        if theirs is None or ours is None:
            yield f"method {name}", "not in the schema" if ours is None else "not in the reference"
            continue
        if name in go.nameless:
            yield f"name {name}", "the reference has lost the wire name"
        if theirs.tree != ours.tree:
            yield f"tree {name}", f"{theirs.tree} is {ours.tree} here"
        if theirs.params != ours.params:
            yield f"params {name}", f"{theirs.params} is {ours.params} here"
        if theirs.result != ours.result and not (ours.result == "null" and go.empty(theirs.result)):
            yield f"result {name}", f"{theirs.result} is {ours.result} here"
        if (name in go.internal) != (name in schema.internal):
            yield f"visibility {name}", "internal on one side alone"


def _type_differences(go: GoFacts, schema: SchemaFacts) -> Iterator[tuple[str, str]]:
    known = {OTHER_NAMES.get(name, name).lower() for name in go.types} | {"sessionevent"}
    for name, kind in go.types.items():
        definition = schema.find(name)
        if definition is None:
            yield f"type {name}", f"{next(iter(kind))}, not in the schema"
        elif "lost" in kind:
            yield f"type {name}", f"the reference has lost its {kind['lost']}"
        elif not _same_kind(kind, definition):
            yield f"type {name}", f"{next(iter(kind))} is {sorted(definition)} here"
    for name in schema.definitions:
        if name.lower() not in known:
            yield f"definition {name}", "not in the reference"


def _same_kind(kind: GoType, definition: Document) -> bool:
    wanted = {
        "struct": ("properties",),
        "enum": ("enum",),
        "union": ("anyOf",),
        "choices": ("anyOf", "x-opaque-json"),
    }
    return any(key in definition for key in wanted.get(next(iter(kind)), ("type", "x-opaque-json")))


def _field_differences(go: GoFacts, schema: SchemaFacts) -> Iterator[tuple[str, str]]:
    for name, fields in go.structs():
        definition = schema.find(name)
        if definition is None or "properties" not in definition:
            continue
        ours, required = definition["properties"], definition.get("required", [])
        theirs = {field.rstrip("?"): (field.endswith("?"), go_type) for field, go_type in fields.items()}
        for field in sorted(theirs.keys() | ours.keys()):
            subject = f"field {name}.{field}"
            if field not in theirs or field not in ours:
                yield subject, "not in the reference" if field not in theirs else "not in the schema"
                continue
            optional, go_type = theirs[field]
            if optional == (field in required):
                yield (
                    subject,
                    "optional there, required here" if optional else "required there, optional here",
                )
            elif go.canonical(go_type) != schema.canonical(ours[field]):
                yield subject, f"{go.canonical(go_type)} is {schema.canonical(ours[field])} here"


def _value_differences(go: GoFacts, schema: SchemaFacts) -> Iterator[tuple[str, str]]:
    for name, kind in go.types.items():
        if "enum" in kind:
            ours = schema.find(name)
            values = set(ours["enum"]) if ours and "enum" in ours else set(kind["enum"])
            if values != set(kind["enum"]):
                yield f"values {name}", f"differ in {sorted(values ^ set(kind['enum']))}"
        discriminator = kind.get("union")
        union = schema.find(name)
        if discriminator in go.types and union is not None:
            constants = schema.constants(union, discriminator.removeprefix(name).lower())
            if odd := constants ^ set(go.types[discriminator]["enum"]):
                yield f"values {discriminator}", f"differ in {sorted(odd)}"
